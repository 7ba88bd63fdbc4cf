"""Texts and values that are parsed and evaluated at once."""

from __future__ import annotations

from collections.abc import Mapping

from datatorch_pipelines.codes import Code
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions.host import Host
from datatorch_pipelines.expressions.reading import parse, parse_condition
from datatorch_pipelines.expressions.values import truthy
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits


def evaluate(
    text: str,
    contexts: Mapping[str, object],
    *,
    strict: bool = True,
    host: Host | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> object:
    """The value of a text with ``${{ }}`` in it.

    A text that is one expression gives that expression's value, with its type. Otherwise the expressions become text:
    JSON for lists and mappings, ``true`` and ``false``, nothing for null. What an expression gives is never evaluated
    again. Values are JSON's; mappings may be any ``Mapping`` (one that makes its values when they are asked for should
    have a ``__contains__`` of its own) and lists any ``Sequence``.

    An unknown context or step is always an error. A ``${{ }}`` that is a reference and nothing else and finds nothing
    is an error when ``strict``, and null when not. ``host`` answers ``success()``, ``hashFiles()`` and their like.
    Raises ``ExpressionError``, whose ``column`` and ``end_column`` count from 1 in ``text``.

    >>> evaluate("${{ event.points[0] }}", {"event": {"points": [3, 4]}})
    3
    >>> evaluate("at ${{ event.points }}: ${{ event.note || 'none' }}", {"event": {"points": [3, 4]}})
    'at [3, 4]: none'
    """
    return parse(text, limits=limits).evaluate(contexts, strict=strict, host=host, limits=limits)


def evaluate_value(
    value: object,
    contexts: Mapping[str, object],
    *,
    strict: bool = True,
    host: Host | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> object:
    """A value with every text in it evaluated, however deep in lists and mappings; keys stay as they are.

    The columns of an ``ExpressionError`` count in the text that is wrong. A value that nests deeper than
    ``limits.max_depth`` is an error too.

    >>> evaluate_value({"ids": ["${{ event.id }}", "x"]}, {"event": {"id": 7}})
    {'ids': [7, 'x']}
    """
    return _evaluate_value(value, contexts, strict, host, limits, 0)


def _evaluate_value(
    value: object, contexts: Mapping[str, object], strict: bool, host: Host | None, limits: Limits, depth: int
) -> object:
    if isinstance(value, str):
        return evaluate(value, contexts, strict=strict, host=host, limits=limits)
    if not isinstance(value, dict | list | tuple | Mapping):
        return value
    if depth >= limits.max_depth:
        raise ExpressionError(
            f"a value that nests deeper than {limits.max_depth} levels", column=1, code=Code.EVALUATION
        )
    if isinstance(value, Mapping):
        return {key: _evaluate_value(item, contexts, strict, host, limits, depth + 1) for key, item in value.items()}
    return [_evaluate_value(item, contexts, strict, host, limits, depth + 1) for item in value]


def evaluate_condition(
    condition: object,
    contexts: Mapping[str, object],
    *,
    strict: bool = True,
    host: Host | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> bool:
    """Whether a condition (the ``if`` of a step or job) holds.

    A text is one expression, with ``${{ }}`` around it or without; a boolean, a number or null is taken as it is. What
    counts as true is GitHub's: all but null, false, 0, NaN and the empty text. Raises ``ExpressionError``.

    >>> evaluate_condition("event.kind == 'image'", {"event": {"kind": "IMAGE"}})
    True
    """
    if isinstance(condition, str):
        template = parse_condition(condition, limits=limits)
        return template.evaluate_condition(contexts, strict=strict, host=host, limits=limits)
    if condition is None or isinstance(condition, bool | int | float):
        return truthy(condition)
    raise ExpressionError("a condition has to be text, a boolean, a number or null", column=1, code=Code.EVALUATION)
