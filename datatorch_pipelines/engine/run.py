"""One run: its jobs side by side, from the first event to the last."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from attrs import evolve

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.contracts import Runner
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.engine.jobs.dispatch import Dispatcher
from datatorch_pipelines.engine.jobs.ended import first_failed
from datatorch_pipelines.engine.jobs.known import Known
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.engine.planning.plan import Plan
from datatorch_pipelines.engine.scoping.contexts import run_contexts
from datatorch_pipelines.engine.scoping.flow import Flow, Interrupted, Interruption, never
from datatorch_pipelines.engine.scoping.scope import RunScope
from datatorch_pipelines.engine.steps.step import CANCELLED
from datatorch_pipelines.engine.steps.time_limits import minutes_text
from datatorch_pipelines.engine.third_party import third_party
from datatorch_pipelines.errors import PipelinesError, PlanError
from datatorch_pipelines.model import Pipeline
from datatorch_pipelines.records import Recorder, make_run_directory, new_run_id, plain_data, result_of
from datatorch_pipelines.results import (
    CancelRequested,
    Failure,
    RunFinished,
    RunResult,
    RunResumed,
    RunStarted,
    Status,
    WarningRaised,
)

if TYPE_CHECKING:
    from datatorch_pipelines.engine.resumption import Resumption

_GIVEN = ("inputs", "event", "trigger", "variables", "pipeline", "run")
"""The contexts that a run is given, and that it needs once more when it is resumed."""

_USER_INFO = re.compile(r"(?P<web>https?)?://(?P<user>[^/@:\s]*)(?::(?P<password>[^/@\s]*))?@")


class Run:
    """A planned pipeline on its way: what it records, and the coroutine that carries it out once.

    `execute` runs in an event loop; `cancel` and `kill` are called in that loop's thread, or before.
    """

    def __init__(self, plan: Plan, options: RunOptions, text: str, resumed: Resumption | None = None) -> None:
        """``text`` is the pipeline as it was read; ``resumed`` the run that goes on, ``None`` for a new one.

        Raises `PlanError` for what the plan says is missing, and `RecordError` when the record can't be begun.
        """
        if plan.missing:
            raise PlanError(plan.missing)
        masker = Masker([*options.secrets.values(), *url_passwords(plan.pipeline)])
        self._resumed = resumed
        self._text = text
        if resumed is None:
            self.id = new_run_id()
            directory = make_run_directory(self.id, options.directory)
            self.recorder = Recorder(directory, masker, now=options.now)
            try:
                self._keep(plan)
            except BaseException:
                self.recorder.close()
                raise
        else:
            earlier = resumed.earlier
            self.id = earlier.started.run_id
            self.recorder = Recorder(earlier.directory, masker, now=options.now, earlier=earlier.written)
        known = resumed.known if resumed else Known()
        self._scope = RunScope(
            run_id=self.id,
            plan=plan,
            options=options,
            recorder=self.recorder,
            contexts=run_contexts(plan, options, self.id),
            attempts_before=known.attempts,
        )
        self._dispatcher = Dispatcher(self._scope, known, self._interrupt)
        self._work: asyncio.Future[None] | None = None
        self._stop: Interruption | None = None
        self._killed = False
        self._limit: asyncio.TimerHandle | None = None
        self._opening = Flow()
        self._time_out: tuple[Interruption, Failure] | None = None

    def _keep(self, plan: Plan) -> None:
        """Puts beside the events what a resumed run begins with."""
        self.recorder.keep_pipeline(self._text)
        if plan.has_actions:
            from datatorch_pipelines.engine.planning.locking import lock_of

            self.recorder.keep_lock(lock_of(plan).to_json())

    @property
    def attempt(self) -> int:
        """How often the run was begun, this time included."""
        return self._resumed.attempt if self._resumed is not None else 1

    def result(self) -> RunResult:
        """What came of the run, so far."""
        return result_of(self.recorder.journal.snapshot(), self.recorder.directory)

    def cancel(self, reason: str = CANCELLED) -> None:
        """Ends the run gently: what runs ``if: always()`` still does. The first time counts."""
        self._interrupt(Interruption(reason=reason))

    def kill(self, reason: str = CANCELLED) -> None:
        """Ends everything at once, also what would run whatever happens; ``reason`` counts where nothing was to end."""
        if self._killed:  # once only: a second time would break into the tidying up
            return
        self._killed = True
        if self._work is not None and not self._work.done():
            if self._stop is None:
                stop = Interruption(reason=reason)
                self._request(stop)
                self._dispatcher.explain(stop)
            self._work.cancel()

    def _interrupt(self, stop: Interruption) -> None:
        if self._stop is not None or self._work is None or self._work.done():
            self._stop = self._stop or stop
            return
        self._request(stop)
        self._opening.interrupt(stop, self.recorder.now())
        self._dispatcher.interrupt(stop)
        self._limit = self._work.get_loop().call_later(self._scope.options.cleanup_seconds, self.kill)

    def _request(self, stop: Interruption) -> None:
        recorder = self.recorder
        self._stop = stop
        recorder.emit(CancelRequested(time=recorder.now(), reason=recorder.masker.text(stop.reason)))

    async def execute(self) -> None:
        """Carries the run out.

        Cancelling it ends the run gently, cancelling it again ends everything at once; it passes on when all that was
        started has ended and is recorded.
        """
        recorder = self.recorder
        try:
            self._record_start()
        except BaseException:  # what a caller gave may raise when it is looked at: nobody is to wait for more
            recorder.close()
            raise
        status, error = Status.CANCELLED, None
        try:
            status, error = await self._watched()
        except PipelinesError as broken:
            status, error = Status.FAILED, Failure(message=recorder.masker.text(str(broken)))
        except Exception as broken:
            status, error = Status.FAILED, Failure(message=recorder.masker.text(f"{type(broken).__name__}: {broken}"))
            raise
        finally:
            if self._limit is not None:
                self._limit.cancel()
            recorder.emit(RunFinished(time=recorder.now(), status=status, error=error))
            recorder.close()

    def _record_start(self) -> None:
        recorder, plan = self.recorder, self._scope.plan
        if self._resumed is not None:
            again, standing = self._resumed.again, self._resumed.standing
            recorder.emit(RunResumed(time=recorder.now(), attempt=self.attempt, jobs=again, standing=standing))
            return
        # The context has the event too, which is there by itself.
        contexts = {**self._scope.contexts, "trigger": self._scope.options.trigger}
        given = {name: value for name in _GIVEN if (value := contexts[name])}
        started = RunStarted(
            time=recorder.now(),
            run_id=self.id,
            pipeline=recorder.masker.text(plan.pipeline.name),
            file=plan.source.file,
            folder=plan.folder or str(Path(plan.source.file).absolute().parent),
            jobs=tuple(job.id for job in plan.jobs),
            actions=plan.actions(),
            sources=plan.sources(),
        )
        shown: dict[str, object] = {}
        masked = ["text"] if recorder.masker.text(self._text) != self._text else []
        for name, value in given.items():
            try:
                told = plain_data(value)
                shown[name] = recorder.masker.value(told)
                json.dumps(shown[name])
                if shown[name] != told:
                    masked.append(name)
            except (RecursionError, ValueError):  # too deep for JSON, or a number of thousands of digits
                shown.pop(name, None)
                masked.append(name)
        settings = recorder.masker.value(plain_data(self._scope.options.settings))
        started = evolve(started, settings=settings if isinstance(settings, Mapping) else {})
        recorder.emit(evolve(started, given=shown, masked=tuple(masked)))
        for warning in plan.warnings:
            recorder.emit(WarningRaised(time=recorder.now(), diagnostic=self._masked(warning)))

    def _masked(self, warning: Diagnostic) -> Diagnostic:
        """A warning of the plan, which quotes the pipeline's file, as it is recorded: without secrets."""
        masker = self.recorder.masker
        hint = None if warning.hint is None else masker.text(warning.hint)
        return evolve(warning, message=masker.text(warning.message), hint=hint, fix=None)

    async def _watched(self) -> tuple[Status, Failure | None]:
        """The jobs to their end, whatever asks for it to come early; a cancellation passes on then."""
        loop = asyncio.get_running_loop()
        work = self._work = asyncio.ensure_future(self._jobs())

        def give_up() -> None:
            loop.call_soon_threadsafe(self.kill, "the run's record can't be written")

        self.recorder.on_failure = give_up
        if self._killed:
            work.cancel()
        elif self._stop is not None:  # asked for before there was anything to end
            stop, self._stop = self._stop, None
            self._interrupt(stop)
        cancelled: asyncio.CancelledError | None = None
        while not work.done():
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError as again:
                if cancelled is None:
                    self.cancel()
                else:
                    self.kill()
                cancelled = again
        outcome: tuple[Status, Failure | None]
        if self.recorder.failure is not None:
            outcome = Status.FAILED, Failure(message=str(self.recorder.failure))
        elif work.cancelled():
            self._dispatcher.leave_out_all(self._stop or Interruption(reason=CANCELLED))
            outcome = (Status.CANCELLED, None) if self._timed_out is None else (Status.FAILED, self._timed_out)
        else:
            work.result()
            outcome = self._outcome()
        if cancelled is not None:
            raise cancelled
        return outcome

    async def _jobs(self) -> None:
        """Opens the runners, and runs every job."""
        scope = self._scope
        runners = contextlib.AsyncExitStack()
        timer: asyncio.TimerHandle | None = None
        try:
            timer = self._timer()
            async with runners:
                async with self._opening.guarded(never):
                    for runner in scope.plan.runners():
                        with third_party("the runner"):
                            await runner.open()
                        runners.push_async_callback(_close, runner)
                await self._dispatcher.execute()
        except Interrupted:
            self._dispatcher.leave_out_all(self._stop or Interruption(reason=CANCELLED))
        except PipelinesError as error:
            if self._dispatcher.begun:
                raise
            failure = scope.failure_of(error, scope.plan.source.key(("jobs",)))
            self._dispatcher.leave_out_all(Interruption(reason=failure.message), failure)
        finally:
            if timer is not None:
                timer.cancel()

    def _timer(self) -> asyncio.TimerHandle | None:
        """Interrupts the run when its time is over. Raises `ExpressionError` for what is no number of minutes."""
        scope, timeout = self._scope, self._scope.plan.pipeline.timeout
        if timeout is None:
            return None
        minutes = scope.evaluator().number(timeout, ("timeout",), scope.contexts)
        reason = f"the run timed out after {minutes_text(minutes)}"
        stop = Interruption(reason=reason, after_failure=True)
        self._time_out = stop, scope.failure(reason, scope.plan.source.value(("timeout",)))
        return asyncio.get_running_loop().call_later(minutes * 60, self._interrupt, stop)

    @property
    def _timed_out(self) -> Failure | None:
        """That the run's time was over, where that is what ended it."""
        return self._time_out[1] if self._time_out is not None and self._stop is self._time_out[0] else None

    def _outcome(self) -> tuple[Status, Failure | None]:
        """How the run ended, by how its jobs did."""
        ended, cut = self._dispatcher.ended.values(), self._dispatcher.cut
        if cut and self._timed_out is not None:
            return Status.FAILED, self._timed_out
        if self._stop is not None and not self._stop.after_failure and cut:
            return Status.CANCELLED, self._first_failure()
        failed = any(job.counts_as == "failure" and job.status is Status.FAILED for job in ended)
        return (Status.FAILED if failed else Status.SUCCEEDED), self._first_failure() if failed else None

    def _first_failure(self) -> Failure | None:
        """The first failure in time of a job that counts as one."""
        ended = self._dispatcher.ended.values()
        failed = [job for job in ended if job.counts_as == "failure" and job.error is not None]
        return first_failed(failed).error if failed else None


async def _close(runner: Runner) -> None:
    with third_party("the runner"):
        await runner.aclose()


def url_passwords(pipeline: Pipeline) -> Iterator[str]:
    """The passwords in the URLs of a pipeline's actions."""
    for job in pipeline.jobs.values():
        for step in job.steps:
            url = step.reference.git if step.reference else None
            found = _USER_INFO.search(url) if url else None
            # Over http a user alone is a token; over ssh it is just "git".
            secret = (found["password"] or (found["web"] and found["user"])) if found else None
            if secret:
                yield from (secret, unquote(secret))
