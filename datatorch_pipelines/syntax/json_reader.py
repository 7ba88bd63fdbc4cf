"""JSON text to plain data and marks, strictly as RFC 8259 has it."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Mapping
from string import hexdigits

from datatorch_pipelines.codes import Code
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.syntax.located import (
    MAX_PROBLEMS,
    STRIDE,
    Located,
    Problem,
    StopReading,
    new_marks,
    too_many_problems,
)
from datatorch_pipelines.syntax.names import shown
from datatorch_pipelines.syntax.scalars import MAX_DIGITS

_DEEPEST = 200
_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![0-9a-zA-Z_.])")
_WORD = re.compile(r"[^\s\"',:\[\]{}]+")
_LONE = re.compile("[\ud800-\udfff]")
_CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "null": None}
_OTHER_WORDS = {
    "True": "write true",
    "False": "write false",
    "None": "write null",
    "undefined": "write null",
    "NaN": "JSON has no such number; write null or a text",
    "Infinity": "JSON has no such number; write null or a text",
    "-Infinity": "JSON has no such number; write null or a text",
}


def read_json(text: str, limits: Limits) -> Located:
    """The data and marks of a JSON text; what is wrong with it is in ``problems``."""
    reader = _Reader(text, limits)
    try:
        data = reader.document()
    except StopReading as stop:
        return Located(None, new_marks(reader.marks), (*reader.problems, stop.problem), complete=False)
    return Located(data, new_marks(reader.marks), reader.problems)


class _Reader:
    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.max_depth = min(limits.max_depth, _DEEPEST)
        self.max_nodes = limits.max_nodes
        self.marks: list[int] = []
        self.problems: list[Problem] = []

    def document(self) -> object:
        start = self._space(0)
        if start == len(self.text):
            raise StopReading(Problem(Code.EMPTY, "the file is empty", 0, 0))
        data, end = self._value(start, 1)
        end = self._space(end)
        if end < len(self.text):
            raise self._stop("text follows the end of the document", end, end + 1, "a JSON file holds one value")
        return data

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
            end = self._object(data, start, depth + 1)
        else:
            data = []
            end = self._array(data, start, depth + 1)
        marks[here + 1] = end
        marks[here + 2] = len(marks)
        return data, end

    def _object(self, data: dict[str, object], start: int, depth: int) -> int:
        keys: dict[str, int] = {}
        at = self._space(start + 1)
        if self.text.startswith("}", at):
            return at + 1
        while True:
            if not self.text.startswith('"', at):
                raise self._bad_key(at, start)
            here = len(self.marks)
            key, at = self._string(at)
            at = self._space(at)
            if not self.text.startswith(":", at):
                raise self._expected("':' after the key", at, start)
            value, at = self._value(self._space(at + 1), depth)
            if key in keys:
                self._duplicate(key, keys[key], here)
            else:
                keys[key] = here
                data[key] = value
            at = self._space(at)
            if self.text.startswith("}", at):
                return at + 1
            at = self._comma(at, start, "}")

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

    def _comma(self, at: int, start: int, closing: str) -> int:
        """Passes the comma between two members of the container that begins at ``start``."""
        if not self.text.startswith(",", at):
            raise self._expected(f"',' or '{closing}'", at, start)
        behind = self._space(at + 1)
        if self.text.startswith(closing, behind):
            raise self._stop(f"a ',' before '{closing}'", at, at + 1, "JSON has no comma after the last item")
        return behind

    def _string(self, start: int) -> tuple[str, int]:
        found = _STRING.match(self.text, start)
        if found is None:
            raise self._bad_string(start)
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

    def _scalar(self, start: int) -> tuple[object, int]:
        found = _NUMBER.match(self.text, start)
        if found is not None:
            end = found.end()
            self.marks.extend((start, end, 0))
            return self._number(found, start, end), end
        word = _WORD.match(self.text, start)
        if word is not None and word.group() in _CONSTANTS:
            self.marks.extend((start, word.end(), 0))
            return _CONSTANTS[word.group()], word.end()
        raise self._no_value(start, word)

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
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _duplicate(self, key: str, first: int, here: int) -> None:
        marks = self.marks
        related = (("the first one is here", marks[first], marks[first + 1]),)
        message = f"the key {shown(key)} is there twice"
        self._say(Problem(Code.DUPLICATE_KEY, message, marks[here], marks[here + 1], "keep one of them", related))

    def _say(self, problem: Problem) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            raise StopReading(too_many_problems(problem.start, problem.end))
        self.problems.append(problem)

    def _no_value(self, at: int, word: re.Match[str] | None) -> StopReading:
        if self._comment(at):
            return self._stop(
                "JSON has no comments", at, at + 1, "drop it, or name the file .yaml and write # comments"
            )
        if self.text.startswith("'", at):
            return self._stop("a text in single quotes", at, at + 1, 'JSON wants double quotes: "text"')
        if at >= len(self.text):
            return self._stop("the file ends where a value should be", at, at, "is the file whole?")
        if word is None:
            return self._stop(
                f"a value is missing before {self.text[at]!r}", at, at + 1, "write a value, or drop the comma"
            )
        hint = _OTHER_WORDS.get(word.group(), 'put a text in double quotes: "text"')
        return self._stop(f"{shown(word.group())} is no JSON value", at, word.end(), hint)

    def _bad_key(self, at: int, start: int) -> StopReading:
        if at >= len(self.text):
            return self._expected("a key", at, start)
        if self._comment(at):
            return self._no_value(at, None)
        word = _WORD.match(self.text, at)
        end = word.end() if word else at + 1
        return self._stop("a key without double quotes", at, end, 'write "key": value')

    def _bad_string(self, start: int) -> StopReading:
        """What is wrong with the string that begins at ``start``."""
        begun = re.compile(_STRING.pattern[:-1]).match(self.text, start)
        at = begun.end() if begun else start
        if self.text.startswith("\\", at) and at + 1 < len(self.text):
            hint = "write \\\\ for a backslash"
            if self.text[at + 1] == "u":
                digits = itertools.takewhile(hexdigits.__contains__, self.text[at + 2 : at + 6])
                end = at + 2 + len(list(digits))
                message = f"{shown(self.text[at:end])} is half an escape"
                return self._stop(message, at, end, f"give \\u four hexadecimal digits, or {hint}")
            return self._stop(f"{shown(self.text[at : at + 2])} is no escape in JSON", at, at + 2, hint)
        if at < len(self.text) and self.text[at] not in "\r\n":
            return self._stop(
                f"{shown(self.text[at])} stands in a string", at, at + 1, "write it as an escape such as \\t"
            )
        return self._stop("the string that starts here is never closed", start, start + 1, 'add a closing "')

    def _expected(self, wanted: str, at: int, start: int) -> StopReading:
        if at >= len(self.text):
            opening = self.text[start]
            closing = "}" if opening == "{" else "]"
            return self._stop(
                f"the '{opening}' that stands here is never closed", start, start + 1, f"add a closing '{closing}'"
            )
        if self._comment(at):
            return self._no_value(at, None)
        return self._stop(f"{wanted} is missing", at, at + 1, f"add {wanted}")

    def _comment(self, at: int) -> bool:
        return self.text.startswith(("#", "//", "/*"), at)

    def _stop(self, message: str, start: int, end: int, hint: str) -> StopReading:
        return StopReading(Problem(Code.INVALID_SYNTAX, message, start, end, hint))
