"""Which lines of a YAML text can't be kept when one of them can't be read, and what stands in for them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from attrs import evolve, frozen

from datatorch_pipelines.syntax.yaml_errors import CONFLICT

_LINE_END = re.compile(r"\r\n|\r|\n")
_ROW = re.compile(r"[^\r\n]*")
_WHOLE = re.compile(r"[^\s#][^#]*?:[ \t]+(?![|>&!\[{]|#)\S")
"""A key with a value that ends on its line, as far as the line can tell."""
_KEY = re.compile(r"[^\s#][^#]*?:(?:[ \t]|$)|-(?: |$)")
_WORD = re.compile(r"([A-Za-z_$][\w-]+)[ \t]*(?:#.*)?")
_BARE = re.compile(r"[A-Za-z_$][\w-]*[ \t]*(?:#.*)?")
_CLOSING = re.compile(r"[\]}][\]},]*[ \t]*(?:#.*)?")


@frozen
class Substitute:
    """A text as long as the one that could not be read, in which the characters ``start`` to ``end`` are blank.

    ``mark`` is the character that stands for them as a key or an item, where one does. With ``name`` nothing is lost:
    the mark is a key of that name, whose colon was missing.
    """

    text: str
    start: int
    end: int
    mark: str | None = None
    name: str | None = None


class Lines:
    """The lines of a text, and how far each is indented."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def at(self, offset: int) -> int:
        """The number of the line (from 0) that holds an offset."""
        return bisect_right(self.starts, offset) - 1

    def row(self, line: int) -> str:
        """A line without its end."""
        found = _ROW.match(self.text, self.starts[line])
        return found.group() if found else ""

    def __len__(self) -> int:
        return len(self.starts)

    def is_blank(self, line: int) -> bool:
        """Whether a line has no content."""
        content = self.row(line).lstrip(" \t")
        return not content or content.startswith("#")

    def indent(self, line: int) -> int:
        """The spaces that a line begins with."""
        row = self.row(line)
        return len(row) - len(row.lstrip(" "))

    def has_tab(self, line: int) -> bool:
        """Whether there is a tab among the blanks that a line begins with."""
        row = self.row(line)
        return "\t" in row[: len(row) - len(row.lstrip(" \t"))]

    def columns(self, line: int) -> list[int]:
        """Where the dashes of a line stand, and the content behind them."""
        row = self.row(line)
        at = self.indent(line)
        found = [at]
        while row[at : at + 2] in ("- ", "-"):
            at += len(row[at:]) - len(row[at + 1 :].lstrip(" "))
            found.append(at)
        return found


def substitutes(text: str, root: int, mark: str) -> Iterator[Substitute]:
    """What to read instead of a text that can't be read at ``root``: the best first, the last one ends there."""
    lines = Lines(text)
    first = lines.at(root)
    yield from _one_version(lines, first)
    columns = lines.columns(first)
    kept = [column for column in columns if lines.starts[first] + column <= root]
    column = kept[-1] if kept else columns[0]
    if lines.has_tab(first):
        yield _blank(lines, first, 0, _last_with_tabs(lines, first))
    else:
        levels = _levels(lines, first)
        odd = column == columns[0] and bool(levels) and column not in levels and not _begins(lines, first, levels)
        yield from _with_colon(lines, first, column, mark)
        last = _last_odd(lines, first, levels) if odd else _last(lines, first, column)
        if not odd:
            yield from _marked(lines, first, column, last, mark)
        yield _blank(lines, first, column, last)
    yield _blank(lines, first, 0, len(lines) - 1)


def _blank(lines: Lines, first: int, column: int, last: int, stand_in: str = "", mark: str | None = None) -> Substitute:
    text, start = lines.text, lines.starts[first] + column
    end = lines.starts[last + 1] if last + 1 < len(lines) else len(text)
    inside = stand_in + re.sub(r"[^\r\n]", " ", text[start + len(stand_in) : end])
    return Substitute(text[:start] + inside + text[end:], start, end, mark)


def _one_version(lines: Lines, first: int) -> Iterator[Substitute]:
    """Without the second version in a merge conflict, and without any."""
    if not lines.row(first).startswith(CONFLICT):
        return
    middle = next((number for number in range(first, len(lines)) if lines.row(number) == "======="), None)
    last = next(
        (number for number in range(middle or first, len(lines)) if lines.row(number).startswith(">>>>>>>")), None
    )
    if middle is None or last is None:
        return
    head = _blank(lines, first, 0, first)
    yield evolve(_blank(Lines(head.text), middle, 0, last), start=head.start)
    yield _blank(lines, first, 0, last)


