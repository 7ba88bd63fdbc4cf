"""Fetches what one ref names: one commit, without history, into memory (a nameless file when it is large)."""

from __future__ import annotations

import contextlib
import mmap
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, cast

from attrs import frozen
from dulwich.client import GitClient
from dulwich.errors import GitProtocolError

from datatorch_pipelines.errors import FetchFailed, ResolveError
from datatorch_pipelines.resolvers import refs as names
from datatorch_pipelines.resolvers.asking.disk_repository import DiskRepository
from datatorch_pipelines.resolvers.cancellation import Cancelled
from datatorch_pipelines.resolvers.objects.disk_files import release
from datatorch_pipelines.resolvers.objects.pack import Buffer, Objects, PackObjects
from datatorch_pipelines.resolvers.objects.tree import peel
from datatorch_pipelines.resolvers.refs import BRANCHES, HEAD, TAGS, Chosen, RefKind
from datatorch_pipelines.resolvers.transport.failures import RefMissing, raise_failure
from datatorch_pipelines.resolvers.transport.session import Session
from datatorch_pipelines.resolvers.transport.transport import open_client
from datatorch_pipelines.resolvers.urls import GitUrl

_IN_MEMORY = 16 * 1024 * 1024
_EVERYTHING = [HEAD, BRANCHES, TAGS]


@frozen
class Fetched:
    """The commit that a ref means. ``objects`` is ``None`` where the commit was known, so that nothing was fetched."""

    commit: str
    kind: RefKind
    also_tag: bool
    objects: Objects | None


@frozen
class _Pack:
    """What a fetch brought: the server's refs (as far as asked for), and the objects."""

    chosen: Chosen
    objects: Objects | None


@contextlib.contextmanager
def fetch(url: GitUrl, ref: str | None, session: Session, known: Callable[[str], bool]) -> Iterator[Fetched]:
    """Asks which commit ``ref`` means and fetches it, unless ``known`` says that it is here.

    The objects are there until the block ends. Raises `RepositoryMissing`, `RefMissing`, `AuthenticationFailed`,
    `FetchFailed`, `ActionRefused` or `ResolveError`: their texts name the URL, without credentials.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(session.deadline())
            source = _Local(url, session) if url.scheme == "file" else _Remote(url, session)
            stack.callback(source.close)
            # What is wrong with the objects may show only when they are read, by whoever asked for them.
            yield source.fetch(ref, known)
        except (Exception, Cancelled) as error:
            raise_failure(error, url, session)


class _Remote:
    """A repository behind a server."""

    def __init__(self, url: GitUrl, session: Session) -> None:
        self._url = url
        self._session = session
        self._stack = contextlib.ExitStack()
        self._client: GitClient = self._stack.enter_context(open_client(url, session))

    def close(self) -> None:
        self._stack.close()

    def fetch(self, ref: str | None, known: Callable[[str], bool]) -> Fetched:
        if names.is_full_commit(ref):
            pack = self._fetch_commit(names.object_id(ref))
        elif names.may_be_short_commit(ref):
            pack = self._fetch_short(cast(str, ref), known)
        else:
            pack = self._fetch_ref(ref, known)
        commit = pack.chosen.sha if pack.objects is None else peel(pack.objects, pack.chosen.sha)
        return Fetched(commit.decode(), pack.chosen.kind, pack.chosen.also_tag, pack.objects)

    def _fetch_ref(self, ref: str | None, known: Callable[[str], bool]) -> _Pack:
        chosen: Chosen | None = None

        def wants(refs: Mapping[bytes, bytes]) -> list[bytes]:
            nonlocal chosen
            chosen = names.choose(self._checked(refs), ref)
            return [] if chosen is None or known(chosen.sha.decode()) else [chosen.sha]

        objects = self._pack(wants, names.wanted_prefixes(ref), depth=1)
        if chosen is None:
            _raise_ref_missing(self._url, ref, self._refs())
        return _Pack(chosen, objects)

    def _fetch_commit(self, sha: bytes) -> _Pack:
        asked = False

        def wants(_refs: Mapping[bytes, bytes]) -> list[bytes]:
            nonlocal asked
            asked = True
            return [sha]

        try:
            objects = self._pack(wants, [HEAD], depth=1)
            if objects is not None:
                objects.get(sha)
                return _Pack(Chosen(sha, RefKind.COMMIT), objects)
        except (GitProtocolError, KeyError):
            if not asked or self._session.cancellation.cancelled:
                raise
        # A server may refuse what no branch or tag points to: then it has to be looked for in all of the history.
        objects = self._history()
        try:
            if objects is None:
                raise KeyError(sha)
            objects.get(sha)
        except KeyError:
            _raise_commit_missing(self._url, sha)
        return _Pack(Chosen(sha, RefKind.COMMIT), objects)

    def _fetch_short(self, ref: str, known: Callable[[str], bool]) -> _Pack:
        refs = self._refs()
        if names.choose(refs, ref) is not None:
            return self._fetch_ref(ref, known)
        prefix = names.object_id(ref)
        tips = names.commits_at_tips(refs, prefix)
        objects = None if tips else self._history()
        found = tips or (objects.commits_with_prefix(prefix) if objects else [])
        sha = _only(self._url, ref, found, refs)
        if known(sha.decode()):
            return _Pack(Chosen(sha, RefKind.COMMIT), None)
        return self._fetch_commit(sha) if objects is None else _Pack(Chosen(sha, RefKind.COMMIT), objects)

    def _refs(self) -> dict[bytes, bytes]:
        found = self._client.get_refs(cast(Any, self._path), ref_prefix=_EVERYTHING).refs
        return dict(self._checked({bytes(name): bytes(sha) for name, sha in found.items() if sha is not None}))

    def _checked(self, refs: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        """The refs of a server, each of which leads to an object's id."""
        if not all(sha is None or names.is_object_id(sha) for sha in refs.values()):
            raise FetchFailed(f"{self._url} names what is no commit", hint="is the URL right?")
        return refs

    def _history(self) -> Objects | None:
        def wants(refs: Mapping[bytes, bytes]) -> list[bytes]:
            return sorted({sha for name, sha in self._checked(refs).items() if not name.endswith(names.PEELED)})

        return self._pack(wants, _EVERYTHING, depth=None)

    def _pack(
        self, wants: Callable[[Mapping[bytes, bytes]], list[bytes]], prefixes: Sequence[bytes], *, depth: int | None
    ) -> Objects | None:
        """The objects that ``wants`` asks for; ``None`` if it asks for nothing."""
        asked: list[bytes] = []

        def determine(refs: Mapping[bytes, bytes], depth: int | None = None) -> list[bytes]:
            if getattr(self._client, "dumb", False):
                raise FetchFailed(f"{self._url} does not speak git's smart protocol", hint="is the URL right?")
            asked[:] = wants(refs)
            return asked

        spool = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=self._session.scratch)  # noqa: SIM115  # the stack closes it
        self._stack.enter_context(spool)

        def write(data: bytes) -> int:
            self._session.cancellation.check()
            return spool.write(data)

        result = self._client.fetch_pack(
            self._path, cast(Any, determine), cast(Any, _NoHistory()), write, depth=depth, ref_prefix=prefixes
        )
        if not asked:
            return None
        session = self._session
        hash_name = result.object_format or "sha1"
        return PackObjects(self._contents(spool), hash_name, session.limits, session.cancellation.check)

    def _contents(self, spool: tempfile.SpooledTemporaryFile[bytes]) -> Buffer:
        size = spool.tell()
        spool.seek(0)
        if size <= _IN_MEMORY:
            return spool.read()
        mapped = mmap.mmap(spool.fileno(), size, access=mmap.ACCESS_READ)
        self._stack.callback(release, mapped)
        return mapped

    @property
    def _path(self) -> str:
        return self._url.path


