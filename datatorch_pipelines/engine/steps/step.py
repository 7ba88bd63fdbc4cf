"""One step, from its condition to its record: tried as often as it may be, what goes wrong becomes its outcome."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping

from attrs import evolve

from datatorch_pipelines.engine.planning.plan import PlannedStep
from datatorch_pipelines.engine.scoping.conditions import asks_status, holds
from datatorch_pipelines.engine.scoping.flow import Interrupted
from datatorch_pipelines.engine.scoping.scope import JobScope
from datatorch_pipelines.engine.steps.attempt import StepOutcome, attempt_step
from datatorch_pipelines.engine.steps.leavings import Leavings
from datatorch_pipelines.engine.steps.prepare import base_environment, host_here, step_host
from datatorch_pipelines.engine.steps.time_limits import StepLimits, step_limits
from datatorch_pipelines.errors import EnvironmentLost, PipelinesError
from datatorch_pipelines.expressions.host import Status as HostStatus
from datatorch_pipelines.model import Retries
from datatorch_pipelines.records import StepLog, artifacts_folder
from datatorch_pipelines.results import Status, StepFinished, StepRetried, StepStarted

CANCELLED = "the run was cancelled"
LONGEST_DELAY = 86_400.0
"""The longest wait between two tries, in seconds: a day, however often it was multiplied."""


async def run_step(scope: JobScope, planned: PlannedStep) -> None:
    """Runs a step, or skips it, and records it; what came of it is in the job's flow and data.

    Raises `EnvironmentLost` when the job's place is gone, and is cancelled as any task, the step recorded then too.
    """
    if scope.flow.over or (planned.step.if_ is None and scope.flow.status != "success"):
        _skip(scope, planned)
        return
    try:
        wanted = await _wanted(scope, planned, scope.flow.status)
    except EnvironmentLost:
        raise
    except PipelinesError as error:
        failure = scope.run.failure_of(error, scope.place(planned.index))
        _take_up(scope, planned, StepOutcome(status=Status.FAILED, error=failure))
        return
    if not wanted:
        _skip(scope, planned)
        return
    await _carried_out(scope, planned)


async def _carried_out(scope: JobScope, planned: PlannedStep) -> None:
    recorder, unit, flow = scope.run.recorder, scope.unit, scope.flow
    name = scope.run.masker.text(planned.step.label)
    log = recorder.open_log(unit.job, planned.index, name, scope.spec.attempt, unit.instance)
    recorder.emit(
        StepStarted(
            time=recorder.now(),
            job=unit.job,
            instance=unit.instance,
            step=planned.index,
            name=name,
            log=log.name,
            id=None if planned.step.id is None else scope.run.masker.text(planned.step.id),
        )
    )
    folder = artifacts_folder(unit.job, planned.index, name, scope.spec.attempt, unit.instance)
    left = Leavings(run=recorder.directory, folder=folder)
    try:
        async with flow.guarded(lambda status: _still_wanted(scope, planned, status)):
            outcome = await _tries(scope, planned, log, left)
    except Interrupted:
        flow.cut = True
        outcome = StepOutcome(status=Status.CANCELLED, reason=flow.why_no_step)
    except asyncio.CancelledError:
        log.close()
        _record(scope, planned, StepOutcome(status=Status.CANCELLED, reason=flow.why_killed or CANCELLED), left)
        raise
    finally:
        log.close()
    _take_up(scope, planned, outcome, left)


async def _tries(scope: JobScope, planned: PlannedStep, log: StepLog, left: Leavings) -> StepOutcome:
    """The step, tried until it succeeds, fails for good or was tried often enough."""
    limits = StepLimits()
    if planned.step.timeout is not None or planned.step.idle_timeout is not None:
        try:
            contexts = await _contexts(scope, planned, scope.flow.status)
            limits = step_limits(planned, scope.path(planned.index), scope.run.evaluator(), contexts)
        except EnvironmentLost:
            raise
        except PipelinesError as error:
            failure = scope.run.failure_of(error, scope.place(planned.index))
            return StepOutcome(status=Status.FAILED, error=failure)
    retries, attempt = planned.step.retries, 1
    while True:
        outcome = evolve(await attempt_step(scope, planned, log, limits, left), attempts=attempt)
        if outcome.status is not Status.FAILED or not outcome.may_pass or retries is None or attempt > retries.count:
            return outcome
        if retries.exit_statuses and outcome.exit_status not in retries.exit_statuses:
            return outcome
        delay = _delay(retries, attempt)
        recorder = scope.run.recorder
        recorder.emit(
            StepRetried(
                time=recorder.now(),
                job=scope.unit.job,
                instance=scope.unit.instance,
                step=planned.index,
                attempt=attempt,
                delay=delay,
                exit_status=outcome.exit_status,
                error=outcome.error,
            )
        )
        await asyncio.sleep(delay)
        attempt += 1


def _delay(retries: Retries, attempt: int) -> float:
    """The seconds to wait after a try (from 1) that failed."""
    try:
        delay = retries.delay * retries.backoff ** (attempt - 1)
    except OverflowError:
        delay = math.inf
    return delay if delay < LONGEST_DELAY else LONGEST_DELAY


def _skip(scope: JobScope, planned: PlannedStep) -> None:
    """Records that a step does not run, and why."""
    flow, condition = scope.flow, planned.step.if_
    # Where it asks for no status, it is the status that keeps it from running.
    by_status = flow.over or (condition is not False and not asks_status(condition, scope.run.options.limits))
    reason = "its condition does not hold"
    if by_status and flow.why_no_step is not None:
        flow.cut = True
        reason = flow.why_no_step
    elif by_status and flow.status == "failure":
        reason = "an earlier step failed"
    outcome = StepOutcome(status=Status.SKIPPED, reason=reason)
    _record(scope, planned, outcome)
    scope.data.add(planned, outcome.status, {}, {})


def _take_up(scope: JobScope, planned: PlannedStep, outcome: StepOutcome, left: Leavings | None = None) -> None:
    """Records how a step ended, and what that means for the job."""
    tolerated = False
    if outcome.status is Status.FAILED:
        try:
            tolerated = _tolerated(scope, planned)
        except PipelinesError as error:  # the step's own failure counts: this is said beside it
            scope.run.warn(error, scope.unit, planned.index, scope.place(planned.index))
    _record(scope, planned, outcome, left)
    if outcome.error is not None and not tolerated:
        scope.flow.fail(outcome.error, scope.run.recorder.now())
    scope.data.add(planned, outcome.status, outcome.inputs, outcome.outputs, tolerated=tolerated)


def _tolerated(scope: JobScope, planned: PlannedStep) -> bool:
    path = (*scope.path(planned.index), "continue-on-error")
    given = planned.step.continue_on_error
    return given if isinstance(given, bool) else scope.run.evaluator().truth(given, path, scope.contexts(planned))


async def _wanted(scope: JobScope, planned: PlannedStep, status: HostStatus) -> bool:
    """Whether a step runs in a job of the given status. Raises `ExpressionError` for a condition that is wrong."""
    condition = planned.step.if_
    if not isinstance(condition, str):
        return status == "success" and condition is not False
    path = (*scope.path(planned.index), "if")
    shown = condition if "${{" in condition else f"${{{{ {condition} }}}}"
    async with step_host(scope, (shown,), status) as host:
        return holds(condition, path, scope.run.evaluator(host), await _contexts(scope, planned, status))


def _still_wanted(scope: JobScope, planned: PlannedStep, status: HostStatus) -> bool:
    """As `_wanted`, for a step that runs: one whose condition can't be evaluated any more is not."""
    condition = planned.step.if_
    if not isinstance(condition, str):
        return False
    try:
        evaluator = scope.run.evaluator(host_here(scope, status))
        contexts = scope.contexts(planned)
        contexts["env"] = base_environment(scope, evaluator, contexts)
        return holds(condition, (*scope.path(planned.index), "if"), evaluator, contexts)
    except PipelinesError:
        return False


