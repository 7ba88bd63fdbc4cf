"""DT407: inputs that the action has deprecated."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.inputs import known_steps
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.syntax.names import shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for known in known_steps(subject):
        for name in known.site.step.inputs:
            declared = known.action.inputs.get(name)
            if declared is None or declared.deprecation_message is None:
                continue
            yield Finding(
                subject.source.key((*known.site.path, "inputs", name)),
                f"the input {shown(name)} is deprecated",
                hint=declared.deprecation_message.strip() or None,
            )


CHECK = Check(
    code=Code.DEPRECATED_INPUT, severity=Severity.WARNING, summary=Code.DEPRECATED_INPUT.summary, pipeline=_find
)
