"""Locks: what a pipeline's references stand for now, noted; and a plan that is held to such a note."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from attrs import evolve, frozen

from datatorch_pipelines.checks.ignores import without_ignored
from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator, Severity, has_errors, sort_diagnostics
from datatorch_pipelines.engine.planning.plan import Plan
from datatorch_pipelines.errors import (
    ActionNotFound,
    FetchFailed,
    ModelError,
    PipelinesError,
    PipelineSyntaxError,
    PlanError,
    ResolveError,
)
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model import ActionReference, Pipeline, ReferenceKind
from datatorch_pipelines.resolvers import default_local_actions, resolve_chain
from datatorch_pipelines.resolvers.chain import matches
from datatorch_pipelines.resolvers.definitions import find_action
from datatorch_pipelines.resolvers.lock_reading import read_lock
from datatorch_pipelines.resolvers.lockfile import (
    Lock,
    LockedAction,
    compare,
    lock_command,
    lock_path,
    without_credentials,
)
from datatorch_pipelines.resolvers.refs import RefKind

_FOLLOWED = (RefKind.BRANCH, RefKind.DEFAULT)
"""What a ref is that is expected to move: a locked run takes the commit and asks nobody where the ref is now."""


def locked_name(reference: ActionReference) -> str:
    """What one calls an action to have it locked anew: ``owner/repo``, or ``local/name``."""
    return str(evolve(reference, ref=None))


def locked_references(pipeline: Pipeline, source: Locator) -> dict[ActionReference, Location]:
    """The references that a lock is about, each with the place of the first step that has it."""
    found: dict[ActionReference, Location] = {}
    for job_id, job in pipeline.jobs.items():
        for index, step in enumerate(job.steps):
            reference = step.reference
            if reference is not None and reference.kind is not ReferenceKind.PATH:
                found.setdefault(reference, source.value(("jobs", job_id, "steps", index, "action")))
    return found


async def make_lock(
    references: dict[ActionReference, Location],
    source: Locator,
    known: Lock | None,
    resolvers: Sequence[Resolver],
    context: ResolveContext,
    update: bool | Collection[str] = False,
) -> Lock:
    """What references stand for: as ``known`` has it, and asked for what it doesn't have or is to be asked anew.

    ``source`` is the text that the references are in: comments there may ignore warnings.
    ``update`` is whether all are asked anew, or the names of those that are. Raises `PlanError` with a diagnostic for
    each action that can't be had.
    """
    actions: dict[object, LockedAction] = {}
    told: list[Diagnostic] = []

    async def one(reference: ActionReference, place: Location) -> None:
        anew = update if isinstance(update, bool) else locked_name(reference) in update
        before = known.find(reference) if known is not None else None
        if reference.kind is ReferenceKind.DOCKER:
            if "@sha256:" not in reference.name:
                message = f"the image {reference} is not locked: only its own name can do that"
                hint = "name it by digest: docker://image@sha256:..."
                told.append(Diagnostic.at(place, Code.ACTION_WARNING, Severity.WARNING, message, hint=hint))
            return
        if before is None or anew:
            # A tag of the store may be older than the server's: such a lock would be refused wherever the store is
            # empty. And what is to be asked for anew must not come from memory, of which nobody would notice.
            asked = evolve(context, fresh=True, strict=context.strict or anew)
            before, found = await _ask(reference, place, resolvers, asked)
            told.extend(found)
        if before is not None and actions.setdefault(before.key, before) != before:
            message = f"{before.label} is another commit to another user of the same server"
            hint = "name it with one user"
            told.append(Diagnostic.at(place, Code.UNRESOLVED, Severity.ERROR, message, hint=hint))

    await asyncio.gather(*(one(reference, place) for reference, place in references.items()))
    told = sort_diagnostics(told)
    if has_errors(told):
        raise PlanError(told)
    changes = compare(known.actions if known is not None else (), actions.values())
    return Lock(actions=actions.values(), changes=changes, warnings=tuple(without_ignored(source, told)))


def _locked(reference: ActionReference, resolved: ResolvedAction) -> LockedAction:
    """What a reference stands for now. Raises `ModelError` for what no lock may hold."""
    return LockedAction(
        reference=str(reference),
        git=without_credentials(reference.git) if reference.git else None,
        file=reference.file,
        kind=str(resolved.kind) if resolved.kind else None,
        url=without_credentials(resolved.url) if resolved.url else None,
        commit=resolved.commit,
        digest=resolved.digest,
    )


def lock_of(plan: Plan) -> Lock:
    """The lock of a plan's own actions: what a run of it uses, and uses again when it is resumed.

    An action that no lock may hold (its resolver gave a commit that is none) is left out.
    """
    found: dict[object, LockedAction] = {}
    for step in (step for job in plan.jobs for step in job.steps):
        reference = step.step.reference
        if step.action is None or reference is None:
            continue
        if reference.kind in (ReferenceKind.PATH, ReferenceKind.DOCKER):
            continue
        with contextlib.suppress(ModelError):
            locked = _locked(reference, step.action.resolved)
            found.setdefault(locked.key, locked)
    return Lock(actions=found.values())


async def _ask(
    reference: ActionReference, place: Location, resolvers: Sequence[Resolver], context: ResolveContext
) -> tuple[LockedAction | None, list[Diagnostic]]:
    answer = await find_action(resolvers, reference, context, beside=str(Path(place.file or "").parent))
    if isinstance(answer.error, PipelineSyntaxError):
        answer = evolve(answer, error=None)  # what is in the action's file is said by a check, and by a plan
    resolved = answer.resolved
    locked = None
    if resolved is not None and answer.error is None:
        try:
            locked = _locked(reference, resolved)
        except ModelError as error:
            problem = ResolveError(f"{reference} can't be locked: {error.message}")
            answer = evolve(answer, error=problem)
    return locked, answer.told(reference, place)


def given_lock(locked: bool | str | os.PathLike[str] | Lock | None, file: str, limits: Limits) -> Lock | None:
    """The lock that a run's caller gave: the one beside the pipeline's file for ``True``, ``None`` for ``False``.

    Raises `PipelinesError` where there is no such file, and `PipelineSyntaxError` for one that is wrong.
    """
    if locked is None or locked is False:
        return None
    if isinstance(locked, Lock):
        return locked
    beside = lock_path(file)
    path = beside if locked is True else Path(locked)
    if not os.path.lexists(path):
        if path == beside and not Path(file).exists():
            raise PipelinesError(
                "a pipeline that was made or changed in Python has no lock file beside it",
                hint="give the path of one as locked, and make it with lock(pipeline, path)",
            )
        hint = _again(path, file)
        raise PipelinesError(f"there is no lock file {_shown(path)}", hint=f"make it with {hint}")
    return read_lock(path, limits)


def not_in_lock(
    reference: ActionReference, place: Location, lock: Lock, local_actions: Sequence[Path] = ()
) -> Diagnostic:
    """What is said of a reference that is not in the lock; local actions are looked up in ``local_actions``."""
    where = f"the lock file {_shown(lock.path)}" if lock.path is not None else "the lock"
    again = _again(lock.path, place.file, folders=_folders_for(reference, local_actions))
    hint = f"look whether it is meant, then lock it with {again}"
    return Diagnostic.at(place, Code.NOT_IN_LOCK, Severity.ERROR, f"{reference} is not in {where}", hint=hint)


def _folders_for(reference: ActionReference, local_actions: Sequence[Path]) -> list[str]:
    """The folders that who locks a reference has to give, too: the environment does not name them."""
    if reference.kind is not ReferenceKind.LOCAL:
        return []
    usual = default_local_actions(os.environ)
    return [str(folder) for folder in local_actions if folder not in usual]


def _again(path: Path | None, file: str | None, name: str | None = None, folders: Sequence[str] = ()) -> str:
    """How one locks a pipeline, or one action of it anew, with local actions in ``folders``."""
    if file is not None and path == lock_path(file):
        return lock_command(file, name, folders)
    update = f", update=[{name!r}]" if name is not None else ""
    local = f", local_actions={list(folders)!r}" if folders else ""
    return f"lock(pipeline, {_shown(path) if path is not None else 'path'!r}{update}{local})"


def _shown(path: Path) -> str:
    text = str(path)
    return text if text.isprintable() else repr(text)


_ANEW = "restore it, or run the pipeline anew"
"""What is left to do where a resumed run can't have what it began with."""


