"""The folder in which fetched actions are kept: each whole or not there, whoever is killed when.

Below the root::

    entries/<key>/files/...     an action's files, as its commit has them, not writable
    entries/<key>/entry.json    the mark: written last, so that a folder without it is no entry
    entries/<key>/seal.json     what shows a change of the files without reading them
    entries/<key>/manifest      the digest of each file, to say which of them changed
    entries/<key>/used          an empty file, as old as the entry's last use
    refs/<key>.json             which commit a tag, branch or default branch of a URL meant when it was last asked
    leases                      an empty file with a lock for each entry that a run uses
    locks/<key>.lock            held by whoever fetches from a URL
    temp/<key>.<random>         what is being made or deleted: one rename brings it into its place, or out of it

A key is made of the URL, without credentials, and for an entry of the commit. A process that dies leaves at most what
is below ``temp``, which the next one that fetches deletes as soon as nobody holds the lock.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from datatorch_pipelines._files import write_atomic
from datatorch_pipelines._home import cache_directory
from datatorch_pipelines.contracts.resolver import ResolveRun
from datatorch_pipelines.errors import StoreError
from datatorch_pipelines.resolvers.cancellation import Cancellation
from datatorch_pipelines.resolvers.storage.leases import Leases
from datatorch_pipelines.resolvers.storage.placing import put_entry
from datatorch_pipelines.resolvers.storage.seal import examine, is_sealed
from datatorch_pipelines.resolvers.storage.stored import (
    ENTRIES,
    FILES,
    LEASES,
    LOCKS,
    MARK,
    REFS,
    TEMP,
    USED,
    DamagedAction,
    Entry,
    KnownRef,
    StoredAction,
    git_key,
    parse_record,
    read_mark,
    read_ref,
    read_small,
    ref_key,
    ref_record,
    url_key,
)
from datatorch_pipelines.resolvers.storage.url_locks import UrlLocks
from datatorch_pipelines.resolvers.urls import GitUrl

if TYPE_CHECKING:
    from datatorch_pipelines.resolvers.bounds import StoreLimits
    from datatorch_pipelines.resolvers.objects.tree import Written
    from datatorch_pipelines.resolvers.storage.upkeep import Upkeep

__all__ = ["DISK_ERRORS", "DamagedAction", "Entry", "KnownRef", "Store", "StoredAction"]

T = TypeVar("T")
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""What the system says only of a disk, never of a network."""
_QUICK_FILES = 256
"""So many files are looked at without a thread of one's own: less than a millisecond."""
_USED_SECONDS = 3600.0
_POLL_SECONDS = 0.03
_HINTS = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room on the disk",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.EIO: "is the disk broken?",
}


