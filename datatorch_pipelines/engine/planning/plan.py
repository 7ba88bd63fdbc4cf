"""What a run will do, settled before anything runs: every key honoured, every action here, every check passed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence

from attrs import field, frozen

from datatorch_pipelines.checks import check_action, check_pipeline
from datatorch_pipelines.checks.ignores import without_ignored
from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import ResolvedAction, Runner
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator, Severity, has_errors, sort_diagnostics
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.engine.planning.actions import PlannedAction, StepKey, find_actions, resolve_context
from datatorch_pipelines.engine.planning.left_out import warn_of_left_out
from datatorch_pipelines.engine.planning.matrices import holds_expression, known_combinations, refuse_matrices
from datatorch_pipelines.engine.planning.missing_file import refuse_missing_file
from datatorch_pipelines.engine.planning.people import refuse_unasked
from datatorch_pipelines.engine.planning.placing import chosen_label, refuse_unplaced
from datatorch_pipelines.engine.planning.secrets import missing_secrets
from datatorch_pipelines.engine.planning.selection import selected_jobs
from datatorch_pipelines.engine.planning.starting import refuse_start
from datatorch_pipelines.errors import InputError, PlanError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import Action, Job, Pipeline, Step, Using
from datatorch_pipelines.model.conversion import convert_input


@frozen(kw_only=True)
class PlannedStep:
    """A step with its place in the job (from 0) and its action (``None`` for a ``run`` step)."""

    index: int
    step: Step
    action: PlannedAction | None = None

    @property
    def inputs(self) -> Mapping[str, object]:
        """The inputs as far as they are known before a run.

        Those that the action declares come first, with its defaults. What is written out is converted to its declared
        type; what holds an expression is the text as it is written.
        """
        given = self.step.inputs
        if self.action is None:
            return given
        found: dict[str, object] = {}
        for name, declared in self.action.definition.inputs.items():
            value = declared.default if given.get(name) is None else given[name]
            if value is not None and not holds_expression(value):
                with contextlib.suppress(InputError):  # told of where the step is checked
                    value = convert_input(name, value, declared)
            if value is not None or name in given:
                found[name] = value
        return {**found, **{name: value for name, value in given.items() if name not in found}}


@frozen(kw_only=True)
class PlannedJob:
    """A job with its steps in order.

    ``needs`` are the jobs of the plan that it waits for; ``unmet`` those that it needs and that the plan leaves out:
    they count as succeeded, without outputs. ``limits`` are the run's. ``runner`` is where it runs, and
    ``runner_name`` what a person calls that.
    """

    id: str
    job: Job
    steps: tuple[PlannedStep, ...]
    runner: Runner
    runner_name: str
    needs: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    limits: Limits = field(default=DEFAULT_LIMITS, repr=False)

    @property
    def name(self) -> str:
        """What a person calls the job."""
        return self.job.name or self.id

    @property
    def instances(self) -> int | None:
        """How many instances the job becomes: 1 without a matrix, ``None`` where an expression makes the matrix."""
        if self.job.strategy is None:
            return 1
        found = known_combinations(self.job, self.limits)
        return None if found is None else len(found)


@frozen(kw_only=True)
class Plan:
    """A pipeline that is ready to run.

    ``jobs`` are those that were selected, in the order of the file. ``source`` tells where each part of the pipeline
    stands; ``warnings`` are what is doubtful about it and not ignored by a comment of its file. ``missing`` is what a
    run of it still lacks, such as a secret: a run refuses to begin for each of them. ``runner`` is the name of the
    runner that carries out the jobs without a label, and ``max_parallel`` how many jobs run at once at the most.
    ``folder`` is where relative actions are, where that is not beside the file that the places are of.
    """

    pipeline: Pipeline
    source: Locator
    jobs: tuple[PlannedJob, ...]
    warnings: tuple[Diagnostic, ...] = ()
    missing: tuple[Diagnostic, ...] = ()
    runner: str = ""
    max_parallel: int = 1
    folder: str | None = None

    @property
    def ready(self) -> bool:
        """Whether a run would begin: nothing is missing."""
        return not self.missing

    def levels(self) -> tuple[tuple[str, ...], ...]:
        """The ids of the jobs by how many others have to end one after the other before they can start.

        The jobs of the first level start at once. A job of a later one starts the moment that all it needs has ended,
        whatever else its level is waiting for. Takes time in proportion to the jobs and what they need.
        """
        left = {job.id: len(job.needs) for job in self.jobs}
        users: dict[str, list[str]] = {job.id: [] for job in self.jobs}
        for job in self.jobs:
            for name in job.needs:
                users[name].append(job.id)
        level: dict[str, int] = {job_id: 0 for job_id, count in left.items() if count == 0}
        free = list(level)
        for job_id in free:  # grows while it is gone through
            for user in users[job_id]:
                left[user] -= 1
                level[user] = max(level.get(user, 0), level[job_id] + 1)
                if left[user] == 0:
                    free.append(user)
        found: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
        for job in self.jobs:
            found[level[job.id]].append(job.id)
        return tuple(map(tuple, found))

    @property
    def has_actions(self) -> bool:
        """Whether any step of the plan is an action."""
        return any(step.action is not None for job in self.jobs for step in job.steps)

    def runners(self) -> tuple[Runner, ...]:
        """The runners that its jobs run on, each once, in the order of the jobs."""
        return tuple({id(job.runner): job.runner for job in self.jobs}.values())

    def resolved(self) -> Mapping[str, ResolvedAction]:
        """Each action that the pipeline names, by its reference.

        Two repositories may be given one name and tag; then the second is told apart by its URL.
        """
        found: dict[str, ResolvedAction] = {}
        for resolved in (step.action.resolved for job in self.jobs for step in job.steps if step.action):
            name = str(resolved.reference)
            first = found.setdefault(name, resolved)
            if (first.commit, first.url) != (resolved.commit, resolved.url):
                found[f"{name} from {resolved.url}"] = resolved
        return found

    def actions(self) -> Mapping[str, str | None]:
        """The commit of each action, named as by `resolved`; ``None`` for what comes from a folder."""
        return {name: resolved.commit for name, resolved in self.resolved().items()}

    def sources(self) -> Mapping[str, Mapping[str, str]]:
        """The ``digest`` of each action's files and the ``url`` that it came from, none for a folder."""
        return {
            name: {"digest": resolved.digest, **({"url": resolved.url} if resolved.url else {})}
            for name, resolved in self.resolved().items()
        }


