"""The syntax tree of an expression.

Nodes are plain, frozen data. ``start`` and ``end`` are offsets (from 0, the end exclusive) into the text that the
expression stands in; they don't count when nodes are compared. ``height`` is the number of levels of the tree.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

from attrs import field, frozen


class Operator(enum.StrEnum):
    """A comparison or a logical operator, by its GitHub spelling."""

    OR = "||"
    AND = "&&"
    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="


@frozen
class Literal:
    """A value that is written out: text, a number, ``true``, ``false``, ``null``."""

    value: str | int | float | bool | None
    start: int = field(default=0, eq=False, kw_only=True)
    end: int = field(default=0, eq=False, kw_only=True)
    height: int = field(default=1, init=False, eq=False, repr=False)


@frozen
class Context:
    """The name that a reference starts with: ``steps`` in ``steps.a.outputs``."""

    name: str
    start: int = field(default=0, eq=False, kw_only=True)
    end: int = field(default=0, eq=False, kw_only=True)
    height: int = field(default=1, init=False, eq=False, repr=False)


@frozen
class Property:
    """A value looked up by a name: ``target.name``; ``name_start`` is where the name stands."""

    target: Node
    name: str
    start: int = field(default=0, eq=False, kw_only=True)
    end: int = field(default=0, eq=False, kw_only=True)
    name_start: int = field(default=0, eq=False, kw_only=True)
    height: int = field(init=False, eq=False, repr=False)

    @height.default
    def _height(self) -> int:
        return self.target.height + 1


@frozen
class Index:
    """A value looked up by what an expression gives: ``target[index]``."""

    target: Node
    index: Node
    start: int = field(default=0, eq=False, kw_only=True)
    end: int = field(default=0, eq=False, kw_only=True)
    height: int = field(init=False, eq=False, repr=False)

    @height.default
    def _height(self) -> int:
        return max(self.target.height, self.index.height) + 1


@frozen
class Wildcard:
    """All values of a list or mapping: ``target.*`` and ``target[*]``."""

    target: Node
    start: int = field(default=0, eq=False, kw_only=True)
    end: int = field(default=0, eq=False, kw_only=True)
    height: int = field(init=False, eq=False, repr=False)

    @height.default
    def _height(self) -> int:
        return self.target.height + 1


@frozen
class Call:
    """A function's call, written ``name(arguments)`` or ``argument | name(further arguments)``."""

    name: str
    arguments: tuple[Node, ...]
    start: int = field(default=0, eq=False, kw_only=True)
    end: int = field(default=0, eq=False, kw_only=True)
    name_start: int = field(default=0, eq=False, kw_only=True)
    height: int = field(init=False, eq=False, repr=False)

    @height.default
    def _height(self) -> int:
        return max((argument.height for argument in self.arguments), default=0) + 1


@frozen
class Not:
    """``!operand`` or ``not operand``."""

    operand: Node
    start: int = field(default=0, eq=False, kw_only=True)
    end: int = field(default=0, eq=False, kw_only=True)
    height: int = field(init=False, eq=False, repr=False)

    @height.default
    def _height(self) -> int:
        return self.operand.height + 1


@frozen
class Comparison:
    """Two operands and one of ``== != < <= > >=``."""

    operator: Operator
    left: Node
    right: Node
    start: int = field(default=0, eq=False, kw_only=True)
    end: int = field(default=0, eq=False, kw_only=True)
    height: int = field(init=False, eq=False, repr=False)

    @height.default
    def _height(self) -> int:
        return max(self.left.height, self.right.height) + 1


@frozen
class Logical:
    """Two or more operands joined by ``&&`` or by ``||``."""

    operator: Operator
    operands: tuple[Node, ...]
    start: int = field(default=0, eq=False, kw_only=True)
    end: int = field(default=0, eq=False, kw_only=True)
    height: int = field(init=False, eq=False, repr=False)

    @height.default
    def _height(self) -> int:
        return max(operand.height for operand in self.operands) + 1


Access = Property | Index | Wildcard
Node = Literal | Context | Property | Index | Wildcard | Call | Not | Comparison | Logical


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below a node, in the order of the text."""
    match node:
        case Property() | Wildcard():
            return (node.target,)
        case Index():
            return (node.target, node.index)
        case Call():
            return node.arguments
        case Not():
            return (node.operand,)
        case Comparison():
            return (node.left, node.right)
        case Logical():
            return node.operands
        case Literal() | Context():
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, each before what is below it, in the order of the text."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(children(current)))
