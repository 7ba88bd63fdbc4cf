"""The functions of the language: GitHub's, and those that stand in for Jinja's filters."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NoReturn, Protocol

from attrs import frozen

from datatorch_pipelines.expressions.host import Host
from datatorch_pipelines.expressions.json_text import from_json, to_json
from datatorch_pipelines.expressions.values import (
    Kind,
    ValueProblem,
    as_list,
    as_mapping,
    equal,
    fold,
    is_nan,
    is_primitive,
    kind_of,
    to_number,
    to_text,
    truthy,
)
from datatorch_pipelines.limits import Limits


class Evaluation(Protocol):
    """What a function may know of the evaluation that it is called in."""

    @property
    def host(self) -> Host:
        """The surroundings."""

    @property
    def limits(self) -> Limits:
        """The bounds."""

    def spend(self, length: int) -> None:
        """Counts characters or items that are about to be produced; raises `ValueProblem` past the bound."""


Arguments = Sequence[object]


@frozen
class Function:
    """A function: how it is spelled, what it takes, what it does. ``most`` is ``None`` where there is no bound."""

    name: str
    least: int
    most: int | None
    call: Callable[[Evaluation, Arguments], object]
    odd: bool = False
    """Whether the number of arguments has to be odd."""


def find_function(name: str) -> Function | None:
    """The function of a name, without regard to case."""
    return FUNCTIONS.get(name.lower())


def known_functions() -> tuple[str, ...]:
    """The names of all functions, as they are spelled in the documentation.

    >>> "toJSON" in known_functions()
    True
    """
    return tuple(function.name for function in FUNCTIONS.values())


def arity_problem(function: Function, count: int) -> str | None:
    """What is wrong with a call with so many arguments, if anything is."""
    least, most = function.least, function.most
    if count >= least and (most is None or count <= most) and not (function.odd and count % 2 == 0):
        return None
    if function.odd:
        wanted = f"an odd number of arguments, {least} or more"
    elif most is None:
        wanted = f"{least} or more arguments"
    elif least == most:
        wanted = "no arguments" if most == 0 else "1 argument" if most == 1 else f"{most} arguments"
    else:
        wanted = f"{least} or {most} arguments" if most == least + 1 else f"{least} to {most} arguments"
    return f"{function.name}() takes {wanted}, not {count}"


def _contains(_: Evaluation, arguments: Arguments) -> bool:
    search, item = arguments
    if (elements := as_list(search)) is not None:
        return any(equal(element, item) for element in elements)
    return is_primitive(search) and is_primitive(item) and fold(to_text(item)) in fold(to_text(search))


def _starts_with(_: Evaluation, arguments: Arguments) -> bool:
    text, start = arguments
    return is_primitive(text) and is_primitive(start) and fold(to_text(text)).startswith(fold(to_text(start)))


def _ends_with(_: Evaluation, arguments: Arguments) -> bool:
    text, end = arguments
    return is_primitive(text) and is_primitive(end) and fold(to_text(text)).endswith(fold(to_text(end)))


_FORMAT = re.compile(r"(?P<open>\{\{)|(?P<close>\}\})|\{(?P<number>[0-9]{1,3})\}|(?P<stray>[{}])|[^{}]+")


def _format(evaluation: Evaluation, arguments: Arguments) -> str:
    pieces = []
    for match in _FORMAT.finditer(to_text(arguments[0])):
        if match["stray"]:
            raise ValueProblem(
                f"format() found a stray {match['stray']!r} in its text",
                hint="an argument is written {0}, a brace {{ or }}",
                argument=0,
            )
        if match["number"]:
            index = int(match["number"])
            if index + 1 >= len(arguments):
                raise ValueProblem(
                    f"format() has no argument for {{{index}}}: it got {len(arguments) - 1}",
                    hint="the first argument after the text is {0}",
                    argument=0,
                )
            piece = to_text(arguments[index + 1])
        else:
            piece = "{" if match["open"] else "}" if match["close"] else match.group()
        evaluation.spend(len(piece))
        pieces.append(piece)
    return "".join(pieces)


def _join(evaluation: Evaluation, arguments: Arguments) -> str:
    items = as_list(arguments[0])
    if items is None:
        return to_text(arguments[0]) if is_primitive(arguments[0]) else ""
    separator = to_text(arguments[1]) if len(arguments) > 1 and is_primitive(arguments[1]) else ","
    pieces = []
    for item in items:
        piece = to_text(item)
        evaluation.spend(len(piece) + len(separator))
        pieces.append(piece)
    return separator.join(pieces)


def _to_json(evaluation: Evaluation, arguments: Arguments) -> str:
    return to_json(arguments[0], indent=2, spend=evaluation.spend)


def _from_json(evaluation: Evaluation, arguments: Arguments) -> object:
    text = to_text(arguments[0])
    evaluation.spend(len(text))
    return from_json(text, max_depth=evaluation.limits.max_depth)


def _case(_: Evaluation, arguments: Arguments) -> object:
    for index in range(0, len(arguments) - 1, 2):
        predicate = arguments[index]
        if not isinstance(predicate, bool):
            raise ValueProblem(
                f"case() wants true or false here, not {kind_of(predicate).value}",
                hint="compare the value, or write !!value",
                argument=index,
            )
        if predicate:
            return arguments[index + 1]
    return arguments[-1]


def _hash_files(evaluation: Evaluation, arguments: Arguments) -> str:
    for index, pattern in enumerate(arguments):
        if not isinstance(pattern, str):
            raise ValueProblem(f"hashFiles() wants text, not {kind_of(pattern).value}", argument=index)
    if evaluation.host.hash_files is None:
        raise ValueProblem("hashFiles() has no files to look at here", hint="it works in steps of a job that runs")
    try:
        return evaluation.host.hash_files(tuple(to_text(pattern) for pattern in arguments))
    except ValueError as error:
        raise ValueProblem(f"hashFiles() failed: {error}") from error
    except OSError as error:
        raise ValueProblem(f"hashFiles() failed: {error.strerror or 'a file can not be read'}") from error


def _success(evaluation: Evaluation, _: Arguments) -> bool:
    return evaluation.host.status == "success"


def _failure(evaluation: Evaluation, _: Arguments) -> bool:
    host = evaluation.host
    return host.status == "failure" or (host.failed_above and host.status != "cancelled")


def _cancelled(evaluation: Evaluation, _: Arguments) -> bool:
    return evaluation.host.status == "cancelled"


def _always(_: Evaluation, __: Arguments) -> bool:
    return True


def _default(_: Evaluation, arguments: Arguments) -> object:
    """Jinja's ``default``: with a third argument that is true, also for what is empty or false."""
    value, otherwise = arguments[0], arguments[1] if len(arguments) > 1 else ""
    falsy_too = len(arguments) > 2 and truthy(arguments[2])
    return otherwise if value is None or (falsy_too and not truthy(value)) else value


