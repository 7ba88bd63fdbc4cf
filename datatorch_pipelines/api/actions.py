"""Actions by themselves: what one is, and fetching all that are named."""

from __future__ import annotations

import asyncio
import copy
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from attrs import evolve, field, frozen

from datatorch_pipelines.api.running import located_pipeline
from datatorch_pipelines.diagnostics import Diagnostic, Location, sort_diagnostics
from datatorch_pipelines.errors import (
    ActionSyntaxError,
    PipelinesError,
    PipelineSyntaxError,
    PullError,
    ResolveError,
)
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import ACTION_FILES, ActionObject, ActionReference, Pipeline, ReferenceKind

if TYPE_CHECKING:
    from typing import Unpack

    from datatorch_pipelines.contracts import Resolver
    from datatorch_pipelines.defaults import FetchArguments
    from datatorch_pipelines.resolvers.definitions import Answer
    from datatorch_pipelines.resolvers.found import FoundAction
    from datatorch_pipelines.resolvers.lockfile import Lock

PathLike = str | os.PathLike[str]
AnyReference = str | ActionObject | Mapping[str, object] | ActionReference
"""What names an action as a step of a pipeline does."""

Named = Pipeline | AnyReference | os.PathLike[str]
"""What names actions: a pipeline, its file, or a reference."""

_FILE_ENDINGS = (".yaml", ".yml", ".json")


def find_action(action: AnyReference | os.PathLike[str], **arguments: Unpack[FetchArguments]) -> FoundAction:
    """An action's folder and definition; it is fetched unless it is here.

    ``action`` is what a step's ``action`` may be (``me/add@v1``, an object with ``name``, ``tag``, ``git`` and
    ``file``); ``./add`` starts at the current folder. A ``Path`` is an action's folder, or its file. The arguments are
    those of `datatorch_pipelines.defaults.FetchArguments`. Raises `ModelError` for a reference of the wrong form,
    `ResolveError` for an action that can't be had and `ActionSyntaxError` for one whose own file is wrong.
    """
    from datatorch_pipelines.engine import engine_thread

    wanted = _Wanted(_reference(action), Path.cwd())
    [answer] = engine_thread().call(_ask([wanted], arguments))
    if answer.error is not None:
        raise answer.error
    return _found(answer)


def pull(
    *what: Named, locked: bool | PathLike | Lock = False, **arguments: Unpack[FetchArguments]
) -> list[FoundAction]:
    """Fetches every action that pipelines and references name, all at the same time; each server is asked once.

    A `Pipeline` and a ``Path`` name pipelines; so does a text that ends in ``.yaml``, ``.yml`` or ``.json`` (one with
    an ``@`` where there is such a file). Any other text, object or mapping is a reference as for `find_action`. The
    result has each action once, in the order in which they are named. ``locked`` is as for a run: what pipelines name
    is fetched as their lock files have it, and refused where that differs.

    Raises `PipelineSyntaxError` with everything that is wrong with the pipelines' files, and `ModelError` for a
    reference of the wrong form: nothing was fetched then. Raises `PullError` when actions can't be had, which tells of
    all of them; what can be had was fetched all the same.
    """
    from datatorch_pipelines.engine import engine_thread

    wanted = _all_wanted(what, locked, arguments.get("limits", DEFAULT_LIMITS))
    if not wanted:
        return []
    answers = engine_thread().call(_ask(wanted, arguments))
    failures: list[PipelinesError] = []
    told: set[tuple[Diagnostic, ...]] = set()
    for item, answer in zip(wanted, answers, strict=True):
        failures += _failures(item, answer)
        if isinstance(answer.error, ActionSyntaxError) and answer.error.diagnostics not in told:
            told.add(answer.error.diagnostics)
            failures.append(answer.error)
    found = [_found(answer) for answer in answers if answer.error is None]
    if failures:
        raise PullError(failures, found)
    return found


@frozen
class _Wanted:
    """An action that is wanted.

    ``base`` is where ``./path`` starts, ``file`` the pipeline's file as it was named (empty without one), and
    ``places`` are those that name the action.
    """

    reference: ActionReference
    base: Path
    file: str = ""
    lock: Lock | None = None
    places: list[Location] = field(factory=list)

    @property
    def key(self) -> object:
        """What tells it from another one."""
        if self.reference.kind is ReferenceKind.PATH:
            return self.reference, self.base
        return self.reference, self.lock and self.lock.path, self.lock and self.lock.find(self.reference)


def _reference(action: AnyReference | os.PathLike[str]) -> ActionReference:
    if isinstance(action, ActionReference):
        return action
    if isinstance(action, str | ActionObject | Mapping):
        return ActionReference.parse(action)
    return _folder_reference(Path(action))


def _folder_reference(path: Path) -> ActionReference:
    """A folder, or an action's file in it, as a step of a pipeline in the current folder names it."""
    folder, file = (path.parent, path.name) if path.is_file() else (path, None)
    way = Path(os.path.relpath(folder)).as_posix()
    outside = way in (".", "..") or way.startswith("../")
    reference = ActionReference.parse(way if outside else f"./{way}")
    usual = next((name for name in ACTION_FILES if (folder / name).is_file()), None)
    return reference if file == usual else evolve(reference, file=file)