async def make_plan(pipeline: Pipeline, source: Locator, options: RunOptions) -> Plan:
    """Settles what a run of the pipeline will do.

    Raises `PlanError` with everything that stands in the way, at its place, and `PipelinesError` for a selected job
    that there is none of; nothing has run then.
    """
    selected = selected_jobs(pipeline, options.selection)
    early = [
        *refuse_unplaced(pipeline, source, selected, options.runner, options.runners),
        *refuse_start(pipeline, source, options),
        *refuse_matrices(pipeline, source, selected, options.limits),
        *_check(pipeline, {}, options),
    ]
    _raise_errors(source, early)
    actions, found = await find_actions(pipeline, source, resolve_context(source, options), options, selected)
    _raise_errors(source, found)
    definitions = {key: action.definition for key, action in actions.items() if not action.is_image}
    checked = _check(pipeline, definitions, options)
    for definition in {id(definition): definition for definition in definitions.values()}.values():
        told = check_action(definition, limits=options.limits, extra_checks=options.extra_checks)
        checked += [item for item in told if has_errors([item])]
    checked += [*_refuse_unknown_runtimes(pipeline, actions, source, options), *_refuse_missing_files(actions, source)]
    _raise_errors(source, [*checked, *found])
    chosen = set(selected)
    jobs = tuple(_planned(job_id, pipeline.jobs[job_id], chosen, actions, options) for job_id in selected)
    left_out = warn_of_left_out(pipeline, source, selected, options.limits)
    warnings = without_ignored(source, sort_diagnostics([*checked, *found, *left_out]))
    missing = sort_diagnostics([*missing_secrets(pipeline, source, selected, options)])
    return Plan(
        pipeline=pipeline,
        source=source,
        jobs=jobs,
        warnings=tuple(warnings),
        missing=tuple(missing),
        runner=options.runner_name,
        max_parallel=options.max_parallel,
    )


