"""Values of JSON as forms see them: their types, whether two are the same, and how much work may be done on them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence

from attrs import define

Path = tuple[str | int, ...]

TYPE_WORDS: Mapping[str, str] = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "a boolean",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
"""The types of JSON Schema, and what messages call them."""

_MOST_WORK = 1_000_000
_OF_A_VALUE = 5
"""What it costs to look at a value, where a character that is held against a pattern costs one step for each way."""
_DEEPEST = 64


class TooMuch(Exception):
    """A value can't be held against a form within bounds."""


@define
class Work:
    """How much has been done; one for each event."""

    done: int = 0

    def add(self, steps: int = 1) -> None:
        """Counts some steps. Raises `TooMuch` when they are too many."""
        self.done += steps
        if self.done > _MOST_WORK:
            raise TooMuch

    def deeper(self, depth: int) -> int:
        """The next depth. Raises `TooMuch` when it is too deep."""
        self.add(_OF_A_VALUE)
        if depth >= _DEEPEST:
            raise TooMuch
        return depth + 1


def types_of(value: object) -> tuple[str, ...]:
    """The types of JSON Schema that a value is of, the narrowest first; none for what JSON doesn't have.

    >>> types_of(2.0), types_of(True), types_of(float("nan"))
    (('integer', 'number'), ('boolean',), ())
    """
    match value:
        case None:
            return ("null",)
        case bool():
            return ("boolean",)
        case int():
            return ("integer", "number")
        case float():
            return (("integer", "number") if value.is_integer() else ("number",)) if math.isfinite(value) else ()
        case str():
            return ("string",)
        case list() | tuple():
            return ("array",)
        case Mapping():
            return ("object",) if all(isinstance(key, str) for key in value) else ()
    return ()


def type_words(value: object) -> str:
    """What messages call a value's type; never the value, which may be a secret."""
    if isinstance(value, float):
        return "a float" if math.isfinite(value) else "no number of JSON"
    found = types_of(value)
    return TYPE_WORDS[found[0]] if found else f"of the type {type(value).__name__}, which JSON doesn't have"


def identity(value: object, work: Work, depth: int = 0) -> Hashable:
    """What is equal for values that JSON Schema takes for the same: ``1`` and ``1.0``, but not ``1`` and ``true``."""
    depth = work.deeper(depth)
    if isinstance(value, Mapping):
        return ("object", frozenset((key, identity(item, work, depth)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return ("array", tuple(identity(item, work, depth) for item in value))
    found = types_of(value)
    if not found:
        return ("other", id(value))
    return (found[-1], value if isinstance(value, Hashable) else id(value))


def key_named(path: Sequence[str | int]) -> str:
    """A place in an event for a message.

    >>> key_named(["points", 0, "x"])
    "the event's key 'points[0].x'"
    """
    if not path:
        return "the event"
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"the event's key {short(text)}"


def short(text: str) -> str:
    """A name for a message: quoted, on one line, not too long."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
