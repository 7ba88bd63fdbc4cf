"""From a path in a document to the place in its text, worked out when asked."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from attrs import frozen

from datatorch_pipelines.diagnostics import Location, PathKey
from datatorch_pipelines.syntax.decoding import Decoded, content_start, decode
from datatorch_pipelines.syntax.located import children

_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_LINE_END = re.compile(r"\r\n|\r|\n")


@frozen
class Spot:
    """What stands at a place: the value at ``path``, or the key that leads to it."""

    path: tuple[PathKey, ...]
    is_key: bool


class TextLocator:
    """The `datatorch_pipelines.diagnostics.Locator` of a text that was read: its marks, and no more until asked.

    Two threads may ask at once; what is remembered is only ever worked out anew to the same answer.
    """

    __slots__ = ("_children", "_lines", "_marks", "_names", "_read", "_spans", "_text", "file")

    def __init__(
        self, file: str, text: str, marks: array[int], read: str | None = None, names: Mapping[str, str] = _NO_NAMES
    ) -> None:
        self.file = file
        self._read = text
        self._text = text if read is None else read  # what the marks belong to: as long, and of the same lines
        self._marks = marks
        self._names = dict(names)  # what keys mean that are not written out in that text
        self._lines: list[int] | None = None
        self._spans: list[tuple[int, int, int]] | None = None
        self._children: dict[int, dict[PathKey, tuple[int, int]]] = {}

    def __reduce__(self) -> tuple[object, ...]:
        return (TextLocator, (self.file, self._read, self._marks, self._text, self._names))

    def __repr__(self) -> str:
        return f"TextLocator({self.file!r})"

    @property
    def text(self) -> str:
        """The text that was read."""
        return self._read

    @property
    def line_count(self) -> int:
        """How many lines the text has; what follows the last line end is one."""
        return len(self._line_starts())

    def value(self, path: Sequence[PathKey], start: int | None = None, end: int | None = None) -> Location:
        """The range of the value at ``path``; with ``start`` and ``end``, of those characters of the decoded scalar."""
        if not self._marks:
            return self.span(0, 0)
        mark, found = self._find(path)
        if found and (start is not None or end is not None) and self._marks[mark + 2] <= 0:
            decoded = self._decoded(path, self._target(mark))
            first = 0 if start is None else start
            return self.span(*decoded.span(first, len(decoded.starts) if end is None else end))
        return self.span(*self._bounds(mark))

    def key(self, path: Sequence[PathKey]) -> Location:
        """The range of the key at ``path`` (of the item itself in a sequence)."""
        if not self._marks or not path:
            return self.value(path)
        parent, found = self._find(path[:-1])
        child = self._index(parent).get(path[-1]) if found else None
        if child is None:
            return self.value(path)
        return self.span(*self._bounds(child[0]))

    def line_text(self, line: int) -> str:
        """The text of a line (from 1) without its line end; empty past the last one."""
        lines = self._line_starts()
        if not 1 <= line <= len(lines):
            return ""
        stop = lines[line] if line < len(lines) else len(self._read)
        return self._read[lines[line - 1] : stop].rstrip("\r\n")

    def span(self, start: int, end: int) -> Location:
        """The range of the text's characters ``start`` to ``end`` (offsets)."""
        line, column = self._place(start)
        end_line, end_column = self._place(max(start, end))
        return Location(self.file, line, column, end_line, end_column)

    def is_there(self, path: Sequence[PathKey]) -> bool:
        """Whether the document has something at ``path``."""
        return self._find(path)[1]

    def in_scalar(self, offset: int) -> bool:
        """Whether the character at an offset of the text belongs to a scalar's own text, its quotes included.

        What stands on the first line of a block scalar, behind its ``|`` or ``>``, does not. Where reading passed over
        a part of the text, it may: then the answer is yes.
        """
        if self._text[offset : offset + 1] != self._read[offset : offset + 1]:
            return True
        scalars = self._scalar_spans()
        at = bisect_right(scalars, offset, key=lambda span: span[1]) - 1
        return at >= 0 and offset < scalars[at][2]

    def scalar_lines(self, line: int, column: int) -> tuple[int, int]:
        """The first and the last line of the scalar that a place (both from 1) is in; else its own line, twice."""
        lines = self._line_starts()
        offset = lines[min(line, len(lines)) - 1] + column - 1
        spans = self._scalar_spans()
        at = bisect_right(spans, offset, key=lambda span: span[0]) - 1
        if at < 0 or offset >= spans[at][2]:
            return line, line
        return self._place(spans[at][0])[0], self._place(spans[at][2])[0]

    def _scalar_spans(self) -> list[tuple[int, int, int]]:
        """Of each scalar that is not empty, in the order of the text: its begin, that of its own text, and its end."""
        if self._spans is None:
            self._spans = [self._scalar_span(mark) for mark in range(0, len(self._marks), 3) if self._is_written(mark)]
        return self._spans

    def _is_written(self, mark: int) -> bool:
        start, end = self._bounds(mark) if self._marks[mark + 2] == 0 else (0, 0)
        return start < end

    def _scalar_span(self, mark: int) -> tuple[int, int, int]:
        begin, end = self._bounds(mark)
        if self._text[begin] not in "|>":
            return begin, begin, end
        header = _LINE_END.search(self._text, begin, end)
        return begin, header.end() if header else end, end

    def is_empty(self, path: Sequence[PathKey]) -> bool:
        """Whether nothing is written where the value at ``path`` would be."""
        mark, found = self._find(path)
        start, end = self._bounds(mark)
        return found and start == end

    def path_at(self, line: int, column: int) -> Spot:
        """The innermost key or value at a place (both from 1); just behind its last character is still at it."""
        starts = self._line_starts()
        number = max(1, min(line, len(starts)))
        offset = starts[number - 1] + max(column, 1) - 1
        path: tuple[PathKey, ...] = ()
        mark = 0
        while self._marks and self._marks[mark + 2] >= 0:
            child = None
            for key, marks in self._index(mark).items():
                if self._marks[marks[0]] > offset:
                    break
                child = key, marks
            if child is None:
                break
            key, (key_mark, value_mark) = child
            if key_mark != value_mark and offset <= self._bounds(key_mark)[1]:
                return Spot((*path, key), is_key=True)
            begin, end = self._bounds(value_mark)
            if not (min(begin, self._marks[value_mark]) <= offset <= end):
                break
            path, mark = (*path, key), value_mark
        return Spot(path, is_key=False)

    def character_at(self, path: Sequence[PathKey], line: int, column: int) -> int | None:
        """Which character of the scalar at ``path`` stands at a place (from 0); its length behind the last one.

        ``None`` for what is no scalar and for a place where it has no character, such as its indentation.
        """
        mark, found = self._find(path)
        if not found or not self._marks or self._marks[mark + 2] > 0:
            return None
        offset = self._line_starts()[line - 1] + column - 1
        decoded = self._decoded(path, self._target(mark))
        index = bisect_right(decoded.starts, offset) - 1
        if index < 0:
            return None
        if offset < decoded.ends[index]:
            return index
        return index + 1 if offset == decoded.ends[index] else None

    def open_at(self, offset: int) -> frozenset[tuple[PathKey, ...]]:
        """The paths of everything that what stands at an offset may be a part of: what was begun last before it."""
        found: list[tuple[PathKey, ...]] = [()]
        mark, path = 0, ()  # type: int, tuple[PathKey, ...]
        while self._marks and self._marks[mark + 2] >= 0:  # an alias may stand inside what it names
            before = [(key, value) for key, (start, value) in self._index(mark).items() if self._marks[start] < offset]
            if not before:
                break
            key, mark = before[-1]
            path = (*path, key)
            found.append(path)
        return frozenset(found)

    def _place(self, offset: int) -> tuple[int, int]:
        lines = self._line_starts()
        line = bisect_right(lines, offset)
        return line, offset - lines[line - 1] + 1

    def _line_starts(self) -> list[int]:
        if self._lines is None:
            self._lines = [0, *(found.end() for found in _LINE_END.finditer(self._text))]
        return self._lines

    def _target(self, mark: int) -> int:
        """The mark of what an alias names; any other mark is itself."""
        link = self._marks[mark + 2]
        return -1 - link if link < 0 else mark

    def _find(self, path: Sequence[PathKey]) -> tuple[int, bool]:
        """The mark of the nearest part on the way to ``path``, and whether it is the whole way."""
        mark = 0
        for key in path:
            child = self._index(mark).get(key)
            if child is None:
                return mark, False
            mark = child[1]
        return mark, True

    def _index(self, mark: int) -> dict[PathKey, tuple[int, int]]:
        """Keys to the marks of key and value; positions to an item's mark twice."""
        mark = self._target(mark)
        known = self._children.get(mark)
        if known is not None:
            return known
        index: dict[PathKey, tuple[int, int]] = {}
        if self._marks[mark + 2] > 0:
            inside = list(children(self._marks, mark, self._marks[mark + 2]))
            if self._is_sequence(mark):
                index = {number: (item, item) for number, item in enumerate(inside)}
            else:
                for key, value in zip(inside[::2], inside[1::2], strict=False):
                    if self._marks[key + 2] <= 0:
                        text = self._decoded((), self._target(key)).text
                        index.setdefault(self._names.get(text, text), (key, value))
        self._children[mark] = index
        return index

    def _is_sequence(self, mark: int) -> bool:
        start = content_start(self._text, self._marks[mark], len(self._text))
        if self._text.startswith("[", start):
            # `[a]: b` is a mapping whose first key starts where it does itself, and no such document is ever used.
            return True
        return self._text.startswith("-", start) and self._text[start + 1 : start + 2] in ("", " ", "\t", "\r", "\n")

    def _bounds(self, mark: int) -> tuple[int, int]:
        """Where a node's own text begins and ends: no anchor, no tag, no line ends behind it."""
        start, end, link = self._marks[mark : mark + 3]
        if link < 0:
            return start, end
        begin = content_start(self._text, start, end)
        if link > 0:
            if self._text.startswith(("[", "{"), begin):
                return begin, end
            inside = list(children(self._marks, mark, link))
            return begin, max(begin, self._bounds(inside[-1])[1] if inside else begin)
        if begin < end and self._text[begin] in "|>":
            decoded = decode(self._text, start, end, lambda: 0)
            return begin, max(decoded.content_end, begin + 1)
        return min(begin, end), end

    def _decoded(self, path: Sequence[PathKey], mark: int) -> Decoded:
        return decode(self._text, self._marks[mark], self._marks[mark + 1], lambda: self._indent(mark))

    def _indent(self, scalar: int) -> int:
        """The indentation of the block collection that a scalar is an item of; -1 for the root itself."""
        parent, mark = -1, 0
        while mark < scalar:
            link = self._marks[mark + 2]
            if link > scalar:
                parent, mark = mark, mark + 3
            else:
                mark = link if link > 0 else mark + 3
        if parent < 0:
            return -1
        if self._is_sequence(parent):
            start = content_start(self._text, self._marks[parent], len(self._text))
        else:
            start = self._marks[parent + 3]
            # An explicit key: its `?` stands where the mapping is indented.
            begin = self._line_starts()[self._place(start)[0] - 1]
            if self._text[begin:start].rstrip(" ").endswith("?"):
                start = begin + self._text[begin:start].rindex("?")
        return self._place(start)[1] - 1