def _begins(lines: Lines, first: int, levels: list[int]) -> bool:
    """Whether a line is the first of what the line above holds."""
    above = next(number for number in range(first - 1, -1, -1) if not lines.is_blank(number))
    opens = lines.row(above).partition(" #")[0].rstrip().endswith((":", "-"))
    return opens and lines.indent(first) > levels[0]


def _with_colon(lines: Lines, first: int, column: int, mark: str) -> Iterator[Substitute]:
    """With a colon behind a word that is alone on its line and has lines below it."""
    word = _WORD.fullmatch(lines.row(first)[column:])
    below = next((number for number in range(first + 1, len(lines)) if not lines.is_blank(number)), None)
    if word is None or below is None or lines.indent(below) < column:
        return
    if lines.indent(below) == column and len(lines.columns(below)) == 1:
        return
    blank = _blank(lines, first, column, first, f"{mark}:", mark)
    yield evolve(blank, name=word.group(1))


def _marked(lines: Lines, first: int, column: int, last: int, mark: str) -> Iterator[Substitute]:
    """With a key or an item in place of what can't be read, whatever its neighbours are."""
    room = len(lines.row(first)) - column
    kinds = [f"{mark}:", f"- {mark}"]
    if column == lines.indent(first) and _among_items(lines, first, last, column):
        kinds.reverse()
    for kind in kinds:
        if len(kind) <= room:
            yield _blank(lines, first, column, last, kind, mark)


def _among_items(lines: Lines, first: int, last: int, column: int) -> bool:
    """Whether the lines before or behind that are indented alike are items of a list."""
    for numbers in (range(first - 1, -1, -1), range(last + 1, len(lines))):
        for number in numbers:
            if lines.is_blank(number) or lines.indent(number) > column:
                continue
            if lines.indent(number) == column and len(lines.columns(number)) > 1:
                return True
            break
    return False


def _last(lines: Lines, first: int, column: int) -> int:
    """The last line of what begins on a line: those indented deeper, more text, and a bracket that closes it."""
    last = first
    is_text = _KEY.match(lines.row(first)[column:]) is None and column == lines.indent(first)
    for number in range(first + 1, len(lines)):
        if lines.is_blank(number):
            continue
        if lines.indent(number) > column or (lines.has_tab(number) and last == number - 1):
            last = number
            continue
        if is_text and lines.indent(number) == column and not _may_be_key(lines, number, column):
            last = number
            continue
        if _CLOSING.fullmatch(lines.row(number).strip()):
            last = number
        break
    return last


def _may_be_key(lines: Lines, number: int, column: int) -> bool:
    """Whether a line begins with a key or a dash, or with a word that has lines below it."""
    row = lines.row(number)[column:]
    below = next((other for other in range(number + 1, len(lines)) if not lines.is_blank(other)), None)
    holds = below is not None and lines.indent(below) > column
    return _KEY.match(row) is not None or (holds and _BARE.fullmatch(row) is not None)


def _last_odd(lines: Lines, first: int, levels: list[int]) -> int:
    """The last line of what begins on a line that is indented like none above it."""
    column = lines.indent(first)
    whole = _WHOLE.match(lines.row(first).lstrip(" ")) is not None
    last, inner = first, None
    for number in range(first + 1, len(lines)):
        if lines.is_blank(number):
            continue
        indent = lines.indent(number)
        if indent == column:
            last, inner = number, None
            whole = _WHOLE.match(lines.row(number).lstrip(" ")) is not None
        elif indent < column or (whole and indent in levels):
            break
        elif inner is None or indent >= inner:
            inner = indent if inner is None else inner
            last = number
        else:
            break
    return last


def _last_with_tabs(lines: Lines, first: int) -> int:
    """The last line of a run of lines that tabs indent, and of what the last of them holds."""
    above = next((number for number in range(first - 1, -1, -1) if not lines.is_blank(number)), None)
    column = lines.columns(above)[-1] if above is not None and not lines.has_tab(above) else 0
    last = first
    for number in range(first + 1, len(lines)):
        if lines.is_blank(number):
            continue
        holds = lines.row(last).partition("#")[0].rstrip().endswith((":", "|", ">", "-"))
        if lines.has_tab(number) or (lines.indent(number) > column and (holds or not lines.has_tab(last))):
            last = number
        else:
            break
    return last


def _levels(lines: Lines, first: int) -> list[int]:
    """The columns at which a collection is open before a line, deepest first."""
    levels: list[int] = []
    lowest: int | None = None
    for number in range(first - 1, -1, -1):
        if lines.is_blank(number) or lines.has_tab(number):
            continue
        for column in reversed(lines.columns(number)):
            if lowest is None or column < lowest:
                levels.append(column)
                lowest = column
        if lowest == 0:
            break
    return levels
