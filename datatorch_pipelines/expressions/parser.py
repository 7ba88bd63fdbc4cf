"""From the tokens of an expression to its tree, by precedence climbing.

From loose to tight: ``||``/``or``, ``&&``/``and``, ``not``, ``== !=``, ``< <= > >=``, ``!``, then what follows a value:
``.name``, ``.*``, ``[index]``, ``[*]`` and ``| filter``.
"""

from __future__ import annotations

import re
from typing import NoReturn, TypeVar

from datatorch_pipelines.codes import Code
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions.functions import arity_problem, find_function
from datatorch_pipelines.expressions.lexer import STEP_HINT, Kind, Token, ends_in_step, is_reserved, tokenize
from datatorch_pipelines.expressions.nodes import (
    Call,
    Comparison,
    Context,
    Index,
    Literal,
    Logical,
    Node,
    Not,
    Operator,
    Property,
    Wildcard,
)
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

_LEVELS = {"||": 1, "&&": 2, "==": 4, "!=": 4, "<": 5, "<=": 5, ">": 5, ">=": 5}
_OTHER_WORDS = {
    "in": "write contains(list, item)",
    "is": "compare with '==', such as x == null",
    "if": "write case(condition, value, otherwise)",
}
"""What to write for the operators of other languages."""
_LOWEST, _OPERAND_OF_NOT = 1, 4
_PREFIXES, _SUFFIXES = ("!", "not"), (".", "[", "|")
_N = TypeVar("_N", bound=Node)


def parse_expression(
    text: str, start: int = 0, *, closing: bool = False, limits: Limits = DEFAULT_LIMITS
) -> tuple[Node, int]:
    """The tree of the expression that starts at an offset of the text, and the offset after it.

    With ``closing`` the expression follows a ``${{`` and ends with a ``}}``, else it ends with the text. Raises
    ``ExpressionError``, whose columns count from the start of the text.

    >>> parse_expression("a.b && !c")[0].operator
    <Operator.AND: '&&'>
    """
    plain = _plain_reference(text, start, limits, closing=closing)
    if plain is not None:
        return plain
    tokens, end = tokenize(text, start, closing=closing, most=limits.max_expression_length)
    if len(tokens) == 1:
        raise ExpressionError(
            "an empty expression",
            column=start + 1 - (len("${{") if closing else 0),
            end_column=end + 1,
            code=Code.BAD_EXPRESSION,
            hint="write a value, such as `event.fileId`",
        )
    parser = _Parser(text, tokens, limits)
    try:
        return parser.parse(), end
    except RecursionError as error:
        raise parser.too_deep(start, tokens[-1].start) from error


_PLAIN = re.compile(r"\s*([^\W\d][\w-]*(?:\.[^\W\d][\w-]*)+)\s*(\}\}|\Z)")


def _plain_reference(text: str, start: int, limits: Limits, *, closing: bool) -> tuple[Node, int] | None:
    """The tree of an expression that is ``a.b.c`` and nothing else, as most are, read without tokens."""
    match = _PLAIN.match(text, start)
    if match is None or (match[2] == "}}") is not closing:
        return None
    names = match[1].split(".")
    if (
        is_reserved(names[0])
        or len(names) > limits.max_expression_depth
        or match.start(2) - start > limits.max_expression_length
    ):
        return None
    first = match.start(1)
    end = first + len(names[0])
    node: Node = Context(names[0], start=first, end=end)
    for name in names[1:]:
        name_start, end = end + 1, end + 1 + len(name)
        node = Property(node, name, start=first, end=end, name_start=name_start)
    return node, match.end()


