"""DT304: ``steps.X`` that is no earlier step of the job."""

from __future__ import annotations

import re
from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject, Text, at_columns
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Related, Severity
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean, nearest, shown

_AFTER_A_DOT = re.compile(r"[\w-]+(?: [\w-]+)*")
"""Names that may be written after ``steps.``; others go into brackets."""

_MOST_SEARCHED = 500
"""Wrong names for which a near one is looked for: to compare thousands with all others takes minutes."""


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    told = 0
    for text, reference in subject.known("steps"):
        name = reference.path[0] if reference.path else None
        if text.job is None or name is None:
            continue
        if subject.step_names(text.job).find(name, text.step) is None:
            place = at_columns(subject.source, text.path, reference.columns[0])
            told += 1
            if told <= _MOST_SEARCHED:
                yield _finding(subject, text, text.job, name, Finding(place, ""))
            else:
                yield Finding(place, f"there is no earlier step {shown(name)}", hint="name a step before this one")


def _finding(subject: PipelineSubject, text: Text, job_id: str, name: str, at: Finding) -> Finding:
    """What is to be said about a name that means no earlier step: there may be a later one."""
    names = subject.step_names(job_id)
    later = names.first(name)
    if later is not None:
        message = f"the step {shown(name)} comes later" if later != text.step else f"{shown(name)} is this very step"
        related = Related("the step is here", subject.source.value(("jobs", job_id, "steps", later)))
        return Finding(at.location, message, hint="a step sees only the steps before it", related=(related,))
    message = f"there is no earlier step {shown(name)}"
    known = names.known(text.step)
    other = next((other for other in subject.pipeline.jobs if subject.step_names(other).first(name) is not None), None)
    if other is not None:
        hint = f"the job {other!r} has such a step: give that job an output and use needs.{other}.outputs.NAME"
        fix = None
    else:
        meant = nearest(name, known)
        if meant is not None and not _AFTER_A_DOT.fullmatch(meant):
            return Finding(at.location, message, hint="write steps['{}']".format(meant.replace("'", "''")))
        hint = did_you_mean(name, known) or (
            f"known here: {few(map(shown, known))}" if known else "no step before has a name"
        )
        fix = respelt(subject.source, at.location, name, known)
    return Finding(at.location, message, hint=hint, fix=fix)


CHECK = Check(code=Code.UNKNOWN_STEP, severity=Severity.ERROR, summary=Code.UNKNOWN_STEP.summary, pipeline=_find)
