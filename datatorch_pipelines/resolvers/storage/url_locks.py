"""One lock for each URL of a store, among all threads and processes, and what dead holders left behind."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatorch_pipelines._files import remove_tree
from datatorch_pipelines.errors import StoreError
from datatorch_pipelines.resolvers.cancellation import Cancellation

_POLL_SECONDS = 0.03


class UrlLocks:
    """The locks in a folder. The system drops those of a process that dies; the files, which are empty, stay."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def held(self, key: str, cancellation: Cancellation) -> Iterator[None]:
        """Holds a lock; waits for it until cancelled. Raises ``OSError`` when its file can't be made."""
        lock = self._lock(key)
        while not _acquired(lock, self._folder):
            cancellation.wait(_POLL_SECONDS)
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def attempt(self, key: str) -> Iterator[bool]:
        """Holds a lock if it is free, and says so."""
        lock = self._lock(key)
        mine = _acquired(lock, self._folder)
        try:
            yield mine
        finally:
            if mine:
                lock.release()

    def sweep(self, temp: Path) -> None:
        """Deletes what is in a folder by names that begin with the key of a lock that nobody holds."""
        with contextlib.suppress(OSError):
            for left in temp.iterdir():
                with self.attempt(left.name.partition(".")[0]) as mine:
                    if mine:
                        _remove(left)

    def _lock(self, key: str) -> Any:
        from filelock import FileLock

        # Not shared between threads: each holder has a file of its own open, so that threads exclude one another too.
        return FileLock(self._folder / f"{key}.lock", timeout=0, thread_local=False)


def _acquired(lock: Any, folder: Path) -> bool:
    from filelock import SoftFileLock, Timeout

    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    except NotImplementedError as error:
        raise _no_locks(folder) from error
    if isinstance(lock, SoftFileLock):
        # What filelock takes instead is a file that stays when its holder is killed.
        lock.release()
        raise _no_locks(folder)
    return True


def _no_locks(folder: Path) -> StoreError:
    return StoreError(
        f"the file system of the action store at {folder.parent} has no locks",
        hint="set DATATORCH_PIPELINES_HOME to a folder of a local disk",
    )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)
