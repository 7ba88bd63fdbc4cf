"""From a text to its template, with every error of form in it."""

from __future__ import annotations

import re

from attrs import frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions.parser import parse_expression
from datatorch_pipelines.expressions.template import Expression, Template
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

_OPENING = "${{"


@frozen
class Reading:
    """A text as far as it can be read: ``template`` has the expressions that can, ``errors`` says why others can't.

    A part that can't be read is not in the template; so it is only for looking at unless there are no errors.
    """

    template: Template
    errors: tuple[ExpressionError, ...] = ()


def read(text: str, *, limits: Limits = DEFAULT_LIMITS) -> Reading:
    """A text with every error of form in it: one for each ``${{ }}`` that can't be read, in the order of the text.

    After a hundred of them the rest is left alone.

    >>> reading = read("${{ a b }} ${{ c }} ${{ d")
    >>> [error.column for error in reading.errors], len(reading.template.expressions)
    ([7, 21], 1)
    """
    parts: list[str | Expression] = []
    errors: list[ExpressionError] = []
    position = 0
    while (start := text.find(_OPENING, position)) >= 0:
        if start > position:
            parts.append(text[position:start])
        try:
            node, position = parse_expression(text, start + len(_OPENING), closing=True, limits=limits)
        except ExpressionError as error:
            errors.append(error)
            position = _after_broken(text, start + len(_OPENING), limits)
            if len(errors) >= _MOST_ERRORS:
                break
        else:
            parts.append(Expression(node, start, position))
    if position < len(text) or not parts:
        parts.append(text[position:])
    return Reading(Template(text, tuple(parts)), tuple(errors))


_MOST_ERRORS = 100
_TEXT_OR_END = re.compile(r"'(?:[^']|'')*'|\}\}")


def _after_broken(text: str, start: int, limits: Limits) -> int:
    """Where an expression that can't be read probably ends: after its ``}}``, else with the text.

    A ``}}`` inside quotes does not count, unless nothing but such a one is left before the next ``${{``: then it is a
    quote that is not closed.
    """
    following = text.find(_OPENING, start)
    for match in _TEXT_OR_END.finditer(text, start, start + limits.max_expression_length):
        if match.group() == "}}":
            return match.end()
        if match.start() < following < match.end():
            break
    end = text.find("}}", start)
    return len(text) if end < 0 else end + len("}}")


def parse(text: str, *, limits: Limits = DEFAULT_LIMITS) -> Template:
    """The template of a text. Raises ``ExpressionError`` (``DT301``) for an expression of the wrong form: the first.

    >>> parse("a ${{ b }} c").parts[0], parse("${x} ${#x} {{ x }}").is_literal
    ('a ', True)
    """
    return _whole(read(text, limits=limits))


def _whole(reading: Reading) -> Template:
    """The template of a reading without errors; raises the first one."""
    if reading.errors:
        raise reading.errors[0]
    return reading.template


def parse_condition(text: str, *, limits: Limits = DEFAULT_LIMITS) -> Template:
    """The template of a condition: one expression, with ``${{ }}`` around it or without.

    Raises ``ExpressionError``: ``DT307`` where there is text around the brackets, ``DT301`` for a wrong form.

    >>> parse_condition("always()") .is_whole
    True
    """
    return _whole(read_condition(text, limits=limits))


def read_condition(text: str, *, limits: Limits = DEFAULT_LIMITS) -> Reading:
    """A condition with every error of form in it; see `read` and `parse_condition`.

    >>> [error.code for error in read_condition("${{ a b }} == ${{ c }}").errors]
    ['DT301', 'DT307']
    """
    if not text.lstrip().startswith(_OPENING):
        try:
            node, end = parse_expression(text, limits=limits)
        except ExpressionError as error:
            opening = error.column - 1
            if not text.startswith(_OPENING, opening):
                return Reading(Template(text, ("",)), (error,))
            around = _text_around(text, 0, opening)
        else:
            return Reading(Template(text, (Expression(node, 0, end),)))
        reading = read(text, limits=limits)
        return Reading(reading.template, (around, *reading.errors))
    reading = read(text, limits=limits)
    start = text.index(_OPENING)
    end = _end_of_first(reading, start, text, limits)
    if text[end:].strip():
        return Reading(reading.template, (*reading.errors, _text_around(text, end, len(text))))
    first = reading.template.expressions
    return Reading(Template(text, first or ("",)), reading.errors)


def _end_of_first(reading: Reading, start: int, text: str, limits: Limits) -> int:
    """Where the ``${{`` at an offset ends."""
    for part in reading.template.expressions:
        if part.start == start:
            return part.end
    return _after_broken(text, start + len(_OPENING), limits)


def _text_around(text: str, start: int, end: int) -> ExpressionError:
    around = text[start:end]
    return ExpressionError(
        "a condition with text around its `${{ }}`",
        column=start + len(around) - len(around.lstrip()) + 1,
        end_column=start + len(around.rstrip()) + 1,
        code=Code.BAD_CONDITION,
        hint="put the whole condition inside the brackets, or leave them out",
    )
