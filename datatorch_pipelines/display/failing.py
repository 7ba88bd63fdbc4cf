"""What failed in a job, and what of it counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from datatorch_pipelines.results.result import JobResult, StepResult
from datatorch_pipelines.results.status import Failure, Status


def counts(step: StepResult, job: JobResult) -> bool:
    """Whether a step's failure counts; false for one that was gone on after (``continue-on-error``).

    It is known of all in a job that succeeded, and of those before the first that counts, which is the job's own.
    """
    if job.status is Status.SUCCEEDED:
        return False
    first = next((other.index for other in job.steps if other.error is not None and other.error == job.error), 0)
    return step.index >= first


def causes(job: JobResult) -> Iterator[tuple[Failure, Path | None, bool]]:
    """Each failure of a job without a matrix, or of an instance, with its log, and whether it counts."""
    told = set[str]()
    for step in job.steps:
        if step.error is not None:
            told.add(step.error.message)
            yield step.error, step.log_path, counts(step, job)
    if job.error is not None and job.error.message not in told:
        yield job.error, None, True
