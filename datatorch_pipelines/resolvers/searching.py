"""One search for an action: in the store, else at its servers, and once more where the store's files were changed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.errors import ActionNotFound, AuthenticationFailed, FetchFailed, ResolveError, StoreError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers.asking.listing import hidden_repository
from datatorch_pipelines.resolvers.bounds import StoreLimits, Timeouts
from datatorch_pipelines.resolvers.flights import Slots, Task
from datatorch_pipelines.resolvers.refs import RefKind, is_full_commit, object_id
from datatorch_pipelines.resolvers.storage.store import DISK_ERRORS, Entry, KnownRef, Store
from datatorch_pipelines.resolvers.storage.stored import TEMP
from datatorch_pipelines.resolvers.transport.credentials import AskedOnce, asker
from datatorch_pipelines.resolvers.urls import GitUrl

if TYPE_CHECKING:
    from datatorch_pipelines.resolvers.asking.fetch import Fetched

_TRIES = 5
Candidates = tuple[tuple[GitUrl, ...], ...]
"""Repositories to try in order, each with the URLs under which it may be found."""


@frozen
class Options:
    """How repositories are fetched."""

    limits: StoreLimits = field(factory=StoreLimits)
    timeouts: Timeouts = field(factory=Timeouts)
    ssh_command: tuple[str, ...] = ("ssh",)
    credentials: AskedOnce | None = None
    ca_file: str | None = None
    anonymous_means_missing: bool = False
    """Whether a server that wants a password, and was given none, counts as one without the repository."""


def _is_fixed(kind: RefKind) -> bool:
    return kind.is_fixed


def _is_commit(kind: RefKind) -> bool:
    return kind is RefKind.COMMIT


def is_settled(context: ResolveContext) -> Callable[[RefKind], bool]:
    """Whether a ref of a kind that is known needs no asking."""
    return _is_commit if context.fresh else _is_fixed


def present(store: Store, candidates: Candidates, ref: str | None, accept: Callable[[RefKind], bool]) -> Entry | None:
    """The entry that the store has for a ref, if it is of an accepted kind."""
    found = present_as(store, candidates, ref, accept)
    return None if found is None else found[0]


def present_as(
    store: Store, candidates: Candidates, ref: str | None, accept: Callable[[RefKind], bool]
) -> tuple[Entry, RefKind] | None:
    """As `present`, and what the ref is."""
    is_commit = is_full_commit(ref)
    for urls in candidates:
        for url in urls:
            if is_commit and accept(RefKind.COMMIT):
                entry = store.entry(url, object_id(ref).decode())
                if entry is not None:
                    return entry, RefKind.COMMIT
            # A whole id may be that of a tag: which commit it leads to was noted, and stays.
            known = store.known_ref(url, ref)
            if known is not None and accept(known.kind):
                entry = store.entry(url, known.commit)
                if entry is not None:
                    return entry, RefKind.COMMIT if is_commit else known.kind
    return None


@frozen
class Search:
    """One search for a reference's entry, in a thread."""

    store: Store
    options: Options
    reference: ActionReference
    context: ResolveContext
    task: Task
    ssh_slots: Slots

    def run(self, candidates: Candidates) -> Entry:
        """What the reference means: out of the store if that needs no asking, else as the server says now."""
        fixed = present(self.store, candidates, self.reference.ref, is_settled(self.context))
        if fixed is not None:
            return fixed
        if self.context.offline:
            return self._offline(candidates)
        missing: list[ResolveError] = []
        for urls in candidates:
            try:
                return self._repository(urls)
            except ActionNotFound as error:
                missing.append(error)
            except FetchFailed as error:
                return self._stale(candidates, error)
        raise self._not_found(missing)

    def sound(self, entry: Entry, candidates: Candidates) -> Entry:
        """The entry, or another of the same commit, that is what was fetched; a damaged one is fetched again."""
        for _ in range(_TRIES):
            problem = self.store.settle(entry, self.context.run, self.task.cancellation)
            if problem is None:
                return entry
            url = next(url for urls in candidates for url in urls if self.store.is_of(entry, url))
            current = self.store.entry(url, entry.commit)
            entry = self.run(candidates) if current is None else self._mend(url, current, problem)
        raise StoreError(f"{self.reference}: what is in the store at {self.store.root} changes all the time")

    def _mend(self, url: GitUrl, entry: Entry, problem: str) -> Entry:
        """A damaged entry's commit, fetched again; the entry stays what it is until that is here."""
        damage = f"the commit {entry.commit[:12]} in {entry.directory} was changed after it was fetched: {problem}"
        if self.context.offline:
            raise StoreError(
                f"{self.reference}: {damage}; the network is not to be used", hint="run once without offline"
            )
        try:
            with self.store.locked(url, self.task.cancellation):
                # Another process may have done it while this one waited for the lock.
                if self.store.settle(entry, self.context.run, self.task.cancellation) is not None:
                    entry = self._fetch_commit(url, entry.commit, lambda _: False)[0]
                    self._warn(f"{damage}; it was fetched again")
        except ResolveError as error:
            message = f"{damage}; it can't be fetched again: {error.message}"
            raise type(error)(f"{self.reference}: {message}", hint=error.hint) from error
        return entry

    def _repository(self, urls: Sequence[GitUrl]) -> Entry:
        """The entry, from the first of a repository's URLs that exists."""
        from datatorch_pipelines.resolvers.transport.failures import LoginWanted, RepositoryMissing

        missing: list[ActionNotFound] = []
        for url in urls:
            try:
                with self.store.locked(url, self.task.cancellation):
                    return self._fetch(url)
            except RepositoryMissing as error:
                missing.append(error)
            except AuthenticationFailed as error:
                if not self.options.anonymous_means_missing or not isinstance(error, LoginWanted):
                    raise self._named(error) from error
                missing.append(hidden_repository(url))
            except ResolveError as error:
                raise self._named(error) from error
        raise self._named(missing[0]) from missing[0]

    def _fetch(self, url: GitUrl) -> Entry:
        """Asks the server, and fetches unless the store has what it names. The URL's lock is held."""
        ref = self.reference.ref
        # Another process may have done it while this one waited for the lock.
        ready = present(self.store, ((url,),), ref, is_settled(self.context))
        if ready is not None:
            return ready
        entry, fetched = self._fetch_commit(url, ref, lambda commit: self.store.entry(url, commit) is not None)
        if fetched.also_tag:
            self._warn(f"{ref} is both a branch and a tag; the branch is used")
        if object_id(ref).decode() != entry.commit:
            self.store.remember(url, ref, KnownRef(entry.commit, fetched.kind))
        return entry

    def _fetch_commit(self, url: GitUrl, ref: str | None, known: Callable[[str], bool]) -> tuple[Entry, Fetched]:
        """What a ref means now, fetched unless it is known. The URL's lock is held."""
        from datatorch_pipelines.resolvers.asking.fetch import fetch
        from datatorch_pipelines.resolvers.objects.tree import Written, write_tree
        from datatorch_pipelines.resolvers.transport.session import Session

        options, cancellation = self.options, self.task.cancellation
        scratch = str(self.store.root / TEMP)
        session = Session(
            cancellation,
            options.timeouts,
            options.limits,
            options.ssh_command,
            scratch,
            ca_file=options.ca_file,
            credentials=asker(options.credentials, self.context.run, os.environ),
        )
        slot = self.ssh_slots.one(cancellation) if url.scheme == "ssh" else contextlib.nullcontext()
        with self._disk_errors(), slot, fetch(url, ref, session, known) as fetched:
            objects, commit = fetched.objects, fetched.commit
            entry = self.store.entry(url, commit)
            if objects is not None and (entry is None or not known(commit)):

                def write(folder: Path) -> Written:
                    return write_tree(
                        objects, commit.encode(), folder, options.limits, warn=self._warn, check=cancellation.check
                    )

                entry = self.store.add(url, commit, write)
                if not self.context.only_definition:
                    self.store.use_new(entry, self.context.run)
        if entry is None:
            raise FetchFailed(f"{url} did not send the commit {commit}", hint="try again")
        return entry, fetched

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """Tells of a full disk as the store's, where it came up in the conversation with a server."""
        try:
            yield
        except FetchFailed as error:
            cause: BaseException | None = error
            while cause is not None:
                if isinstance(cause, OSError) and cause.errno in DISK_ERRORS:
                    raise self.store.error(cause) from error
                cause = cause.__cause__ or cause.__context__
            raise

    def _offline(self, candidates: Candidates) -> Entry:
        entry = present(self.store, candidates, self.reference.ref, lambda _: True)
        if entry is None:
            raise ActionNotFound(
                f"{self.reference} is not in the store at {self.store.root}, and the network is not to be used",
                hint="run once without offline",
            )
        return entry

    def _stale(self, candidates: Candidates, error: FetchFailed) -> Entry:
        """What the store has from an earlier run, since the server can't be asked."""
        if self.context.strict:
            raise error
        entry = present(self.store, candidates, self.reference.ref, lambda _: True)
        if entry is None:
            raise error
        reason = error.message.removeprefix(f"{self.reference}: ")
        self._warn(f"{reason}; the commit {entry.commit[:12]} that was fetched before is used")
        return entry

    def _not_found(self, missing: Sequence[ResolveError]) -> ResolveError:
        """The error that says most: of a repository that exists, else all that were looked for."""
        from datatorch_pipelines.resolvers.transport.failures import RefMissing

        for error in missing:
            if isinstance(error.__cause__, RefMissing) or len(missing) == 1:
                return error
        texts = [error.message.removeprefix(f"{self.reference}: ") for error in missing]
        return ActionNotFound(f"{self.reference}: {', and '.join(texts)}", hint=missing[-1].hint)

    def _named(self, error: ResolveError) -> ResolveError:
        """The same error, naming the reference."""
        return type(error)(f"{self.reference}: {error.message}", hint=error.hint)

    def _warn(self, text: str) -> None:
        self.task.warnings.append(f"{self.reference}: {text}")
