"""DT309: ``needs.X`` and ``jobs.X`` that name a job this one does not need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datatorch_pipelines.checks.needed import visible_jobs
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject, at_columns
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean, shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    jobs = subject.pipeline.jobs
    for text, reference in subject.known("needs", "jobs"):
        name = reference.path[0] if reference.path else None
        if text.job is None or name is None:
            continue
        folded = name.lower()
        if any(item.lower() == folded for item in visible_jobs(jobs, text.job, reference.context)):
            continue
        seen = list(visible_jobs(jobs, text.job, reference.context))
        place = at_columns(subject.source, text.path, reference.columns[0])
        yield _finding(subject, text.job, name, Finding(place, ""), seen)


def _finding(subject: PipelineSubject, job_id: str, name: str, at: Finding, seen: Sequence[str]) -> Finding:
    if name != job_id and name in subject.pipeline.jobs:
        message = f"the job {shown(name)} is not needed by {job_id!r}, so its outputs are unknown here"
        needs = few([*subject.pipeline.jobs[job_id].needs, name]).replace(" and ", ", ")
        return Finding(at.location, message, hint=f"add needs: [{needs}] to the job {job_id!r}")
    if name == job_id:
        return Finding(at.location, "a job can't use its own outputs", hint="use steps.STEP.outputs.NAME")
    hint = did_you_mean(name, seen) or (f"{job_id!r} needs {few(seen)}" if seen else f"{job_id!r} needs no other job")
    fix = respelt(subject.source, at.location, name, seen)
    return Finding(at.location, f"there is no job {shown(name)}", hint=hint, fix=fix)


CHECK = Check(code=Code.UNKNOWN_JOB, severity=Severity.ERROR, summary=Code.UNKNOWN_JOB.summary, pipeline=_find)
