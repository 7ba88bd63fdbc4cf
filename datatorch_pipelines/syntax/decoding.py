"""A scalar's characters and where each stands in the text: the parser's rules once more, with offsets.

Only diagnostics need this, so that reading stays fast. The rules are those of YAML 1.2.2, chapters 7.3 and 8.1; a JSON
string is a double-quoted scalar.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from attrs import field, frozen

_PROPERTIES = re.compile(r"(?:[&!][^\s]*(?:[ \t]|\r\n|\r|\n|(?<=\s)#[^\r\n]*)*)*")
_BREAK = re.compile(r"\r\n|\r|\n")
_BLANKS = re.compile(r"[ \t]*")
_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_CODES = {"x": 2, "u": 4, "U": 8}
_DIGITS = {kind: re.compile(rf"[0-9a-fA-F]{{{count}}}") for kind, count in _CODES.items()}
"""What an escape must have; a string that has none is told of as such, and its places are asked for all the same."""


@frozen
class Decoded:
    """A scalar's characters, each with the offsets of its text: ``[starts[i], ends[i])``.

    ``content_start`` and ``content_end`` bound the scalar in the text without anchor, tag and trailing line ends.
    """

    text: str
    starts: list[int]
    ends: list[int]
    content_start: int
    content_end: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The offsets of the text that the characters ``start`` to ``end`` stand for."""
        count = len(self.starts)
        start, end = max(0, min(start, count)), max(0, min(end, count))
        if count == 0:
            return self.content_start, self.content_start
        first = self.starts[start] if start < count else self.ends[-1]
        return (first, first) if end <= start else (first, self.ends[end - 1])


@frozen
class _Sink:
    """Collects decoded characters."""

    chars: list[str] = field(factory=list)
    starts: list[int] = field(factory=list)
    ends: list[int] = field(factory=list)

    def add(self, char: str, start: int, end: int) -> None:
        self.chars.append(char)
        self.starts.append(start)
        self.ends.append(end)

    def run(self, text: str, start: int, end: int) -> None:
        self.chars.extend(text[start:end])
        self.starts.extend(range(start, end))
        self.ends.extend(range(start + 1, end + 1))

    def done(self, start: int, end: int) -> Decoded:
        return Decoded("".join(self.chars), self.starts, self.ends, start, end)


def content_start(text: str, start: int, end: int) -> int:
    """Where a node begins behind its anchor and tag."""
    if start < end and text[start] in "&!":
        found = _PROPERTIES.match(text, start, end)
        return found.end() if found else start
    return start


def decode(text: str, start: int, end: int, parent_indent: Callable[[], int]) -> Decoded:
    """The scalar that stands at ``text[start:end]``.

    ``parent_indent`` is asked only for a block scalar that gives its indentation as a number.
    """
    begin = content_start(text, start, end)
    if begin >= end:
        return Decoded("", [], [], begin, begin)
    first = text[begin]
    if first == '"':
        return _double(text, begin, end)
    if first == "'":
        return _flow(text, begin, end, begin + 1, end - 1, quote=True)
    if first in "|>":
        return _block(text, begin, end, parent_indent)
    return _flow(text, begin, end, begin, end, quote=False)


def _fold(text: str, position: int, end: int, sink: _Sink, *, escaped: bool = False) -> int:
    """Passes line ends from ``position`` on, with the blanks around them, as flow scalars fold them."""
    breaks: list[tuple[int, int]] = []
    while found := _BREAK.match(text, position, end):
        breaks.append(found.span())
        position = _blanks(text, found.end(), end)
    if escaped:
        kept = breaks[1:]
    elif len(breaks) == 1:
        sink.add(" ", *breaks[0])
        kept = []
    else:
        kept = breaks[1:]
    for span in kept:
        sink.add("\n", *span)
    return position


def _blanks(text: str, position: int, end: int) -> int:
    found = _BLANKS.match(text, position, end)
    return found.end() if found else position


