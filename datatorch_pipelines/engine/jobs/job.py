"""One job: its steps in order, in one environment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from datatorch_pipelines.contracts import JobEnvironment, JobSpec
from datatorch_pipelines.engine.planning.plan import PlannedJob
from datatorch_pipelines.engine.scoping.scope import JobScope, RunScope
from datatorch_pipelines.engine.steps.step import StepOutcome, record_step, run_step
from datatorch_pipelines.engine.third_party import third_party
from datatorch_pipelines.errors import EnvironmentLost, PipelinesError
from datatorch_pipelines.records import BackgroundLog
from datatorch_pipelines.results import Failure, JobFinished, JobStarted, Status


async def run_job(run: RunScope, job: PlannedJob) -> Status:
    """Runs a job and records it; starts it anew when its environment is lost.

    What goes wrong in it is its status; only being cancelled passes through, the job recorded then too.
    """
    try:
        error = await _attempts(run, job)
    except asyncio.CancelledError:
        _record(run, job, Status.CANCELLED, None)
        raise
    status = Status.SUCCEEDED if error is None else Status.FAILED
    _record(run, job, status, error)
    return status


async def _attempts(run: RunScope, job: PlannedJob) -> Failure | None:
    place = run.plan.source.key(("jobs", job.id))
    for attempt in range(1, run.options.max_attempts + 1):
        run.recorder.emit(JobStarted(time=run.recorder.now(), job=job.id, attempt=attempt))
        try:
            return await _steps(run, job, attempt)
        except EnvironmentLost as error:
            lost = run.failure_of(error, place)
        except PipelinesError as error:
            return run.failure_of(error, place)
    return lost


async def _steps(run: RunScope, job: PlannedJob, attempt: int) -> Failure | None:
    """The steps of one attempt, one after the other; the failure that ended it."""
    spec = JobSpec(
        run_id=run.run_id,
        job_id=job.id,
        name=job.name,
        runs_on=job.job.runs_on,
        attempt=attempt,
        keep=run.options.keep,
    )
    background = BackgroundLog(run.recorder, job.id)
    try:
        async with _environment(run, spec) as environment:
            environment.late_output = background.write
            return await _in_order(JobScope(run=run, job=job, spec=spec, environment=environment))
    finally:
        background.close()


@contextlib.asynccontextmanager
async def _environment(run: RunScope, spec: JobSpec) -> AsyncIterator[JobEnvironment]:
    """The runner's place for a job. What the runner raises unawares, entering or leaving it, is a `RunnerError`."""
    stack = contextlib.AsyncExitStack()
    with third_party("the runner"):
        environment = await stack.enter_async_context(run.options.runner.job(spec))
    try:
        yield environment
    finally:
        with third_party("the runner"):
            await stack.aclose()


async def _in_order(scope: JobScope) -> Failure | None:
    failure: Failure | None = None
    for planned in scope.job.steps:
        if failure is not None:
            record_step(scope, planned, StepOutcome(status=Status.SKIPPED, reason="an earlier step failed"))
            continue
        try:
            failure = (await run_step(scope, planned)).error
        except asyncio.CancelledError:
            for later in scope.job.steps[planned.index + 1 :]:
                record_step(scope, later, StepOutcome(status=Status.SKIPPED, reason="the run was cancelled"))
            raise
    return failure


def _record(run: RunScope, job: PlannedJob, status: Status, error: Failure | None) -> None:
    run.recorder.emit(
        JobFinished(time=run.recorder.now(), job=job.id, name=run.masker.text(job.name), status=status, error=error)
    )
