"""A person at a terminal: reads what is shown there, and types."""

from __future__ import annotations

import os
import pty
import select


class Person:
    """Sits at the other end of a new terminal, whose own end is the descriptor ``terminal``."""

    def __init__(self) -> None:
        self.descriptor, self.terminal = pty.openpty()
        self.read = ""

    def reads(self, text: str) -> str:
        """What was shown up to ``text``, which is waited for, without what was read before."""
        while text not in self.read:
            ready, _, _ = select.select([self.descriptor], [], [], 60)
            assert ready, f"{text!r} was not shown; there is {self.read!r}"
            self.read += self._more(text)
        before, _, self.read = self.read.partition(text)
        return before + text

    def reads_all(self) -> str:
        """All that is shown until every other process has let go of the terminal."""
        self.lets_go()
        while more := self._more(None):
            self.read += more
        return self.read

    def _more(self, wanted: str | None) -> str:
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:  # how Linux tells that nobody has the other end any more
            data = b""
        assert data or wanted is None, f"{wanted!r} was not shown; the last was {self.read!r}"
        return data.decode().replace("\r\n", "\n")

    def types(self, text: str) -> None:
        """Types; what ends a line is ``\\n``."""
        os.write(self.descriptor, text.encode())

    def leaves(self) -> None:
        """Closes the terminal's window."""
        os.close(self.descriptor)
        self.descriptor = -1

    def lets_go(self) -> None:
        """Closes the terminal's own end here: another process has it."""
        if self.terminal >= 0:
            os.close(self.terminal)
            self.terminal = -1

    def close(self) -> None:
        """Closes what is open."""
        self.lets_go()
        if self.descriptor >= 0:
            self.leaves()
