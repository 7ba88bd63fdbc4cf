"""From a tree and contexts to a value."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from attrs import define, field

from datatorch_pipelines.codes import Code
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions.analysis import (
    OWNERS,
    FunctionCall,
    Reference,
    chain,
    did_you_mean,
    hint_of_names,
    name_range,
    synonym,
)
from datatorch_pipelines.expressions.functions import FUNCTIONS, find_function, known_functions
from datatorch_pipelines.expressions.host import Host
from datatorch_pipelines.expressions.lookup import MISSING, Filtered, find_key, items, look_up, look_up_first
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
)
from datatorch_pipelines.expressions.values import (
    ValueProblem,
    compare,
    kind_of,
    truthy,
)
from datatorch_pipelines.limits import Limits

Contexts = Mapping[str, object]
_T = TypeVar("_T")


@define
class Budget:
    """How many characters and items may still be produced."""

    limit: int
    spent: int = 0

    def spend(self, length: int) -> None:
        """Counts what is about to be produced; raises `ValueProblem` past the limit."""
        self.spent += length
        if self.spent > self.limit:
            raise ValueProblem(f"the result is larger than {self.limit} characters")


@define
class Evaluator:
    """The evaluation of one ``${{ }}``. ``text`` is what the nodes' offsets count in."""

    text: str
    contexts: Contexts
    strict: bool
    host: Host
    limits: Limits
    _budget: Budget = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._budget = Budget(self.limits.max_expression_result)

    def spend(self, length: int) -> None:
        """Counts what a function is about to produce; raises `ValueProblem` past the bound."""
        self._budget.spend(length)

    def evaluate(self, root: Node) -> object:
        """The value of a whole expression whose names were checked; raises ``ExpressionError``."""
        try:
            value = self._value(root)
        except RecursionError as error:
            raise self._error(root, "the expression nests too deeply to be evaluated") from error
        if value is MISSING:
            context, _ = chain(root)
            if self.strict and context is not None:
                raise self._found_nothing(root, context)
            return None
        return list(value) if isinstance(value, Filtered) else value

    def check_names(self, references: Iterable[Reference], calls: Iterable[FunctionCall]) -> None:
        """Every context, step, job and function has to exist, also where a short circuit would pass it by."""
        for reference in references:
            key = self._context_key(reference.name, reference.column - 1)
            name = reference.path[0] if reference.path and reference.context in OWNERS else None
            owners = self.contexts[key] if name is not None else None
            if name is not None and isinstance(owners, Mapping) and find_key(owners, name) is None:
                start, end = reference.columns[0]
                raise self._unknown_owner(reference.context, name, owners, start, end)
        for call in calls:
            if find_function(call.name) is None:
                raise ExpressionError(
                    f"unknown function {call.name!r}",
                    column=call.column,
                    end_column=call.end_column,
                    code=Code.UNKNOWN_FUNCTION,
                    hint=did_you_mean(call.name, known_functions()),
                )

    def _context_key(self, name: str, start: int) -> str:
        other = synonym(name)
        key = find_key(self.contexts, name) or (find_key(self.contexts, other) if other else None)
        if key is not None:
            return key
        function = find_function(name)
        constant = {"true": "true", "false": "false", "null": "null", "none": "null", "nan": "NaN"}.get(name.lower())
        hint = (
            f"did you mean '{function.name}()'?"
            if function
            else f"did you mean {constant!r}?"
            if constant
            else hint_of_names(name, self.contexts, "known here")
        )
        raise ExpressionError(
            f"unknown context {name!r}",
            column=start + 1,
            end_column=start + len(name) + 1,
            code=Code.UNKNOWN_CONTEXT,
            hint=hint,
        )

    def _unknown_owner(
        self, context: str, name: str | None, owners: Mapping[object, object], column: int, end_column: int
    ) -> ExpressionError:
        """The error for a step or job that is not there; ``name`` is ``None`` where it is data, and not to be shown."""
        what = "earlier step" if context == "steps" else "needed job" if context == "needs" else "job"
        names = [key for key in owners if isinstance(key, str)]
        return ExpressionError(
            f"there is no {what} {name!r}" if name is not None else f"there is no {what} of that name",
            column=column,
            end_column=end_column,
            code=Code.UNKNOWN_STEP if context == "steps" else Code.UNKNOWN_JOB,
            hint=hint_of_names(name or "", names, "known here"),
        )

    def _value(self, node: Node) -> object:
        """A node's value, `MISSING` where a look-up found nothing."""
        match node:
            case Literal():
                return node.value
            case Context():
                value = self.contexts[self._context_key(node.name, node.start)]
                self._guarded(node, kind_of, value)
                return value
            case Property() | Index() | Wildcard():
                return self._access(node)
            case Call():
                return self._call(node)
            case Not():
                return not truthy(self._operand(node.operand))
            case Comparison():
                left, right = self._operand(node.left), self._operand(node.right)
                return compare(node.operator, left, right)
            case Logical():
                return self._logical(node)

    def _operand(self, node: Node) -> object:
        """The value of a part of an expression: what finds nothing is null there."""
        value = self._value(node)
        return None if value is MISSING else value

    def _logical(self, node: Logical) -> object:
        """The first operand that decides, else the last one."""
        value: object = None
        for operand in node.operands:
            value = self._operand(operand)
            if truthy(value) is (node.operator is Operator.OR):
                break
        return value

    def _access(self, node: Access) -> object:
        """What a chain of look-ups finds; once one has found nothing, so do those after it, up to a ``*``."""
        context, accesses = chain(node)
        owned = context is not None and context.name.lower() in OWNERS
        target = self._value(accesses[0].target)
        for position, access in enumerate(accesses):
            if isinstance(access, Wildcard):
                target = self._filtered(None if target is MISSING else target, access)
                continue
            index = access.name if isinstance(access, Property) else self._operand(access.index)
            if target is MISSING:
                continue
            names = [index]
            if owned and position == 1 and isinstance(index, str) and (other := synonym(index)):
                names.append(other)
            found = self._guarded(access, look_up_first, target, names)
            if found is MISSING and context and owned and position == 0 and isinstance(target, Mapping):
                start, end = name_range(access)
                raise self._unknown_owner(context.name.lower(), None, target, start + 1, end + 1)
            target = found
        return target

    def _filtered(self, target: object, node: Wildcard) -> Filtered:
        """All items of a list, all values of a mapping; none of anything else."""
        found = Filtered()
        try:
            for item in items(target):
                self.spend(1)
                kind_of(item)
                found.append(item)
        except ValueProblem as problem:
            raise self._error(node, problem.message, problem.hint) from problem
        return found

    def _call(self, node: Call) -> object:
        arguments = [self._operand(argument) for argument in node.arguments]
        function = FUNCTIONS[node.name.lower()]
        try:
            return function.call(self, arguments)
        except ValueProblem as problem:
            place = node if problem.argument is None else node.arguments[problem.argument]
            raise self._error(place, problem.message, problem.hint) from problem

    def _guarded(self, node: Node, function: Callable[..., _T], *arguments: object) -> _T:
        """What the function gives; its `ValueProblem` becomes the node's error."""
        try:
            return function(*arguments)
        except ValueProblem as problem:
            raise self._error(node, problem.message, problem.hint) from problem

    def _error(self, node: Node, message: str, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, column=node.start + 1, end_column=node.end + 1, code=Code.EVALUATION, hint=hint)

    def _found_nothing(self, node: Node, context: Context) -> ExpressionError:
        written = textwrap.shorten(self.text[node.start : node.end], 100, placeholder="...")
        near = self._near_name(node, context)
        return ExpressionError(
            f"`{written}` finds nothing",
            column=node.start + 1,
            end_column=node.end + 1,
            code=Code.FOUND_NOTHING,
            hint=near or f"where that is fine, say what to use instead: `{written} || 'something'`",
        )

    def _near_name(self, node: Node, context: Context) -> str | None:
        """Which key the first name that finds nothing may have meant."""
        _, accesses = chain(node)
        target: object = self.contexts[self._context_key(context.name, context.start)]
        for access in accesses:
            if not isinstance(access, Property):
                return None
            found = look_up(target, access.name)
            if found is MISSING:
                keys = [key for key in target if isinstance(key, str)] if isinstance(target, Mapping) else []
                return did_you_mean(access.name, keys)
            target = found
        return None
