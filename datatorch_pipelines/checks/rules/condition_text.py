"""DT307: conditions with text around their ``${{ }}``: such a text would always be true."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.broken import broken_texts
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    return broken_texts(subject, lambda code: code == Code.BAD_CONDITION)


CHECK = Check(code=Code.BAD_CONDITION, severity=Severity.ERROR, summary=Code.BAD_CONDITION.summary, pipeline=_find)