def _all_wanted(what: Iterable[Named], locked: bool | PathLike | Lock, limits: Limits) -> list[_Wanted]:
    """Every action that is named, once. Raises `PipelineSyntaxError` with all that is wrong with all the files."""
    wanted: dict[object, _Wanted] = {}
    wrong: list[Diagnostic] = []
    for item in what:
        if isinstance(item, Pipeline) or _is_file(item):
            try:
                found = list(_wanted_by(item, locked, limits))
            except PipelineSyntaxError as error:
                wrong += error.diagnostics
                continue
        else:
            found = [_Wanted(_reference(item), Path.cwd())]
            if locked is not False:
                hint = "name the pipeline's file, or leave the lock file out"
                raise PipelinesError(f"{found[0].reference} is named by no pipeline, so that no lock has it", hint=hint)
        for each in found:
            known = wanted.setdefault(each.key, each)
            known.places.extend(place for place in each.places if place not in known.places)
    if wrong:
        raise PipelineSyntaxError(sort_diagnostics(wrong))
    return list(wanted.values())


def _wanted_by(pipeline: Pipeline | PathLike, locked: bool | PathLike | Lock, limits: Limits) -> Iterator[_Wanted]:
    """The actions of a pipeline, each with the place of the first step that has it; images come where steps run."""
    from datatorch_pipelines.engine.planning.locking import given_lock

    located, source = located_pipeline(pipeline, limits)
    lock = given_lock(locked, source.file if located.source is not None else "", limits)
    seen: set[ActionReference] = set()
    for job_id, job in located.jobs.items():
        for index, step in enumerate(job.steps):
            reference = step.reference
            if reference is not None and reference.kind is not ReferenceKind.DOCKER and reference not in seen:
                seen.add(reference)
                place = source.value(("jobs", job_id, "steps", index, "action"))
                yield _Wanted(reference, Path(source.file).absolute().parent, source.file, lock, [place])


def _is_file(item: AnyReference | PathLike) -> TypeGuard[PathLike]:
    """Whether this names a pipeline's file, and is no reference."""
    if isinstance(item, str):
        return item.endswith(_FILE_ENDINGS) if "@" not in item else item.endswith(_FILE_ENDINGS) and _exists(item)
    return isinstance(item, os.PathLike)


def _exists(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113  # a text that no path can be is no error there


async def _ask(wanted: Sequence[_Wanted], arguments: FetchArguments) -> list[Answer]:
    """What comes of looking for each, all at once; what a server says is shared among them."""
    from datatorch_pipelines._plugins import registered
    from datatorch_pipelines.contracts import ResolveContext
    from datatorch_pipelines.defaults import local_folders, refuse_unknown, resolvers_of
    from datatorch_pipelines.engine.planning.locking import LockHolder
    from datatorch_pipelines.resolvers.definitions import find_action as look_for

    refuse_unknown(arguments)
    resolvers = resolvers_of([item.reference for item in wanted], arguments)
    context = ResolveContext(
        local_actions=tuple(Path(folder) for folder in local_folders(arguments.get("local_actions", ()))),
        offline=arguments.get("offline", False),
        strict=arguments.get("strict", False),
        limits=arguments.get("limits", DEFAULT_LIMITS),
    )
    using = frozenset(registered("runtimes"))

    async def ask(item: _Wanted) -> Answer:
        if item.reference.kind is ReferenceKind.DOCKER:
            return _container(item.reference)
        chain: Sequence[Resolver] = resolvers
        if item.lock is not None and item.reference.kind is not ReferenceKind.PATH:
            locked = item.lock.find(item.reference)
            if locked is None:
                return _unlocked(item, item.lock, context.local_actions)
            chain = (LockHolder(locked, resolvers, item.lock, item.file),)
        beside = str(Path(item.file).parent) if item.file else ""
        return await look_for(chain, item.reference, evolve(context, base=item.base), beside=beside, extra_using=using)

    return await asyncio.gather(*map(ask, wanted))


def _container(reference: ActionReference) -> Answer:
    from datatorch_pipelines.resolvers.definitions import Answer

    message = f"{reference}: a container image has no action file"
    return Answer(error=ResolveError(message, hint="it is fetched where a step runs it"))


def _unlocked(item: _Wanted, lock: Lock, local_actions: Sequence[Path]) -> Answer:
    from datatorch_pipelines.engine.planning.locking import not_in_lock
    from datatorch_pipelines.resolvers.definitions import Answer

    told = not_in_lock(item.reference, item.places[0], lock, local_actions)
    return Answer(error=ResolveError(told.message, hint=told.hint))


def _found(answer: Answer) -> FoundAction:
    from datatorch_pipelines.resolvers.found import FoundAction

    if answer.resolved is None or answer.definition is None:
        raise ResolveError("an action was looked for, and nothing came of it")
    return FoundAction.of(answer.resolved, answer.definition, answer.warnings)


def _failures(item: _Wanted, answer: Answer) -> Iterator[PipelinesError]:
    """Why an action can't be had, once for each place that names it."""
    error = answer.error
    if error is None:
        return
    if isinstance(error, PipelineSyntaxError):
        *_, told = answer.told(item.reference, Location(None, 1, 1, 1, 1))
        error = ResolveError(told.message, hint=told.hint)
        error.__cause__ = answer.error
    places: Sequence[Location | None] = item.places or (None,)
    for place in places:
        placed = copy.copy(error)
        placed.message = " ".join(error.message.split())
        placed.location = place
        placed.__cause__ = error.__cause__ or error
        yield placed
