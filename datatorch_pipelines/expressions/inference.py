"""From a tree and the types of contexts to a type, and to what can't give anything useful on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from datatorch_pipelines.expressions.analysis import OWNERS, canonical_context, chain, name_range, synonym
from datatorch_pipelines.expressions.functions import find_function
from datatorch_pipelines.expressions.nodes import (
    Access,
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
    walk,
)
from datatorch_pipelines.expressions.signatures import SIGNATURES
from datatorch_pipelines.expressions.types import (
    ANY,
    BOOLEAN,
    NULL,
    SCALARS,
    Kind,
    Scalar,
    Type,
    array_of,
    deciding,
    describe,
    items_type,
    look_up_type,
    truth,
    type_of,
    union,
)
from datatorch_pipelines.expressions.values import equal, is_nan, parse_number

ContextTypes = Mapping[str, Type]
"""The types of contexts by their names in lower case (``input`` being ``inputs``); of the others, nothing is known."""


@frozen
class Problem:
    """A part of an expression that can't give anything useful; ``start`` and ``end`` are offsets in its text."""

    message: str
    start: int
    end: int
    hint: str | None = None


def infer(node: Node, contexts: ContextTypes) -> Type:
    """The type of an expression: what it gives is in it, whatever the contexts hold of theirs.

    A look-up that finds nothing gives null.

    >>> from datatorch_pipelines.expressions.parser import parse_expression
    >>> node, _ = parse_expression("length(x) == 1 && 'one' || x.y")
    >>> describe(infer(node, {"x": type_of({"y": 5})}))
    'an integer or text'
    """
    return _Inference(contexts, None).type(node)


def infer_found(node: Node, contexts: ContextTypes) -> Type:
    """As `infer`, for a whole ``${{ }}``: there, a reference that finds nothing is an error, and gives no null."""
    inference = _Inference(contexts, None)
    return inference.found(node) if isinstance(node, Access) and chain(node)[0] is not None else inference.type(node)


def problems(node: Node, contexts: ContextTypes) -> list[Problem]:
    """What can't give anything useful in an expression; what follows from it is not told.

    >>> from datatorch_pipelines.expressions.parser import parse_expression
    >>> problems(parse_expression("length(x.y)")[0], {"x": type_of({"y": 5})})[0].message
    'length() wants text, a list or a mapping, not an integer'
    """
    found: list[Problem] = []
    _Inference(contexts, found.append).type(node)
    return found


def constant_truth(node: Node, contexts: ContextTypes) -> bool | None:
    """Whether an expression counts as true whatever the contexts hold; ``None`` where that depends."""
    if isinstance(node, Not):
        answer = constant_truth(node.operand, contexts)
        return None if answer is None else not answer
    if isinstance(node, Comparison):
        return None
    if isinstance(node, Call) and (signature := SIGNATURES.get(node.name.lower())) and signature.impure:
        return None
    if isinstance(node, Logical):
        deciding_answer = node.operator is Operator.OR
        answers = [constant_truth(operand, contexts) for operand in node.operands]
        if deciding_answer in answers:
            return deciding_answer
        return None if None in answers else not deciding_answer
    return truth(infer(node, contexts))


def constant_condition(node: Node, contexts: ContextTypes) -> bool | None:
    """As `constant_truth`, for a whole condition: what finds nothing there is an error."""
    return constant_truth(node, contexts) if not isinstance(node, Access) else truth(infer_found(node, contexts))


def is_constant(node: Node) -> bool:
    """Whether an expression depends on no context and on nothing of a run."""
    for part in walk(node):
        if isinstance(part, Context):
            return False
        if isinstance(part, Call):
            signature = SIGNATURES.get(part.name.lower())
            if signature is None or signature.impure:
                return False
    return True


