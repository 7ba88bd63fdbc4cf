"""The standard streams, written so that a reader who goes away, or a stream that is closed, makes no noise."""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Mapping

STDOUT = 1
STDERR = 2

_NOBODY_READS = (errno.EPIPE, errno.EBADF, errno.ECONNRESET)


def ensure_standard_streams() -> None:
    """Opens what of the standard streams is closed to nothing, so that no other file gets its number."""
    for descriptor in (0, STDOUT, STDERR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def write_all(descriptor: int, data: bytes) -> None:
    """Writes all of ``data``, also where the other side made the stream non-blocking. Raises ``OSError``."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


def wants_colours(descriptor: int, environ: Mapping[str, str]) -> bool:
    """Whether to colour what goes there: a terminal, unless ``NO_COLOR`` is set; anything if ``FORCE_COLOR`` is."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return os.isatty(descriptor) and environ.get("TERM") != "dumb"


class Output:
    """One of the standard streams. When nobody reads it any more, what is written is dropped.

    ``error`` is why something could not be written, other than that nobody reads; ``None`` as long as all is well.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        stream = sys.stdout if descriptor == STDOUT else sys.stderr
        self._encoding: str = getattr(stream, "encoding", None) or "utf-8"
        self.open = True
        self.error: OSError | None = None

    @property
    def encoding(self) -> str:
        """The stream's encoding."""
        return self._encoding

    def text(self, text: str) -> None:
        """Writes text for people, in the stream's encoding; what that doesn't have shows as its code."""
        self._write(text.encode(self._encoding, "backslashreplace"))

    def json(self, text: str) -> None:
        """Writes JSON and a line end, in UTF-8 whatever the stream's encoding; lone surrogates as JSON escapes."""
        self._write(text.encode("utf-8", "backslashreplace") + b"\n")

    def raw(self, data: bytes) -> None:
        """Writes bytes as they are."""
        if data:
            self._write(data)

    def patch(self, text: str) -> None:
        """Writes a patch as it is, in UTF-8 whatever the stream's encoding."""
        self._write(text.encode("utf-8", "backslashreplace"))

    def _write(self, data: bytes) -> None:
        if not self.open:
            return
        try:
            write_all(self._descriptor, data)
        except OSError as error:
            self.open = False
            if error.errno not in _NOBODY_READS:
                self.error = error
