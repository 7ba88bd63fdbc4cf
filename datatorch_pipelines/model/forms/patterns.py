"""Patterns of forms: regular expressions as JSON Schema has them (ECMA 262), matched in bounded time.

A pattern and a text are both strangers', and the usual way to match one with the other takes years for some pairs.
Here all ways to match go on side by side (Thompson, 1968), so that a character takes at most as long as the pattern.
What can't be matched so (references to groups, looking ahead and behind) is refused when the pattern is read.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence

from attrs import define, field, frozen

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.model.forms.values import Work

_LONGEST = 1_000
_MOST_STATES = 2_000
_DEEPEST = 40
_END = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]
_DIGITS: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACES: Ranges = (
    (0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
_LINE_ENDS: Ranges = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
_CONTROLS = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D, "0": 0x00}


def _other(ranges: Ranges) -> Ranges:
    """All characters that are in none of the ranges."""
    found, start = [], 0
    for first, last in sorted(ranges):
        if first > start:
            found.append((start, first - 1))
        start = max(start, last + 1)
    return (*found, (start, _END)) if start <= _END else tuple(found)


_CLASSES = {
    "d": _DIGITS, "D": _other(_DIGITS), "w": _WORD, "W": _other(_WORD), "s": _SPACES, "S": _other(_SPACES),
}  # fmt: skip


class PatternError(ModelError):
    """A pattern can't be read, or can't be matched in bounded time; ``offset`` is where in it."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.offset = offset


@frozen
class _State:
    """One place in a pattern: ``ranges`` are the characters that lead on, ``condition`` what must hold here.

    ``None`` for both leads on freely. ``to`` are the places that it leads to.
    """

    ranges: Ranges | None
    condition: str | None
    to: tuple[int, ...]


@frozen
class Pattern:
    """A pattern that was read: `read_pattern` gives it.

    >>> read_pattern("^[a-z]+-[0-9]{2,3}$").is_found_in("cat-007", Work())
    True
    """

    _states: Sequence[_State] = field(repr=False)
    _start: int

    def is_found_in(self, text: str, work: Work) -> bool:
        """Whether some part of a text matches. Raises `TooMuch` where that takes too long."""
        current: set[int] = set()
        for at in range(len(text) + 1):
            reached = self._reached({*current, self._start}, text, at)
            work.add(len(reached) + 1)
            if -1 in reached:
                return True
            if at < len(text):
                code = ord(text[at])
                current = {
                    self._states[state].to[0]
                    for state in reached
                    if (ranges := self._states[state].ranges) is not None and _within(code, ranges)
                }
        return False

    def _reached(self, states: Iterable[int], text: str, at: int) -> set[int]:
        """All places that one is in before the character at an offset; -1 is the end of the pattern."""
        found: set[int] = set()
        pending = list(states)
        while pending:
            number = pending.pop()
            if number in found:
                continue
            found.add(number)
            if number >= 0:
                state = self._states[number]
                if state.ranges is None and (state.condition is None or _holds(state.condition, text, at)):
                    pending.extend(state.to)
        return found


def _within(code: int, ranges: Ranges) -> bool:
    """Whether a character is in one of the ranges, which are in order and apart."""
    at = bisect.bisect_right(ranges, (code, _END)) - 1
    return at >= 0 and code <= ranges[at][1]


def _holds(condition: str, text: str, at: int) -> bool:
    if condition == "^":
        return at == 0
    if condition == "$":
        return at == len(text)
    before = at > 0 and _within(ord(text[at - 1]), _WORD)
    after = at < len(text) and _within(ord(text[at]), _WORD)
    return (before != after) == (condition == "b")


def read_pattern(text: str) -> Pattern:
    """The pattern in a text. Raises `PatternError` with the place in it."""
    if len(text) > _LONGEST:
        raise PatternError(f"the pattern has more than {_LONGEST} characters", 0, "write a shorter one")
    reader = _Reader(text)
    build = reader.choice(0)
    if reader.at < len(text):
        raise PatternError("a ')' closes nothing", reader.at, "write '\\)' for the character")
    states: list[_State] = []
    start = build(states, -1)
    return Pattern(states, start)


_Build = Callable[[list[_State], int], int]
"""Adds the places of a part of a pattern that leads on to a place, and gives the first of them."""


def _add(states: list[_State], state: _State) -> int:
    if len(states) >= _MOST_STATES:
        raise PatternError("the pattern is too large", 0, "repeat fewer things less often")
    states.append(state)
    return len(states) - 1


def _characters(ranges: Ranges) -> _Build:
    apart = _other(_other(ranges))
    return lambda states, to: _add(states, _State(apart, None, (to,)))


def _condition(kind: str) -> _Build:
    return lambda states, to: _add(states, _State(None, kind, (to,)))


def _nothing(_states: list[_State], to: int) -> int:
    """Adds no place. What is made of it alone is it itself, so that what is built again and again adds places."""
    return to


def _sequence(parts: Sequence[_Build]) -> _Build:
    parts = [part for part in parts if part is not _nothing]
    if not parts:
        return _nothing

    def build(states: list[_State], to: int) -> int:
        for part in reversed(parts):
            to = part(states, to)
        return to

    return build


def _either(parts: Sequence[_Build]) -> _Build:
    if len(parts) == 1 or all(part is _nothing for part in parts):
        return parts[0]

    def build(states: list[_State], to: int) -> int:
        return _add(states, _State(None, None, tuple(dict.fromkeys(part(states, to) for part in parts))))

    return build


