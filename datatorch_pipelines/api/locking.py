"""Lock files: which commit, with which files, the actions of a pipeline are."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from datatorch_pipelines.api.running import located_pipeline
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator
from datatorch_pipelines.errors import PipelinesError, PipelineSyntaxError, PlanError
from datatorch_pipelines.limits import DEFAULT_LIMITS
from datatorch_pipelines.model import ActionReference, Pipeline

if TYPE_CHECKING:
    from typing import Unpack

    from datatorch_pipelines.defaults import FetchArguments
    from datatorch_pipelines.resolvers.lockfile import Lock

PathLike = str | os.PathLike[str]
Update = bool | str | Iterable[str]
"""Whether all actions are asked for anew, or the names of those that are (``owner/repo``)."""


def lock(
    pipeline: Pipeline | PathLike,
    path: PathLike | None = None,
    *,
    update: Update = False,
    write: bool = True,
    **arguments: Unpack[FetchArguments],
) -> Lock:
    """Notes in a lock file which commit each action of a pipeline is, and the digest of its files.

    ``path`` is the lock file: unless given, that beside the pipeline's file (``pipeline.yaml.lock``); a pipeline that
    was built in Python needs one. What the file has already stays as it is, and no server is asked for it; what no
    step names any more is dropped. ``update`` has all actions asked for anew, or those of these names. The result's
    ``changes`` tell what is not as before; with ``write=False`` the file stays as it is. An action in a folder beside
    the pipeline (``./add``) is not locked. The other arguments are those of
    `datatorch_pipelines.defaults.FetchArguments`.

    Raises `PlanError` when an action can't be had (nothing is written then), `PipelineSyntaxError` for a pipeline or a
    lock file that is wrong, and `PipelinesError` for a name that no step has and a file that can't be written.
    """
    return _lock([(pipeline, path)], update, arguments, write=write)[0]


def lock_files(
    paths: Iterable[PathLike],
    *,
    update: Update = False,
    write: bool = True,
    **arguments: Unpack[FetchArguments],
) -> list[Lock]:
    """As `lock`, for several files: each server is asked once, and nothing is written unless all can be locked."""
    return _lock([(path, None) for path in paths], update, arguments, write=write)


@frozen
class _Target:
    """A pipeline that is to be locked, and what its lock file holds."""

    references: dict[ActionReference, Location]
    source: Locator
    base: Path
    path: Path
    known: Lock | None
    before: bytes | None


def _lock(
    what: Sequence[tuple[Pipeline | PathLike, PathLike | None]],
    update: Update,
    arguments: FetchArguments,
    *,
    write: bool,
) -> list[Lock]:
    from datatorch_pipelines.contracts.resolver import ResolveContext
    from datatorch_pipelines.defaults import local_folders, refuse_unknown, resolvers_of
    from datatorch_pipelines.engine import engine_thread
    from datatorch_pipelines.engine.planning.locking import make_lock
    from datatorch_pipelines.resolvers.lock_writing import write_locks
    from datatorch_pipelines.resolvers.lockfile import Lock

    refuse_unknown(arguments)
    limits = arguments.get("limits", DEFAULT_LIMITS)
    targets = _targets(what, arguments)
    anew = update if isinstance(update, bool) else _names(update, targets)
    resolvers = resolvers_of([reference for target in targets for reference in target.references], arguments)
    context = ResolveContext(
        local_actions=tuple(map(Path, local_folders(arguments.get("local_actions", ())))),
        offline=arguments.get("offline", False),
        strict=arguments.get("strict", False),
        limits=limits,
    )

    async def make(target: _Target) -> Lock | PlanError:
        try:
            beside = evolve(context, base=target.base)
            return await make_lock(target.references, target.source, target.known, resolvers, beside, anew)
        except PlanError as error:
            return error

    async def make_all() -> list[Lock | PlanError]:
        return await asyncio.gather(*map(make, targets))

    made = engine_thread().call(make_all())
    failures = [item for error in made if isinstance(error, PlanError) for item in error.diagnostics]
    if failures:
        raise PlanError(failures)
    locks = []
    for target, each in zip(targets, made, strict=True):
        if isinstance(each, Lock):
            changed = each.to_json().encode() != target.before
            locks.append(evolve(each, path=target.path, changed=changed))
    if write:
        changes = zip(targets, locks, strict=True)
        write_locks((each, target.path, target.before) for target, each in changes if each.changed)
    return locks


def _targets(what: Sequence[tuple[Pipeline | PathLike, PathLike | None]], arguments: FetchArguments) -> list[_Target]:
    targets: list[_Target] = []
    wrong: list[Diagnostic] = []
    for pipeline, path in what:
        try:
            targets.append(_target(pipeline, path, arguments))
        except PipelineSyntaxError as error:
            wrong += error.diagnostics
    if wrong:
        raise PipelineSyntaxError(wrong)
    return targets


def _target(pipeline: Pipeline | PathLike, path: PathLike | None, arguments: FetchArguments) -> _Target:
    from datatorch_pipelines.engine.planning.locking import locked_references
    from datatorch_pipelines.resolvers.lock_reading import parse_lock
    from datatorch_pipelines.resolvers.lockfile import lock_path
    from datatorch_pipelines.syntax.files import decode_text, read_bytes

    limits = arguments.get("limits", DEFAULT_LIMITS)
    located, source = located_pipeline(pipeline, limits)
    file = lock_path(source.file) if path is None else Path(path)
    if path is None and not Path(source.file).is_file():
        raise PipelinesError(
            "a pipeline that was made or changed in Python has no lock file beside it", hint="give its path"
        )
    known = before = None
    if os.path.lexists(file):
        before = read_bytes(str(file), limits.max_file_bytes)
        known = parse_lock(decode_text(before, str(file)), str(file), limits)
    base = Path(source.file).absolute().parent
    return _Target(locked_references(located, source), source, base, file, known, before)


def _names(update: str | Iterable[str], targets: Sequence[_Target]) -> Collection[str]:
    """The names of what is asked for anew. Raises `PipelinesError` for one that no step has."""
    from datatorch_pipelines.engine.planning.locking import locked_name
    from datatorch_pipelines.syntax.names import did_you_mean, shown

    names = frozenset([update] if isinstance(update, str) else update)
    known = {locked_name(reference) for target in targets for reference in target.references}
    for name in sorted(names - known):
        hint = did_you_mean(name, sorted(known)) or "give it as the step has it, without the tag"
        raise PipelinesError(f"no step uses {shown(name)}", hint=hint)
    return names
