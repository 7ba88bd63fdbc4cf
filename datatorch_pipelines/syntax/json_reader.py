"""JSON text to plain data and marks, strictly as RFC 8259 has it.

What can only be meant in one way is told and read on: a comma too many, a comment, a word or a text in other quotes.
Anything else ends the reading; what stands before it is kept, every container being closed there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping

from attrs import define

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import PathKey
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.syntax import json_errors
from datatorch_pipelines.syntax.json_errors import WORD
from datatorch_pipelines.syntax.located import (
    MAX_PROBLEMS,
    STRIDE,
    Gap,
    Keys,
    Located,
    Problem,
    StopReading,
    new_marks,
    too_many_problems,
)
from datatorch_pipelines.syntax.names import shown
from datatorch_pipelines.syntax.scalars import MAX_DIGITS

_DEEPEST = 200
_MAX_ERRORS = 20
"""How many syntax errors of a text are told."""
_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_LOOSE_STRING = re.compile(r'"(?:[^"\\\r\n]|\\[^\r\n])*"')
_SINGLE_QUOTED = re.compile(r"'([^'\\\r\n]*)'")
_COMMENT = re.compile(r"(?://|#)[^\r\n]*|/\*.*?\*/", re.DOTALL)
_REST_OF_LINE = re.compile(r"[^\r\n\[\]{}]*?(?=,?[ \t]*(?:[\r\n]|\Z))")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![0-9a-zA-Z_.])")
_LONE = re.compile("[\ud800-\udfff]")
_CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "null": None}
_MEANT: Mapping[str, object] = {"True": True, "False": False, "None": None, "undefined": None}
"""What the words of other languages stand for."""


def read_json(text: str, limits: Limits) -> Located:
    """The data and marks of a JSON text; what is wrong with it is in ``problems``."""
    reader = _Reader(text, limits)
    try:
        data = reader.document()
    except StopReading as stop:
        problems = [*reader.problems, stop.problem]
        if stop.problem.code != Code.INVALID_SYNTAX or not reader.open:
            return Located(None, new_marks(reader.marks), problems, complete=False)
        data = reader.closed(stop.problem.start)
        return Located(data, new_marks(reader.marks), problems, gaps=reader.gaps)
    return Located(data, new_marks(reader.marks), reader.problems, gaps=reader.gaps)


@define
class _Open:
    """A container whose end was not reached; ``key`` is that of the member that is being read, at ``key_mark``."""

    data: dict[str, object] | list[object]
    mark: int
    key: str | None = None
    key_mark: int = 0


class _Reader:
    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.max_depth = min(limits.max_depth, _DEEPEST)
        self.max_nodes = limits.max_nodes
        self.marks: list[int] = []
        self.problems: list[Problem] = []
        self.open: list[_Open] = []
        self.gaps: list[Gap] = []
        self.errors = 0

    def document(self) -> object:
        """The one value of the text."""
        start = self._space(0)
        if start == len(self.text):
            raise StopReading(Problem(Code.EMPTY, "the file is empty", 0, 0))
        data, end = self._value(start, 1)
        end = self._space(end)
        if end < len(self.text):
            hint = "a JSON file holds one value"
            self._say(json_errors.syntax("text follows the end of the document", end, end + 1, hint))
        return data

    def closed(self, at: int) -> object:
        """The document as far as it was read, where reading ended at an offset."""
        paths = [self._path(depth) for depth in range(len(self.open))]
        self.gaps.append(Gap(at, len(self.text), frozenset(paths)))
        at = max(at, *self.marks[1::STRIDE])  # what is never closed is told where it begins
        innermost = self.open[-1]
        if innermost.key is not None:
            del self.marks[innermost.key_mark :]
        child: object = None
        for depth in range(len(self.open) - 1, -1, -1):
            container = self.open[depth]
            if depth < len(self.open) - 1:
                if isinstance(container.data, list):
                    container.data.append(child)
                else:
                    container.data.setdefault(str(container.key), child)
            self.marks[container.mark + 1] = max(at, self.marks[container.mark] + 1)
            self.marks[container.mark + 2] = len(self.marks)
            child = container.data
        return child

    def _path(self, depth: int) -> Keys:
        """Where the container is that is open at a depth."""
        above: Iterable[PathKey] = (
            len(container.data) if isinstance(container.data, list) else str(container.key)
            for container in self.open[:depth]
        )
        return tuple(above)

    def _unknown(self, start: int, end: int) -> None:
        """Notes that the value that is read now can't be known."""
        path = self._path(len(self.open))
        self.gaps.append(Gap(start, end, frozenset({path})))

    def _value(self, start: int, depth: int) -> tuple[object, int]:
        """The value that begins at ``start``, and the offset behind it."""
        first = self.text[start : start + 1]
        if first == '"':
            return self._string(start)
        if first == "{":
            return self._container(start, depth, "}")
        if first == "[":
            return self._container(start, depth, "]")
        return self._scalar(start)

    def _container(self, start: int, depth: int, closing: str) -> tuple[object, int]:
        if depth > self.max_depth:
            message = f"nested more than {self.max_depth} levels deep"
            raise StopReading(Problem(Code.OVER_LIMIT, message, start, start + 1, "nest it less"))
        marks = self.marks
        here = len(marks)
        if here // STRIDE > self.max_nodes:
            message = f"the document holds more than {self.max_nodes} values"
            raise StopReading(Problem(Code.OVER_LIMIT, message, start, start + 1, "split it into several files"))
        marks.extend((start, start, here))
        data: dict[str, object] | list[object]
        if closing == "}":
            data = {}
            self.open.append(_Open(data, here))
            end = self._object(data, start, depth + 1)
        else:
            data = []
            self.open.append(_Open(data, here))
            end = self._array(data, start, depth + 1)
        self.open.pop()
        marks[here + 1] = end
        marks[here + 2] = len(marks)
        return data, end

    def _object(self, data: dict[str, object], start: int, depth: int) -> int:
        keys: dict[str, int] = {}
        member = self.open[-1]
        at = self._space(start + 1)
        if self.text.startswith("}", at):
            return at + 1
        while True:
            here = len(self.marks)
            member.key, member.key_mark = "", here
            key, at = self._key(at, start)
            member.key = key
            at = self._space(at)
            if not self.text.startswith(":", at):
                raise StopReading(json_errors.expected(self.text, "':' after the key", at, start))
            value, at = self._value(self._space(at + 1), depth)
            if key in keys:
                self._duplicate(key, keys[key], here)
            else:
                keys[key] = here
                data[key] = value
            member.key = None
            at = self._space(at)
            if self.text.startswith("}", at):
                return at + 1
            at = self._comma(at, start, "}")
            if self.text.startswith("}", at):
                return at + 1

    def _array(self, data: list[object], start: int, depth: int) -> int:
        at = self._space(start + 1)
        if self.text.startswith("]", at):
            return at + 1
        while True:
            value, at = self._value(at, depth)
            data.append(value)
            at = self._space(at)
            if self.text.startswith("]", at):
                return at + 1
            at = self._comma(at, start, "]")
            if self.text.startswith("]", at):
                return at + 1

    def _comma(self, at: int, start: int, closing: str) -> int:
        """Passes the comma between two members of the container that begins at ``start``; one too many is told."""
        if not self.text.startswith(",", at):
            problem = json_errors.expected(self.text, f"',' or '{closing}'", at, start)
            if not self._begins_line(at, closing):
                raise StopReading(problem)
            self._tell(problem)
            return at
        behind = self._space(at + 1)
        if self.text.startswith(closing, behind):
            self._tell(
                json_errors.syntax(f"a ',' before '{closing}'", at, at + 1, "JSON has no comma after the last item")
            )
        return behind

    def _begins_line(self, at: int, closing: str) -> bool:
        """Whether the next member begins here, on a line of its own: then it is a comma that is missing."""
        before = self.text[:at].rstrip(" \t") if at < 200 else self.text[at - 200 : at].rstrip(" \t")
        if not before.endswith(("\n", "\r")):
            return False
        if closing == "}":
            found = _STRING.match(self.text, at)
            return found is not None and self.text.startswith(":", self._end_of_space(found.end()))
        return self.text[at : at + 1] in ('"', "{", "[")

    def _key(self, at: int, start: int) -> tuple[str, int]:
        """The key that begins at ``at`` in the object that begins at ``start``, and the offset behind it."""
        if self.text.startswith('"', at):
            key, at = self._string(at, is_key=True)
            return str(key), at
        found = _SINGLE_QUOTED.match(self.text, at) or WORD.match(self.text, at)
        problem = json_errors.bad_key(self.text, at, start)
        if found is None or not self.text.startswith(":", self._end_of_space(found.end())):
            raise StopReading(problem)
        self._tell(problem)
        self.marks.extend((at, found.end(), 0))
        return found.group(1) if found.re is _SINGLE_QUOTED else found.group(), found.end()

    def _string(self, start: int, *, is_key: bool = False) -> tuple[str | None, int]:
        found = _STRING.match(self.text, start)
        if found is None:
            return self._wrong_string(start, is_key=is_key)
        end = found.end()
        self.marks.extend((start, end, 0))
        if "\\" not in found.group():
            return self.text[start + 1 : end - 1], end
        value: str = json.loads(found.group())
        if _LONE.search(value):
            message = r"an escape \u is half of a surrogate pair"
            self._say(Problem(Code.INVALID_SYNTAX, message, start, end, "write both halves"))
            value = _LONE.sub("\ufffd", value)
        return value, end

    def _wrong_string(self, start: int, *, is_key: bool) -> tuple[None, int]:
        """Passes a string of the wrong form, where it is plain how far it goes."""
        problem = json_errors.bad_string(self.text, start)
        found = _LOOSE_STRING.match(self.text, start) or _REST_OF_LINE.match(self.text, start)
        if is_key or found is None or not self._ends_value(found.end()):
            raise StopReading(problem)
        self._tell(problem)
        self.marks.extend((start, found.end(), 0))
        self._unknown(start, found.end())
        return None, found.end()

    def _ends_value(self, at: int) -> bool:
        """Whether what follows could follow a value."""
        behind = self._end_of_space(at)
        return self.text[behind : behind + 1] in (",", "]", "}")

    def _scalar(self, start: int) -> tuple[object, int]:
        found = _NUMBER.match(self.text, start)
        if found is not None:
            end = found.end()
            self.marks.extend((start, end, 0))
            return self._number(found, start, end), end
        word = WORD.match(self.text, start)
        if word is not None and word.group() in _CONSTANTS:
            self.marks.extend((start, word.end(), 0))
            return _CONSTANTS[word.group()], word.end()
        return self._no_value(start, word)

    def _no_value(self, start: int, word: re.Match[str] | None) -> tuple[object, int]:
        """Passes what is no value, where it is plain what was meant."""
        problem = json_errors.no_value(self.text, start)
        quoted = _SINGLE_QUOTED.match(self.text, start)
        meant = quoted or word
        if meant is None or not self._ends_value(meant.end()):
            raise StopReading(problem)
        self._tell(problem)
        self.marks.extend((start, meant.end(), 0))
        if quoted is not None:
            return quoted.group(1), quoted.end()
        if meant.group() not in _MEANT:
            self._unknown(start, meant.end())
        return _MEANT.get(meant.group()), meant.end()

    def _number(self, found: re.Match[str], start: int, end: int) -> object:
        text = found.group()
        if found.group(1) is None and found.group(2) is None:
            if len(text) <= MAX_DIGITS:
                return int(text)
            message = f"the number {shown(text)} has too many digits"
        else:
            number = float(text)
            if math.isfinite(number):
                return number
            message = f"the number {shown(text)} is too large"
        self._say(Problem(Code.WRONG_VALUE, message, start, end, "quote it if text is meant"))
        return None

    def _space(self, at: int) -> int:
        """Passes blanks and line ends, and comments, which are told."""
        at = self._end_of_space(at)
        while self.text[at : at + 1] in ("/", "#") and (found := _COMMENT.match(self.text, at)):
            self._tell(json_errors.comment(at))
            at = self._end_of_space(found.end())
        return at

    def _end_of_space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _duplicate(self, key: str, first: int, here: int) -> None:
        marks = self.marks
        related = (("the first one is here", marks[first], marks[first + 1]),)
        message = f"the key {shown(key)} is there twice"
        self._say(Problem(Code.DUPLICATE_KEY, message, marks[here], marks[here + 1], "keep one of them", related))

    def _tell(self, problem: Problem) -> None:
        """Says what is wrong with the text's form, which is read on. Raises `StopReading` where that is too much."""
        self.errors += 1
        if self.errors >= _MAX_ERRORS:
            raise StopReading(problem)
        self._say(problem)

    def _say(self, problem: Problem) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            raise StopReading(too_many_problems(problem.start, problem.end))
        self.problems.append(problem)
