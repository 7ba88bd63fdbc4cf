"""DT405: inputs that the action doesn't declare. A warning: they are passed on, and some actions read them."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.inputs import KnownStep, known_steps
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Fix, Locator, Severity
from datatorch_pipelines.syntax.edits import renamed
from datatorch_pipelines.syntax.names import did_you_mean, nearest, only_nearest, shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for known in known_steps(subject):
        told = known.misspelt().values()
        declared = list(known.action.inputs)
        for name in known.undeclared():
            if name in told:
                continue  # the check for missing inputs says what it was meant to be
            unused = [other for other in declared if other not in known.site.step.inputs]
            hint = did_you_mean(name, unused) or (
                f"it declares {few(declared)}" if declared else "it declares no inputs"
            )
            yield Finding(
                subject.source.key((*known.site.path, "inputs", name)),
                f"the action {shown(known.action.name)} declares no input {shown(name)}",
                hint=hint,
                fix=_fix(known, subject.source, name, unused),
            )


def _fix(known: KnownStep, source: Locator, name: str, unused: list[str]) -> Fix | None:
    """The fix of a misspelt input, unless another one is meant to be the same."""
    right = only_nearest(name, unused)
    if right is None or any(nearest(other, unused) == right for other in known.undeclared() if other != name):
        return None
    return renamed(source, source.key((*known.site.path, "inputs", name)), name, right)


CHECK = Check(
    code=Code.UNDECLARED_INPUT, severity=Severity.WARNING, summary=Code.UNDECLARED_INPUT.summary, pipeline=_find
)
