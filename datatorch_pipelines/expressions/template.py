"""Text with ``${{ }}`` in it: parsed once, evaluated as often as wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import field, frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions.analysis import FunctionCall, Reference, find_names
from datatorch_pipelines.expressions.evaluator import Budget, Evaluator
from datatorch_pipelines.expressions.functions import embedded_text
from datatorch_pipelines.expressions.host import DEFAULT_HOST, Host
from datatorch_pipelines.expressions.nodes import Node
from datatorch_pipelines.expressions.values import ValueProblem, truthy
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits


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

    >>> from datatorch_pipelines.expressions import parse
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
        >>> from datatorch_pipelines.expressions import parse
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
