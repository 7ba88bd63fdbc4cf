"""DT305: properties that a context of a fixed form does not have."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.matrices import matrix_names
from datatorch_pipelines.checks.needed import visible_job
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import ActionSubject, PipelineSubject, Subject, Text, at_columns
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.expressions import Reference
from datatorch_pipelines.model.availability import PROPERTIES, SHELL_PROPERTIES, STEP_PROPERTIES, Place
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean, named, shown


def _find(subject: Subject) -> Iterator[Finding]:
    for text, reference in subject.known(*PROPERTIES):
        known = PROPERTIES[reference.context]
        name = reference.path[0] if reference.path else None
        if name is None or name.lower() in map(str.lower, known):
            continue
        if reference.context == "action" and isinstance(subject, PipelineSubject) and subject.is_without_action(text):
            continue  # the check for unknown contexts says that there is none
        place = at_columns(subject.source, text.path, reference.columns[0])
        fix = None
        if text.place is Place.SHELL and reference.context in SHELL_PROPERTIES:
            safe = (f"{reference.context}.{item}" for item in sorted(SHELL_PROPERTIES[reference.context]))
            hint = f"shell text may use {few(safe)}"
        elif reference.context == "step" and _is_step(subject, text, name):
            hint = f"did you mean steps.{name}?"
        else:
            hint = did_you_mean(name, known) or f"it has {few(known)}"
            fix = respelt(subject.source, place, name, known)
        yield Finding(place, f"{reference.name!r} has no property {shown(name)}", hint=hint, fix=fix)
    if isinstance(subject, PipelineSubject):
        yield from _find_in_steps(subject)
        yield from _find_in_jobs(subject)
        yield from _find_in_matrix(subject)


def _is_step(subject: Subject, text: Text, name: str) -> bool:
    """Whether a name is that of a step of the text's job."""
    if isinstance(subject, ActionSubject) or text.job is None:
        return False
    return subject.step_names(text.job).first(name) is not None


def _find_in_steps(subject: PipelineSubject) -> Iterator[Finding]:
    for text, reference in subject.known("steps"):
        step, name = (*reference.path, None, None)[:2]
        if text.job is None or step is None or name is None or name.lower() in STEP_PROPERTIES:
            continue
        if subject.step_names(text.job).find(step, text.step) is None:
            continue
        place = at_columns(subject.source, text.path, reference.columns[1])
        hint = _step_hint(subject, text, reference, name)
        fix = respelt(subject.source, place, name, STEP_PROPERTIES) if hint.startswith("did you mean") else None
        yield Finding(place, f"a step has no property {shown(name)}", hint=hint, fix=fix)


def _find_in_jobs(subject: PipelineSubject) -> Iterator[Finding]:
    for text, reference in subject.known("needs", "jobs"):
        needed, kind, name = (*reference.path, None, None, None)[:3]
        if text.job is None or needed is None or kind != "outputs" or name is None:
            continue
        job_id = visible_job(subject.pipeline.jobs, text.job, reference.context, needed)
        if job_id is None or subject.pipeline.jobs[job_id].strategy is not None:
            continue
        declared = list(subject.pipeline.jobs[job_id].outputs)
        if name.lower() in map(str.lower, declared):
            continue
        place = at_columns(subject.source, text.path, reference.columns[2])
        if declared:
            hint = did_you_mean(name, declared) or f"it has {few(map(named, declared))}"
        else:
            hint = f"give the job {job_id!r} an outputs: with {named(name)} in it"
        fix = respelt(subject.source, place, name, declared)
        yield Finding(place, f"the job {job_id!r} has no output {shown(name)}", hint=hint, fix=fix)


def _find_in_matrix(subject: PipelineSubject) -> Iterator[Finding]:
    for text, reference in subject.known("matrix"):
        name = reference.path[0] if reference.path else None
        if text.job is None or name is None:
            continue
        strategy = subject.pipeline.jobs[text.job].strategy
        place = at_columns(subject.source, text.path, reference.columns[0])
        if strategy is None:
            message = f"the job {text.job!r} has no matrix, so there is no {shown(name)} in it"
            yield Finding(place, message, hint="give the job a strategy: with a matrix: in it")
            continue
        known = matrix_names(strategy)
        if known is None or name.lower() in map(str.lower, known):
            continue
        hint = did_you_mean(name, known) or f"it has {few(map(named, known))}"
        fix = respelt(subject.source, place, name, known)
        yield Finding(place, f"the matrix has no {shown(name)}", hint=hint, fix=fix)


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
