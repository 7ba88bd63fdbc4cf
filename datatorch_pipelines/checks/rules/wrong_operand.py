"""DT310: operations that can't give anything useful, by the types of what they work on.

A warning: the types of outputs are what actions declare, and these may set anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.context_types import DeclaredTypes, action_types
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.sound import is_sound
from datatorch_pipelines.checks.subject import PipelineSubject, Subject, Text, at_columns
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions import Expression, Template
from datatorch_pipelines.expressions.inference import ContextTypes, Problem, is_constant, problems
from datatorch_pipelines.expressions.nodes import Call, Node, children
from datatorch_pipelines.limits import Limits

_UNTYPED = frozenset({"event", "trigger", "inputs", "variables", "variable"})
_LOCAL = frozenset({"steps", "needs", "jobs", "matrix"})
"""The contexts that are of one type in one place and of another in another."""
_SHORT = {"steps": 3, "needs": 3, "jobs": 3}


def _find(subject: Subject) -> Iterator[Finding]:
    types = DeclaredTypes(subject) if isinstance(subject, PipelineSubject) else None
    everywhere: dict[int, list[Problem]] = {}  # by the identity of expressions, which the texts keep
    for text in subject.texts:
        for expression in text.template.expressions:
            if _is_plain(expression):
                continue
            found = everywhere.get(id(expression))
            if found is None:
                known = action_types() if types is None else types.at(text)
                found = _problems(text, expression, known, subject.limits)
                if _LOCAL.isdisjoint({reference.context for reference in expression.references}):
                    everywhere[id(expression)] = found
            if found and is_sound(subject, text, expression):
                for problem in found:
                    place = at_columns(subject.source, text.path, (problem.start + 1, problem.end + 1))
                    yield Finding(place, problem.message, hint=problem.hint)


def _is_plain(expression: Expression) -> bool:
    """Whether there is nothing to be said about an expression, as of most: it looks up what has that form."""
    return not expression.calls and all(
        reference.context in _UNTYPED
        or (len(reference.path) <= _SHORT.get(reference.context, 1) and reference.bare and None not in reference.path)
        for reference in expression.references
    )


def _problems(text: Text, expression: Expression, types: ContextTypes, limits: Limits) -> list[Problem]:
    found = problems(expression.node, types)
    if expression.calls and not found:
        for call in _constant_calls(expression.node):
            try:
                Template(text.text, (Expression(call, call.start, call.end),)).evaluate({}, limits=limits)
            except ExpressionError as error:
                found.append(Problem(error.message, error.column - 1, error.end_column - 1, error.hint))
    return found


def _constant_calls(node: Node) -> Iterator[Call]:
    """The outermost calls that give the same in every run."""
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, Call) and is_constant(part):
            yield part
        else:
            pending.extend(children(part))


CHECK = Check(
    code=Code.WRONG_OPERAND,
    severity=Severity.WARNING,
    summary=Code.WRONG_OPERAND.summary,
    pipeline=_find,
    action=_find,
)
