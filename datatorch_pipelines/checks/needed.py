"""The other jobs whose outputs a job can use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datatorch_pipelines.model import Job


def visible_jobs(jobs: Mapping[str, Job], job_id: str, context: str) -> Sequence[str]:
    """The jobs that the context has in a job: ``needs`` those that it names, ``jobs`` all that have ended by then."""
    return jobs[job_id].needs if context == "needs" else _all_needed(jobs, job_id)


def visible_job(jobs: Mapping[str, Job], job_id: str, context: str, name: str) -> str | None:
    """The id of the job that ``needs.NAME`` or ``jobs.NAME`` means in a job; ``None`` where there is none."""
    seen = [other for other in visible_jobs(jobs, job_id, context) if other in jobs]
    return name if name in seen else next((other for other in seen if other.lower() == name.lower()), None)


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
