"""A line of a file with carets below the range that a message is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from datatorch_pipelines._masking import star_credentials
from datatorch_pipelines.diagnostics import Location
from datatorch_pipelines.display.characters import character_width, text_width, visible
from datatorch_pipelines.display.palette import PLAIN, Palette

LineOf = Callable[[Location], str | None]
"""Gives the text of a location's first line, ``None`` when it can't be had."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_TAB_STOP = 4
_WIDTH = 100
_BEFORE = 30
_CUT = "..."


def lines_of(sources: Mapping[str, str]) -> LineOf:
    """Looks lines up in the texts of files; each text is split once, when it is first asked for.

    >>> lines_of({"p.yaml": "name: a\\njobs: {}"})(Location("p.yaml", 2, 1, 2, 5))
    'jobs: {}'
    """
    split: dict[str, Sequence[str]] = {}

    def line_of(location: Location) -> str | None:
        file = location.file
        if file is None or file not in sources:
            return None
        if file not in split:
            split[file] = _LINE_END.split(sources[file])
        lines = split[file]
        return lines[location.line - 1] if 0 < location.line <= len(lines) else None

    return line_of


def snippet(line: str, location: Location, palette: Palette = PLAIN, meaning: str = "error") -> list[str]:
    """The line under its number, and carets below the location's range (to the line's end, if it goes on).

    Tabs become spaces, characters that could mislead their codes, the user and password of a URL stars; of a long line
    only what is around the range shows.

    >>> print("\\n".join(snippet("  stesp: []", Location("p.yaml", 3, 3, 3, 8))))
        3 |   stesp: []
          |   ^^^^^
    """
    start = max(0, min(location.column - 1, len(line)))
    stop = len(line) if location.end_line > location.line else min(location.end_column - 1, len(line))
    cells = _cells(star_credentials(line))
    widths = [text_width(cell) for cell in cells]
    first, last = _window(widths, start)
    head = _CUT if first else ""
    shown = "".join(cells[first:last])
    tail = _CUT if last < len(cells) else ""
    blank = " " * (len(head) + sum(widths[first:start]))
    carets = "^" * max(1, sum(widths[start : min(stop, last)]))
    number = f"{location.line:>5}"
    bar = palette.paint("faint", "|")
    return [
        f"{palette.paint('faint', number)} {bar} {head}{shown}{tail}".rstrip(),
        f"{' ' * len(number)} {bar} {blank}{palette.paint(meaning, carets)}",
    ]


def _cells(line: str) -> list[str]:
    """What each character of the line is printed as."""
    cells: list[str] = []
    column = 0
    for character in line:
        cell = " " * (_TAB_STOP - column % _TAB_STOP) if character == "\t" else visible(character)
        cells.append(cell)
        column += character_width(cell) if len(cell) == 1 else len(cell)
    return cells


def _window(widths: Sequence[int], start: int) -> tuple[int, int]:
    """The characters to show, from and up to: all of them, or `_WIDTH` columns around ``start``."""
    if sum(widths) <= _WIDTH:
        return 0, len(widths)
    first, before = start, 0
    while first > 0 and before + widths[first - 1] <= _BEFORE:
        first -= 1
        before += widths[first]
    if first and sum(widths[:start]) <= _WIDTH // 2:
        first = 0
    last, room = first, _WIDTH
    while last < len(widths) and widths[last] <= room:
        room -= widths[last]
        last += 1
    return first, last
