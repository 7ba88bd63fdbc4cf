"""What the store holds, as data: entries and their marks, refs and their records, and how their files are called."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from attrs import field, frozen

from datatorch_pipelines.model.reference import DEFAULT_REF
from datatorch_pipelines.resolvers.refs import RefKind, is_full_commit
from datatorch_pipelines.resolvers.urls import GitUrl

T = TypeVar("T")
# Who may write to the store may put a pipe there, which nobody ever writes to.
_AT_ONCE = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
FORMAT = 2
"""What marks, refs and seals are written as; another number is another version's, and counts for nothing."""
ENTRIES, REFS, LOCKS, TEMP, LEASES = "entries", "refs", "locks", "temp", "leases"
FILES, MARK, SEAL, MANIFEST, USED = "files", "entry.json", "seal.json", "manifest", "used"


@frozen(eq=False)
class Entry:
    """An action in the store: the folder of its files, their digest, and where they are from.

    ``commit`` is the commit's id, or the version for what another resolver keeps; ``url`` holds no credentials.
    """

    directory: Path
    commit: str
    digest: str
    url: str
    files: int = field(default=0, repr=False)
    name: str = field(default="", repr=False)
    """The name of its folder in the store."""


@frozen
class KnownRef:
    """What a ref meant when its server was last asked."""

    commit: str
    kind: RefKind


@frozen(kw_only=True)
class StoredAction:
    """An action that the store has.

    ``refs`` are the tags and branches that meant this commit when they were last asked for (``latest`` is the default
    branch), sorted. ``files`` counts files and links, ``size`` is what they hold in bytes. ``fetched`` and ``used``,
    when a run was last given it, are in UTC; ``in_use`` says whether a run uses it now, as far as can be known.
    """

    directory: Path
    url: str
    commit: str
    refs: tuple[str, ...]
    digest: str
    files: int
    size: int
    fetched: datetime
    used: datetime
    in_use: bool


@frozen(kw_only=True)
class DamagedAction:
    """An entry of the store that is not what was fetched; ``problem`` says what is wrong, in one line.

    ``url`` and ``commit`` are empty where the entry's mark can't be read.
    """

    directory: Path
    url: str
    commit: str
    problem: str
    removed: bool


@frozen(eq=False)
class Mark:
    """What an entry's mark says. It is written last: a folder without it is no entry."""

    url: str
    commit: str
    digest: str
    files: int
    size: int
    fetched_at: str

    @property
    def fetched(self) -> datetime:
        """When it was fetched, in UTC."""
        return datetime.fromisoformat(self.fetched_at).astimezone(UTC)

    def record(self) -> Mapping[str, object]:
        """The mark as JSON has it."""
        return {
            "version": FORMAT,
            "url": self.url,
            "commit": self.commit,
            "digest": self.digest,
            "files": self.files,
            "bytes": self.size,
            "fetched": self.fetched_at,
        }


def read_small(name: str | Path) -> tuple[bytes, os.stat_result]:
    """What is in a file, up to 64 KiB, and what file that was. Raises ``OSError``."""
    # Each warm call reads three files so: a file object costs more than the system calls.
    descriptor = os.open(name, os.O_RDONLY | _AT_ONCE)
    try:
        return os.read(descriptor, 65536), os.fstat(descriptor)
    finally:
        os.close(descriptor)


def read_record(name: str | Path, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    """A small JSON file of this format, parsed; ``None`` for none, a damaged one or one of another format.

    Raises ``OSError`` when it can't be read.
    """
    try:
        return parse_record(read_small(name)[0], parse)
    except (FileNotFoundError, NotADirectoryError):
        return None


def parse_record(content: bytes, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    """What a small JSON file of this format says; ``None`` for a damaged one or one of another format."""
    try:
        # As text: of bytes, json would find out first which of the encodings of Unicode they are.
        data = json.loads(content.decode())
        return parse(data) if data["version"] == FORMAT else None
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None


def read_mark(record: Mapping[str, Any]) -> Mark:
    """A mark out of its record. Raises ``ValueError``, ``TypeError`` or ``KeyError`` for a damaged one."""
    url, commit, digest, fetched = record["url"], record["commit"], record["digest"], record["fetched"]
    files, size = record["files"], record["bytes"]
    texts = isinstance(url, str) and isinstance(commit, str) and isinstance(digest, str)
    if not (texts and isinstance(files, int) and isinstance(size, int)):
        raise TypeError("a mark holds something else")
    datetime.fromisoformat(fetched)
    return Mark(url, commit, digest, files, size, fetched)


def ref_record(url: GitUrl, ref: str | None, known: KnownRef) -> Mapping[str, object]:
    """What is noted of a ref, as JSON has it."""
    place = {"version": FORMAT, "entry": git_key(url, known.commit), "url": str(url), "ref": ref}
    return {**place, "commit": known.commit, "kind": known.kind.value}


def read_ref(record: Mapping[str, Any]) -> KnownRef:
    """What was noted of a ref. Raises ``ValueError``, ``TypeError`` or ``KeyError`` for a damaged note."""
    commit = record["commit"]
    if not is_full_commit(commit):
        raise ValueError("not a commit")
    return KnownRef(commit, RefKind(record["kind"]))


@functools.lru_cache(maxsize=4096)
def url_key(url: GitUrl) -> str:
    """What the names of all that is of a URL begin with; credentials make no difference."""
    return hashlib.sha256(url.identity.encode()).hexdigest()[:32]


def git_key(url: GitUrl, commit: str) -> str:
    """The name of a commit's entry."""
    return f"{url_key(url)}-{commit}"


def source_key(source: str) -> str:
    """What the name of an entry of another resolver begins with: never that of a URL's, since no URL holds a space."""
    return _digest(f"source {source}")[:32]


def kept_key(source: str, version: str) -> str:
    """The name of an entry of another resolver."""
    return f"{source_key(source)}-{_digest(version)[:40]}"


@functools.lru_cache(maxsize=4096)
def ref_key(url: GitUrl, ref: str | None) -> str:
    """The name of what is noted of a ref; the default branch has one, however it is named."""
    ref = None if ref == DEFAULT_REF else ref
    return hashlib.sha256(f"{url.identity}\n{ref or ''}".encode()).hexdigest()[:40]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_name_of(name: str, version: str) -> bool:
    """Whether an entry's name is made of this commit or version."""
    return name.partition("-")[2] in (version, _digest(version)[:40])