class Store:
    """The actions that were fetched. Any number of threads and processes may use one folder at once.

    ``root`` is made when something is first stored; the default is ``actions`` in the user's cache folder (`StoreError`
    if there is none). Entries that a run was given are not deleted by `prune` as long as this object lives.
    `entries`, `size`, `verify`, `prune` and `keep` are for everybody; the other methods are the resolvers' own, and may
    change in any version.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self.root = Path(root).absolute() if root is not None else _default_root()
        self._prefix = str(self.root)
        self._locks = UrlLocks(self.root / LOCKS)
        self._leases = Leases(f"{self._prefix}/{LEASES}")
        self._memo: dict[str, tuple[tuple[int, int], Any]] = {}
        self._entries: dict[str, tuple[object, Entry]] = {}
        self._ready: weakref.WeakKeyDictionary[ResolveRun, dict[int, Entry]] = weakref.WeakKeyDictionary()
        self._used: dict[str, float] = {}
        self._swept = False

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    def entries(self) -> list[StoredAction]:
        """What is in the store, by URL, then commit. Only reads. Raises `StoreError` when the folder can't be read."""
        with self._errors():
            return self._upkeep().entries()

    def size(self) -> int:
        """How much room all that is in the store's folder takes on the disk, in bytes.

        Raises `StoreError` when the folder can't be read.
        """
        with self._errors():
            return self._upkeep().size()

    def verify(self, *, remove: bool = False) -> list[DamagedAction]:
        """Reads every file of every entry, and tells of the entries that are not what was fetched.

        ``remove`` deletes these, so that they are fetched again, unless a run uses them now. Raises `StoreError` when
        the folder can't be read, or something can't be deleted.
        """
        with self._errors():
            return self._upkeep().verify(remove=remove)

    def prune(self, *, older_than: timedelta, dry_run: bool = False) -> list[StoredAction]:
        """Deletes what was last used longer ago than that, but nothing that a run uses now.

        What is known of tags and branches of deleted entries, and what processes that died left, goes too. Gives what
        was deleted; with ``dry_run``, what would be. Raises `StoreError` when something can't be deleted.

        >>> Store("actions").prune(older_than=timedelta(days=90), dry_run=True)
        []
        """
        with self._errors():
            return self._upkeep().prune(older_than, dry_run=dry_run)

    def keep(
        self,
        source: str,
        version: str,
        write: Callable[[Path], None],
        *,
        limits: StoreLimits | None = None,
        cancellation: Cancellation | None = None,
    ) -> Entry:
        """The entry of a version of a source, made by ``write`` if it is not there: for resolvers of other packages.

        ``source`` says where it is from, such as a URL without credentials. ``write`` is given a new, empty folder, is
        called once among all threads and processes that want the same, and may raise, which leaves nothing. What it
        wrote is then held to what a git repository is held to, and can't be written to afterwards. Waits for others
        until ``cancellation``. Raises `ActionRefused` for files that are not safe or pass the ``limits``, `StoreError`
        when the disk fails, and what ``write`` raises.
        """
        from datatorch_pipelines.resolvers.storage.keeping import keep

        return keep(self, source, version, write, limits=limits, cancellation=cancellation or Cancellation())

    def entry(self, url: GitUrl, commit: str) -> Entry | None:
        """The entry of a commit, or ``None``. Raises `StoreError` when the folder can't be read."""
        return self.find(git_key(url, commit), commit)

    def find(self, name: str, version: str) -> Entry | None:
        """The entry of that name, or ``None``. Its files may have been changed since: see `use`."""
        folder = f"{self._prefix}/{ENTRIES}/{name}"
        mark = self._read(f"{folder}/{MARK}", read_mark)
        if mark is None or mark.commit != version:
            return None
        made = self._entries.get(name)
        if made is not None and made[0] is mark:
            return made[1]
        if not os.path.isdir(f"{folder}/{FILES}"):  # noqa: PTH112  # the way of every warm call: a Path costs more
            return None
        entry = Entry(Path(f"{folder}/{FILES}"), mark.commit, mark.digest, mark.url, mark.files, name)
        self._entries[name] = (mark, entry)
        return entry

    def is_of(self, entry: Entry, url: GitUrl) -> bool:
        """Whether an entry is one of this URL's."""
        return entry.name == git_key(url, entry.commit)

    def use(self, entry: Entry, run: ResolveRun) -> bool:
        """Whether an entry can be given to a run as it is; if so, it is not deleted as long as this object lives.

        Once a run it is looked for changes. Never takes long, and so says ``False`` also for what has to be looked at
        more thoroughly, which is what `settle` does.
        """
        ready = self._ready.get(run)
        if ready is not None and id(entry) in ready:
            return True
        # Once it is held, files that agree with their seal can't be deleted any more.
        return entry.files <= _QUICK_FILES and self._leases.hold(entry.name) and self._is_sealed(entry, run)

    def use_new(self, entry: Entry, run: ResolveRun) -> None:
        """Gives an entry to the run that has just made it: nobody need look at its files. Its lock must be held."""
        if self._leases.hold(entry.name):
            self._note(entry, run)

    def settle(self, entry: Entry, run: ResolveRun, cancellation: Cancellation) -> str | None:
        """As `use`, but reads the files if need be: ``None``, or what is wrong with the entry, in a few words.

        Raises `StoreError` when the files can't be read.
        """
        if id(entry) in self._ready.get(run, ()):
            return None
        while not self._take(entry):
            if not self._is_there(entry):
                return "it was deleted"
            cancellation.wait(_POLL_SECONDS)
        if self._is_sealed(entry, run):
            return None
        folder = entry.directory.parent
        with self._errors():
            problem = examine(folder, entry.digest, self.scratch(entry.name), cancellation.check)
        if problem is None:
            self._note(entry, run)
        return problem

    def known_ref(self, url: GitUrl, ref: str | None) -> KnownRef | None:
        """What a ref of a URL meant when it was last asked, or ``None``."""
        return self._read(self._ref_file(url, ref), read_ref)

    def remember(self, url: GitUrl, ref: str | None, known: KnownRef) -> None:
        """Notes what a ref of a URL means now. The URL's lock must be held.

        Raises `StoreError` when that can't be written.
        """
        if self.known_ref(url, ref) == known:
            return
        data = json.dumps(ref_record(url, ref, known), indent=1).encode()
        with self._errors():
            write_atomic(Path(self._ref_file(url, ref)), data, scratch=self.scratch(url_key(url)))

    @contextlib.contextmanager
    def locked(self, url: GitUrl, cancellation: Cancellation) -> Iterator[None]:
        """Holds the lock of a URL, among all threads and processes; waits for it until cancelled.

        Raises `StoreError` when the folder can't be written to.
        """
        with self.locked_key(url_key(url), cancellation):
            yield

    @contextlib.contextmanager
    def locked_key(self, key: str, cancellation: Cancellation) -> Iterator[None]:
        """As `locked`, by what the names of entries begin with."""
        with contextlib.ExitStack() as stack:
            with self._errors():
                for name in (ENTRIES, REFS, LOCKS, TEMP):
                    (self.root / name).mkdir(parents=True, exist_ok=True)
                if not self._swept:
                    self._swept = True
                    self._locks.sweep(self.root / TEMP)
                stack.enter_context(self._locks.held(key, cancellation))
            yield

    def add(self, url: GitUrl, commit: str, write: Callable[[Path], Written]) -> Entry:
        """Makes an entry of what ``write`` puts into the folder that it is given (to be made by it).

        Takes the place of an entry of the same commit. The lock of the URL must be held. Raises what ``write`` raises,
        and `StoreError` when the disk fails; nothing is left then, and what was there stays.
        """
        return self.put(git_key(url, commit), str(url), commit, write)

    def put(self, name: str, source: str, version: str, write: Callable[[Path], Written]) -> Entry:
        """As `add`, for an entry of that name."""
        try:
            put_entry(self.scratch(name), self.root / ENTRIES / name, source, version, write, self._errors)
        except StoreError as error:
            # What writes a tree names a folder that nobody knows: it is the store that is full.
            if isinstance(error.__cause__, OSError):
                raise self.error(error.__cause__) from error.__cause__
            raise
        entry = self.find(name, version)
        if entry is None:
            raise StoreError(f"the action store at {self.root} lost what was just written to it")
        return entry

    def scratch(self, name: str) -> Path:
        """A path below ``temp`` that is swept when nobody holds the lock of the key that the name begins with."""
        return self.root / TEMP / f"{name[:32]}.{secrets.token_hex(8)}"

    def _take(self, entry: Entry) -> bool:
        """Whether the entry is there, and stays there as long as this object."""
        return self._leases.hold(entry.name) and self._is_there(entry)

    def _is_there(self, entry: Entry) -> bool:
        mark = self._read(f"{self._prefix}/{ENTRIES}/{entry.name}/{MARK}", read_mark)
        return mark is not None and mark.commit == entry.commit and mark.digest == entry.digest

    def _is_sealed(self, entry: Entry, run: ResolveRun) -> bool:
        sealed = is_sealed(f"{self._prefix}/{ENTRIES}/{entry.name}")
        if sealed:
            self._note(entry, run)
        return sealed

    def _note(self, entry: Entry, run: ResolveRun) -> None:
        """Notes that the entry is as it was fetched, and used now."""
        self._ready.setdefault(run, {})[id(entry)] = entry
        file = f"{self._prefix}/{ENTRIES}/{entry.name}/{USED}"
        now = time.monotonic()
        if now - self._used.get(file, -_USED_SECONDS) >= _USED_SECONDS:
            self._used[file] = now
            # A store that can only be read keeps the times that it has.
            with contextlib.suppress(OSError):
                os.utime(file)

    def _read(self, name: str, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
        """A small JSON file, kept in memory as long as it is the same file; ``None`` for none, or a damaged one."""
        memo = self._memo.get(name)
        try:
            # Names are text here, the way of every warm call: a Path costs more than the system call.
            if memo is not None and memo[0] == _stamp(os.stat(name)):  # noqa: PTH116
                return cast(T, memo[1])
            content, state = read_small(name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self.error(error) from error
        record = parse_record(content, parse)
        if record is not None:
            self._memo[name] = (_stamp(state), record)
        return record

    def _ref_file(self, url: GitUrl, ref: str | None) -> str:
        return f"{self._prefix}/{REFS}/{ref_key(url, ref)}.json"

    def _upkeep(self) -> Upkeep:
        from datatorch_pipelines.resolvers.storage.upkeep import Upkeep

        return Upkeep(self.root, self._locks, self._leases)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self.error(error) from error

    def error(self, error: OSError) -> StoreError:
        """What an error of the system means when it is about the store's folder."""
        hint = _HINTS.get(error.errno or 0, "set DATATORCH_PIPELINES_HOME to a folder that can be written")
        return StoreError(f"the action store at {self.root} can't be used: {error.strerror or error}", hint=hint)


def _stamp(state: os.stat_result) -> tuple[int, int]:
    return state.st_mtime_ns, state.st_ino


def _default_root() -> Path:
    try:
        root = cache_directory() / "actions"
    except RuntimeError:
        root = None
    # Some versions of platformdirs leave `~` as it is where there is no home: that would be a folder of this one.
    if root is None or root.parts[0] == "~":
        raise StoreError(
            "there is no home folder to keep actions in", hint="set DATATORCH_PIPELINES_HOME to a folder for them"
        )
    return root
