"""Values to JSON text and back, with bounds on size and depth."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring

from datatorch_pipelines._json_words import wrong_with_json
from datatorch_pipelines.expressions.values import (
    Kind,
    ValueProblem,
    as_list,
    as_mapping,
    kind_of,
    number_text,
    to_text,
)

_SURROGATE = re.compile("[\ud800-\udfff]")
_NEST = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{\]}]', re.DOTALL)


def to_json(value: object, *, indent: int | None, spend: Callable[[int], None]) -> str:
    """A value's JSON: with ``indent``, over lines as GitHub's toJSON; without, on one line.

    ``spend`` is told how many characters are written before they are kept, and may raise to stop it. Raises
    `ValueProblem` for what JSON can't say.

    >>> to_json({"a": [1.0, None, "é"]}, indent=None, spend=lambda length: None)
    '{"a": [1, null, "é"]}'
    """
    pieces = []
    for piece in _pieces(value, indent):
        spend(len(piece))
        pieces.append(piece)
    return "".join(pieces)


def _pieces(value: object, indent: int | None) -> Iterator[str]:
    """The parts of the text, by a stack of our own: no depth of the data is too deep for it."""
    stack: list[tuple[Iterator[tuple[str, object]], str]] = []
    # A scalar is written at once; a container is written member by member as its iterator is drawn.
    current: Iterator[tuple[str, object]] = iter([("", value)])
    closing = ""
    first = True
    while True:
        member = next(current, None)
        if member is None:
            if not stack:
                return
            if indent is not None:
                yield "\n" + " " * indent * (len(stack) - 1)
            yield closing
            current, closing = stack.pop()
            first = False
            continue
        prefix, item = member
        if not first:
            yield "," if indent is not None else ", "
        if indent is not None and stack:
            yield "\n" + " " * indent * len(stack)
        first = False
        yield prefix
        container = as_mapping(item) if kind_of(item) is Kind.OBJECT else as_list(item)
        if container is None:
            yield _scalar(item)
            continue
        brackets = "{}" if isinstance(container, Mapping) else "[]"
        if not len(container):
            yield brackets
            continue
        yield brackets[0]
        stack.append((current, closing))
        current, closing, first = _members(container), brackets[1], True


def _members(container: Mapping[object, object] | Sequence[object]) -> Iterator[tuple[str, object]]:
    """What stands in a container: for a mapping, each value with its key's text before it."""
    if isinstance(container, Mapping):
        for key in container:
            if not isinstance(key, str):
                raise ValueProblem("a mapping whose keys are not all text has no JSON form")
            yield f"{_string(key)}: ", container[key]
    else:
        for item in container:
            yield "", item


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueProblem("NaN and Infinity have no JSON form")
            return number_text(value, exact=True)
    return _string(to_text(value))


def _string(text: str) -> str:
    """A JSON string: characters stay as they are, but halves of surrogate pairs, which UTF-8 can't hold."""
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", encode_basestring(text))


def from_json(text: str, *, max_depth: int) -> object:
    """The value that a JSON text stands for. Raises `ValueProblem`, which never holds the text.

    >>> from_json('{"a": [1, 2.5]}', max_depth=10)
    {'a': [1, 2.5]}
    """
    depth = 0
    for token in _NEST.finditer(text):
        character = token.group()
        if character in "[{":
            depth += 1
            if depth > max_depth:
                raise ValueProblem(f"the JSON text nests deeper than {max_depth} levels", argument=0)
        elif character in "]}":
            depth -= 1
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueProblem(
            f"the text is not valid JSON ({wrong_with_json(error)} at its {place})", argument=0
        ) from None
    except (ValueError, RecursionError):
        raise ValueProblem("the text is not valid JSON", argument=0) from None


def _refuse(constant: str) -> object:
    raise ValueError(constant)
