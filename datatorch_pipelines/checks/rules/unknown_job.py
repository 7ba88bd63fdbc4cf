"""DT309: ``needs.X`` and ``jobs.X`` that name a job this one does not need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject, at_columns
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.model import Job
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean, shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    jobs = subject.pipeline.jobs
    for text in subject.texts:
        for reference in text.known("needs", "jobs"):
            name = reference.path[0] if reference.path else None
            if text.job is None or name is None:
                continue
            direct = jobs[text.job].needs
            seen = direct if reference.context == "needs" else _all_needed(jobs, text.job)
            if name.lower() in {item.lower() for item in seen}:
                continue
            place = at_columns(subject.source, text.path, reference.columns[0])
            yield _finding(subject, text.job, name, Finding(place, ""), list(seen))


def _finding(subject: PipelineSubject, job_id: str, name: str, at: Finding, seen: list[str]) -> Finding:
    if name != job_id and name in subject.pipeline.jobs:
        message = f"the job {shown(name)} is not needed by {job_id!r}, so its outputs are unknown here"
        needs = few([*subject.pipeline.jobs[job_id].needs, name]).replace(" and ", ", ")
        return Finding(at.location, message, hint=f"add needs: [{needs}] to the job {job_id!r}")
    if name == job_id:
        return Finding(at.location, "a job can't use its own outputs", hint="use steps.STEP.outputs.NAME")
    hint = did_you_mean(name, seen) or (f"{job_id!r} needs {few(seen)}" if seen else f"{job_id!r} needs no other job")
    fix = respelt(subject.source, at.location, name, seen)
    return Finding(at.location, f"there is no job {shown(name)}", hint=hint, fix=fix)


def _all_needed(jobs: Mapping[str, Job], job_id: str) -> list[str]:
    """The jobs that have ended when a job starts: those that it needs, those that they need, and so on."""
    found: dict[str, None] = {}
    pending = list(jobs[job_id].needs)
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = None
            pending.extend(jobs[name].needs if name in jobs else ())
    return list(found)


CHECK = Check(code=Code.UNKNOWN_JOB, severity=Severity.ERROR, summary=Code.UNKNOWN_JOB.summary, pipeline=_find)