class LockDiffers(ResolveError):
    """An action is not what was locked."""


@frozen
class LockHolder(Resolver):
    """Finds an action through other resolvers, and refuses what is not what was locked.

    ``lock`` and ``file``, the pipeline's, are for messages. With ``same_commit`` a tag is no more than a branch: the
    commit is taken that was locked when the run began.
    """

    locked: LockedAction
    resolvers: Sequence[Resolver]
    lock: Lock
    file: str | None
    same_commit: bool = False

    def matches(self, reference: ActionReference) -> bool:
        """Always: it is made for one reference."""
        return True

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        """The action as it was locked.

        Raises `LockDiffers` for another one, and what the other resolvers raise where it can't be had.
        """
        moves = self.locked.kind in _FOLLOWED or (self.same_commit and self.locked.kind == RefKind.TAG)
        if moves and self._is_by_ref(reference):
            found = await self._at_commit(reference, context)
        else:
            found = await self._as_named(reference, context)
        self._compare(found, reference, context)
        return evolve(found, reference=reference, kind=self.locked.kind)

    def _is_by_ref(self, reference: ActionReference) -> bool:
        """Whether who has the reference also has its commit: a mapping may be for one tag or branch alone."""
        at_commit = evolve(reference, ref=self.locked.commit)
        first = [
            next((each for each in self.resolvers if matches(each, named)), None) for named in (reference, at_commit)
        ]
        return first[0] is first[1]

    async def _at_commit(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        at_commit = evolve(reference, ref=self.locked.commit)
        try:
            return await resolve_chain(self.resolvers, at_commit, context)
        except ResolveError as error:
            from datatorch_pipelines.resolvers.transport.failures import RefMissing

            # The pipeline names no commit: who reads of one alone does not know where it comes from.
            told = copy.copy(error)
            why = error.message.removeprefix(f"{at_commit}: ")
            told.message = f"the commit that {reference} was locked to can't be had: {why}"
            if isinstance(error, RefMissing) or isinstance(error.__cause__, RefMissing):
                told.hint = (
                    _ANEW if self.same_commit else f"take what is there now with {self._again(reference, context)}"
                )
            raise told from error

    async def _as_named(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        locked = self.locked
        try:
            found = await resolve_chain(self.resolvers, reference, context)
        except (ActionNotFound, FetchFailed) as error:
            unknown = context.offline if isinstance(error, ActionNotFound) else not context.strict
            if not unknown or locked.kind != RefKind.TAG:
                raise
            try:  # nobody can say what the tag is, but the commit that was locked may be here
                return await self._at_commit(reference, evolve(context, offline=True))
            except ResolveError:
                raise error from None
        if locked.kind != RefKind.TAG or found.commit == locked.commit or found.url != locked.url:
            return found
        # What is here may be older than the lock: only the server knows who is right.
        if not context.offline:
            try:
                return await resolve_chain(self.resolvers, reference, evolve(context, fresh=True, strict=True))
            except FetchFailed:
                hint = "its server can't be asked now: try again"
        else:
            hint = "run once without offline"
        one, other = _apart(locked.commit, found.commit)
        raise LockDiffers(f"{reference} is the commit {other} in the store, and {one} was locked", hint=hint)

    def _compare(self, found: ResolvedAction, reference: ActionReference, context: ResolveContext) -> None:
        locked = self.locked
        url = without_credentials(found.url) if found.url else None
        if url != locked.url:
            now, then = (f"from {text}" if text else "from a folder" for text in (url, locked.url))
            since = "the run began" if self.same_commit else "it was locked"
            raise self._differs(f"{reference} comes {now}, and {then} when {since}", reference, context)
        if found.commit != locked.commit:
            one, other = _apart(locked.commit, found.commit)
            what = f"the tag {reference.ref} of {locked_name(reference)}" if locked.kind == RefKind.TAG else reference
            raise self._differs(f"{what} moved from {one} to {other}", reference, context)
        if found.digest != locked.digest:
            before = "of when the run began" if self.same_commit else "that were locked"
            raise self._differs(f"the files of {reference} are not those {before}", reference, context)

    def _differs(self, message: str, reference: ActionReference, context: ResolveContext) -> LockDiffers:
        if self.same_commit:
            return LockDiffers(message, hint=_ANEW)
        how = self._again(reference, context)
        return LockDiffers(message, hint=f"look at what changed, then take it with {how}")

    def _again(self, reference: ActionReference, context: ResolveContext) -> str:
        folders = _folders_for(reference, context.local_actions)
        return _again(self.lock.path, self.file, locked_name(reference), folders)


def _apart(one: str | None, other: str | None) -> tuple[str, str]:
    """Two commits as they are shown: short where that tells them apart."""
    first, second = one or "none", other or "none"
    return (first[:12], second[:12]) if first[:12] != second[:12] else (first, second)