class _NoHistory:
    """Tells the server that nothing is here yet."""

    shallow: frozenset[bytes] = frozenset()

    def __next__(self) -> None:
        return None

    def ack(self, sha: bytes) -> None:
        """Nothing is here that the server could acknowledge."""

    def nak(self) -> None:
        """Nothing is here that the server could lack."""


class _Local:
    """A repository of this machine (``file:``), read in place."""

    def __init__(self, url: GitUrl, session: Session) -> None:
        self._url = url
        self._repository = DiskRepository(url, session.limits, session.cancellation.check)

    def close(self) -> None:
        self._repository.close()

    def fetch(self, ref: str | None, known: Callable[[str], bool]) -> Fetched:
        chosen = self._choose(ref)
        objects = self._repository.objects
        try:
            commit = peel(objects, chosen.sha)
        except KeyError:
            _raise_commit_missing(self._url, chosen.sha)
        return Fetched(commit.decode(), chosen.kind, chosen.also_tag, None if known(commit.decode()) else objects)

    def _choose(self, ref: str | None) -> Chosen:
        if names.is_full_commit(ref):
            return Chosen(names.object_id(ref), RefKind.COMMIT)
        wanted = names.wanted_prefixes(ref)
        chosen = names.choose({name: sha for name in wanted if (sha := self._repository.ref(name)) is not None}, ref)
        if chosen is not None:
            return chosen
        refs = self._repository.refs()
        if not names.may_be_short_commit(ref):
            _raise_ref_missing(self._url, ref, refs)
        found = self._repository.objects.commits_with_prefix(names.object_id(ref))
        return Chosen(_only(self._url, cast(str, ref), found, refs), RefKind.COMMIT)


def _only(url: GitUrl, ref: str, found: Sequence[bytes], refs: Mapping[bytes, bytes]) -> bytes:
    """The one commit that a short id means."""
    if not found:
        _raise_ref_missing(url, ref, refs)
    if len(found) > 1:
        shown = ", ".join(sha.decode()[:12] for sha in sorted(found)[:4])
        raise ResolveError(f"{ref} is short for {len(found)} commits of {url}", hint=f"they are {shown}")
    return found[0]


def _raise_commit_missing(url: GitUrl, sha: bytes) -> NoReturn:
    raise RefMissing(f"{url} has no commit {sha.decode()}", hint="was it pushed?") from None


def _raise_ref_missing(url: GitUrl, ref: str | None, refs: Mapping[bytes, bytes]) -> NoReturn:
    if not refs:
        raise RefMissing(f"{url} is empty", hint="push something to it")
    if names.means_default(ref):
        raise RefMissing(f"{url} has no default branch", hint=f"name a tag or branch: {names.near_names(refs, 'main')}")
    kind = "tag, branch or commit" if names.may_be_short_commit(ref) else "tag or branch"
    raise RefMissing(f"{url} has no {kind} {ref!r}", hint=names.near_names(refs, ref or ""))