def _planned(
    job_id: str,
    job: Job,
    selected: Collection[str],
    actions: Mapping[StepKey, PlannedAction],
    options: RunOptions,
) -> PlannedJob:
    label = chosen_label(job.runs_on, options.runners)
    return PlannedJob(
        id=job_id,
        job=job,
        steps=tuple(
            PlannedStep(index=index, step=step, action=actions.get((job_id, index)))
            for index, step in enumerate(job.steps)
        ),
        runner=options.runner if label is None else options.runners[label],
        runner_name=options.runner_name if label is None else options.runner_names[label],
        needs=tuple(dict.fromkeys(name for name in job.needs if name in selected)),
        unmet=tuple(dict.fromkeys(name for name in job.needs if name not in selected)),
        limits=options.limits,
    )


def _check(pipeline: Pipeline, actions: Mapping[StepKey, Action], options: RunOptions) -> list[Diagnostic]:
    def inherits(job: Job) -> bool:
        label = chosen_label(job.runs_on, options.runners)
        runner = options.runner if label is None else options.runners[label]
        return runner.capabilities.inherits_environment

    return check_pipeline(
        pipeline,
        actions=actions,
        limits=options.limits,
        extra_checks=options.extra_checks,
        environment=os.environ,
        apart=[job_id for job_id, job in pipeline.jobs.items() if not inherits(job)],
    )


def _raise_errors(source: Locator, diagnostics: Sequence[Diagnostic]) -> None:
    if has_errors(diagnostics):
        raise PlanError(without_ignored(source, sort_diagnostics(diagnostics)))


def _refuse_missing_files(actions: Mapping[StepKey, PlannedAction], source: Locator) -> Iterator[Diagnostic]:
    """An error for each action that lacks the very file that it runs."""
    for (job_id, index), action in actions.items():
        place = source.value(("jobs", job_id, "steps", index, "action"))
        yield from refuse_missing_file(action.resolved, action.definition, place)


def _refuse_unknown_runtimes(
    pipeline: Pipeline, actions: Mapping[StepKey, PlannedAction], source: Locator, options: RunOptions
) -> Iterator[Diagnostic]:
    """An error for each action that nothing carries out, or that asks a person where nobody is there to ask."""
    for (job_id, index), action in actions.items():
        using, place = action.definition.runs.using, source.value(("jobs", job_id, "steps", index, "action"))
        if using in options.runtimes:
            yield from _refuse_container(options, pipeline.jobs[job_id], action, place)
            continue
        if using == Using.HUMAN:
            step = pipeline.jobs[job_id].steps[index]
            yield from refuse_unasked(options.human, job_id, index, step, action, place)
            continue
        message = (
            f"the action {action.resolved.reference} runs using {using!r}, which is not carried out by this version"
        )
        hint = f"this version runs {', '.join(sorted({*options.runtimes, Using.HUMAN.value}))}"
        yield Diagnostic.at(place, Code.CANNOT_RUN, Severity.ERROR, message, hint=hint)


def _refuse_container(options: RunOptions, job: Job, action: PlannedAction, place: Location) -> Iterator[Diagnostic]:
    """An error for an action that needs a container, in a job whose runner starts none."""
    label = chosen_label(job.runs_on, options.runners)
    runner, name = options.runner, options.runner_name
    if label is not None:
        runner, name = options.runners[label], options.runner_names[label]
    if runner.capabilities.containers or not options.runtimes[action.definition.runs.using].needs_containers:
        return
    message = (
        f"the action {action.resolved.reference} runs in a container, and the runner {name} starts none for a step"
    )
    hint = "run the job on one that does, such as the local one"
    yield Diagnostic.at(place, Code.CANNOT_RUN, Severity.ERROR, message, hint=hint)
