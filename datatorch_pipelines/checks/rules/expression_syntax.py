"""DT301: expressions that can't be read."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.broken import broken_texts
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import Subject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity


def _find(subject: Subject) -> Iterator[Finding]:
    return broken_texts(subject, lambda code: code != Code.BAD_CONDITION)


CHECK = Check(
    code=Code.BAD_EXPRESSION,
    severity=Severity.ERROR,
    summary=Code.BAD_EXPRESSION.summary,
    pipeline=_find,
    action=_find,
)