def _flow(text: str, begin: int, end: int, position: int, stop: int, *, quote: bool) -> Decoded:
    """A plain or single-quoted scalar."""
    sink = _Sink()
    special = re.compile(r"'|[ \t]*[\r\n]" if quote else r"[ \t]*[\r\n]")
    while position < stop:
        found = special.search(text, position, stop)
        upto = found.start() if found else stop
        sink.run(text, position, upto)
        if found is None:
            break
        if found.group() == "'":
            sink.add("'", upto, upto + 2)
            position = upto + 2
        else:
            position = _fold(text, found.end() - 1, stop, sink)
    return sink.done(begin, end)


_DOUBLE = re.compile(r"\\|[ \t]*[\r\n]")


def _double(text: str, begin: int, end: int) -> Decoded:
    """A double-quoted scalar, or a JSON string."""
    sink = _Sink()
    position, stop = begin + 1, end - 1
    while position < stop:
        found = _DOUBLE.search(text, position, stop)
        upto = found.start() if found else stop
        sink.run(text, position, upto)
        if found is None:
            break
        if found.group() != "\\":
            position = _fold(text, found.end() - 1, stop, sink)
            continue
        kind = text[upto + 1]
        if kind in "\r\n":
            position = _fold(text, upto + 1, stop, sink, escaped=True)
        elif kind in _CODES and (digits := _DIGITS[kind].match(text, upto + 2, stop)):
            position = digits.end()
            code = min(int(digits.group(), 16), 0x10FFFF)
            if 0xDC00 <= code < 0xE000 and sink.chars and "\ud800" <= sink.chars[-1] < "\udc00":
                high = ord(sink.chars[-1])
                sink.chars[-1] = chr(0x10000 + ((high - 0xD800) << 10) + code - 0xDC00)
                sink.ends[-1] = position
            else:
                sink.add(chr(code), upto, position)
        else:
            position = upto + 2
            sink.add(_ESCAPES.get(kind, kind), upto, position)
    return sink.done(begin, end)


_HEADER = re.compile(r"[|>]([0-9+-]*)[^\r\n]*(?:\r\n|\r|\n|$)")
_LINE = re.compile(r"( *)([^\r\n]*)(\r\n|\r|\n|$)")


def _block(text: str, begin: int, end: int, parent_indent: Callable[[], int]) -> Decoded:
    """A literal or folded scalar."""
    header = _HEADER.match(text, begin, end)
    indicators = header.group(1) if header else ""
    position = header.end() if header else end
    content_end = header.start() + len(header.group().rstrip()) if header else end
    digits = indicators.strip("+-")
    indent = max(parent_indent(), 0) + int(digits) if digits else _detected(text, position, end)
    sink = _Sink()
    literal = text[begin] == "|"
    held: tuple[int, int] | None = None  # the line end after the last line of content
    empty: list[tuple[int, int]] = []  # line ends of the empty lines since
    blank_before = False
    while position < end:
        line = _LINE.match(text, position, end)
        if line is None:
            break
        line_end = line.end(2)
        if line.group(2) == "" and len(line.group(1)) <= indent:
            if line.group(3):
                empty.append(line.span(3))
            position = line.end()
            continue
        if len(line.group(1)) < indent:
            break
        start = position + indent
        blank = text[start] in " \t"
        if held is not None:
            if literal or blank_before or blank:
                sink.add("\n", *held)
            elif not empty:
                sink.add(" ", *held)
        for span in empty:
            sink.add("\n", *span)
        sink.run(text, start, line_end)
        content_end, blank_before, empty = line_end, blank, []
        held = line.span(3) if line.group(3) else None
        position = line.end()
    if "-" not in indicators:
        if held is not None:
            sink.add("\n", *held)
        if "+" in indicators:
            for span in empty:
                sink.add("\n", *span)
    return sink.done(begin, content_end)


def _detected(text: str, position: int, end: int) -> int:
    """The indentation of a block scalar that doesn't give it: that of its first line with content."""
    deepest = 0
    while position < end:
        line = _LINE.match(text, position, end)
        if line is None or line.end() == position:
            break
        if line.group(2):
            return len(line.group(1))
        deepest = max(deepest, len(line.group(1)))
        position = line.end()
    return deepest
