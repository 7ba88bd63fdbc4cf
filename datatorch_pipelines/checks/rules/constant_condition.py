"""DT311: conditions that are the same whatever happens."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.context_types import certain_types
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.sound import is_sound
from datatorch_pipelines.checks.subject import Path, PipelineSubject, Text
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions.inference import constant_condition, is_constant
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model.availability import Place

_WHOSE = {Place.JOB_CONDITION: "job", Place.STEP_CONDITION: "step"}

_STATUS = frozenset({"success", "failure", "cancelled", "always"})


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for job_id, job in subject.pipeline.jobs.items():
        if isinstance(job.if_, bool):
            yield _finding(subject, ("jobs", job_id, "if"), "job", holds=job.if_)
    for site in subject.steps:
        if isinstance(site.step.if_, bool):
            yield _finding(subject, (*site.path, "if"), "step", holds=site.step.if_)
    for text in subject.texts:
        whose = _WHOSE.get(text.place)
        if whose is not None and not text.errors:
            holds = _truth(subject, text, subject.limits)
            if holds is not None:
                yield _finding(subject, text.path, whose, holds=holds)


def _truth(subject: PipelineSubject, text: Text, limits: Limits) -> bool | None:
    """Whether a condition always holds, or never; ``None`` where that depends, or can't be said."""
    (expression,) = text.template.expressions
    if is_constant(expression.node):
        try:
            return text.template.evaluate_condition({}, limits=limits)
        except ExpressionError:
            return None  # the check for what can't give anything useful says why
    holds = constant_condition(expression.node, certain_types(subject, text))
    if holds and any(call.name.lower() in _STATUS for call in expression.calls):
        return None  # one of these makes a step run after a failure
    return None if holds is None or not is_sound(subject, text, expression) else holds


def _finding(subject: PipelineSubject, path: Path, whose: str, *, holds: bool) -> Finding:
    place = subject.source.value(path)
    if holds:
        return Finding(place, "this condition is always true", hint="drop it: it changes nothing")
    return Finding(
        place,
        f"this condition is never true, so the {whose} never runs",
        hint=f"take the {whose} out, or turn it into a comment",
    )


CHECK = Check(
    code=Code.CONSTANT_CONDITION,
    severity=Severity.WARNING,
    summary=Code.CONSTANT_CONDITION.summary,
    pipeline=_find,
)
