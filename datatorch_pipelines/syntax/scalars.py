"""What plain text means: YAML 1.2's core schema, and the tags that ask for a type.

`on`, `yes` and dates are strings, `010` is 10 (YAML 1.2.2, section 10.3.2).
"""

from __future__ import annotations

import math
import re

MAX_DIGITS = 4000
"""Digits of the longest whole number that is read as one (Python bounds the conversion at 4300)."""

CONSTANTS: dict[str, object] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""The words that are not strings."""

NUMBER_START = frozenset("0123456789+-.")
"""What a number begins with: other text need not be looked at."""

_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

PREFIX = "tag:yaml.org,2002:"
"""What `!!` stands for."""


class NotANumber(ValueError):
    """A number that JSON can't hold; its text says why."""


def plain_number(text: str) -> object:
    """A plain scalar that begins like a number: the number, or the text itself.

    Raises `NotANumber` for infinities, "not a number" and whole numbers of too many digits.

    >>> plain_number("010"), plain_number("0x1f"), plain_number("1_000"), plain_number("-1e3")
    (10, 31, '1_000', -1000.0)
    """
    if _INTEGER.fullmatch(text):
        return _integer(text, 10)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise NotANumber(f"the number {_short(text)} is too large")
        return number
    if _OCTAL.fullmatch(text):
        return _integer(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return _integer(text[2:], 16)
    if _INFINITE.fullmatch(text):
        raise NotANumber(f"{text} is no value that JSON can hold")
    return text


def plain(text: str) -> object:
    """What a plain scalar stands for. Raises `NotANumber` as `plain_number` does.

    >>> plain("yes"), plain("true"), plain("~"), plain("2001-01-01")
    ('yes', True, None, '2001-01-01')
    """
    return plain_number(text) if text[:1] in NUMBER_START and text else CONSTANTS.get(text, text)


def tagged(text: str, tag: str) -> object:
    """A scalar under an explicit tag. Raises `LookupError` for an unknown tag and `ValueError` for a text that misfits.

    >>> tagged("10", PREFIX + "str"), tagged("1", PREFIX + "float")
    ('10', 1.0)
    """
    if tag in (f"{PREFIX}str", "!"):
        return text
    kinds: dict[str, type | tuple[type, ...]] = {"int": int, "float": (int, float), "bool": bool, "null": type(None)}
    kind = kinds[tag.removeprefix(PREFIX)] if tag.startswith(PREFIX) else kinds[""]
    value = plain(text)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{_short(text)} is not of the type that its tag names")
    return float(value) if isinstance(value, int) and tag == f"{PREFIX}float" else value


def _integer(text: str, base: int) -> int:
    if len(text) > MAX_DIGITS:
        raise NotANumber(f"the number {_short(text)} has too many digits")
    return int(text, base)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
