"""Lines from and to a person's terminal, given up the moment that nobody waits for them any more."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading

from datatorch_pipelines.errors import PipelinesError

_GLANCE_SECONDS = 0.1
"""How often it is looked whether an answer is still wanted: an event has no descriptor that could be waited for."""


_LONGEST_LINE = 1023 if sys.platform == "darwin" else 4094
"""The bytes of a line that a terminal is sure to hand over: what is past them may be lost without a word."""


class LineTooLong(PipelinesError):
    """A line that the terminal may not have handed over whole."""


class Withdrawn(PipelinesError):
    """The question is not asked any more; nobody waits for the answer."""


class Terminal:
    """A terminal: ``read`` and ``write`` are its descriptors."""

    def __init__(self, read: int, write: int) -> None:
        self._read = read
        self._write = write
        self._typed = b""

    def say(self, text: str) -> None:
        """Writes text, whose characters must be safe already. Raises `PipelinesError` when that fails."""
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        rest = memoryview(text.encode(encoding, "backslashreplace"))
        try:
            while rest:
                try:
                    rest = rest[os.write(self._write, rest) :]
                except BlockingIOError:  # the other side of the terminal made it so
                    select.select([], [self._write], [])
        except OSError as error:
            raise PipelinesError(f"the terminal can't be written to: {error.strerror}") from error

    def line(self, cancelled: threading.Event) -> str | None:
        """The next line that is typed, without its end; ``None`` for the end of the input (Ctrl-D).

        Raises `Withdrawn` as soon as ``cancelled`` is set, `LineTooLong`, and `PipelinesError` when the terminal is
        gone.
        """
        while b"\n" not in self._typed:
            data = self._more(cancelled)
            if not data and not self._typed:
                return None
            if not data:  # Ctrl-D after some text, which is a line so
                self._typed += b"\n"
            self._typed += data
        line, _, self._typed = self._typed.partition(b"\n")
        if len(line) > _LONGEST_LINE:
            self.forget()
            raise LineTooLong(f"a line of more than {_LONGEST_LINE} bytes is too long for a terminal")
        return line.decode("utf-8", "replace").removesuffix("\r")

    def _more(self, cancelled: threading.Event) -> bytes:
        try:
            while not cancelled.is_set():
                ready, _, _ = select.select([self._read], [], [], _GLANCE_SECONDS)
                if ready:
                    with contextlib.suppress(BlockingIOError):
                        return os.read(self._read, 65536)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise PipelinesError(f"the terminal can't be read: {why}", hint="nobody is there to ask") from error
        raise Withdrawn("nobody waits for the answer any more")

    def forget(self) -> None:
        """Drops what was typed and not read: it was not meant for what is asked next."""
        import termios

        self._typed = b""
        with contextlib.suppress(termios.error, OSError):  # no terminal, or one that is gone: reading it will tell
            termios.tcflush(self._read, termios.TCIFLUSH)