@frozen
class _Inference:
    """One expression's types; ``report`` takes what is wrong, and a part that is reported may then be anything."""

    contexts: ContextTypes
    report: Callable[[Problem], None] | None

    def type(self, node: Node) -> Type:
        match node:
            case Literal():
                return type_of(node.value)
            case Context():
                return self.contexts.get(canonical_context(node.name), ANY)
            case Property() | Index() | Wildcard():
                found = self.found(node)
                return found if any(isinstance(part, Wildcard) for part in chain(node)[1]) else union([found, NULL])
            case Call():
                return self._call(node)
            case Not():
                self.type(node.operand)
                return BOOLEAN
            case Comparison():
                self._compare(node, self.type(node.left), self.type(node.right))
                return BOOLEAN
            case Logical():
                return self._logical(node)

    def _logical(self, node: Logical) -> Type:
        """What decides of each operand, and all of the last one."""
        counting = node.operator is Operator.OR
        found = []
        for operand in node.operands[:-1]:
            type_ = self.type(operand)
            found.append(deciding(type_, counting=counting))
            if truth(type_) is counting:
                return union(found)
        return union([*found, self.type(node.operands[-1])])

    def found(self, node: Access) -> Type:
        """What look-ups find, if they find anything."""
        context, accesses = chain(node)
        base = accesses[0].target
        target = self.type(base)
        if target is ANY and context is not None and all(isinstance(access, Property) for access in accesses):
            return ANY
        if context is None and any(isinstance(part, Wildcard) for part in walk(base)):
            return ANY  # what `*` gave may be inside: look-ups on it are look-ups on each of its items
        owned = context is not None and canonical_context(context.name) in OWNERS
        filtered = False
        for position, access in enumerate(accesses):
            index = self._index(access, target, owned=owned and position == 1)
            if not filtered and self._is_useless(access, target, index):
                return ANY
            inner = (target.items or ANY) if filtered else target
            if isinstance(access, Wildcard):
                target, filtered = array_of(items_type(inner)), True
            else:
                found = look_up_type(inner, index)
                if filtered and owned and position == 1:
                    # Of each item, whichever of the two names it has.
                    other = synonym(str(index.values[0])) if len(index.values) == 1 else None
                    found = union([found, look_up_type(inner, type_of(other))]) if other else found
                target = array_of(found) if filtered else found
        return target

    def _index(self, access: Access, target: Type, *, owned: bool) -> Type:
        """The type of what is looked up; ``output`` is ``outputs`` where the one is not known and the other is."""
        if isinstance(access, Index):
            found = self.type(access.index)
        else:
            found = type_of(access.name) if isinstance(access, Property) else ANY
        name = found.values[0] if owned and len(found.values) == 1 else None
        other = synonym(name) if isinstance(name, str) else None
        if isinstance(name, str) and other in target.properties and name.lower() not in target.properties:
            return type_of(other)
        return found

    def _is_useless(self, access: Access, target: Type, index: Type) -> bool:
        """Whether a look-up finds nothing; reports it."""
        if self.report is None or not target.kinds:
            return False
        kinds = target.found()
        name = index.values[0] if len(index.values) == 1 and len(index.kinds) == 1 else None
        start, end = name_range(access)
        if kinds <= SCALARS:
            what = describe(target)
            if isinstance(access, Property):
                message = f"{what} has no property {access.name!r}"
            else:
                message = f"{what} has no items"
            self.report(Problem(message, start, end, _length_hint(name)))
            return True
        if kinds == {Kind.ARRAY} and isinstance(name, str) and not look_up_type(target, index).kinds:
            hint = _length_hint(name) or f"an item of it is [0], and .*.{name} is that of each item"
            self.report(Problem(f"a list has no property {name!r}", start, end, hint))
            return True
        return False

    def _call(self, node: Call) -> Type:
        arguments = [self.type(argument) for argument in node.arguments]
        signature = SIGNATURES.get(node.name.lower())
        if signature is None:
            return ANY
        if self.report is not None:
            for index, type_ in enumerate(arguments):
                wanted = signature.wants(index, len(arguments))
                if type_.kinds and not type_.found() & wanted:
                    place = node.arguments[index]
                    function = find_function(node.name)
                    name = function.name if function else node.name
                    message = f"{name}() wants {_wanted(wanted)}, not {describe(type_)}"
                    self.report(Problem(message, place.start, place.end, _argument_hint(name, index, type_)))
                    return ANY
        return signature.gives(arguments)

    def _compare(self, node: Comparison, left: Type, right: Type) -> None:
        """Reports operands that can't be compared, unless the whole is written out."""
        if self.report is None or left is ANY or right is ANY or not left.kinds or not right.kinds:
            return
        if is_constant(node.left) and is_constant(node.right):
            return
        why = _incomparable(left, right)
        if why is None:
            return
        if node.operator is Operator.EQUAL:
            message = f"{why[0]} is never equal to {why[1]}"
        elif node.operator is Operator.NOT_EQUAL:
            message = f"{why[0]} is never equal to {why[1]}, so this is always true"
        else:
            message = f"{why[0]} and {why[1]} have no order, so this is never true"
        self.report(Problem(message, node.start, node.end, why[2]))


def _incomparable(left: Type, right: Type) -> tuple[str, str, str | None] | None:
    """Two types whose values are never equal, in words, and what to do about it."""
    for one, other in ((left, right), (right, left)):
        kinds, others = one.found(), other.found()
        if not kinds & SCALARS and not kinds & others and not (Kind.NULL in one.kinds and _may_be_null(other)):
            hint = "look for an item with contains(), or count them with length()" if kinds == {Kind.ARRAY} else None
            return describe(one), describe(other), hint or "compare a value that is in it"
        texts = other.values if others == {Kind.STRING} and Kind.NULL not in other.kinds else ()
        if texts and Kind.STRING not in kinds and kinds <= SCALARS and all(map(_is_no_number, texts)):
            text = str(texts[0])
            word = text.lower()
            if kinds == {Kind.BOOLEAN} and word in ("true", "false"):
                return describe(one), f"the text {text!r}", f"write {word} without quotes"
            return describe(one), f"the text {text!r}", "text that is no number equals none"
    return None


def _may_be_null(type_: Type) -> bool:
    """Whether a type has a value that equals null: as `x == ''` asks whether there is an `x`."""
    samples = [value for kind, value in _LIKE_NULL.items() if kind in type_.kinds and not type_.only(kind)]
    return any(equal(None, value) for value in (*samples, *type_.values))


_LIKE_NULL: Mapping[Kind, Scalar] = {
    Kind.NULL: None,
    Kind.BOOLEAN: False,
    Kind.INTEGER: 0,
    Kind.FLOAT: 0.0,
    Kind.STRING: "",
}


def _is_no_number(text: object) -> bool:
    return isinstance(text, str) and is_nan(parse_number(text))


def _length_hint(name: object) -> str | None:
    return "count with length(value)" if name in ("length", "size", "count") else None


def _argument_hint(name: str, index: int, type_: Type) -> str | None:
    if name == "contains" and index == 0:
        return "look among its values: value.*"
    if name == "format":
        return "write it as text with toJSON(value)"
    if name == "case":
        return "compare the value, or write !!value"
    if name == "join" and index == 0 and type_.found() <= SCALARS:
        return "a single value needs no join()"
    return None


def _wanted(kinds: frozenset[Kind]) -> str:
    if kinds >= SCALARS - {Kind.NULL}:
        return "a single value or a list" if Kind.ARRAY in kinds else "a single value"
    return describe(Type(kinds))
