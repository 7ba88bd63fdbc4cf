"""The one table by which given values become what an action declares (``docs/reference/inputs.md`` shows it whole)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from datatorch_pipelines.codes import Code
from datatorch_pipelines.errors import InputError
from datatorch_pipelines.model.action import Input, ValueType

_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
_NO_VARIABLE = re.compile(r"[^A-Z0-9_]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def convert(value: object, declared: ValueType | None) -> object:
    """``value`` as the declared type wants it; ``None`` and an undeclared type leave it as it is.

    Raises `InputError` for a value that doesn't fit.

    >>> convert("false", ValueType.BOOLEAN), convert("10", ValueType.INTEGER), convert("[1,2]", ValueType.ARRAY)
    (False, 10, [1, 2])
    """
    if declared is None or value is None:
        return value
    match declared:
        case ValueType.STRING:
            return value_text(value)
        case ValueType.INTEGER:
            return _integer(value)
        case ValueType.FLOAT:
            return _as_float(_number(value, "a float"))
        case ValueType.NUMBER:
            return _number(value, "a number")
        case ValueType.BOOLEAN:
            return _boolean(value)
        case ValueType.ARRAY | ValueType.LIST:
            return _array(value)
        case ValueType.OBJECT:
            return _object(value)


def convert_input(name: str, value: object, declared: Input) -> object:
    """The value of one input: converted, or its default, and one of its options where it has some.

    Raises `InputError` for a required input without a value, a value that doesn't fit, or one that is no option.
    """
    given = declared.default if value is None else value
    if given is None:
        if declared.required:
            raise InputError(f"the input {name!r} is required", code=Code.MISSING_INPUT, hint=f"give {name} a value")
        return None
    try:
        converted = convert(given, declared.type)
    except InputError as error:
        raise InputError(f"the input {name!r}: {error.message}", code=error.code, hint=error.hint) from None
    if declared.options and converted not in declared.options:
        options = ", ".join(value_text(option) for option in declared.options)
        raise InputError(
            f"the input {name!r} is not one of its options", code=Code.NOT_AN_OPTION, hint=f"use one of {options}"
        )
    return converted


def fits(value: object, declared: ValueType | None) -> bool:
    """Whether a value already is of the declared type, without any conversion."""
    if declared is None or value is None:
        return True
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match declared:
        case ValueType.STRING:
            return isinstance(value, str)
        case ValueType.INTEGER:
            return number and float(value).is_integer() if isinstance(value, float) else number
        case ValueType.FLOAT | ValueType.NUMBER:
            return number
        case ValueType.BOOLEAN:
            return isinstance(value, bool)
        case ValueType.ARRAY | ValueType.LIST:
            return isinstance(value, Sequence) and not isinstance(value, str | bytes)
        case ValueType.OBJECT:
            return isinstance(value, Mapping)


def value_text(value: object) -> str:
    """A value as a text, as a step sees it in ``INPUT_<NAME>``: JSON except for strings, null is empty.

    >>> value_text(True), value_text([1, "a"]), value_text(None), value_text("a")
    ('true', '[1, "a"]', '', 'a')
    """
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def input_variable(name: str) -> str:
    """The environment variable that carries an input: upper case, other characters than letters and digits ``_``.

    >>> input_variable("image-path")
    'INPUT_IMAGE_PATH'
    """
    return "INPUT_" + _NO_VARIABLE.sub("_", name.upper())


def _kind(value: object) -> str:
    """What a value is, without telling the value: it may be a secret."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a float"
    if isinstance(value, str):
        return "a string"
    return "an object" if isinstance(value, Mapping) else "an array"


def _misfit(value: object, wanted: str, hint: str | None = None) -> InputError:
    if isinstance(value, str) and "{{" in value and "${{" not in value:
        hint = "an expression is written ${{ ... }}"
    return InputError(f"{_kind(value)} is not {wanted}", hint=hint)


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value.strip())  # it takes fewer characters for white space than `strip` does
    raise _misfit(value, "an integer", "write a whole number")


def _number(value: object, wanted: str) -> int | float:
    number = value
    if isinstance(value, str) and _NUMBER.fullmatch(text := value.strip()):
        number = int(text) if _INTEGER.fullmatch(text) else float(text)
    if isinstance(number, float) and math.isfinite(number):
        return number
    if isinstance(number, int) and not isinstance(number, bool):
        return number
    raise _misfit(value, wanted, "write a number")


def _as_float(number: int | float) -> float:
    try:
        return float(number)
    except OverflowError:
        raise _misfit(number, "a float", "the number is too large") from None


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if isinstance(value, int | float) and value in (0, 1):
        return value == 1
    raise _misfit(value, "a boolean", "write true or false")


def _array(value: object) -> object:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    return _from_json(value, list, "an array", "write a list, or its JSON")


def _object(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return _from_json(value, dict, "an object", "write a mapping, or its JSON")


def _no_constant(name: str) -> object:
    """Python's own reader takes NaN and Infinity, which are no JSON."""
    raise ValueError(name)


def _finite(text: str) -> float:
    """Python's own reader makes infinity of a number that is too large."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _from_json(value: object, kind: type, wanted: str, hint: str) -> object:
    if isinstance(value, str):
        try:
            read = json.loads(value, parse_constant=_no_constant, parse_float=_finite)
        except (ValueError, RecursionError):
            raise _misfit(value, wanted, hint) from None
        if isinstance(read, kind):
            return read
    raise _misfit(value, wanted, hint)
