"""What the parts of a running job share."""

from __future__ import annotations

from attrs import field, frozen

from datatorch_pipelines._masking import Masker, star_credentials
from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import JobEnvironment, JobSpec
from datatorch_pipelines.diagnostics import Diagnostic, Location, PathKey, Severity
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.engine.planning.plan import Plan, PlannedJob, PlannedStep
from datatorch_pipelines.engine.scheduling.schedule import Unit
from datatorch_pipelines.engine.scoping.contexts import Contexts, JobData, job_facts, step_contexts
from datatorch_pipelines.engine.scoping.evaluation import Evaluator, Variables
from datatorch_pipelines.engine.scoping.flow import Flow
from datatorch_pipelines.errors import ExpressionError, PipelinesError
from datatorch_pipelines.expressions import Host
from datatorch_pipelines.expressions.host import DEFAULT_HOST
from datatorch_pipelines.records import Recorder
from datatorch_pipelines.results import Failure, WarningRaised


@frozen(kw_only=True)
class RunScope:
    """What all jobs of a run share. ``attempts_before`` is how often a resumed run was begun before."""

    run_id: str
    plan: Plan
    options: RunOptions
    recorder: Recorder
    contexts: Contexts = field(repr=False)
    attempts_before: int = 0

    @property
    def masker(self) -> Masker:
        """What takes the run's secrets out of texts and data."""
        return self.recorder.masker

    def failure(self, message: str, location: Location) -> Failure:
        """A failure at a place in the pipeline's file, with the line there."""
        snippet = self.plan.source.line_text(location.line) if location.file == self.plan.source.file else None
        return Failure(
            message=self.masker.text(message),
            location=location,
            snippet=None if snippet is None else star_credentials(self.masker.text(snippet)),
        )

    def failure_of(self, error: PipelinesError, location: Location) -> Failure:
        """An error as a failure, at its own place or at ``location``."""
        hint = f"; {error.hint}" if error.hint else ""
        return self.failure(f"{error.message}{hint}", error.location or location)

    def warn(self, error: PipelinesError, unit: Unit, step: int | None, location: Location) -> None:
        """Records that something of a job, or of a step, is wrong that is not what it failed by."""
        message = f"{error.message}; {error.hint}" if error.hint else error.message
        code = error.code if isinstance(error, ExpressionError) else Code.EVALUATION
        diagnostic = Diagnostic.at(error.location or location, code, Severity.WARNING, self.masker.text(message))
        recorder = self.recorder
        recorder.emit(
            WarningRaised(time=recorder.now(), diagnostic=diagnostic, job=unit.job, instance=unit.instance, step=step)
        )

    def evaluator(self, host: Host = DEFAULT_HOST) -> Evaluator:
        """What evaluates the pipeline's expressions."""
        return Evaluator(source=self.plan.source, host=host, limits=self.options.limits)


def setting_contexts(run: RunScope, job: PlannedJob, facts: Contexts, contexts: Contexts) -> Contexts:
    """What a job's condition and settings see, before it has a place to run: ``facts`` is its context ``job``."""
    seen = {**contexts, "job": facts}
    levels = ((("env",), run.plan.pipeline.env), (("jobs", job.id, "env"), job.job.env))
    return {**seen, "env": Variables(levels, run.evaluator(), seen)}


@frozen(kw_only=True)
class UnitScope:
    """What is settled of a job, or of one instance of its matrix, before it has a place to run.

    ``contexts`` are the run's with ``needs``, ``jobs`` and ``matrix``.
    """

    run: RunScope
    job: PlannedJob
    unit: Unit
    name: str
    contexts: Contexts = field(repr=False)
    flow: Flow = field(factory=Flow)

    @property
    def path(self) -> tuple[PathKey, ...]:
        """The path of the job in the pipeline's document."""
        return ("jobs", self.job.id)

    @property
    def settings(self) -> Contexts:
        """What the job's settings see."""
        return setting_contexts(self.run, self.job, job_facts(self.name, self.job, self.flow.status), self.contexts)


@frozen(kw_only=True)
class JobScope:
    """What the steps of a job share; ``data`` grows from step to step."""

    of: UnitScope
    spec: JobSpec
    environment: JobEnvironment
    data: JobData = field(factory=JobData, repr=False)

    @property
    def run(self) -> RunScope:
        """What all jobs of the run share."""
        return self.of.run

    @property
    def job(self) -> PlannedJob:
        """The job as it was planned."""
        return self.of.job

    @property
    def unit(self) -> Unit:
        """The job, or its instance."""
        return self.of.unit

    @property
    def flow(self) -> Flow:
        """How the job goes so far."""
        return self.of.flow

    def path(self, index: int) -> tuple[PathKey, ...]:
        """The path of a step in the pipeline's document."""
        return ("jobs", self.job.id, "steps", index)

    def place(self, index: int) -> Location:
        """The place of a step in the pipeline's file."""
        return self.run.plan.source.value(self.path(index))

    def contexts(self, step: PlannedStep) -> dict[str, object]:
        """The contexts that a step's keys see (see `step_contexts`)."""
        facts = job_facts(self.of.name, self.job, self.flow.status)
        return step_contexts(self.of.contexts, facts, step, self.data, self.environment)

    def warn(self, message: str, code: Code, step: int) -> None:
        """Records something doubtful about a step."""
        recorder = self.run.recorder
        diagnostic = Diagnostic.at(self.place(step), code, Severity.WARNING, self.run.masker.text(message))
        warning = WarningRaised(
            time=recorder.now(), diagnostic=diagnostic, job=self.job.id, instance=self.unit.instance, step=step
        )
        recorder.emit(warning)