def _repeated(part: _Build, least: int, most: int | None) -> _Build:
    if part is _nothing or most == 0:
        return _nothing

    def build(states: list[_State], to: int) -> int:
        if most is None:
            loop = _add(states, _State(None, None, ()))
            states[loop] = _State(None, None, (part(states, loop), to))
            to = loop
        else:
            for _ in range(most - least):
                to = _add(states, _State(None, None, (part(states, to), to)))
        for _ in range(least):
            # A place for each time, so that nothing at all can't be repeated for ever.
            to = _add(states, _State(None, None, (part(states, to),)))
        return to

    return build


@define
class _Reader:
    """Reads a pattern from left to right; ``at`` is the offset of what is next."""

    text: str
    at: int = 0

    def choice(self, depth: int) -> _Build:
        """Parts between ``|``, up to a closing parenthesis or the end."""
        if depth > _DEEPEST:
            raise PatternError("the pattern nests too deep", self.at, "write it with fewer groups")
        parts = [self._run(depth)]
        while self._takes("|"):
            parts.append(self._run(depth))
        return _either(parts)

    def _run(self, depth: int) -> _Build:
        parts: list[_Build] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self._repeats(self._one(depth)))
        return _sequence(parts)

    def _one(self, depth: int) -> _Build:
        start, char = self.at, self.text[self.at]
        self.at += 1
        if char in "^$":
            return _condition(char)
        if char == ".":
            return _characters(_other(_LINE_ENDS))
        if char == "(":
            return self._group(start, depth)
        if char == "[":
            return _characters(self._class(start))
        if char == "\\":
            if self.text[self.at : self.at + 1] in ("b", "B"):
                self.at += 1
                return _condition(self.text[self.at - 1])
            return _characters(self._escape(start))
        if char in "*+?":
            raise PatternError(f"nothing stands before the '{char}'", start, f"write '\\{char}' for the character")
        return _characters(_only(char))

    def _group(self, start: int, depth: int) -> _Build:
        if self._takes("?") and not self._takes(":"):
            named = self._takes("<") and self.text[self.at : self.at + 1] not in ("=", "!")
            end = self.text.find(">", self.at)
            if not named or end < 0:
                raise PatternError("a pattern of a form can't look ahead or behind", start, "write it without")
            self.at = end + 1
        build = self.choice(depth + 1)
        if not self._takes(")"):
            raise PatternError("a '(' is not closed", start, "write '\\(' for the character")
        return build

    def _repeats(self, part: _Build) -> _Build:
        start = self.at
        if self._takes("*"):
            bounds: tuple[int, int | None] | None = (0, None)
        elif self._takes("+"):
            bounds = (1, None)
        elif self._takes("?"):
            bounds = (0, 1)
        else:
            bounds = self._counted()
        if bounds is None:
            return part
        least, most = bounds
        if most is not None and most < least:
            raise PatternError("a repetition runs backwards", start, "write the smaller number first")
        self._takes("?")  # whether it takes much or little makes no difference to what matches
        return _repeated(part, least, most)

    def _counted(self) -> tuple[int, int | None] | None:
        """The numbers in braces; ``None`` for braces that hold something else, which mean themselves."""
        end = self.text.find("}", self.at)
        if self.text[self.at : self.at + 1] != "{" or end < 0:
            return None
        first, comma, last = self.text[self.at + 1 : end].partition(",")
        if not _is_number(first) or (last and not _is_number(last)):
            return None
        if max(len(first), len(last)) > 4:
            raise PatternError("the pattern is too large", self.at, "repeat fewer things less often")
        self.at = end + 1
        return int(first), (int(last) if last else None) if comma else int(first)

    def _class(self, start: int) -> Ranges:
        negated = self._takes("^")
        ranges: list[tuple[int, int]] = []
        while not self._takes("]"):
            first = self._of_class(start)
            if self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                at = self.at
                self.at += 1
                last = self._of_class(start)
                if _is_one(first) and _is_one(last):
                    if last[0][0] < first[0][0]:
                        raise PatternError("a range of characters runs backwards", at, "write the first one first")
                    first = ((first[0][0], last[0][0]),)
                else:
                    first = (*first, (0x2D, 0x2D), *last)
            ranges += first
        return _other(tuple(ranges)) if negated else tuple(ranges)

    def _of_class(self, start: int) -> Ranges:
        if self.at >= len(self.text):
            raise PatternError("a '[' is not closed", start, "write '\\[' for the character")
        self.at += 1
        char = self.text[self.at - 1]
        if char != "\\":
            return _only(char)
        if self._takes("b"):
            return ((0x08, 0x08),)
        return self._escape(self.at - 1)

    def _escape(self, start: int) -> Ranges:
        """What a backslash makes of the characters behind it."""
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if char in _CLASSES:
            return _CLASSES[char]
        if char in _CONTROLS and not self.text[self.at : self.at + 1].isdecimal():
            return ((_CONTROLS[char], _CONTROLS[char]),)
        if char in ("x", "u"):
            size = 2 if char == "x" else 4
            digits = self.text[self.at : self.at + size]
            if len(digits) == size and all(digit in "0123456789abcdefABCDEF" for digit in digits):
                self.at += size
                return ((int(digits, 16), int(digits, 16)),)
        if not char or char.isalnum():
            shown = f"'\\{char}'" if char.isprintable() else "a backslash before this"
            raise PatternError(f"{shown} is not known in a pattern of a form", start, "write it without")
        return _only(char)

    def _takes(self, char: str) -> bool:
        if self.text[self.at : self.at + 1] != char:
            return False
        self.at += 1
        return True


def _only(char: str) -> Ranges:
    return ((ord(char), ord(char)),)


def _is_one(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