async def _contexts(scope: JobScope, planned: PlannedStep, status: HostStatus) -> Mapping[str, object]:
    """What a step's condition and settings see: all but its own ``env`` and ``action``."""
    contexts = scope.contexts(planned)
    variables = (scope.run.plan.pipeline.env, scope.job.job.env)
    async with step_host(scope, variables, status) as host:
        contexts["env"] = base_environment(scope, scope.run.evaluator(host), contexts)
    return contexts


def _record(scope: JobScope, planned: PlannedStep, outcome: StepOutcome, left: Leavings | None = None) -> None:
    """Records a step's end, or that it was skipped."""
    masked = scope.run.masker.value(outcome.outputs)
    scope.run.recorder.emit(
        StepFinished(
            time=scope.run.recorder.now(),
            job=scope.unit.job,
            instance=scope.unit.instance,
            step=planned.index,
            name=scope.run.masker.text(planned.step.label),
            id=None if planned.step.id is None else scope.run.masker.text(planned.step.id),
            status=outcome.status,
            exit_status=outcome.exit_status,
            outputs=masked if isinstance(masked, Mapping) else {},
            reason=outcome.reason,
            error=outcome.error,
            location=scope.place(planned.index),
            attempts=outcome.attempts,
            artifacts=left.artifacts if left else (),
            tests=left.tests if left else None,
        )
    )


def record_lost(scope: JobScope, planned: PlannedStep, error: EnvironmentLost) -> None:
    """Records that the job's place was lost at a step: that one failed, and those behind it do not run."""
    failure = scope.run.failure_of(error, scope.place(planned.index))
    _record(scope, planned, StepOutcome(status=Status.FAILED, error=failure))
    skip_rest(scope, planned.index + 1, "the job's environment was lost")


def skip_rest(scope: JobScope, first: int, reason: str) -> None:
    """Records that the steps from an index on do not run, whatever their conditions."""
    for planned in scope.job.steps[first:]:
        _record(scope, planned, StepOutcome(status=Status.SKIPPED, reason=reason))
