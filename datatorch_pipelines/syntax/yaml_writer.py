"""Plain data as YAML that people like to read: block style, quotes only where a reader could be misled."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.syntax.scalars import CONSTANTS, MAX_DIGITS

_PLAIN = re.compile(r"(?!\.\.\.)(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`=<~]|-(?=[A-Za-z]))(?:[^:#]|:(?=\S)|(?<=\S)#)*(?<![\s:])")
# YAML 1.1, which other readers still follow, has more words and more kinds of numbers (12:30, 0b1, 1_000, dates).
_LOOKS_TYPED = re.compile(
    r"(?i)y|n|yes|no|on|off|true|false|null|nan|inf|[-+]?\.?[0-9][0-9a-fox_.:+\-tz ]*|[-+]?\.(?:inf|nan)"
)
_LINES = re.compile(r"[^\n]*[^\n\s][^\n]*|")
_SHORT_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0", "\x1b": "\\e"}
_MANY_BITS = 3 * MAX_DIGITS
_LONGEST_KEY = 512
"""Readers look for a key's ``:`` in 1024 characters; a longer key is written behind a ``?``."""


def to_yaml(data: object) -> str:
    """The YAML of plain data (`None`, booleans, numbers, strings, lists and mappings with string keys).

    Raises `ModelError` for anything else.

    >>> print(to_yaml({"name": "Add", "on": "yes", "run": "a\\nb\\n"}), end="")
    name: Add
    "on": "yes"
    run: |
      a
      b
    """
    if isinstance(data, Mapping) and data:
        return "".join(f"{line}\n" for line in _mapping(data, ""))
    if isinstance(data, list | tuple) and data:
        return "".join(f"{line}\n" for line in _sequence(data, ""))
    return f"{_scalar(data)}\n"


def check_plain(data: object) -> None:
    """Raises `ModelError` for a value that no file can hold."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if not isinstance(key, str):
                raise ModelError(f"the key {key!r} is not a string", hint="a file's keys are strings")
            check_plain(key)
            check_plain(value)
    elif isinstance(data, list | tuple):
        for value in data:
            check_plain(value)
    elif isinstance(data, float) and not math.isfinite(data):
        raise ModelError(f"{data} can't be written", hint="JSON has no such number")
    elif isinstance(data, str):
        if any("\ud800" <= char < "\ue000" for char in data):
            raise ModelError("a text holds half of a surrogate pair", hint="decode it first")
    elif isinstance(data, int):
        # Cheap first: nearly every number is short.
        if data.bit_length() > _MANY_BITS and abs(data) >= 10 ** (MAX_DIGITS - (data < 0)):
            raise ModelError(
                "a whole number of too many digits can't be written", hint=f"{MAX_DIGITS} digits can be read back"
            )
    elif data is not None and not isinstance(data, float):
        raise ModelError(f"a value of type {type(data).__name__} can't be written", hint="use plain data")


def _mapping(data: Mapping[str, object], indent: str) -> Iterator[str]:
    for key, value in data.items():
        name = _text(key)
        if len(name) > _LONGEST_KEY:
            yield f"{indent}? {name}"
            name = ""
        yield from _member(f"{indent}{name}:", value, indent, in_sequence=False)


def _sequence(data: list[object] | tuple[object, ...], indent: str) -> Iterator[str]:
    for value in data:
        yield from _member(f"{indent}-", value, indent, in_sequence=True)


def _member(head: str, value: object, indent: str, *, in_sequence: bool) -> Iterator[str]:
    """A key or dash with its value."""
    inner = indent + "  "
    if isinstance(value, Mapping | list | tuple) and value:
        lines = _mapping(value, inner) if isinstance(value, Mapping) else _sequence(value, inner)
        if in_sequence:
            yield f"{head} {next(lines)[len(inner) :]}"
        else:
            yield head
        yield from lines
    elif isinstance(value, str) and (header := _literal_header(value)):
        yield f"{head} {header}"
        body = value[:-1] if value.endswith("\n") else value
        for line in body.split("\n"):
            yield f"{inner}{line}" if line else ""
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, list | tuple) else repr(value)


def _text(text: str) -> str:
    """A text on one line, in quotes where it could be taken for something else."""
    safe = text.isprintable() and _PLAIN.fullmatch(text) and not _LOOKS_TYPED.fullmatch(text)
    if safe and text not in CONSTANTS and " #" not in text:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _literal_header(text: str) -> str | None:
    """How a text of several lines begins as a literal block; ``None`` for one that can't be written so."""
    lines = text.split("\n")
    if len(lines) < 2 or not text.strip():
        return None
    if not all(_LINES.fullmatch(line) and line.replace("\t", " ").isprintable() for line in lines):
        return None
    if text.startswith("\t") or lines[0] == "":
        return None
    indicator = "2" if text.startswith(" ") else ""
    if not text.endswith("\n"):
        return f"|{indicator}-"
    return f"|{indicator}+" if text.endswith("\n\n") else f"|{indicator}"
