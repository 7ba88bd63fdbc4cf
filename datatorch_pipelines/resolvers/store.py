"""The folder in which fetched actions are kept: each whole or not there, whoever is killed when.

Below the root::

    entries/<key>/files/...     an action's files, as its commit has them, not writable
    entries/<key>/entry.json    the mark: written last, so that a folder without it is no entry
    refs/<key>.json             which commit a tag, branch or default branch of a URL meant when it was last asked
    locks/<key>.lock            held by whoever fetches from a URL
    temp/<key>.<random>/        where an entry is made, before one rename puts it into its place

A key is made of the URL, without credentials, and for an entry of the commit. A process that dies leaves at most a
folder below ``temp``, which the next one that fetches deletes as soon as nobody holds the lock.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

from attrs import frozen

from datatorch_pipelines._files import remove_tree, sync_directory, tree_digest, write_atomic
from datatorch_pipelines._home import cache_directory
from datatorch_pipelines.errors import StoreError
from datatorch_pipelines.resolvers.cancellation import Cancellation
from datatorch_pipelines.resolvers.refs import RefKind, is_full_commit
from datatorch_pipelines.resolvers.urls import GitUrl

T = TypeVar("T")
_FORMAT = 1
_MARK, _FILES, _SETTLED = "entry.json", "files", "settled"
_LOCK_POLL_SECONDS = 0.03


@frozen
class Entry:
    """An action in the store: the folder of its files, their digest, and where they are from."""

    directory: Path
    commit: str
    digest: str
    url: str


@frozen
class KnownRef:
    """What a ref meant when its server was last asked."""

    commit: str
    kind: RefKind


class Store:
    """The actions that were fetched. Any number of threads and processes may use one folder at once.

    ``root`` is made when something is first stored; the default is ``actions`` in the user's cache folder.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self.root = Path(root).absolute() if root is not None else cache_directory() / "actions"
        self._prefix = str(self.root)
        self._memo: dict[str, tuple[tuple[int, int], Any]] = {}
        self._entries: dict[str, tuple[object, Entry]] = {}
        self._swept = False

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    def entry(self, url: GitUrl, commit: str, *, settle: bool = True) -> Entry | None:
        """The entry of a commit, or ``None``.

        An entry that was made before the machine was last started is compared with its digest, once: a power cut may
        have lost what the mark stands for. ``settle=False`` gives ``None`` for it instead, and so never takes long.
        Raises `StoreError` when the folder can't be read.
        """
        name = f"{self._prefix}/entries/{_url_key(url)}-{commit}"
        mark = self._read(f"{name}/{_MARK}", _mark)
        if mark is None or mark.get("commit") != commit:
            return None
        made = self._entries.get(name)
        if made is not None and made[0] is mark:
            return made[1]
        folder = Path(name)
        if mark["boot"] != _boot() and not (folder / _SETTLED).exists() and not (settle and _settle(folder, mark)):
            return None
        if not (folder / _FILES).is_dir():
            return None
        entry = Entry(folder / _FILES, commit, mark["digest"], mark["url"])
        self._entries[name] = (mark, entry)
        return entry

    def known_ref(self, url: GitUrl, ref: str | None) -> KnownRef | None:
        """What a ref of a URL meant when it was last asked, or ``None``."""
        return self._read(self._ref_file(url, ref), _known_ref)

    def remember(self, url: GitUrl, ref: str | None, known: KnownRef) -> None:
        """Notes what a ref of a URL means now. Raises `StoreError` when that can't be written."""
        if self.known_ref(url, ref) == known:
            return
        record = {"version": _FORMAT, "url": str(url), "ref": ref, "commit": known.commit, "kind": known.kind.value}
        with self._errors():
            path = Path(self._ref_file(url, ref))
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, json.dumps(record, indent=1).encode())

    @contextlib.contextmanager
    def locked(self, url: GitUrl, cancellation: Cancellation) -> Iterator[None]:
        """Holds the lock of a URL, among all threads and processes; waits for it until cancelled.

        Raises `StoreError` when the folder can't be written to.
        """
        with self._errors():
            for name in ("entries", "refs", "locks", "temp"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
        self._sweep()
        lock = self._lock(_url_key(url))
        while not self._try(lock):
            cancellation.wait(_LOCK_POLL_SECONDS)
        try:
            yield
        finally:
            lock.release()

    def add(self, url: GitUrl, commit: str, write: Callable[[Path], tuple[str, int, int]]) -> Entry:
        """Makes an entry of what ``write`` puts into the folder that it is given (to be made by it).

        ``write`` returns the digest, the number of files and their bytes. The lock of the URL must be held. Raises
        what ``write`` raises, and `StoreError` when the disk fails; nothing is left then.
        """
        scratch = self.root / "temp" / f"{_url_key(url)}.{secrets.token_hex(8)}"
        entry = scratch / "entry"
        try:
            with self._errors():
                entry.mkdir(parents=True)
                digest, files, size = write(entry / _FILES)
                mark = {"version": _FORMAT, "url": str(url), "commit": commit, "digest": digest}
                mark |= {"files": files, "bytes": size, "boot": _boot()}
                if _boot() is None:
                    _flush(entry / _FILES)
                write_atomic(entry / _MARK, json.dumps(mark, indent=1).encode())
                self._put(entry, self.root / "entries" / f"{_url_key(url)}-{commit}", scratch / "old")
        finally:
            with contextlib.suppress(OSError):
                remove_tree(scratch)
        made = self.entry(url, commit)
        if made is None:
            raise StoreError(f"the action store at {self.root} lost what was just written to it")
        return made

    def _put(self, entry: Path, place: Path, old: Path) -> None:
        """One rename makes it an entry; what stood there, without a valid mark, goes first."""
        with contextlib.suppress(FileNotFoundError):
            place.rename(old)
        entry.rename(place)
        sync_directory(place.parent)

    def _sweep(self) -> None:
        """Deletes what processes that died left behind, once for each `Store`."""
        if self._swept:
            return
        self._swept = True
        with contextlib.suppress(OSError):
            for left in (self.root / "temp").iterdir():
                lock = self._lock(left.name.partition(".")[0])
                if self._try(lock):
                    try:
                        remove_tree(left)
                    finally:
                        lock.release()

    def _lock(self, key: str) -> Any:
        from filelock import FileLock

        # Not shared between threads: each holder has a file of its own open, so that threads exclude one another too.
        return FileLock(self.root / "locks" / f"{key}.lock", timeout=0, thread_local=False)

    def _try(self, lock: Any) -> bool:
        from filelock import Timeout

        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        except NotImplementedError as error:
            raise StoreError(
                f"the file system of the action store at {self.root} has no locks",
                hint="set DATATORCH_PIPELINES_HOME to a folder of a local disk",
            ) from error
        except OSError as error:
            raise self._error(error) from error
        return True

    def _read(self, name: str, parse: Callable[[dict[str, Any]], T]) -> T | None:
        """A small JSON file, kept in memory as long as it is the same file; ``None`` for none, or a damaged one."""
        try:
            # Names are text here, the way of every warm call: a Path costs more than the system call.
            state = os.stat(name)  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._error(error) from error
        stamp = (state.st_mtime_ns, state.st_ino)
        memo = self._memo.get(name)
        if memo is not None and memo[0] == stamp:
            return cast(T, memo[1])
        with self._errors():
            try:
                data = json.loads(Path(name).read_bytes())
                if data["version"] != _FORMAT:
                    return None
                record = parse(data)
            except (ValueError, TypeError, KeyError, RecursionError, FileNotFoundError):
                return None
        self._memo[name] = (stamp, record)
        return record

    def _ref_file(self, url: GitUrl, ref: str | None) -> str:
        return f"{self._prefix}/refs/{_ref_key(url, ref)}.json"

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> StoreError:
        hint = "set DATATORCH_PIPELINES_HOME to a folder that can be written"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "make room on the disk"
        return StoreError(f"the action store at {self.root} can't be used: {error.strerror or error}", hint=hint)


def _known_ref(record: dict[str, Any]) -> KnownRef:
    commit = record["commit"]
    if not is_full_commit(commit):
        raise ValueError("not a commit")
    return KnownRef(commit, RefKind(record["kind"]))


def _mark(record: dict[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ("commit", "digest", "url", "boot")}


@functools.lru_cache(maxsize=4096)
def _url_key(url: GitUrl) -> str:
    return hashlib.sha256(url.identity.encode()).hexdigest()[:32]


@functools.lru_cache(maxsize=4096)
def _ref_key(url: GitUrl, ref: str | None) -> str:
    return hashlib.sha256(f"{url.identity}\n{ref or ''}".encode()).hexdigest()[:40]


@functools.cache
def _boot() -> str | None:
    """What tells this start of the machine from every other, where the system has it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


def _settle(folder: Path, mark: dict[str, Any]) -> bool:
    """Whether an entry from before the machine's last start is what its mark says; noted, so as to look only once."""
    try:
        if tree_digest(folder / _FILES) != mark["digest"]:
            return False
        (folder / _SETTLED).touch()
    except OSError:
        return False
    return True


def _flush(root: Path) -> None:
    """Flushes every file to disk, where a later start of the machine could not be noticed."""
    for directory, _, files in os.walk(root):
        for name in files:
            path = Path(directory, name)
            if not path.is_symlink():
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        sync_directory(Path(directory))
