"""One run: its jobs side by side, from the first event to the last."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from urllib.parse import unquote

from attrs import evolve

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.engine.jobs.job import run_job
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.engine.planning.plan import Plan, PlannedJob
from datatorch_pipelines.engine.scoping.contexts import run_contexts
from datatorch_pipelines.engine.scoping.scope import RunScope
from datatorch_pipelines.engine.third_party import third_party
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.model import Pipeline
from datatorch_pipelines.records import Recorder, make_run_directory, new_run_id, result_of
from datatorch_pipelines.results import (
    Failure,
    JobFinished,
    RunFinished,
    RunResult,
    RunStarted,
    Status,
    WarningRaised,
)
from datatorch_pipelines.runners.system import insist

_USER_INFO = re.compile(r"(?P<web>https?)?://(?P<user>[^/@:\s]*)(?::(?P<password>[^/@\s]*))?@")


class Run:
    """A planned pipeline on its way: what it records, and the coroutine that carries it out once."""

    def __init__(self, plan: Plan, options: RunOptions, text: str) -> None:
        """``text`` is the pipeline as it was read. Raises `RecordError` when the record can't be begun."""
        self.id = new_run_id()
        directory = make_run_directory(self.id, options.directory)
        masker = Masker([*options.secrets.values(), *_url_passwords(plan.pipeline)])
        self.recorder = Recorder(directory, masker, now=time.time)
        self.recorder.keep_pipeline(text)
        self._scope = RunScope(
            run_id=self.id,
            plan=plan,
            options=options,
            recorder=self.recorder,
            contexts=run_contexts(plan, options, self.id),
        )

    def result(self) -> RunResult:
        """What came of the run, so far."""
        return result_of(self.recorder.journal.snapshot(), self.recorder.directory)

    async def execute(self) -> None:
        """Carries the run out. Cancelling it ends everything that was started, records that, and then passes on."""
        recorder, plan = self.recorder, self._scope.plan
        recorder.emit(
            RunStarted(
                time=recorder.now(),
                run_id=self.id,
                pipeline=recorder.masker.text(plan.pipeline.name),
                file=plan.source.file,
                jobs=tuple(job.id for job in plan.jobs),
                actions=plan.actions(),
                sources=plan.sources(),
            )
        )
        for warning in plan.warnings:
            recorder.emit(WarningRaised(time=recorder.now(), diagnostic=self._masked(warning)))
        status, error = Status.CANCELLED, None
        try:
            status, error = await self._watched()
        except PipelinesError as broken:
            status, error = Status.FAILED, Failure(message=recorder.masker.text(str(broken)))
        finally:
            recorder.emit(RunFinished(time=recorder.now(), status=status, error=error))
            recorder.close()

    def _masked(self, warning: Diagnostic) -> Diagnostic:
        """A warning of the plan, which quotes the pipeline's file, without secrets."""
        masker = self.recorder.masker
        hint = None if warning.hint is None else masker.text(warning.hint)
        return evolve(warning, message=masker.text(warning.message), hint=hint)

    async def _watched(self) -> tuple[Status, Failure | None]:
        """The jobs, ended early when the record can't be written any more."""
        jobs = asyncio.ensure_future(self._jobs())
        loop = asyncio.get_running_loop()

        def give_up() -> None:
            loop.call_soon_threadsafe(jobs.cancel)

        self.recorder.on_failure = give_up
        try:
            status, error = await jobs
        except asyncio.CancelledError:
            jobs.cancel()
            await asyncio.wait([jobs])
            if self.recorder.failure is None:
                raise
            status, error = Status.FAILED, None
        if self.recorder.failure is not None:
            return Status.FAILED, Failure(message=str(self.recorder.failure))
        return status, error

    async def _jobs(self) -> tuple[Status, Failure | None]:
        """Opens the runner and runs every job, so many at once as may be, in the file's order."""
        scope, runner = self._scope, self._scope.options.runner
        try:
            with third_party("the runner"):
                await runner.open()
        except PipelinesError as error:
            failure = scope.failure_of(error, scope.plan.source.key(("jobs",)))
            self._never_started(Status.FAILED, failure)
            return Status.FAILED, failure
        try:
            statuses = await _side_by_side(scope)
        finally:
            with third_party("the runner"):
                await runner.aclose()
        failed = Status.FAILED in statuses
        return (Status.FAILED if failed else Status.SUCCEEDED), self._first_failure()

    def _never_started(self, status: Status, failure: Failure | None) -> None:
        for job in self._scope.plan.jobs:
            _record_unstarted(self._scope, job, status, failure)

    def _first_failure(self) -> Failure | None:
        """The first failure in time."""
        events = self.recorder.journal.snapshot()
        return next((event.error for event in events if isinstance(event, JobFinished) and event.error), None)


async def _side_by_side(scope: RunScope) -> list[Status]:
    """Every job of the run, at most ``max_parallel`` at once; each starts as soon as there is room."""
    allowed = scope.options.runner.capabilities.max_jobs
    room = min(scope.options.max_parallel, allowed or scope.options.max_parallel)
    waiting = iter(scope.plan.jobs)
    statuses: list[Status] = []

    async def work() -> None:
        for job in waiting:
            status = await run_job(scope, job)
            statuses.append(status)

    workers = [asyncio.ensure_future(work()) for _ in range(min(room, len(scope.plan.jobs)))]
    try:
        await asyncio.gather(*workers)
    except BaseException:
        for worker in workers:
            worker.cancel()
        # To the end, also when it is cancelled once more meanwhile: what they started must not outlive the run.
        await insist(asyncio.ensure_future(asyncio.wait(workers)))
        for job in waiting:
            _record_unstarted(scope, job, Status.CANCELLED, None)
        raise
    return statuses


def _record_unstarted(scope: RunScope, job: PlannedJob, status: Status, failure: Failure | None) -> None:
    name = scope.masker.text(job.name)
    scope.recorder.emit(JobFinished(time=scope.recorder.now(), job=job.id, name=name, status=status, error=failure))


def _url_passwords(pipeline: Pipeline) -> Iterator[str]:
    """The passwords in the URLs of a pipeline's actions."""
    for job in pipeline.jobs.values():
        for step in job.steps:
            url = step.reference.git if step.reference else None
            found = _USER_INFO.search(url) if url else None
            # Over http a user alone is a token; over ssh it is just "git".
            secret = (found["password"] or (found["web"] and found["user"])) if found else None
            if secret:
                yield from (secret, unquote(secret))
