"""DT212: ``needs`` that names no other job of the pipeline."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Location, Severity
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean, shown

_MOST_COMPARED = 200
"""Jobs that a wrong name is compared with, and wrong names that are: comparing all with all takes minutes."""


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    jobs = subject.pipeline.jobs
    compared = 0
    for job_id, job in jobs.items():
        told: set[str] = set()
        for index, name in enumerate(job.needs):
            # An expression is told as such: `needs` is literal.
            if (name in jobs and name != job_id) or "${{" in name or name in told:
                continue
            told.add(name)
            place = subject.source.value(("jobs", job_id, "needs", index))
            if name == job_id:
                yield Finding(place, f"the job {shown(name)} needs itself", hint="leave it out")
                continue
            compared += 1
            yield _unknown(subject, job_id, name, place) if compared <= _MOST_COMPARED else _nobody(name, place)


def _unknown(subject: PipelineSubject, job_id: str, name: str, place: Location) -> Finding:
    jobs = subject.pipeline.jobs
    taken = {job_id, *jobs[job_id].needs}
    others = list(itertools.islice((other for other in jobs if other not in taken), _MOST_COMPARED + 1))
    # Where there are more, another one may be as near.
    sure = len(others) <= _MOST_COMPARED
    return Finding(
        place,
        f"there is no job {shown(name)}",
        hint=did_you_mean(name, others) or (f"it may need {few(others, 'or')}" if others else "leave it out"),
        fix=respelt(subject.source, place, name, others) if sure else None,
    )


def _nobody(name: str, place: Location) -> Finding:
    return Finding(place, f"there is no job {shown(name)}", hint="name a job of this pipeline, or leave it out")


CHECK = Check(code=Code.UNKNOWN_NEED, severity=Severity.ERROR, summary=Code.UNKNOWN_NEED.summary, pipeline=_find)
