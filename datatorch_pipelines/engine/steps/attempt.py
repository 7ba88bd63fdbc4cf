"""One try of a step, from what its expressions give to the outputs that it sets."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import PurePath

from attrs import define, evolve, field, frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import Command, StepContext, StepEnvironment, Stream
from datatorch_pipelines.contracts.environment import exit_status
from datatorch_pipelines.engine.collecting.files import StepFiles, step_files
from datatorch_pipelines.engine.collecting.masks import MaskLines
from datatorch_pipelines.engine.collecting.outputs import OutputReader
from datatorch_pipelines.engine.planning.plan import PlannedStep
from datatorch_pipelines.engine.scoping.scope import JobScope
from datatorch_pipelines.engine.steps.caching import FROM_CACHE, Caching, caching_of
from datatorch_pipelines.engine.steps.human import answer
from datatorch_pipelines.engine.steps.leavings import Leavings, collect
from datatorch_pipelines.engine.steps.prepare import PreparedStep, prepare_step
from datatorch_pipelines.engine.steps.time_limits import StepLimits, TimedOut, TimeLimit
from datatorch_pipelines.engine.third_party import third_party
from datatorch_pipelines.errors import EnvironmentLost, PipelinesError, RecordError, RunnerError, RunnerUnavailable
from datatorch_pipelines.model import Using
from datatorch_pipelines.model.conversion import fits
from datatorch_pipelines.records import StepLog, plain_data
from datatorch_pipelines.results import Failure, Status, StepInputs
from datatorch_pipelines.runtimes import prepare_run, run_command

_MOST_WARNINGS = 10
"""How many outputs that can't be taken are told one by one: a step may write as many as it likes."""


@frozen(kw_only=True)
class StepOutcome:
    """How a step ended; ``outputs`` and ``inputs`` are as they were, secrets and all.

    ``may_pass`` says of a failure that another try could succeed: the process failed, and not what it was given.
    """

    status: Status
    outputs: Mapping[str, object] = field(factory=dict, repr=False)
    inputs: Mapping[str, object] = field(factory=dict, repr=False)
    exit_status: int | None = None
    reason: str | None = None
    error: Failure | None = None
    may_pass: bool = False
    attempts: int = 1


@define
class _Trial:
    """What one try of a step has to do with, beyond its time and its end."""

    scope: JobScope
    planned: PlannedStep
    log: StepLog
    left: Leavings
    after: contextlib.AsyncExitStack
    """What is let go of when all is done: the step's files, its place in the cache."""
    files: StepFiles | None = None
    caching: Caching | None = None

    async def collect(self) -> None:
        """Brings what the step left, unless it never began. Raises as `collect` does."""
        if self.files is not None:
            await collect(self.scope, self.planned, self.files, self.left)


async def attempt_step(
    scope: JobScope, planned: PlannedStep, log: StepLog, limits: StepLimits, left: Leavings
) -> StepOutcome:
    """Tries a step once: what goes wrong in it is its outcome. What it left, however it ended, is in ``left``.

    Raises `EnvironmentLost` when the job's place is gone, and is cancelled as any task.
    """
    await left.forget()
    async with contextlib.AsyncExitStack() as after:
        trial = _Trial(scope, planned, log, left, after)
        try:
            outcome = await _in_time(trial, limits)
        except asyncio.CancelledError:
            with contextlib.suppress(PipelinesError):  # it is cancelled all the same
                await trial.collect()
            raise
        # Its time does not count for that: the step has ended.
        try:
            await trial.collect()
        except EnvironmentLost:
            raise
        except (RecordError, RunnerError) as error:
            outcome = _without_files(scope, planned, outcome, error)
        if trial.caching is not None and trial.files is not None and outcome.status is Status.SUCCEEDED:
            await trial.caching.keep(scope, outcome.outputs, left)
    return outcome


def _without_files(scope: JobScope, planned: PlannedStep, outcome: StepOutcome, error: PipelinesError) -> StepOutcome:
    """What becomes of a step whose files can't be kept: a failure, beside which any other one counts."""
    failure = scope.run.failure_of(error, scope.place(planned.index))
    if outcome.status is Status.SUCCEEDED:
        return evolve(outcome, status=Status.FAILED, error=failure)
    if outcome.error is None or outcome.error.message != failure.message:
        scope.warn(failure.message, Code.NOT_KEPT, planned.index)
    return outcome


