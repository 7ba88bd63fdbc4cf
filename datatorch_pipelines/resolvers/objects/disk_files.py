"""Files of somebody's git repository on this machine: read without leaving it, without waiting, and in bounds."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import stat

from attrs import field, frozen

from datatorch_pipelines.errors import ActionRefused
from datatorch_pipelines.resolvers.objects.pack import BrokenPack, Buffer

_PLAIN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def _real(path: str) -> str:
    """A path without links."""
    return os.path.realpath(path)


def release(buffer: Buffer) -> None:
    """Lets go of a mapped file, unless an error that is on its way still holds a part of it: then it goes with that."""
    if isinstance(buffer, mmap.mmap):
        with contextlib.suppress(BufferError):
            buffer.close()


@frozen
class Folder:
    """A folder of a repository. A link below it counts as long as it leads to something below it too.

    What leads out is refused with `ActionRefused`: it could be any file of the person who runs the pipeline. Pipes and
    devices, which may never end or never begin, count as damaged.
    """

    path: str = field(converter=_real)

    def real(self, name: str) -> str:
        """The path of something below, its links followed. Raises `ActionRefused` if it leads out."""
        found = os.path.realpath(f"{self.path}/{name}")
        if found != self.path and not found.startswith(self.path.rstrip(os.sep) + os.sep):
            raise ActionRefused(f"{name!a} in it is a link that leads out of the repository")
        return found

    def read(self, name: str, limit: int) -> bytes | None:
        """The content of a file, ``None`` for one that is not there. Raises `ActionRefused` if it is too large."""
        descriptor = self.open(name)
        if descriptor is None:
            return None
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise ActionRefused(f"{name!a} in it is larger than the {limit} bytes allowed")
        return content

    def mapped(self, name: str) -> Buffer | None:
        """A file as memory, ``None`` for one that is not there."""
        descriptor = self.open(name)
        if descriptor is None:
            return None
        try:
            return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) if os.fstat(descriptor).st_size else b""
        finally:
            os.close(descriptor)

    def open(self, name: str) -> int | None:
        """A descriptor of a plain file, ``None`` for what is not there or is a folder. Raises `OSError`."""
        try:
            descriptor = self._open(name)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return descriptor
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            return None
        raise BrokenPack(f"{name!a} is no file")

    def _open(self, name: str) -> int:
        if "/" not in name:
            # The way of every loose object: what is no link can't lead out, and most are none.
            try:
                return os.open(f"{self.path}/{name}", _PLAIN)
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.EMLINK):
                    raise
        return os.open(self.real(name), _PLAIN)

    def is_folder(self, name: str) -> bool:
        """Whether there is a folder of this name."""
        return os.path.isdir(self.real(name))  # noqa: PTH112  # names are text here, as everywhere in this room
