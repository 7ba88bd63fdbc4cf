"""What the parts of a running job share."""

from __future__ import annotations

from attrs import field, frozen

from datatorch_pipelines._masking import Masker, star_credentials
from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import JobEnvironment, JobSpec
from datatorch_pipelines.diagnostics import Diagnostic, Location, PathKey, Severity
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.engine.planning.plan import Plan, PlannedJob
from datatorch_pipelines.engine.scoping.contexts import Contexts, JobData
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.records import Recorder
from datatorch_pipelines.results import Failure, WarningRaised


@frozen(kw_only=True)
class RunScope:
    """What all jobs of a run share."""

    run_id: str
    plan: Plan
    options: RunOptions
    recorder: Recorder
    contexts: Contexts = field(repr=False)

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

    def warn(self, message: str, code: Code, location: Location, job: str, step: int) -> None:
        """Records something doubtful about a step."""
        diagnostic = Diagnostic.at(location, code, Severity.WARNING, self.masker.text(message))
        self.recorder.emit(WarningRaised(time=self.recorder.now(), diagnostic=diagnostic, job=job, step=step))


@frozen(kw_only=True)
class JobScope:
    """What the steps of a job share; ``data`` grows from step to step."""

    run: RunScope
    job: PlannedJob
    spec: JobSpec
    environment: JobEnvironment
    data: JobData = field(factory=JobData, repr=False)

    def path(self, index: int) -> tuple[PathKey, ...]:
        """The path of a step in the pipeline's document."""
        return ("jobs", self.job.id, "steps", index)

    def place(self, index: int) -> Location:
        """The place of a step in the pipeline's file."""
        return self.run.plan.source.value(self.path(index))