async def _in_time(trial: _Trial, limits: StepLimits) -> StepOutcome:
    """How a try of a step ends, in the time that it has."""
    scope, planned = trial.scope, trial.planned
    limit = TimeLimit(limits, planned.step.label)
    try:
        async with limit:
            return await _run(trial, limit)
    except TimedOut as error:
        failure = scope.run.failure(error.message, scope.run.plan.source.value((*scope.path(planned.index), error.key)))
        return StepOutcome(status=Status.FAILED, error=failure, may_pass=True)
    except EnvironmentLost:
        raise
    except PipelinesError as error:
        failure = scope.run.failure_of(error, scope.place(planned.index))
        return StepOutcome(status=Status.FAILED, error=failure, may_pass=isinstance(error, RunnerUnavailable))
    except RecursionError:  # from an expression over an event that was given so, or what fromJSON made
        failure = scope.run.failure("the step's data is nested too deep", scope.place(planned.index))
        return StepOutcome(status=Status.FAILED, error=failure)


async def _run(trial: _Trial, limit: TimeLimit) -> StepOutcome:
    scope, planned, log = trial.scope, trial.planned, trial.log
    prepared = await prepare_step(scope, planned)
    inputs = scope.run.masker.value(plain_data(prepared.inputs))
    if isinstance(inputs, Mapping) and inputs:
        recorder = scope.run.recorder
        unit = scope.unit
        recorder.emit(
            StepInputs(time=recorder.now(), job=unit.job, instance=unit.instance, step=planned.index, inputs=inputs)
        )
    if _asks_person(scope, prepared):
        return await _answered(scope, planned, prepared, log)
    place = partial(_place, scope, planned, prepared, log, PurePath())
    caching = trial.caching = await caching_of(scope, planned, prepared, place)
    if caching is not None:
        await trial.after.enter_async_context(caching.claimed(log))
        if (kept := await caching.find(trial.left)) is not None:
            return StepOutcome(status=Status.SUCCEEDED, outputs=kept, inputs=prepared.inputs, reason=FROM_CACHE)
    with third_party("the runner"):
        files = await trial.after.enter_async_context(
            step_files(scope.environment, planned.index, prepared.inputs, scope.run.options.limits)
        )
    command = await _command(scope, planned, prepared, files, log)
    trial.files = files
    status, outputs = await _execute(scope, planned, command, files, log, limit)
    outcome = StepOutcome(status=Status.SUCCEEDED, outputs=outputs, inputs=prepared.inputs, exit_status=status)
    if status != 0:
        failure = scope.run.failure(_failure_text(planned.step.label, status), scope.place(planned.index))
        return evolve(outcome, status=Status.FAILED, error=failure, may_pass=True)
    _check_outputs(scope, planned, outputs)
    return outcome


def _asks_person(scope: JobScope, prepared: PreparedStep) -> bool:
    """Whether a step has no process: a person gives its outputs, unless a runtime of the caller's does."""
    using = prepared.action.runs.using if prepared.action else None
    return using == Using.HUMAN and using not in scope.run.options.runtimes


async def _answered(scope: JobScope, planned: PlannedStep, prepared: PreparedStep, log: StepLog) -> StepOutcome:
    """What a person gave. They may be asked again after a wrong answer, where the step has ``retries``."""
    try:
        outputs = await answer(scope, planned, prepared, log)
    except PipelinesError as error:
        failure = scope.run.failure_of(error, scope.place(planned.index))
        return StepOutcome(status=Status.FAILED, inputs=prepared.inputs, error=failure, may_pass=True)
    return StepOutcome(status=Status.SUCCEEDED, outputs=outputs, inputs=prepared.inputs)


