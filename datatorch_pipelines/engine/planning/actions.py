"""The actions that a pipeline names, each found once, all at the same time, with what is to be said at its place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import evolve, frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator, Severity
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.model import Action, ActionReference, Pipeline, ReferenceKind, Runs, Using
from datatorch_pipelines.resolvers.definitions import find_action

StepKey = tuple[str, int]
"""A job's id and a step's index in it, from 0."""


@frozen(kw_only=True)
class PlannedAction:
    """An action that a plan found: where its files are, and what they say."""

    resolved: ResolvedAction
    definition: Action

    @property
    def is_image(self) -> bool:
        """Whether it is nothing but a container image: no folder, and no file that says anything."""
        return self.resolved.reference.kind is ReferenceKind.DOCKER


def resolve_context(source: Locator, options: RunOptions) -> ResolveContext:
    """What resolvers are told in one run of a pipeline."""
    return ResolveContext(
        base=Path(source.file).absolute().parent,
        local_actions=options.local_actions,
        offline=options.offline,
        strict=options.strict,
        limits=options.limits,
    )


async def find_actions(
    pipeline: Pipeline, source: Locator, context: ResolveContext, options: RunOptions, jobs: Iterable[str] | None = None
) -> tuple[dict[StepKey, PlannedAction], list[Diagnostic]]:
    """Every action that the pipeline names, by the steps that do, and what is to be said of them at their places.

    With ``jobs``, those of these jobs alone.
    """
    users: dict[ActionReference, list[StepKey]] = {}
    for job_id in pipeline.jobs if jobs is None else jobs:
        for index, step in enumerate(pipeline.jobs[job_id].steps):
            reference = step.reference
            if reference is not None:
                users.setdefault(reference, []).append((job_id, index))

    async def find(reference: ActionReference) -> tuple[PlannedAction | None, list[Diagnostic]]:
        first = users[reference][0]
        place = source.value(("jobs", first[0], "steps", first[1], "action"))
        return await _find(reference, place, context, options)

    answers = await asyncio.gather(*map(find, users))
    actions: dict[StepKey, PlannedAction] = {}
    diagnostics: list[Diagnostic] = []
    for keys, (action, found) in zip(users.values(), answers, strict=True):
        diagnostics += found
        if action is not None:
            actions.update(dict.fromkeys(keys, action))
    return actions, diagnostics


async def _find(
    reference: ActionReference, place: Location, context: ResolveContext, options: RunOptions
) -> tuple[PlannedAction | None, list[Diagnostic]]:
    if reference.kind is ReferenceKind.DOCKER:
        return _image(reference), []
    resolvers: Sequence[Resolver] = options.resolvers
    lock = options.locked
    if lock is not None and reference.kind is not ReferenceKind.PATH:
        from datatorch_pipelines.engine.planning.locking import LockHolder, not_in_lock

        locked = lock.find(reference)
        if locked is not None:
            resolvers = (LockHolder(locked, resolvers, lock, place.file, options.same_commits),)
        elif not options.same_commits:  # a run's own lock lacks what no lock may hold
            return None, [not_in_lock(reference, place, lock, context.local_actions)]
    answer = await find_action(
        resolvers,
        reference,
        context,
        beside=str(Path(place.file or "").parent),
        extra_using=frozenset(options.runtimes),
    )
    told = [*answer.told(reference, place), *answer.in_its_file]
    if lock is not None:
        from datatorch_pipelines.engine.planning.locking import LockDiffers

        if isinstance(answer.error, LockDiffers):
            told = [_with_code(item, Code.LOCK_DIFFERS) for item in told]
    if answer.resolved is None or answer.definition is None:
        return None, told
    return PlannedAction(resolved=answer.resolved, definition=answer.definition), told


def _image(reference: ActionReference) -> PlannedAction:
    """A container image as an action. It is looked for where the step runs."""
    definition = Action(name=reference.name, runs=Runs(using=Using.DOCKER, image=reference.name))
    return PlannedAction(
        resolved=ResolvedAction(reference=reference, directory=Path(), digest=""), definition=definition
    )


def _with_code(item: Diagnostic, code: Code) -> Diagnostic:
    """An error with the code of its own that it has here; a warning stays as it is."""
    return evolve(item, code=str(code)) if item.severity is Severity.ERROR else item
