"""The other jobs whose outputs a job can use."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from datatorch_pipelines.model import Job


def visible_jobs(jobs: Mapping[str, Job], job_id: str, context: str) -> Iterator[str]:
    """The jobs that the context has in a job: ``needs`` those that it names, ``jobs`` all that have ended by then.

    The nearest come first: each of a long chain of jobs may ask for the one before it.
    """
    return iter(jobs[job_id].needs) if context == "needs" else _all_needed(jobs, job_id)


def visible_job(jobs: Mapping[str, Job], job_id: str, context: str, name: str) -> str | None:
    """The id of the job that ``needs.NAME`` or ``jobs.NAME`` means in a job; ``None`` where there is none."""
    folded, near = name.lower(), None
    for other in visible_jobs(jobs, job_id, context):
        if other not in jobs:
            continue
        if other == name:
            return name
        if near is None and other.lower() == folded:
            near = other
    return near


def _all_needed(jobs: Mapping[str, Job], job_id: str) -> Iterator[str]:
    """The jobs that have ended when a job starts: those that it needs, those that they need, and so on."""
    found = dict.fromkeys(jobs[job_id].needs)
    pending = deque(found)
    while pending:
        name = pending.popleft()
        yield name
        for other in jobs[name].needs if name in jobs else ():
            if other not in found:
                found[other] = None
                pending.append(other)
