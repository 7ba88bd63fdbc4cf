"""DT412: ``steps.X.outputs.Y`` where the step's action does not declare ``Y``. A warning: an action may set any."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject, at_columns
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean, shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    if not subject.actions:
        return
    for text, reference in subject.known("steps"):
        step, kind, name = (*reference.path, None, None, None)[:3]
        if step is None or kind != "outputs" or name is None:
            continue
        action = subject.action_of(text, step)
        if action is None or name.lower() in map(str.lower, action.outputs):
            continue
        declared = list(action.outputs)
        hint = did_you_mean(name, declared) or (
            f"it declares {few(declared)}" if declared else "it declares no outputs"
        )
        place = at_columns(subject.source, text.path, reference.columns[2])
        message = f"the action {shown(action.name)} declares no output {shown(name)}"
        yield Finding(place, message, hint=hint, fix=respelt(subject.source, place, name, declared))


CHECK = Check(
    code=Code.UNDECLARED_OUTPUT,
    severity=Severity.WARNING,
    summary=Code.UNDECLARED_OUTPUT.summary,
    pipeline=_find,
)
