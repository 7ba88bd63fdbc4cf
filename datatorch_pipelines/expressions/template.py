"""Text with ``${{ }}`` in it: parsed once, evaluated as often as wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from attrs import field, frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions.analysis import FunctionCall, Reference, find_names
from datatorch_pipelines.expressions.evaluator import Budget, Evaluator
from datatorch_pipelines.expressions.functions import embedded_text
from datatorch_pipelines.expressions.host import DEFAULT_HOST, Host
from datatorch_pipelines.expressions.nodes import Node
from datatorch_pipelines.expressions.parser import parse_expression
from datatorch_pipelines.expressions.values import ValueProblem, truthy
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

_OPENING = "${{"


@frozen
class Expression:
    """One ``${{ }}`` of a template; ``start`` and ``end`` are the offsets of its brackets in the template's text."""

    node: Node
    start: int
    end: int
    references: tuple[Reference, ...] = field(init=False, repr=False)
    """What it refers to."""
    calls: tuple[FunctionCall, ...] = field(init=False, repr=False)
    """What it calls."""

    def __attrs_post_init__(self) -> None:
        references, calls = find_names(self.node)
        object.__setattr__(self, "references", references)
        object.__setattr__(self, "calls", calls)

    @property
    def column(self) -> int:
        """Where it starts, from 1."""
        return self.start + 1

    @property
    def end_column(self) -> int:
        """Where it ends, exclusive."""
        return self.end + 1


@frozen
class Template:
    """A text whose ``${{ }}`` are parsed; immutable, so that it may be kept and shared between threads.

    >>> template = parse("${{ event.fileId }}.png")
    >>> template.evaluate({"event": {"fileId": 7}})
    '7.png'
    >>> [reference.path for reference in template.references()]
    [('fileId',)]
    """

    text: str
    """The text as it was given."""
    parts: tuple[str | Expression, ...] = field(eq=False)
    """The literal texts and the expressions, in order; no literal part is empty."""

    expressions: tuple[Expression, ...] = field(init=False, eq=False, repr=False)
    """The parts that are expressions."""

    @expressions.default
    def _expressions(self) -> tuple[Expression, ...]:
        found = tuple(part for part in self.parts if isinstance(part, Expression))
        return self.parts if len(found) == len(self.parts) else found  # type: ignore[return-value]  # the same parts

    @property
    def is_literal(self) -> bool:
        """Whether there is no expression in the text."""
        return not self.expressions

    @property
    def is_whole(self) -> bool:
        """Whether the text is one expression and nothing else, so that the value keeps its type."""
        return len(self.parts) == 1 and not self.is_literal

    def references(self) -> tuple[Reference, ...]:
        """The contexts that the expressions refer to, with the names looked up on them, in the order of the text."""
        if len(self.expressions) == 1:
            return self.expressions[0].references
        return tuple(reference for part in self.expressions for reference in part.references)

    def calls(self) -> tuple[FunctionCall, ...]:
        """The functions that the expressions call, known or not."""
        if len(self.expressions) == 1:
            return self.expressions[0].calls
        return tuple(call for part in self.expressions for call in part.calls)

    def evaluate(
        self,
        contexts: Mapping[str, object],
        *,
        strict: bool = True,
        host: Host | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> object:
        """The template's value: see `evaluate`."""
        if self.is_literal:
            return self.text
        if self.is_whole:
            return self._value(self.expressions[0], contexts, strict, host, limits)
        return self._render(contexts, lambda text: text, strict, host, limits)

    def render(
        self,
        contexts: Mapping[str, object],
        quote: Callable[[str], str],
        *,
        strict: bool = True,
        host: Host | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> str:
        """The template's text, ``quote`` being applied to the text of each expression and to nothing else.

        >>> import shlex
        >>> parse("ls ${{ directory.temp }}").render({"directory": {"temp": "/a b"}}, shlex.quote)
        "ls '/a b'"
        """
        return self._render(contexts, quote, strict, host, limits)

    def evaluate_condition(
        self,
        contexts: Mapping[str, object],
        *,
        strict: bool = True,
        host: Host | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> bool:
        """Whether the template's value counts as true."""
        return truthy(self.evaluate(contexts, strict=strict, host=host, limits=limits))

    def _value(
        self, part: Expression, contexts: Mapping[str, object], strict: bool, host: Host | None, limits: Limits
    ) -> object:
        evaluator = Evaluator(self.text, contexts, strict=strict, host=host or DEFAULT_HOST, limits=limits)
        evaluator.check_names(part.references, part.calls)
        return evaluator.evaluate(part.node)

    def _render(
        self,
        contexts: Mapping[str, object],
        quote: Callable[[str], str],
        strict: bool,
        host: Host | None,
        limits: Limits,
    ) -> str:
        budget = Budget(limits.max_expression_result)
        pieces = []
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            value = self._value(part, contexts, strict, host, limits)
            try:
                pieces.append(quote(embedded_text(value, budget.spend)))
            except ValueProblem as problem:
                raise ExpressionError(
                    problem.message,
                    column=part.node.start + 1,
                    end_column=part.node.end + 1,
                    code=Code.EVALUATION,
                    hint=problem.hint,
                ) from problem
        return "".join(pieces)


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
