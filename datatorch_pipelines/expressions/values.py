"""What values are to an expression: their kinds, truth, comparison, and what they are as a number or a text.

The rules are those of GitHub Actions (its documentation, "Evaluate expressions in workflows and actions", and the
open-source implementation), except that an integer keeps all of its digits.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Mapping, Sequence

from datatorch_pipelines.expressions.nodes import Operator


class ValueProblem(Exception):
    """Something is wrong with a value; the evaluator says where. ``argument`` is the index of a call's argument."""

    def __init__(self, message: str, *, hint: str | None = None, argument: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.argument = argument


class Kind(enum.Enum):
    """The kinds of values that expressions know, by the words that messages use."""

    NULL = "null"
    BOOLEAN = "a boolean"
    NUMBER = "a number"
    STRING = "text"
    ARRAY = "a list"
    OBJECT = "a mapping"


def kind_of(value: object) -> Kind:
    """The kind of a value; raises `ValueProblem` for what is none of JSON's.

    >>> kind_of({"a": 1}).value
    'a mapping'
    """
    match value:
        case None:
            return Kind.NULL
        case bool():
            return Kind.BOOLEAN
        case int() | float():
            return Kind.NUMBER
        case str():
            return Kind.STRING
        case bytes() | bytearray() | memoryview():
            pass
        case Mapping():
            return Kind.OBJECT
        case Sequence():
            return Kind.ARRAY
    raise ValueProblem(f"a Python value of type {type(value).__name__!r} has no place in an expression")


def as_list(value: object) -> Sequence[object] | None:
    """The value, if it is a list; raises `ValueProblem` for what has no place in an expression."""
    return value if kind_of(value) is Kind.ARRAY and isinstance(value, Sequence) else None


def as_mapping(value: object) -> Mapping[object, object] | None:
    """The value, if it is a mapping; raises `ValueProblem` for what has no place in an expression."""
    return value if kind_of(value) is Kind.OBJECT and isinstance(value, Mapping) else None


def is_primitive(value: object) -> bool:
    """Whether a value is neither a list nor a mapping."""
    return kind_of(value) not in (Kind.ARRAY, Kind.OBJECT)


def truthy(value: object) -> bool:
    """Whether a value counts as true: all do but null, false, 0, NaN and the empty text.

    >>> [truthy(value) for value in ("", "0", 0, [], None)]
    [False, True, False, True, False]
    """
    match kind_of(value):
        case Kind.NULL:
            return False
        case Kind.BOOLEAN:
            return value is True
        case Kind.NUMBER:
            return to_number(value) != 0 and not is_nan(value)
        case Kind.STRING:
            return value != ""
        case Kind.ARRAY | Kind.OBJECT:
            return True


def is_nan(value: object) -> bool:
    """Whether a value is the number that is none."""
    return isinstance(value, float) and math.isnan(value)


_LONGEST = 1000
"""Digits of a whole number that are kept; a longer one is too large for any other kind of number, so it is infinite."""

_INTEGER = re.compile(rf"[+-]?[0-9]{{1,{_LONGEST}}}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_OCTAL = re.compile(r"0o[0-7]+")
_INFINITY = {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}


def parse_number(text: str) -> int | float:
    """The number that a text stands for, NaN where it is none; the empty text is 0.

    >>> parse_number(" 0xff "), parse_number("-2.99e-2"), parse_number(""), parse_number("1_000")
    (255, -0.0299, 0, nan)
    """
    text = text.strip()
    if not text:
        return 0
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _HEXADECIMAL.fullmatch(text):
        return int(text[2:], 16) if len(text) < _LONGEST else math.inf
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8) if len(text) < _LONGEST else math.inf
    return _INFINITY.get(text, math.nan)


def to_number(value: object) -> int | float:
    """What a value is as a number: null is 0, true is 1, lists and mappings are NaN."""
    match value:
        case None:
            return 0
        case bool():
            return int(value)
        case int() | float():
            return value
        case str():
            return parse_number(value)
    kind_of(value)
    return math.nan


_MAX_BITS = 10_000


def number_text(number: int | float, *, exact: bool = False) -> str:
    """A number's text, as JavaScript writes it: to 15 significant digits, or to all of them with ``exact``.

    >>> number_text(3.0), number_text(0.1 + 0.2), number_text(0.1 + 0.2, exact=True), number_text(1e21)
    ('3', '0.3', '0.30000000000000004', '1e+21')
    """
    if isinstance(number, int):
        if number.bit_length() > _MAX_BITS:
            raise ValueProblem("a number of too many digits")
        return int.__repr__(number)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    return _javascript(number if exact else float(f"{number:.15g}"))


def _javascript(number: float) -> str:
    """The shortest digits that give the number, with an exponent below 1e-6 and from 1e21 on."""
    mantissa, exponent_text = f"{float.__repr__(number)}e0".split("e")[:2]
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    fraction = fraction.rstrip("0")
    digits = (whole + fraction).lstrip("0")
    # The number is 0.DIGITS times ten to the power of `point`.
    point = int(exponent_text) + (len(whole) if whole != "0" else -(len(fraction) - len(fraction.lstrip("0"))))
    digits = digits.rstrip("0") or "0"
    if len(digits) <= point <= 21:
        return sign + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"


def to_text(value: object) -> str:
    """What a value is as a text inside an expression: null is empty, a list is ``Array``, a mapping ``Object``."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case str():
            return str.__str__(value)
    return "Array" if kind_of(value) is Kind.ARRAY else "Object"


def fold(text: str) -> str:
    """The text in upper case, character by character, so that texts that differ in case alone become equal."""
    upper = text.upper()
    if len(upper) == len(text) and not any(character in text for character in _OWN_UPPER):
        return upper
    return "".join(map(_fold_character, text))


_OWN_UPPER = "\N{LATIN SMALL LETTER DOTLESS I}\N{LATIN SMALL LETTER LONG S}"


def _fold_character(character: str) -> str:
    """The character's upper case, if that is one character, and not ASCII's for one that is not ASCII."""
    upper = character.upper()
    return character if len(upper) > 1 or character in _OWN_UPPER else upper


def _coerce(left: object, right: object) -> tuple[Kind, object, Kind, object]:
    """Two operands made comparable: where kinds differ, null, booleans and text become numbers."""
    left_kind, right_kind = kind_of(left), kind_of(right)
    if left_kind is right_kind:
        return left_kind, left, right_kind, right
    weak = (Kind.NULL, Kind.BOOLEAN)
    if left_kind in weak or (left_kind is Kind.STRING and right_kind in (Kind.NUMBER, *weak)):
        left_kind, left = Kind.NUMBER, to_number(left)
    if right_kind in weak or (right_kind is Kind.STRING and left_kind is Kind.NUMBER):
        right_kind, right = Kind.NUMBER, to_number(right)
    return left_kind, left, right_kind, right


def equal(left: object, right: object) -> bool:
    """GitHub's loose equality: text without regard to case, lists and mappings only with themselves.

    >>> equal("A", "a"), equal(1, "1"), equal(None, 0), equal([], [])
    (True, True, True, False)
    """
    left_kind, left, right_kind, right = _coerce(left, right)
    if left_kind is not right_kind:
        return False
    match left, right:
        case (str(), str()):
            return fold(left) == fold(right)
        case (int() | float(), int() | float()):
            return left == right
    return left is right


def less(left: object, right: object) -> bool:
    """Whether the left value is below the right one; false where the two can't be put in an order."""
    left_kind, left, right_kind, right = _coerce(left, right)
    if left_kind is not right_kind:
        return False
    match left, right:
        case (str(), str()):
            return fold(left) < fold(right)
        case (int() | float(), int() | float()):
            return left < right
    return False


def compare(operator: Operator, left: object, right: object) -> bool:
    """What ``left operator right`` gives.

    >>> compare(Operator.GREATER_EQUAL, "10", 9)
    True
    """
    match operator:
        case Operator.EQUAL:
            return equal(left, right)
        case Operator.NOT_EQUAL:
            return not equal(left, right)
        case Operator.LESS:
            return less(left, right)
        case Operator.LESS_EQUAL:
            return less(left, right) or equal(left, right)
        case Operator.GREATER:
            return less(right, left)
        case Operator.GREATER_EQUAL:
            return less(right, left) or equal(left, right)
        case Operator.AND | Operator.OR:
            raise AssertionError("a logical operator does not compare")
