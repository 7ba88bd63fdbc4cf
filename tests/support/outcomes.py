"""What came of a run in a few lines: each job, then its steps, with the reason where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import datatorch_pipelines as dtp


def outcomes(result: dtp.RunResult) -> list[str]:
    """The run's jobs and steps: ``"job: failed"``, ``"job.step: skipped, an earlier step failed"``."""
    return [line for job in result.jobs.values() for line in _job(job, job.id)]


def _job(job: dtp.JobResult, name: str) -> Iterator[str]:
    yield _line(name, job.status, job.reason)
    for step in job.steps:
        yield _line(f"{name}.{step.name}", step.status, step.reason)
    for instance in job.instances:
        shown = ",".join(str(value) for value in (instance.matrix or {}).values())
        yield from _job(instance, f"{name}({shown})")


def _line(name: str, status: object, reason: str | None) -> str:
    return f"{name}: {status}, {reason}" if reason else f"{name}: {status}"


def error_of(result: dtp.RunResult) -> tuple[str, int | None, int | None] | None:
    """The run's error: its message, line and column."""
    error = result.error
    if error is None:
        return None
    place = error.location
    return (error.message, place.line if place else None, place.column if place else None)
