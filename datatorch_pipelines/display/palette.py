"""What a stream can show: the few colours of our texts, and which characters it has."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from datatorch_pipelines.display.characters import visible

_CODES: Mapping[str, str] = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "good": "32",
    "faint": "2",
    "strong": "1",
}
_PREFIXES = ("36", "35", "34", "33", "32", "96", "95", "94")


@frozen
class Palette:
    """Colours texts by what they mean, or leaves them as they are; ``encoding`` is that of the stream.

    >>> Palette(colours=True).paint("error", "failed")
    '\\x1b[1;31mfailed\\x1b[0m'
    """

    colours: bool = False
    encoding: str = "utf-8"

    def paint(self, meaning: str, text: str) -> str:
        """The text in the colour of ``meaning``: error, warning, note, good, faint or strong."""
        return self._wrap(_CODES[meaning], text)

    def number(self, index: int, text: str) -> str:
        """The text in the colour of the job with this index; the colours repeat."""
        return self._wrap(_PREFIXES[index % len(_PREFIXES)], text)

    def printed(self, character: str) -> str:
        """A character as it is printed: what could mislead, or what the stream does not have, as its code.

        >>> Palette(encoding="ascii").printed("é")
        '\\\\xe9'
        """
        shown = visible(character)
        return shown if shown.isascii() else shown.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours and text else text


PLAIN = Palette()
"""No colours."""
