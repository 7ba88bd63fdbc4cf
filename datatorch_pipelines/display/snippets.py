"""Lines of a file with marks below the range that a message is about."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from attrs import frozen

from datatorch_pipelines._masking import star_credentials
from datatorch_pipelines.diagnostics import Location
from datatorch_pipelines.display.characters import character_width, text_width
from datatorch_pipelines.display.lines import Lines
from datatorch_pipelines.display.palette import PLAIN, Palette

_TAB_STOP = 4
_WIDTH = 100
_BEFORE = 30
_CUT = "..."
_BLOCK = 4096
_KEPT = 64


class Snippets:
    """Shows the lines of files; each text is split once, when it is first asked for.

    >>> snippets = Snippets({"p.yaml": "jobs:\\n  stesp: []"})
    >>> print("\\n".join(snippets.of(Location("p.yaml", 2, 3, 2, 8))))
        2 |   stesp: []
          |   ^^^^^
    """

    def __init__(self, sources: Mapping[str, str], palette: Palette = PLAIN) -> None:
        self._lines = Lines(sources)
        self._palette = palette
        self._parts: dict[tuple[str, int, int], _Part] = {}

    def of(self, location: Location, *, meaning: str = "error", mark: str = "^") -> list[str]:
        """The first line of a range with marks below it, and its last line where that is another one.

        Nothing where the text can't be had or the line is blank.
        """
        lines = self._lines.of(location.file)
        if not 0 < location.line <= len(lines) or not lines[location.line - 1].strip():
            return []
        start = location.column - 1
        last, end = min(location.end_line, len(lines)), location.end_column - 1
        if last > location.line and end == 0:  # up to a line's end
            last, end = last - 1, len(lines[last - 2])
        if last <= location.line:
            stop = end if location.end_line == location.line else len(lines[location.line - 1].rstrip())
            return self._marked(location, location.line, start, stop, meaning, mark)
        shown = self._marked(location, location.line, start, len(lines[location.line - 1].rstrip()), meaning, mark)
        if last > location.line + 1:
            shown.append(_gutter(_CUT, self._palette))
        text = lines[last - 1][:end]
        indent = len(text) - len(text.lstrip())
        return shown + (self._marked(location, last, indent, end, meaning, mark) if text.strip() else [])

    def _marked(self, location: Location, number: int, start: int, stop: int, meaning: str, mark: str) -> list[str]:
        line = self._lines.of(location.file)[number - 1]
        base = _base(min(start, len(line)))
        key = (location.file or "", number, base)
        if key not in self._parts:
            if len(self._parts) >= _KEPT:
                self._parts.clear()
            self._parts[key] = _part(line, base, self._palette)
        return _shown(self._parts[key], number, start, stop, self._palette, meaning, mark)


def snippet(line: str, location: Location, palette: Palette = PLAIN, meaning: str = "error") -> list[str]:
    """The line under its number, and carets below the location's range (to the line's end, if it goes on).

    Tabs become spaces, characters that could mislead or that the stream doesn't have their codes, the user and password
    of a URL stars; of a long line only what is around the range shows.

    >>> print("\\n".join(snippet("  stesp: []", Location("p.yaml", 3, 3, 3, 8))))
        3 |   stesp: []
          |   ^^^^^
    """
    start = location.column - 1
    stop = len(line.rstrip()) if location.end_line > location.line else location.end_column - 1
    part = _part(line, _base(min(start, len(line))), palette)
    return _shown(part, location.line, start, stop, palette, meaning, "^")


@frozen
class _Part:
    """The characters of a line from ``base`` on as they are printed, and the columns before each.

    Of a very long line it is what may be shown around a place (``more`` follows): thousands of messages about one line
    stay quick.
    """

    base: int
    cells: Sequence[str]
    edges: Sequence[int]
    more: bool


def _base(start: int) -> int:
    return max(0, start // _BLOCK - 1) * _BLOCK


def _part(line: str, base: int, palette: Palette) -> _Part:
    text = star_credentials(line[base : base + 3 * _BLOCK])
    cells: list[str] = []
    widths: list[int] = []
    column = 0
    for character in text:
        cell = " " * (_TAB_STOP - column % _TAB_STOP) if character == "\t" else palette.printed(character)
        cells.append(cell)
        widths.append(character_width(cell) if len(cell) == 1 else text_width(cell))
        column += widths[-1]
    return _Part(base, cells, [0, *accumulate(widths)], base + len(text) < len(line))


def _shown(part: _Part, number: int, start: int, stop: int, palette: Palette, meaning: str, mark: str) -> list[str]:
    length = len(part.cells)
    begin = max(0, min(start - part.base, length))
    end = max(begin, min(stop - part.base, length))
    first, last = _window(part, begin)
    head = _CUT if first or part.base else ""
    tail = _CUT if last < length or part.more else ""
    blank = " " * (len(head) + part.edges[begin] - part.edges[first])
    marks = mark * max(1, part.edges[max(begin, min(end, last))] - part.edges[begin])
    return [
        f"{_gutter(str(number), palette)} {head}{''.join(part.cells[first:last])}{tail}".rstrip(),
        f"{_gutter(' ' * len(str(number)), palette)} {blank}{palette.paint(meaning, marks)}",
    ]


def _gutter(number: str, palette: Palette) -> str:
    shown = f"{number:>5}"
    return f"{palette.paint('faint', shown) if shown.strip() else shown} {palette.paint('faint', '|')}"


def _window(part: _Part, start: int) -> tuple[int, int]:
    """The characters to show, from and up to: all of them, or `_WIDTH` columns around ``start``."""
    edges, length = part.edges, len(part.cells)
    if not part.base and not part.more and edges[length] <= _WIDTH:
        return 0, length
    first = bisect_left(edges, edges[start] - _BEFORE, 0, start)
    while first < start and edges[first] == edges[first + 1]:  # no mark without the letter that it stands on
        first += 1
    if not part.base and edges[start] <= _WIDTH // 2:
        first = 0
    return first, bisect_right(edges, edges[first] + _WIDTH) - 1
