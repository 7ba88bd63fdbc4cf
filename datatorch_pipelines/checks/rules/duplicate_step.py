"""DT211: steps of a job that share a name or an id: a reference by it means the latest before it."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import PathKey, Related, Severity
from datatorch_pipelines.model import Job
from datatorch_pipelines.syntax.names import shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for job_id, job in subject.pipeline.jobs.items():
        yield from _find_in_job(subject, job_id, job)


def _find_in_job(subject: PipelineSubject, job_id: str, job: Job) -> Iterator[Finding]:
    first: dict[str, tuple[PathKey, ...]] = {}
    for index, step in enumerate(job.steps):
        own: set[str] = set()
        for key, name in (("id", step.id), ("name", step.name)):
            if not name or name.lower() in own:
                continue
            own.add(name.lower())
            path: tuple[PathKey, ...] = ("jobs", job_id, "steps", index, key)
            earlier = first.setdefault(name.lower(), path)
            if earlier is path:
                continue
            yield Finding(
                subject.source.value(path),
                f"an earlier step of this job is called {shown(name)} too",
                hint="give each step its own name: steps.NAME means the latest before it",
                related=[Related("the first step of that name", subject.source.value(earlier))],
            )


CHECK = Check(code=Code.DUPLICATE_STEP, severity=Severity.WARNING, summary=Code.DUPLICATE_STEP.summary, pipeline=_find)
