"""What a run will do, settled before anything runs: every key honoured, every action here, every check passed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from datatorch_pipelines.checks import check_action, check_pipeline
from datatorch_pipelines.checks.ignores import without_ignored
from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import ResolveContext, ResolvedAction
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator, Severity, has_errors, sort_diagnostics
from datatorch_pipelines.engine.honoured import refuse_unhonoured
from datatorch_pipelines.engine.missing_file import refuse_missing_file
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.errors import PlanError
from datatorch_pipelines.model import Action, ActionReference, Job, Pipeline, ReferenceKind, Step
from datatorch_pipelines.resolvers.definitions import find_action


@frozen(kw_only=True)
class PlannedAction:
    """An action that a plan found: where its files are, and what they say."""

    resolved: ResolvedAction
    definition: Action


@frozen(kw_only=True)
class PlannedStep:
    """A step with its place in the job (from 0) and its action (``None`` for a ``run`` step)."""

    index: int
    step: Step
    action: PlannedAction | None = None


@frozen(kw_only=True)
class PlannedJob:
    """A job with its steps in order."""

    id: str
    job: Job
    steps: tuple[PlannedStep, ...]

    @property
    def name(self) -> str:
        """What a person calls the job."""
        return self.job.name or self.id


@frozen(kw_only=True)
class Plan:
    """A pipeline that is ready to run.

    ``source`` tells where each part of the pipeline stands; ``warnings`` are what is doubtful about it and
    not ignored by a comment of its file.
    """

    pipeline: Pipeline
    source: Locator
    jobs: tuple[PlannedJob, ...]
    warnings: tuple[Diagnostic, ...] = ()

    def actions(self) -> Mapping[str, str | None]:
        """The commit of each action that the pipeline names; ``None`` for what comes from a folder.

        Two repositories may be given one name and tag; then the second is told apart by its URL.
        """
        commits: dict[str, str | None] = {}
        for resolved in (step.action.resolved for job in self.jobs for step in job.steps if step.action):
            name = str(resolved.reference)
            if commits.setdefault(name, resolved.commit) != resolved.commit:
                commits[f"{name} from {resolved.url}"] = resolved.commit
        return commits


_StepKey = tuple[str, int]


async def make_plan(pipeline: Pipeline, source: Locator, options: RunOptions) -> Plan:
    """Settles what a run of the pipeline will do.

    Raises `PlanError` with everything that stands in the way, at its place; nothing has run then.
    """
    early = [*refuse_unhonoured(pipeline, source), *_check(pipeline, {}, options)]
    _raise_errors(source, early)
    actions, found = await _resolve_all(pipeline, source, options)
    _raise_errors(source, found)
    definitions = {key: action.definition for key, action in actions.items()}
    checked = _check(pipeline, definitions, options)
    for definition in {id(definition): definition for definition in definitions.values()}.values():
        told = check_action(definition, limits=options.limits, extra_checks=options.extra_checks)
        checked += [item for item in told if has_errors([item])]
    checked += [*_refuse_unknown_runtimes(actions, source, options), *_refuse_missing_files(actions, source)]
    _raise_errors(source, [*checked, *found])
    jobs = tuple(
        PlannedJob(
            id=job_id,
            job=job,
            steps=tuple(
                PlannedStep(index=index, step=step, action=actions.get((job_id, index)))
                for index, step in enumerate(job.steps)
            ),
        )
        for job_id, job in pipeline.jobs.items()
    )
    warnings = without_ignored(source, sort_diagnostics([*checked, *found]))
    return Plan(pipeline=pipeline, source=source, jobs=jobs, warnings=tuple(warnings))


def _check(pipeline: Pipeline, actions: Mapping[_StepKey, Action], options: RunOptions) -> list[Diagnostic]:
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


async def _resolve_all(
    pipeline: Pipeline, source: Locator, options: RunOptions
) -> tuple[dict[_StepKey, PlannedAction], list[Diagnostic]]:
    """Every action that the pipeline names, each reference resolved once, all at the same time."""
    users: dict[ActionReference, list[_StepKey]] = {}
    for job_id, job in pipeline.jobs.items():
        for index, step in enumerate(job.steps):
            reference = step.reference
            if reference is not None:
                users.setdefault(reference, []).append((job_id, index))
    context = ResolveContext(
        base=_folder_of(source.file),
        local_actions=options.local_actions,
        offline=options.offline,
        limits=options.limits,
    )

    async def resolve(reference: ActionReference) -> tuple[PlannedAction | None, list[Diagnostic]]:
        first = users[reference][0]
        place = source.value(("jobs", first[0], "steps", first[1], "action"))
        return await _resolve(reference, place, context, options)

    answers = await asyncio.gather(*map(resolve, users))
    actions: dict[_StepKey, PlannedAction] = {}
    diagnostics: list[Diagnostic] = []
    for keys, (action, found) in zip(users.values(), answers, strict=True):
        diagnostics += found
        if action is not None:
            actions.update(dict.fromkeys(keys, action))
    return actions, diagnostics


def _folder_of(file: str) -> Path:
    return Path(file).absolute().parent


async def _resolve(
    reference: ActionReference, place: Location, shared: ResolveContext, options: RunOptions
) -> tuple[PlannedAction | None, list[Diagnostic]]:
    if reference.kind is ReferenceKind.DOCKER:
        message = "an action that is a container image is not carried out by this version"
        hint = "name an action that runs a program"
        return None, [Diagnostic.at(place, Code.CANNOT_RUN, Severity.ERROR, message, hint=hint)]
    answer = await find_action(
        options.resolvers,
        reference,
        shared,
        beside=str(Path(place.file or "").parent),
        extra_using=frozenset(options.runtimes),
    )
    told = [*answer.told(reference, place), *answer.in_its_file]
    if answer.resolved is None or answer.definition is None:
        return None, told
    return PlannedAction(resolved=answer.resolved, definition=answer.definition), told


def _refuse_missing_files(actions: Mapping[_StepKey, PlannedAction], source: Locator) -> Iterator[Diagnostic]:
    """An error for each action that lacks the very file that it runs."""
    for (job_id, index), action in actions.items():
        place = source.value(("jobs", job_id, "steps", index, "action"))
        yield from refuse_missing_file(action.resolved, action.definition, place)


def _refuse_unknown_runtimes(
    actions: Mapping[_StepKey, PlannedAction], source: Locator, options: RunOptions
) -> list[Diagnostic]:
    return [
        Diagnostic.at(
            source.value(("jobs", job_id, "steps", index, "action")),
            Code.CANNOT_RUN,
            Severity.ERROR,
            f"the action {action.resolved.reference} runs using {action.definition.runs.using!r}, "
            "which is not carried out by this version",
            hint=f"this version runs {', '.join(sorted(options.runtimes))}",
        )
        for (job_id, index), action in actions.items()
        if action.definition.runs.using not in options.runtimes
    ]
