"""Who uses an entry of the store now: what a run uses is not deleted.

Each `Store` that hands out an entry takes a shared lock on that entry's own byte of one file, ``leases``, and keeps it
as long as it lives. The file stays empty: the byte's place is made of the entry's name, and a lock needs no byte to be
there. Who wants to delete an entry takes the same byte alone. The system drops the locks of a process that dies,
however it dies, so that there is nothing to sweep.

The locks are those of an open file (``F_OFD_SETLK``, Linux): two stores of one process exclude one another too, and a
process that was forked shares what its parent holds. Where the system or the file system has no such locks, or the
store can't be written to, entries are handed out without. `Leases.work` tells, and who prunes there keeps what was used
within the last day instead.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import struct
from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # a system without
    fcntl = None  # type: ignore[assignment]  # looked at before each use

_FLOCK = struct.Struct("@hhqqi4x")
# Who may write to the store may put a pipe in the file's place, which nobody ever writes to.
_AT_ONCE = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_BUSY = (errno.EAGAIN, errno.EACCES)


class Leases:
    """The locks on one store's entries; at most one file is open, and closed with this object."""

    def __init__(self, path: str) -> None:
        self._path = path
        # Without a lock among threads: one that is held when the process forks would stay held in the child.
        self._opened: dict[str, int] = {}
        self._names: set[str] = set()

    def __del__(self) -> None:
        for descriptor in self._opened.values():
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def hold(self, name: str) -> bool:
        """Marks an entry as used until this object goes; ``False`` while somebody is about to delete it.

        The caller has to look afterwards whether the entry is still there.
        """
        if name in self._names:
            return True
        descriptor = self._open()
        if descriptor is not None:
            held = _set(descriptor, "F_RDLCK", name)
            if held is False:
                return False
            if held:
                self._names.add(name)
        return True

    def work(self) -> bool:
        """Whether uses can be known here."""
        with self._exclusive("") as mine:
            return mine is not None

    def in_use(self, name: str) -> bool:
        """Whether any store, of this process or another, holds the entry; ``False`` where that can't be known.

        Changes nothing, and holds up nobody.
        """
        try:
            descriptor = os.open(self._path, os.O_RDONLY | _AT_ONCE)
        except OSError:
            return False
        try:
            return _is_held(descriptor, name)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Whether nobody uses an entry; if so nobody begins to while the block runs. ``True`` where nobody can know."""
        with self._exclusive(name) as mine:
            yield mine is not False

    @contextlib.contextmanager
    def _exclusive(self, name: str) -> Iterator[bool | None]:
        """Whether the lock could be had at once; ``None`` where there are no locks."""
        # A file of its own: a lock that this object holds itself must count as well.
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | _AT_ONCE, 0o666)
        except OSError:
            yield None
            return
        try:
            yield _set(descriptor, "F_WRLCK", name)
        finally:
            os.close(descriptor)

    def _open(self) -> int | None:
        known = self._opened.get(self._path)
        if known is not None:
            return known
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CREAT | _AT_ONCE, 0o666)
        except OSError:
            try:
                # Of a store that can only be read, the file can be locked if it is there.
                descriptor = os.open(self._path, os.O_RDONLY | _AT_ONCE)
            except OSError:
                return None
        kept = self._opened.setdefault(self._path, descriptor)
        if kept != descriptor:
            os.close(descriptor)
        return kept


def _set(descriptor: int, kind: str, name: str) -> bool | None:
    """Whether a lock was had; ``None`` where there are none."""
    command = getattr(fcntl, "F_OFD_SETLK", None)
    if command is None:
        return None
    try:
        fcntl.fcntl(descriptor, command, _FLOCK.pack(getattr(fcntl, kind), os.SEEK_SET, _place(name), 1, 0))
    except OSError as error:
        return False if error.errno in _BUSY else None
    return True


def _is_held(descriptor: int, name: str) -> bool:
    command = getattr(fcntl, "F_OFD_GETLK", None)
    if command is None:
        return False
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _place(name), 1, 0)
        answer = fcntl.fcntl(descriptor, command, asked)
    except OSError:
        return False
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)


def _place(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 2