async def _command(
    scope: JobScope, planned: PlannedStep, prepared: PreparedStep, files: StepFiles, log: StepLog
) -> Command:
    """The command that carries out the step, in its environment and its folder."""
    place = _place(scope, planned, prepared, log, files.inputs)
    variables: Mapping[str, str] = prepared.env
    if prepared.action is None:
        await prepare_run(place)
        command = run_command(prepared.run, planned.step.shell, prepared.inputs, place)
    else:
        runtime = scope.run.options.runtimes[prepared.action.runs.using]
        with third_party(f"the runtime {prepared.action.runs.using!r}"):
            await runtime.prepare(prepared.action, place)
            command = runtime.command(prepared.action, prepared.inputs, place)
        if not isinstance(command, Command):
            raise RunnerError(f"the runtime {prepared.action.runs.using!r} gave {command!r} where a Command belongs")
        if runtime.carries_variables:
            variables = {}
    own = {"DATATORCH_INPUTS": str(files.inputs), "DATATORCH_OUTPUT": str(files.output)}
    own["DATATORCH_ARTIFACTS"] = str(files.artifacts)
    return evolve(command, env={**variables, **command.env, **own}, cwd=command.cwd or prepared.cwd)


def _place(
    scope: JobScope, planned: PlannedStep, prepared: PreparedStep, log: StepLog, inputs_file: PurePath
) -> StepEnvironment:
    """Where the step runs, as its runtime sees it."""
    return StepEnvironment(
        job=scope.environment,
        step=planned.step.label,
        env=prepared.env,
        cwd=prepared.cwd,
        inputs_file=inputs_file,
        secret_inputs=scope.run.masker.holds_secret(prepared.inputs),
        sink=log.write,
    )


async def _execute(
    scope: JobScope, planned: PlannedStep, command: Command, files: StepFiles, log: StepLog, time_limit: TimeLimit
) -> tuple[int, Mapping[str, object]]:
    """Runs the command; its exit status and the outputs that it set."""

    not_taken = 0

    def junk(name: str, why: str) -> None:
        nonlocal not_taken
        declared = planned.action.definition.outputs if planned.action else {}
        if name in declared or name.startswith("DATATORCH_OUTPUT"):
            not_taken += 1
            if not_taken <= _MOST_WARNINGS:
                scope.warn(f"the output {name!r} was not taken: {why}", Code.UNDECLARED_OUTPUT, planned.index)

    told = set[str]()

    def refused(why: str) -> None:
        if why not in told:
            told.add(why)
            scope.warn(f"a text was not masked: {why}", Code.UNDECLARED_OUTPUT, planned.index)

    limit = scope.run.options.limits.max_output_bytes
    reader = OutputReader(limit, junk)
    masks: Mapping[Stream, MaskLines] = {
        "stdout": MaskLines(scope.run.masker, refused),
        "stderr": MaskLines(scope.run.masker, refused),
    }

    def sink(stream: Stream, data: bytes) -> None:
        time_limit.heard()
        if stream == "stdout":
            reader.feed(data)
        log.write(stream, masks[stream].feed(data))

    context = StepContext(job=scope.spec, step=planned.step.label, environment=scope.environment, sink=sink)
    try:
        with third_party("the runner"), time_limit.listening():
            status = exit_status(await scope.environment.runner.execute(command, context))
    finally:
        for stream, lines in masks.items():
            log.write(stream, lines.close())
    reader.close()
    with third_party("the runner"):
        outputs = {**reader.values, **await files.outputs(limit, junk)}
    if not_taken > _MOST_WARNINGS:
        more = not_taken - _MOST_WARNINGS
        scope.warn(f"so it is with {more} more of the step's outputs", Code.UNDECLARED_OUTPUT, planned.index)
    return status, outputs


def _failure_text(label: str, status: int) -> str:
    if status >= 0:
        return f"the step {label!r} failed with exit status {status}"
    try:
        name = f" ({signal.Signals(-status).name})"
    except ValueError:
        name = ""
    return f"the step {label!r} was ended by signal {-status}{name}"


def _check_outputs(scope: JobScope, planned: PlannedStep, outputs: Mapping[str, object]) -> None:
    """Warns of an output that is not of its declared type; it is passed on as it is."""
    if planned.action is None:
        return
    for name, declared in planned.action.definition.outputs.items():
        if name in outputs and not fits(outputs[name], declared.type):
            message = f"the output {name!r} is declared to be of type {declared.type}, and is not"
            scope.warn(message, Code.UNDECLARED_OUTPUT, planned.index)