def _int(_: Evaluation, arguments: Arguments) -> object:
    number = to_number(arguments[0])
    if isinstance(number, int) or math.isfinite(number):
        return int(number)
    return arguments[1] if len(arguments) > 1 else _no_number("int", arguments[0])


def _float(_: Evaluation, arguments: Arguments) -> object:
    number = to_number(arguments[0])
    if is_nan(number):
        return arguments[1] if len(arguments) > 1 else _no_number("float", arguments[0])
    try:
        return float(number)
    except OverflowError:
        raise ValueProblem("float() can't hold so large a number", argument=0) from None


def _no_number(name: str, value: object) -> NoReturn:
    kind = kind_of(value)
    what = "NaN or Infinity" if kind is Kind.NUMBER else f"this {kind.value.removeprefix('a ')}"
    raise ValueProblem(f"{name}() can't make a number of {what}", argument=0)


def embedded_text(value: object, spend: Callable[[int], None]) -> str:
    """What a value is as a text among other text: as `to_text`, but JSON for lists and mappings."""
    if is_primitive(value):
        text = to_text(value)
        spend(len(text))
        return text
    return to_json(value, indent=None, spend=spend)


def _string(evaluation: Evaluation, arguments: Arguments) -> str:
    return embedded_text(arguments[0], evaluation.spend)


def _text(name: str, evaluation: Evaluation, value: object) -> str:
    if not is_primitive(value):
        raise ValueProblem(f"{name}() wants text, not {kind_of(value).value}", argument=0)
    text = to_text(value)
    evaluation.spend(len(text))
    return text


def _upper(evaluation: Evaluation, arguments: Arguments) -> str:
    return _text("upper", evaluation, arguments[0]).upper()


def _lower(evaluation: Evaluation, arguments: Arguments) -> str:
    return _text("lower", evaluation, arguments[0]).lower()


def _trim(evaluation: Evaluation, arguments: Arguments) -> str:
    return _text("trim", evaluation, arguments[0]).strip()


def _length(_: Evaluation, arguments: Arguments) -> int:
    value = arguments[0]
    if value is None:
        return 0
    sized = value if isinstance(value, str) else as_mapping(value) if as_list(value) is None else as_list(value)
    if sized is not None:
        return len(sized)
    raise ValueProblem(f"length() wants text, a list or a mapping, not {kind_of(value).value}", argument=0)


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.name.lower(): function
        for function in (
            Function("contains", 2, 2, _contains),
            Function("startsWith", 2, 2, _starts_with),
            Function("endsWith", 2, 2, _ends_with),
            Function("format", 1, None, _format),
            Function("join", 1, 2, _join),
            Function("toJSON", 1, 1, _to_json),
            Function("fromJSON", 1, 1, _from_json),
            Function("case", 3, None, _case, odd=True),
            Function("hashFiles", 1, None, _hash_files),
            Function("success", 0, 0, _success),
            Function("failure", 0, 0, _failure),
            Function("cancelled", 0, 0, _cancelled),
            Function("always", 0, 0, _always),
            Function("default", 1, 3, _default),
            Function("int", 1, 2, _int),
            Function("float", 1, 2, _float),
            Function("string", 1, 1, _string),
            Function("upper", 1, 1, _upper),
            Function("lower", 1, 1, _lower),
            Function("trim", 1, 1, _trim),
            Function("length", 1, 1, _length),
        )
    }
)
"""All functions, by their names in lower case."""
