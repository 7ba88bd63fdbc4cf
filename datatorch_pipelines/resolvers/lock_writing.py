"""Writes lock files, each all at once, and of several all or none."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from datatorch_pipelines._files import atomic_writer
from datatorch_pipelines.diagnostics import Location
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.resolvers.lockfile import Lock


def write_lock(lock: Lock, path: str | os.PathLike[str], before: bytes | None) -> None:
    """Puts a lock into its file, all at once.

    ``before`` is what the file held when it was read, ``None`` for no file. A link stays one, and the file that it
    leads to is replaced. Raises `PipelinesError` when the file can't be written, or is another one by now.
    """
    write_locks([(lock, path, before)])


def write_locks(locks: Iterable[tuple[Lock, str | os.PathLike[str], bytes | None]]) -> None:
    """As `write_lock`, for several: no file is replaced before all that is to be written lies beside its place."""
    with contextlib.ExitStack() as beside:
        for lock, path, before in locks:
            beside.enter_context(_written_beside(lock, path, before))


@contextlib.contextmanager
def _written_beside(lock: Lock, path: str | os.PathLike[str], before: bytes | None) -> Iterator[None]:
    """A lock beside its file, whose place it takes when the block ends without an error."""
    data = lock.to_json().encode()
    target = Path(os.path.realpath(path))
    try:
        mode = _writable_mode(target, path)
        with atomic_writer(target) as file:
            file.write(data)
            file.flush()
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            now = target.read_bytes() if target.exists() else None
            if now not in (before, data):
                raise _refused(path, "the lock file has changed in the meantime", "try again")
            yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        hint = "it is as it was" if before is not None else "nothing is written"
        raise _refused(path, f"the lock file can't be written: {reason}", hint) from error


def _writable_mode(target: Path, path: str | os.PathLike[str]) -> int | None:
    """The mode of the file that is to be replaced; ``None`` where there is none."""
    try:
        known = target.stat().st_mode
    except FileNotFoundError:
        return None
    if not known & 0o222 or not os.access(target, os.W_OK):
        raise _refused(path, "the lock file is read-only", "make it writable")
    return stat.S_IMODE(known)


def _refused(path: str | os.PathLike[str], message: str, hint: str) -> PipelinesError:
    return PipelinesError(message, location=Location(os.fsdecode(path), 1, 1, 1, 1), hint=hint)
