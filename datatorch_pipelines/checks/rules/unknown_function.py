"""DT303: calls of functions that do not exist."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import Subject, at_columns
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.expressions import known_functions
from datatorch_pipelines.model.availability import CONTEXTS
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean


def _find(subject: Subject) -> Iterator[Finding]:
    functions = known_functions()
    folded = {name.lower() for name in functions}
    for text in subject.texts:
        for call in text.calls:
            if call.name.lower() in folded:
                continue
            hint = did_you_mean(call.name, functions) or f"known: {few(functions)}"
            if call.name.lower() in CONTEXTS:  # `event.a | event.b`
                hint = "a function follows '|'; one of two values is written a || b"
            place = at_columns(subject.source, text.path, (call.column, call.end_column))
            yield Finding(
                place,
                f"unknown function {call.name!r}",
                hint=hint,
                fix=respelt(subject.source, place, call.name, functions),
            )


CHECK = Check(
    code=Code.UNKNOWN_FUNCTION,
    severity=Severity.ERROR,
    summary=Code.UNKNOWN_FUNCTION.summary,
    pipeline=_find,
    action=_find,
)
