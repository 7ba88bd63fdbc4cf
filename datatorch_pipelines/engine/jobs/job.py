"""One job, or one instance of its matrix: its steps in order, in one environment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from datatorch_pipelines.contracts import JobEnvironment, JobSpec
from datatorch_pipelines.engine.jobs.ended import Ended
from datatorch_pipelines.engine.planning.placing import labels_for
from datatorch_pipelines.engine.scoping.contexts import job_facts
from datatorch_pipelines.engine.scoping.flow import Interrupted, Interruption, never
from datatorch_pipelines.engine.scoping.scope import JobScope, UnitScope
from datatorch_pipelines.engine.steps.prepare import base_environment, step_host
from datatorch_pipelines.engine.steps.step import CANCELLED, record_lost, run_step, skip_rest
from datatorch_pipelines.engine.steps.time_limits import minutes_text
from datatorch_pipelines.engine.third_party import pass_on_cancellation, third_party
from datatorch_pipelines.errors import EnvironmentLost, PipelinesError, RunnerError, RunnerUnavailable
from datatorch_pipelines.records import BackgroundLog
from datatorch_pipelines.results import Failure, JobFinished, JobStarted, Status

_FIRST_DELAY = 1.0
"""How long to wait before a place that was not to be had is asked for again, in seconds; then twice as long."""


async def run_unit(scope: UnitScope) -> Ended:
    """Runs a job and records it; starts it anew when its environment is lost.

    What goes wrong in it is its status; only being cancelled passes through, the job recorded then too.
    """
    try:
        ended = await _attempts(scope)
    except asyncio.CancelledError:
        reason = scope.flow.reason or scope.flow.why_killed or CANCELLED
        record_job(scope, Ended(status=Status.CANCELLED, reason=reason))
        raise
    finally:
        scope.flow.close()
    record_job(scope, ended)
    return ended


def record_job(scope: UnitScope, ended: Ended) -> None:
    """Records how a job, or an instance, ended."""
    run = scope.run
    outputs = ended.outputs if isinstance(ended.outputs, Mapping) else {}
    masked = run.masker.value(outputs)
    run.recorder.emit(
        JobFinished(
            time=run.recorder.now(),
            job=scope.unit.job,
            instance=scope.unit.instance,
            name=run.masker.text(scope.name),
            status=ended.status,
            outputs=masked if isinstance(masked, Mapping) else {},
            reason=None if ended.reason is None else run.masker.text(ended.reason),
            error=ended.error,
            masked=masked != outputs,
        )
    )


async def _attempts(scope: UnitScope) -> Ended:
    run, flow, place = scope.run, scope.flow, scope.run.plan.source.key(scope.path)
    delay = _FIRST_DELAY
    lost: Failure | None = None
    for attempt in range(1, run.options.max_attempts + 1):
        number = attempt + run.attempts_before
        run.recorder.emit(
            JobStarted(time=run.recorder.now(), job=scope.unit.job, instance=scope.unit.instance, attempt=number)
        )
        flow.begin_anew()
        try:
            return await _attempt(scope, number)
        except Interrupted:  # before there was a place to run
            flow.cut = True
        except EnvironmentLost as error:
            lost = run.failure_of(error, place)
        except RunnerUnavailable as error:
            lost = run.failure_of(error, place)
            if attempt < run.options.max_attempts:
                with contextlib.suppress(Interrupted):
                    async with flow.guarded(never):
                        await asyncio.sleep(delay)
                delay *= 2
        except PipelinesError as error:
            return _failed(scope, flow.failure or run.failure_of(error, place))
        pass_on_cancellation()  # it was lost while the lost place was tidied up
        if flow.reason is not None:
            return _interrupted(scope, flow.reason)
    return _failed(scope, lost or Failure(message="the job was not started"))


async def _attempt(scope: UnitScope, attempt: int) -> Ended:
    """The steps of one attempt, one after the other, and what the job gives."""
    unit = scope.unit
    spec = JobSpec(
        run_id=scope.run.run_id,
        job_id=unit.job if unit.instance is None else f"{unit.job}.{unit.instance + 1}",
        name=scope.name,
        runs_on=labels_for(scope.job.job.runs_on, scope.job.runner, scope.run.options.runners),
        attempt=attempt,
        keep=scope.run.options.keep,
        workspace=scope.run.options.workspace,
    )
    background = BackgroundLog(scope.run.recorder, unit.job, unit.instance, attempt)
    try:
        async with _environment(scope, spec) as environment:
            environment.late_output = background.write
            return await _in_order(JobScope(of=scope, spec=spec, environment=environment))
    finally:
        background.close()


@contextlib.asynccontextmanager
async def _environment(scope: UnitScope, spec: JobSpec) -> AsyncIterator[JobEnvironment]:
    """The runner's place for a job. What the runner raises unawares, entering or leaving it, is a `RunnerError`.

    Raises `Interrupted` when the job is to end before it has its place.
    """
    stack = contextlib.AsyncExitStack()
    try:
        async with scope.flow.guarded(never):
            with third_party("the runner"):
                environment = await stack.enter_async_context(scope.job.runner.job(spec))
        pass_on_cancellation()
    except BaseException:
        # A runner may have made a place although it was told to stop: nobody else leaves that.
        with contextlib.suppress(PipelinesError), third_party("the runner"):
            await stack.aclose()
        raise
    with third_party("the runner"):
        if spec.workspace is not None and environment.paths.workspace != spec.workspace:
            await stack.aclose()
            raise RunnerError("the runner made a workspace of its own where one was given")
    over = False
    try:
        yield environment
        over = True
    finally:
        with third_party("the runner"):
            try:
                await stack.aclose()
            except EnvironmentLost:
                if not over:  # else the job has its result, and nothing of it can run on in a place that is gone
                    raise


async def _in_order(scope: JobScope) -> Ended:
    timer = _timer(scope)
    try:
        for planned in scope.job.steps:
            try:
                await run_step(scope, planned)
                pass_on_cancellation()
            except asyncio.CancelledError:
                skip_rest(scope, planned.index + 1, scope.flow.why_killed or CANCELLED)
                raise
            except EnvironmentLost as error:
                record_lost(scope, planned, error)
                raise
    finally:
        if timer is not None:
            timer.cancel()
    return await _ended(scope)


def _timer(scope: JobScope) -> asyncio.TimerHandle | None:
    """Interrupts the job when its time is over. Raises `ExpressionError` for what is no number of minutes."""
    timeout, path = scope.job.job.timeout, (*scope.of.path, "timeout")
    if timeout is None:
        return None
    minutes = scope.run.evaluator().number(timeout, path, scope.of.settings)
    reason = f"the job timed out after {minutes_text(minutes)}"
    failure = scope.run.failure(reason, scope.run.plan.source.value(path))
    stop = Interruption(reason=reason, failure=failure)
    loop, now = asyncio.get_running_loop(), scope.run.recorder.now
    return loop.call_later(minutes * 60, lambda: scope.flow.interrupt(stop, now()))


async def _ended(scope: JobScope) -> Ended:
    """How the job ended, by how its steps went."""
    flow = scope.flow
    if flow.reason is not None and flow.cut and not flow.timed_out:
        return _interrupted(scope.of, flow.reason)
    try:
        outputs = await _outputs(scope)
        if flow.failure is None:
            return Ended(status=Status.SUCCEEDED, outputs=outputs)
        return _failed(scope.of, flow.failure, outputs)
    except EnvironmentLost:
        raise
    except PipelinesError as error:
        if flow.failure is not None:  # that came first
            return _failed(scope.of, flow.failure)
        return _failed(scope.of, scope.run.failure_of(error, scope.run.plan.source.key((*scope.of.path, "outputs"))))


async def _outputs(scope: JobScope) -> Mapping[str, object]:
    """What the job gives to those that need it; of a failed job what can be had."""
    job = scope.job.job
    if not job.outputs:
        return {}
    contexts: dict[str, object] = {
        **scope.of.contexts,
        **scope.environment.facts,
        **scope.data.contexts(),
        "job": job_facts(scope.of.name, scope.job, scope.flow.status),
    }
    templates = (job.outputs, job.env, scope.run.plan.pipeline.env)
    given: dict[str, object] = {}
    async with step_host(scope, templates, scope.flow.status) as host:
        evaluator = scope.run.evaluator(host)
        contexts["env"] = base_environment(scope, evaluator, contexts)
        for name, value in job.outputs.items():
            try:
                given[name] = evaluator.value(value, (*scope.of.path, "outputs", name), contexts)
            except PipelinesError:
                if scope.flow.failure is None:
                    raise
    return given


def _failed(scope: UnitScope, error: Failure, outputs: Mapping[str, object] | None = None) -> Ended:
    """A failure, which may count as none."""
    given, path = scope.job.job.continue_on_error, (*scope.path, "continue-on-error")
    try:
        tolerated = given if isinstance(given, bool) else scope.run.evaluator().truth(given, path, scope.settings)
    except PipelinesError as wrong:  # what the job failed by counts: this is said beside it
        tolerated = False
        scope.run.warn(wrong, scope.unit, None, scope.run.plan.source.value(path))
    at = scope.run.recorder.now() if scope.flow.failed_at is None else scope.flow.failed_at
    return Ended(status=Status.FAILED, error=error, outputs=outputs or {}, tolerated=tolerated, failed_at=at)


def _interrupted(scope: UnitScope, reason: str) -> Ended:
    """How a job ends that was kept from going on."""
    if scope.flow.timed_out and scope.flow.failure is not None:
        return _failed(scope, scope.flow.failure)
    return Ended(status=Status.CANCELLED, reason=reason)
