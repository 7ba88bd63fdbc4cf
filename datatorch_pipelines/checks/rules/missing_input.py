"""DT403: required inputs that a step doesn't give."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.inputs import known_steps
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Related, Severity
from datatorch_pipelines.syntax.names import shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for known in known_steps(subject):
        path = known.site.path
        misspelt = known.misspelt()
        for name in known.missing():
            place = subject.source.value((*path, "action"))
            message = f"the action {shown(known.action.name)} needs the input {shown(name)}"
            wrong = misspelt.get(name)
            if wrong is None:
                hint = f"add {name} to the step's inputs"
                if name in known.site.step.inputs:
                    place, hint = subject.source.value((*path, "inputs", name)), f"give {name} a value"
                yield Finding(place, message, hint=hint)
            else:
                related = Related(f"{shown(wrong)} is given here", subject.source.key((*path, "inputs", wrong)))
                yield Finding(place, message, hint=f"rename {wrong} to {name}", related=[related])


CHECK = Check(code=Code.MISSING_INPUT, severity=Severity.ERROR, summary=Code.MISSING_INPUT.summary, pipeline=_find)
