"""DT212: ``needs`` that names no other job of the pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean, shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    jobs = subject.pipeline.jobs
    for job_id, job in jobs.items():
        for index, name in enumerate(job.needs):
            # An expression is told as such: `needs` is literal.
            if (name in jobs and name != job_id) or "${{" in name:
                continue
            place = subject.source.value(("jobs", job_id, "needs", index))
            if name == job_id:
                yield Finding(place, f"the job {shown(name)} needs itself", hint="leave it out")
                continue
            others = [other for other in jobs if other != job_id and other not in job.needs]
            yield Finding(
                place,
                f"there is no job {shown(name)}",
                hint=did_you_mean(name, others) or (f"it may need {few(others, 'or')}" if others else "leave it out"),
                fix=respelt(subject.source, place, name, others),
            )


CHECK = Check(code=Code.UNKNOWN_NEED, severity=Severity.ERROR, summary=Code.UNKNOWN_NEED.summary, pipeline=_find)
