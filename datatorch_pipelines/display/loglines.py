"""Bytes that come in chunks, as whole lines that a terminal may show."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.display.characters import log_line

LONGEST_LINE = 64 * 1024
"""How many bytes of one line are shown; all of them are in the log."""


class LineReader:
    """Cuts one stream of a step into lines; what has no end yet waits for the next chunk."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours
        self._partial = b""
        self._dropped = 0

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that this chunk ends, cleaned."""
        *whole, rest = data.split(b"\n")
        for line in whole:
            if self._partial or len(line) > LONGEST_LINE:
                self._extend(line)
                yield self._line()
            else:
                yield log_line(line.decode("utf-8", "replace"), colours=self._colours)
        self._extend(rest)

    def close(self) -> Iterator[str]:
        """The last line, where it has no end."""
        if self._partial:
            yield self._line()

    def _extend(self, data: bytes) -> None:
        joined = self._partial + data if self._partial else data
        if len(joined) > LONGEST_LINE:
            # A progress bar is one endless line: only its last state is wanted.
            state = joined.rfind(b"\r", 0, len(joined) - 1) + 1
            if state:
                joined, self._dropped = joined[state:], 0
            self._dropped += max(0, len(joined) - LONGEST_LINE)
            joined = joined[:LONGEST_LINE]
        self._partial = joined

    def _line(self) -> str:
        text = log_line(self._partial.decode("utf-8", "replace"), colours=self._colours)
        more = f" ... ({self._dropped} more bytes are in the log)" if self._dropped else ""
        self._partial, self._dropped = b"", 0
        return text + more
