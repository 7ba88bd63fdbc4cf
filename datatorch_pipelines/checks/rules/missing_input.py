"""DT403: required inputs that a step doesn't give."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.inputs import KnownStep, known_steps
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Related, Severity
from datatorch_pipelines.syntax.edits import renamed
from datatorch_pipelines.syntax.names import only_nearest, shown


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
                    place, hint = subject.source.key((*path, "inputs", name)), f"give {name} a value"
                yield Finding(place, message, hint=hint)
            else:
                given = subject.source.key((*path, "inputs", wrong))
                related = Related(f"{shown(wrong)} is given here", given)
                fix = renamed(subject.source, given, wrong, name) if _is_sure(known, wrong, name) else None
                yield Finding(place, message, hint=f"rename {wrong} to {name}", related=[related], fix=fix)


def _is_sure(known: KnownStep, wrong: str, name: str) -> bool:
    """Whether an input that is given can be no other than the missing one, and no other one can be it."""
    unused = [other for other in known.action.inputs if other not in known.site.step.inputs]
    return only_nearest(wrong, unused) == name and only_nearest(name, known.undeclared()) == wrong


CHECK = Check(code=Code.MISSING_INPUT, severity=Severity.ERROR, summary=Code.MISSING_INPUT.summary, pipeline=_find)
