"""The definitions of the actions that a pipeline names: from the store, and from servers only where that is asked."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from datatorch_pipelines.checking.options import CheckOptions
from datatorch_pipelines.diagnostics import Diagnostic, Location, Related, has_errors
from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.model import Action, ActionReference, Pipeline, ReferenceKind

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from datatorch_pipelines.contracts import ResolveContext, Resolver
    from datatorch_pipelines.resolvers.definitions import Answer

StepKey = tuple[str, int]
"""A job's id and a step's index."""

Question = tuple[ActionReference, str | None]
"""An action to look for, and for ``./path`` the folder that it starts from, as the pipeline's file was named."""

_AT_ONCE = 32
"""How many actions are looked for at the same time."""


@frozen
class Definitions:
    """What is known of a pipeline's actions, by step, and what is to be said about finding them.

    ``in_their_files`` is what is wrong in the actions' own files.
    """

    actions: Mapping[StepKey, Action] = MappingProxyType({})
    diagnostics: tuple[Diagnostic, ...] = ()
    in_their_files: tuple[Diagnostic, ...] = ()


class ActionFinder:
    """Finds actions for the files of one call: each is looked for once, and its file read once.

    Nothing is loaded for it until a pipeline names an action.
    """

    def __init__(self, options: CheckOptions) -> None:
        self.options = options
        self._answers: dict[Question, _Known] = {}

    def __getstate__(self) -> dict[str, object]:
        """What another process needs: the options and what is known by now, not what it is known from."""
        return {"options": self.options, "_answers": self._answers}

    def ask(self, questions: Iterable[Question]) -> list[_Known]:
        """What is known of these actions; those that were not asked for before are looked for, all at once.

        Raises `PipelinesError` for a registered resolver that can't be loaded.
        """
        wanted = list(questions)
        new = [question for question in dict.fromkeys(wanted) if question not in self._answers]
        if new:
            answers = _completed(self._find(new))
            for question, answer in zip(new, answers, strict=True):
                self._answers[question] = self._known(question[0], answer)
        return [self._answers[question] for question in wanted]

    async def _find(self, questions: Sequence[Question]) -> list[Answer]:
        import asyncio

        from datatorch_pipelines._plugins import registered
        from datatorch_pipelines.resolvers.definitions import find_action

        using = frozenset(registered("runtimes"))
        slots = asyncio.Semaphore(_AT_ONCE)

        async def find(reference: ActionReference, folder: str | None) -> Answer:
            async with slots:
                context = self._context_in(folder)
                return await find_action(self._resolvers, reference, context, beside=folder or "", extra_using=using)

        return await asyncio.gather(*(find(*question) for question in questions))

    def _context_in(self, folder: str | None) -> ResolveContext:
        return evolve(self._context, base=None if folder is None else Path(folder).absolute())

    @functools.cached_property
    def _context(self) -> ResolveContext:
        from datatorch_pipelines.contracts import ResolveContext
        from datatorch_pipelines.defaults import local_folders

        return ResolveContext(
            local_actions=tuple(Path(folder) for folder in local_folders(self.options.local_actions)),
            offline=not self.options.fetch,
            only_definition=True,
            limits=self.options.limits,
        )

    @functools.cached_property
    def _resolvers(self) -> Sequence[Resolver]:
        from datatorch_pipelines.defaults import action_resolvers

        every = [ActionReference(kind, "") for kind in ReferenceKind]
        options = self.options
        return action_resolvers(every, options.resolvers, store=options.store, credentials=options.credentials)

    def _known(self, reference: ActionReference, answer: Answer) -> _Known:
        from datatorch_pipelines.checks import check_action
        from datatorch_pipelines.engine.planning.missing_file import refuse_missing_file

        if answer.resolved is None or answer.definition is None:
            silent = not self.options.fetch and answer.may_be_had(reference)
            told = [] if silent else answer.told(reference, _NOWHERE)
            return _Known(None, tuple(told), answer.in_its_file)
        told = answer.told(reference, _NOWHERE)
        told += refuse_missing_file(answer.resolved, answer.definition, _NOWHERE)
        inside = check_action(answer.definition, limits=self.options.limits, extra_checks=self.options.extra_checks)
        return _Known(answer.definition, tuple(told), tuple(item for item in inside if has_errors([item])))


_NOWHERE = Location(None, 1, 1, 1, 1)


@frozen
class _Known:
    """What came of looking for an action: what is to be said where it is named, and in its own file."""

    definition: Action | None
    told: tuple[Diagnostic, ...]
    in_its_file: tuple[Diagnostic, ...]


def questions_of(pipeline: Pipeline, filename: str) -> dict[Question, list[StepKey]]:
    """The actions that a pipeline names, each with the steps that do; container images are no files to look for."""
    users: dict[Question, list[StepKey]] = {}
    for key, reference in _references(pipeline):
        if reference.kind is ReferenceKind.DOCKER:
            continue
        folder = str(Path(filename).parent) if reference.kind is ReferenceKind.PATH else None
        users.setdefault((reference, folder), []).append(key)
    return users


def _references(pipeline: Pipeline) -> Iterator[tuple[StepKey, ActionReference]]:
    for job_id, job in pipeline.jobs.items():
        for index, step in enumerate(job.steps):
            with contextlib.suppress(ModelError):  # told of as such, at its place
                reference = step.reference
                if reference is not None:
                    yield (job_id, index), reference


def find_definitions(pipeline: Pipeline, filename: str, finder: ActionFinder) -> Definitions:
    """The definitions that can be had; what can't be had without the network is left out unless it is to be fetched.

    What is to be said of an action is said where it is first named, and names the other places.
    """
    users = questions_of(pipeline, filename)
    if not users:
        return Definitions()
    actions: dict[StepKey, Action] = {}
    diagnostics: list[Diagnostic] = []
    elsewhere: list[Diagnostic] = []
    for keys, known in zip(users.values(), finder.ask(users), strict=True):
        if known.definition is not None:
            actions.update(dict.fromkeys(keys, known.definition))
        # Without their fixes: the file may be the store's, or another project's.
        elsewhere += (evolve(item, fix=None) for item in known.in_its_file)
        if known.told and pipeline.source is not None:
            first, *others = (pipeline.source.value(("jobs", job, "steps", index, "action")) for job, index in keys)
            also = tuple(Related("it is named here too", place) for place in others)
            diagnostics += (_moved(item, first, also) for item in known.told)
    return Definitions(actions, tuple(diagnostics), tuple(elsewhere))


def _moved(diagnostic: Diagnostic, place: Location, related: tuple[Related, ...]) -> Diagnostic:
    return Diagnostic.at(
        place, diagnostic.code, diagnostic.severity, diagnostic.message, hint=diagnostic.hint, related=related
    )


def _completed(work: Coroutine[object, object, list[Answer]]) -> list[Answer]:
    """What a coroutine gives, wherever this is called: in a thread, beside or inside a running event loop."""
    import asyncio

    from datatorch_pipelines.engine import engine_thread

    thread = engine_thread()
    if not thread.is_current:
        return thread.call(work)
    # A resolver or a runner of a run checks a file: its loop waits for us, so that another one has to do the work.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
