"""From the URLs that a reference may mean to an entry of the store: what all resolvers that use git share."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, ResolveRun
from datatorch_pipelines.errors import FetchFailed, ResolveError
from datatorch_pipelines.model import ACTION_FILES
from datatorch_pipelines.model.reference import DEFAULT_REF, ActionReference
from datatorch_pipelines.resolvers.action_file import check_action_file
from datatorch_pipelines.resolvers.asking.listing import Listing, RemoteRefs
from datatorch_pipelines.resolvers.flights import Flights, Slots, Task
from datatorch_pipelines.resolvers.refs import RefKind, is_full_commit
from datatorch_pipelines.resolvers.searching import Candidates, Options, Search, is_settled, present_as
from datatorch_pipelines.resolvers.storage.store import Entry, Store
from datatorch_pipelines.resolvers.transport.credentials import asker

__all__ = ["Candidates", "Options", "Repositories"]

_SSH_AT_ONCE = 8
"""An ssh server drops some of more than ten connections that have not logged in yet (``MaxStartups``)."""


class Repositories:
    """Finds actions in git repositories, by way of the store.

    All that is asked in one run (contexts with the same ``run``) shares what servers answered, so that a branch is
    asked for once a run.
    """

    def __init__(self, store: Store | str | os.PathLike[str] | None, options: Options) -> None:
        self._store = store if isinstance(store, Store) else Store(store)
        self._options = options
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._ssh_slots = Slots(_SSH_AT_ONCE)
        self._runs: weakref.WeakKeyDictionary[ResolveRun, Flights[Entry]] = weakref.WeakKeyDictionary()
        self._listings: weakref.WeakKeyDictionary[ResolveRun, Flights[RemoteRefs]] = weakref.WeakKeyDictionary()
        self._answers: dict[ActionReference, tuple[Entry, ResolvedAction]] = {}

    async def resolve(
        self, reference: ActionReference, candidates: Candidates, context: ResolveContext
    ) -> ResolvedAction:
        """The action, out of the store if it can be, else fetched into it."""
        found = present_as(self._store, candidates, reference.ref, is_settled(context))
        if found is not None:
            entry, kind = found
        else:
            entry = await self._share("found", reference, candidates, context, lambda search: search.run(candidates))
            kind = None
        if not context.only_definition and not self._store.use(entry, context.run):
            unsound = entry
            entry = await self._share(
                "sound", reference, candidates, context, lambda search: search.sound(unsound, candidates)
            )
            kind = None
        known = self._answers.get(reference)
        if known is not None and known[0] is entry:
            return known[1]
        if reference.file is not None or not _has_usual_file(entry):
            check_action_file(reference, entry.directory)
        answer = ResolvedAction(
            reference=reference,
            directory=entry.directory,
            digest=entry.digest,
            file=reference.file,
            commit=entry.commit,
            url=entry.url,
            kind=kind or self._kind(candidates, reference.ref, entry),
        )
        self._answers[reference] = (entry, answer)
        return answer

    def _kind(self, candidates: Candidates, ref: str | None, entry: Entry) -> RefKind | None:
        """What a ref is that led to an entry."""
        if is_full_commit(ref):
            return RefKind.COMMIT
        found = (self._store.known_ref(url, ref) for urls in candidates for url in urls if str(url) == entry.url)
        return next((known.kind for known in found if known is not None), None)

    async def refs(self, reference: ActionReference, candidates: Candidates, context: ResolveContext) -> RemoteRefs:
        """The branches and tags of the first candidate that exists; each is asked once a run."""
        if context.offline:
            raise FetchFailed(
                f"{reference}: the network is not to be used", hint="its tags can only be asked of its server"
            )
        with self._shared():
            flights = self._listings.setdefault(context.run, Flights())
        options = self._options

        def ask(task: Task) -> RemoteRefs:
            return Listing(
                limits=options.limits,
                timeouts=options.timeouts,
                ssh_command=options.ssh_command,
                credentials=asker(options.credentials, context.run, os.environ),
                ca_file=options.ca_file,
                anonymous_means_missing=options.anonymous_means_missing,
                cancellation=task.cancellation,
            ).run(candidates)

        try:
            return await flights.share(candidates, ask, context.warn)
        except ResolveError as error:
            raise type(error)(f"{reference}: {error.message}", hint=error.hint) from error

    def _shared(self) -> threading.Lock:
        """The lock of what threads share. A process that was forked has none of its parent's threads to wait for."""
        if self._process != os.getpid():
            self._forget()
        return self._lock

    async def _share(
        self,
        what: str,
        reference: ActionReference,
        candidates: Candidates,
        context: ResolveContext,
        work: Callable[[Search], Entry],
    ) -> Entry:
        """What comes of a search, done once for all who ask for the same in one run, forgotten with it."""
        with self._shared():
            flights = self._runs.setdefault(context.run, Flights())
        return await flights.share(
            (what, candidates, None if reference.ref == DEFAULT_REF else reference.ref, context.fresh),
            lambda task: work(Search(self._store, self._options, reference, context, task, self._ssh_slots)),
            context.warn,
        )


def _has_usual_file(entry: Entry) -> bool:
    """Whether an entry has the action file that most have: the way of every warm call, where a Path costs too much."""
    return os.path.isfile(f"{entry.directory}/{ACTION_FILES[0]}")  # noqa: PTH113
