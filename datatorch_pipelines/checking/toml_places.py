"""Where the keys and values of a TOML text stand: ``tomllib`` gives the data without places.

It reads texts that ``tomllib`` has read already, so that nothing here has to be refused.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from datatorch_pipelines.diagnostics import PathKey

Path = tuple[PathKey, ...]
Span = tuple[int, int]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_KEY = re.compile(r'[ \t]*(?P<key>[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\')[ \t]*(?P<dot>\.?)')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_PLAIN = re.compile(r"[^,\]}#\n]*[^,\]}#\s]")


def toml_places(text: str) -> Mapping[Path, Span]:
    """The span of characters of each key, by its path, and of each item of an array.

    >>> toml_places('[check]\\nignore = ["DT401"]')[("check", "ignore", 0)]
    (18, 25)
    """
    reader = _Reader(text)
    reader.document()
    return reader.places


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.places: dict[Path, Span] = {}
        self.at = 0

    def document(self) -> None:
        table: Path = ()
        counts: dict[Path, int] = {}
        while self._blank() < len(self.text):
            if self.text.startswith("[", self.at):
                several = self.text.startswith("[[", self.at)
                self.at += 2 if several else 1
                table = self._key(())
                if several:
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, counts[table])
                self.at = self.text.index("]", self.at) + (2 if several else 1)
            else:
                self._pair(table)

    def _pair(self, table: Path) -> None:
        path = self._key(table)
        self.at = self.text.index("=", self.at) + 1
        self._value(path)

    def _key(self, table: Path) -> Path:
        """Passes a key, dotted or not, and gives its path; each part of it is noted."""
        path = table
        while (found := _KEY.match(self.text, self.at)) is not None:
            written = found["key"]
            name = next(iter(tomllib.loads(f"{written} = 0"))) if written[0] in "\"'" else written
            path = (*path, name)
            self.places.setdefault(path, found.span("key"))
            self.at = found.end()
            if not found["dot"]:
                break
        return path

    def _value(self, path: Path) -> None:
        self._blank()
        first = self.text[self.at : self.at + 1]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            found = (_STRING if first in "\"'" else _PLAIN).match(self.text, self.at)
            self.at = found.end() if found else self.at + 1

    def _array(self, path: Path) -> None:
        self.at += 1
        number = 0
        while self._blank() < len(self.text) and not self.text.startswith("]", self.at):
            start = self.at
            self._value((*path, number))
            self.places[(*path, number)] = (start, self.at)
            number += 1
            self._comma()
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self._blank() < len(self.text) and not self.text.startswith("}", self.at):
            self._pair(path)
            self._comma()
        self.at += 1

    def _comma(self) -> None:
        self._blank()
        if self.text.startswith(",", self.at):
            self.at += 1

    def _blank(self) -> int:
        """Passes blanks, line ends and comments; gives where it stands then."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at
