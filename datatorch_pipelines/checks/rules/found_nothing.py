"""DT305: properties that a context of a fixed form does not have."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject, Subject, Text, at_columns
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.expressions import Reference
from datatorch_pipelines.model.availability import PROPERTIES, SHELL_PROPERTIES, STEP_PROPERTIES, Place
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean, shown


def _find(subject: Subject) -> Iterator[Finding]:
    for text in subject.texts:
        for reference in text.known(*PROPERTIES):
            known = PROPERTIES[reference.context]
            name = reference.path[0] if reference.path else None
            if name is None or name.lower() in map(str.lower, known):
                continue
            place = at_columns(subject.source, text.path, reference.columns[0])
            fix = None
            if text.place is Place.SHELL and reference.context in SHELL_PROPERTIES:
                safe = (f"{reference.context}.{item}" for item in sorted(SHELL_PROPERTIES[reference.context]))
                hint = f"shell text may use {few(safe)}"
            else:
                hint = did_you_mean(name, known) or f"it has {few(known)}"
                fix = respelt(subject.source, place, name, known)
            yield Finding(place, f"{reference.name!r} has no property {shown(name)}", hint=hint, fix=fix)
        if isinstance(subject, PipelineSubject):
            yield from _find_in_steps(subject, text)


def _find_in_steps(subject: PipelineSubject, text: Text) -> Iterator[Finding]:
    for reference in text.known("steps"):
        step, name = (*reference.path, None, None)[:2]
        if text.job is None or step is None or name is None or name.lower() in STEP_PROPERTIES:
            continue
        if subject.step_names(text.job).find(step, text.step) is None:
            continue
        place = at_columns(subject.source, text.path, reference.columns[1])
        hint = _step_hint(subject, text, reference, name)
        fix = respelt(subject.source, place, name, STEP_PROPERTIES) if hint.startswith("did you mean") else None
        yield Finding(place, f"a step has no property {shown(name)}", hint=hint, fix=fix)


def _step_hint(subject: PipelineSubject, text: Text, reference: Reference, name: str) -> str:
    action = subject.action_of(text, str(reference.path[0]))
    near = did_you_mean(name, STEP_PROPERTIES)
    if near and not (action and name in action.outputs):
        return near
    return f"an output is written steps.{reference.path[0]}.outputs.{name}"


CHECK = Check(
    code=Code.FOUND_NOTHING,
    severity=Severity.ERROR,
    summary=Code.FOUND_NOTHING.summary,
    pipeline=_find,
    action=_find,
)
