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
_SHORT = {"steps": 3, "needs": 3, "jobs": 3}


def _find(subject: Subject) -> Iterator[Finding]:
    types = DeclaredTypes(subject) if isinstance(subject, PipelineSubject) else None
    for text in subject.texts:
        looked_into = [expression for expression in text.template.expressions if not _is_plain(expression)]
        for expression in looked_into:
            if is_sound(subject, text, expression):
                known = action_types() if types is None else types.at(text)
                for problem in _problems(text, expression, known, subject.limits):
                    place = at_columns(subject.source, text.path, (problem.start + 1, problem.end + 1))
                    yield Finding(place, problem.message, hint=problem.hint)


def _is_plain(expression: Expression) -> bool:
    """Whether there is nothing to be said about an expression, as of most: it looks up what has that form."""
    return not expression.calls and all(
        reference.context in _UNTYPED
        or (len(reference.path) <= _SHORT.get(reference.context, 1) and reference.bare and None not in reference.path)
        for reference in expression.references
    )


def _problems(text: Text, expression: Expression, types: ContextTypes, limits: Limits) -> Iterator[Problem]:
    found = problems(expression.node, types)
    yield from found
    if expression.calls and not found:
        for call in _constant_calls(expression.node):
            try:
                Template(text.text, (Expression(call, call.start, call.end),)).evaluate({}, limits=limits)
            except ExpressionError as error:
                yield Problem(error.message, error.column - 1, error.end_column - 1, error.hint)


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
