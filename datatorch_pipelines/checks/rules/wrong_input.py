"""DT404: values that don't fit the type that the action declares."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.inputs import wrong_inputs
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    return wrong_inputs(subject, lambda code: code == Code.WRONG_INPUT)


CHECK = Check(code=Code.WRONG_INPUT, severity=Severity.ERROR, summary=Code.WRONG_INPUT.summary, pipeline=_find)