class _Parser:
    """One expression's parse: the tokens, and how far it has come."""

    def __init__(self, text: str, tokens: list[Token], limits: Limits) -> None:
        self._text = text
        self._tokens = tokens
        self._limit = limits.max_expression_depth
        self._position = 0
        self._token = tokens[0]
        self._depth = 0

    def parse(self) -> Node:
        node = self._binary(_LOWEST)
        if self._token.kind is not Kind.END:
            self._unexpected()
        return node

    def too_deep(self, start: int, end: int) -> ExpressionError:
        return ExpressionError(
            f"the expression nests deeper than {self._limit} levels",
            column=start + 1,
            end_column=end + 1,
            code=Code.BAD_EXPRESSION,
        )

    def _advance(self) -> Token:
        """Goes on to the next token; gives the one before it. The last token is never passed."""
        token = self._token
        self._position += 1
        self._token = self._tokens[self._position]
        return token

    def _is(self, symbol: str) -> bool:
        return self._token.symbol == symbol

    def _accept(self, symbol: str) -> bool:
        if self._token.symbol != symbol:
            return False
        self._advance()
        return True

    def _expect(self, symbol: str) -> Token:
        if not self._is(symbol):
            self._unexpected(hint=f"{symbol!r} is missing" if self._token.kind is Kind.END else None)
        return self._advance()

    def _unexpected(self, hint: str | None = None) -> NoReturn:
        token = self._token
        if token.kind is Kind.END:
            message = "the expression ends too early"
        else:
            message = f"unexpected {self._text[token.start : token.end]!r} in the expression"
        raise ExpressionError(
            message,
            column=token.start + 1,
            end_column=max(token.end, token.start + 1) + 1,
            code=Code.BAD_EXPRESSION,
            hint=hint or self._hint(),
        )

    def _hint(self) -> str | None:
        """What to do about the token that is not expected."""
        token, before = self._token, self._tokens[self._position - 1] if self._position else None
        if token.symbol == "[":
            return "a list is written fromJSON('[]')"
        if before is None or token.kind is Kind.END:
            return None
        if token.kind is not Kind.NAME and ends_in_step(self._tokens[: self._position]):
            return STEP_HINT
        if token.kind is Kind.NAME and token.text in _OTHER_WORDS:
            return _OTHER_WORDS[token.text]
        if before.symbol == "." and isinstance(token.value, int):
            return f"a position goes into brackets: [{token.value}]"
        if token.symbol in (")", "]"):
            return "a value is missing before it, or nothing was opened that it closes"
        if token.kind is Kind.NAME and before.kind is Kind.NAME:
            if token.text.lower() in ("and", "or"):
                return f"did you mean {token.text.lower()!r}?"
            return "a name that holds spaces goes into brackets: steps['Count Files']"
        if token.text == "*":
            return "expressions have no arithmetic"
        if token.text == "(" and before.kind is Kind.NAME:
            return "values have no methods; a function is called as name(value)"
        return None

    def _bounded(self, node: _N) -> _N:
        """The node, if the tree below it is not too high."""
        if node.height > self._limit:
            raise self.too_deep(node.start, node.end)
        return node

    def _binary(self, lowest: int) -> Node:
        """An operand and the operators of at least a level that follow it."""
        left = self._prefix()
        while (level := _LEVELS.get(self._token.symbol, 0)) >= lowest:
            operator = Operator(self._advance().symbol)
            if operator in (Operator.AND, Operator.OR):
                operands = [left, self._binary(level + 1)]
                while self._accept(operator):
                    operands.append(self._binary(level + 1))
                end = operands[-1].end
                left = self._bounded(Logical(operator, tuple(operands), start=left.start, end=end))
            else:
                right = self._binary(level + 1)
                left = self._bounded(Comparison(operator, left, right, start=left.start, end=right.end))
        return left

    def _nested(self, lowest: int = _LOWEST) -> Node:
        """An expression inside another one: a group, an argument, an index, the operand of ``not``."""
        self._depth += 1
        if self._depth > self._limit:
            raise self.too_deep(self._token.start, self._token.end)
        node = self._binary(lowest)
        self._depth -= 1
        return node

    def _prefix(self) -> Node:
        """A value with its ``!`` and ``not`` before it."""
        start = self._token.start
        if self._token.symbol not in _PREFIXES:
            return self._postfix(self._primary())
        if self._accept("not"):
            operand = self._nested(_OPERAND_OF_NOT)
            return self._bounded(Not(operand, start=start, end=operand.end))
        signs = []
        while self._is("!"):
            signs.append(self._advance().start)
        node = self._prefix() if signs and self._is("not") else self._postfix(self._primary())
        for sign in reversed(signs):
            node = self._bounded(Not(node, start=sign, end=node.end))
        return node

    def _primary(self) -> Node:
        token = self._token
        if self._accept("("):
            node = self._nested()
            self._expect(")")
            return node
        if token.kind not in (Kind.LITERAL, Kind.NAME):
            self._unexpected()
        self._advance()
        if token.kind is Kind.LITERAL:
            return Literal(token.value, start=token.start, end=token.end)
        if self._is("("):
            return self._call(token, None)
        return Context(token.text, start=token.start, end=token.end)

    def _postfix(self, node: Node) -> Node:
        """A node with the look-ups and filters that follow it."""
        literal = isinstance(node, Literal)
        while self._token.symbol in _SUFFIXES:
            if self._accept("|"):
                name = self._name("the name of a filter")
                node = self._call(name, node) if self._is("(") else self._filter(name, node)
            elif not literal and self._accept("."):
                node = self._dot(node)
            elif not literal and self._accept("["):
                node = self._brackets(node)
            else:
                break
            self._bounded(node)
        return node

    def _dot(self, target: Node) -> Node:
        start = target.start
        if self._is("*"):
            return Wildcard(target, start=start, end=self._advance().end)
        name = self._name("a name")
        return Property(target, str(name.value), start=start, end=name.end, name_start=name.start)

    def _brackets(self, target: Node) -> Node:
        if self._accept("*"):
            return Wildcard(target, start=target.start, end=self._expect("]").end)
        index = self._nested()
        return Index(target, index, start=target.start, end=self._expect("]").end)

    def _name(self, what: str) -> Token:
        if self._token.kind is not Kind.NAME:
            self._unexpected(hint=self._hint() or f"{what} is missing")
        return self._advance()

    def _filter(self, name: Token, argument: Node) -> Call:
        return self._checked(
            Call(name.text, (argument,), start=argument.start, end=name.end, name_start=name.start), name
        )

    def _call(self, name: Token, first: Node | None) -> Call:
        """The call whose ``(`` comes next; ``first`` is what stands before a filter's ``|``."""
        self._expect("(")
        arguments = [] if first is None else [first]
        if not self._is(")"):
            arguments.append(self._nested())
            while self._accept(","):
                arguments.append(self._nested())
        end = self._expect(")").end
        start = name.start if first is None else first.start
        return self._checked(Call(name.text, tuple(arguments), start=start, end=end, name_start=name.start), name)

    def _checked(self, call: Call, name: Token) -> Call:
        """The call, if its function takes so many arguments; an unknown function is left to whoever evaluates."""
        function = find_function(call.name)
        problem = arity_problem(function, len(call.arguments)) if function else None
        if problem:
            raise ExpressionError(problem, column=name.start + 1, end_column=call.end + 1, code=Code.BAD_EXPRESSION)
        return self._bounded(call)
