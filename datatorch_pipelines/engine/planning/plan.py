"""What a run will do, settled before anything runs: every key honoured, every action here, every check passed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence

from attrs import frozen

from datatorch_pipelines.checks import check_action, check_pipeline
from datatorch_pipelines.checks.ignores import without_ignored
from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import ResolvedAction
from datatorch_pipelines.diagnostics import Diagnostic, Locator, Severity, has_errors, sort_diagnostics
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.engine.planning.actions import PlannedAction, StepKey, find_actions, resolve_context
from datatorch_pipelines.engine.planning.honoured import refuse_unhonoured
from datatorch_pipelines.engine.planning.missing_file import refuse_missing_file
from datatorch_pipelines.engine.planning.people import refuse_unasked
from datatorch_pipelines.engine.planning.secrets import missing_secrets
from datatorch_pipelines.engine.planning.selection import selected_jobs
from datatorch_pipelines.engine.planning.starting import refuse_start
from datatorch_pipelines.errors import PlanError
from datatorch_pipelines.model import Action, Job, Pipeline, Step, Using


@frozen(kw_only=True)
class PlannedStep:
    """A step with its place in the job (from 0) and its action (``None`` for a ``run`` step)."""

    index: int
    step: Step
    action: PlannedAction | None = None


@frozen(kw_only=True)
class PlannedJob:
    """A job with its steps in order.

    ``needs`` are the jobs of the plan that it waits for; ``unmet`` those that it needs and that the plan leaves out:
    they count as succeeded, without outputs.
    """

    id: str
    job: Job
    steps: tuple[PlannedStep, ...]
    needs: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What a person calls the job."""
        return self.job.name or self.id


@frozen(kw_only=True)
class Plan:
    """A pipeline that is ready to run.

    ``jobs`` are those that were selected, in the order of the file. ``source`` tells where each part of the pipeline
    stands; ``warnings`` are what is doubtful about it and not ignored by a comment of its file. ``missing`` is what a
    run of it still lacks, such as a secret: a run refuses to begin for each of them.
    """

    pipeline: Pipeline
    source: Locator
    jobs: tuple[PlannedJob, ...]
    warnings: tuple[Diagnostic, ...] = ()
    missing: tuple[Diagnostic, ...] = ()

    @property
    def has_actions(self) -> bool:
        """Whether any step of the plan is an action."""
        return any(step.action is not None for job in self.jobs for step in job.steps)

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
        *refuse_unhonoured(pipeline, source),
        *refuse_start(pipeline, source, options),
        *_check(pipeline, {}, options),
    ]
    _raise_errors(source, early)
    actions, found = await find_actions(pipeline, source, resolve_context(source, options), options, selected)
    _raise_errors(source, found)
    definitions = {key: action.definition for key, action in actions.items()}
    checked = _check(pipeline, definitions, options)
    for definition in {id(definition): definition for definition in definitions.values()}.values():
        told = check_action(definition, limits=options.limits, extra_checks=options.extra_checks)
        checked += [item for item in told if has_errors([item])]
    checked += [*_refuse_unknown_runtimes(pipeline, actions, source, options), *_refuse_missing_files(actions, source)]
    _raise_errors(source, [*checked, *found])
    chosen = set(selected)
    jobs = tuple(_planned(job_id, pipeline.jobs[job_id], chosen, actions) for job_id in selected)
    warnings = without_ignored(source, sort_diagnostics([*checked, *found]))
    missing = sort_diagnostics([*missing_secrets(pipeline, source, selected, options)])
    return Plan(pipeline=pipeline, source=source, jobs=jobs, warnings=tuple(warnings), missing=tuple(missing))


def _planned(job_id: str, job: Job, selected: Collection[str], actions: Mapping[StepKey, PlannedAction]) -> PlannedJob:
    return PlannedJob(
        id=job_id,
        job=job,
        steps=tuple(
            PlannedStep(index=index, step=step, action=actions.get((job_id, index)))
            for index, step in enumerate(job.steps)
        ),
        needs=tuple(dict.fromkeys(name for name in job.needs if name in selected)),
        unmet=tuple(dict.fromkeys(name for name in job.needs if name not in selected)),
    )


def _check(pipeline: Pipeline, actions: Mapping[StepKey, Action], options: RunOptions) -> list[Diagnostic]:
    inherited = os.environ if options.runner.capabilities.inherits_environment else ()
    return check_pipeline(
        pipeline,
        actions=actions,
        limits=options.limits,
        extra_checks=options.extra_checks,
        environment=inherited,
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
