"""Fetches what one ref names: one commit, without history, into memory (a nameless file when it is large)."""

from __future__ import annotations

import contextlib
import mmap
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

from attrs import frozen
from dulwich.client import GitClient
from dulwich.errors import GitProtocolError
from dulwich.objects import Commit
from dulwich.refs import Ref
from dulwich.repo import Repo

from datatorch_pipelines.errors import FetchFailed, ResolveError
from datatorch_pipelines.model.reference import DEFAULT_REF
from datatorch_pipelines.resolvers import refs as names
from datatorch_pipelines.resolvers.cancellation import Cancelled
from datatorch_pipelines.resolvers.failures import RefMissing, RepositoryMissing, raise_failure
from datatorch_pipelines.resolvers.pack import Buffer, Objects, PackObjects
from datatorch_pipelines.resolvers.refs import BRANCHES, HEAD, TAGS, Chosen, RefKind
from datatorch_pipelines.resolvers.session import Session
from datatorch_pipelines.resolvers.transport import open_client
from datatorch_pipelines.resolvers.tree import peel
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
            source = _Local(url) if url.scheme == "file" else _Remote(url, session)
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
            pack = self._fetch_commit(cast(str, ref).encode())
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
        commits = objects.commits_with_prefix(sha) if objects else []
        if not commits:
            raise RefMissing(f"{self._url} has no commit {sha.decode()}", hint="was it pushed?")
        return _Pack(Chosen(sha, RefKind.COMMIT), objects)

    def _fetch_short(self, ref: str, known: Callable[[str], bool]) -> _Pack:
        refs = self._refs()
        if names.choose(refs, ref) is not None:
            return self._fetch_ref(ref, known)
        tips = names.commits_at_tips(refs, ref)
        objects = None if tips else self._history()
        found = tips or (objects.commits_with_prefix(ref.encode()) if objects else [])
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
        self._stack.callback(mapped.close)
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
    """A repository of this machine (``file:``), read in place. No program runs and none of its hooks."""

    def __init__(self, url: GitUrl) -> None:
        self._url = url
        if not Path(url.path).is_dir():
            raise RepositoryMissing(f"{url} does not exist", hint="write file:///path/to/repository")
        self._repository = Repo(url.path)

    def close(self) -> None:
        self._repository.close()

    def get(self, sha: bytes) -> tuple[int, bytes]:
        """The kind and content of an object."""
        return self._repository.object_store.get_raw(cast(Any, sha))

    def commits_with_prefix(self, prefix: bytes) -> list[bytes]:
        """The ids of all commits that begin with ``prefix``."""
        store = self._repository.object_store
        return [bytes(sha) for sha in set(store.iter_prefix(prefix)) if isinstance(store[sha], Commit)]

    def fetch(self, ref: str | None, known: Callable[[str], bool]) -> Fetched:
        chosen = self._choose(ref)
        try:
            commit = peel(self, chosen.sha)
        except KeyError:
            raise RefMissing(f"{self._url} has no commit {chosen.sha.decode()}", hint="is the clone shallow?") from None
        objects = None if known(commit.decode()) else self
        return Fetched(commit.decode(), chosen.kind, chosen.also_tag, objects)

    def _choose(self, ref: str | None) -> Chosen:
        if names.is_full_commit(ref):
            return Chosen(cast(str, ref).encode(), RefKind.COMMIT)
        wanted = names.wanted_prefixes(ref)
        refs = {name: sha for name in wanted if (sha := self._read(name)) is not None}
        chosen = names.choose(refs, ref)
        if chosen is not None:
            return chosen
        refs = {bytes(name): bytes(sha) for name, sha in self._repository.get_refs().items()}
        if not names.may_be_short_commit(ref):
            _raise_ref_missing(self._url, ref, refs)
        found = self.commits_with_prefix(cast(str, ref).encode())
        return Chosen(_only(self._url, cast(str, ref), found, refs), RefKind.COMMIT)

    def _read(self, name: bytes) -> bytes | None:
        try:
            return bytes(self._repository.refs[Ref(name)])
        except (KeyError, ValueError):
            return None


def _only(url: GitUrl, ref: str, found: Sequence[bytes], refs: Mapping[bytes, bytes]) -> bytes:
    """The one commit that a short id means."""
    if not found:
        _raise_ref_missing(url, ref, refs)
    if len(found) > 1:
        shown = ", ".join(sha.decode()[:12] for sha in sorted(found)[:4])
        raise ResolveError(f"{ref} is short for {len(found)} commits of {url}", hint=f"they are {shown}")
    return found[0]


def _raise_ref_missing(url: GitUrl, ref: str | None, refs: Mapping[bytes, bytes]) -> NoReturn:
    if not refs:
        raise RefMissing(f"{url} is empty", hint="push something to it")
    if ref is None or ref == DEFAULT_REF:
        raise RefMissing(f"{url} has no default branch", hint=f"name a tag or branch: {names.near_names(refs, 'main')}")
    kind = "tag, branch or commit" if names.may_be_short_commit(ref) else "tag or branch"
    raise RefMissing(f"{url} has no {kind} {ref!r}", hint=names.near_names(refs, ref))
