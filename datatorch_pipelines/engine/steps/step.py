"""One step, from its start to its outputs: what goes wrong in it becomes its outcome."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping

from attrs import evolve, field, frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import Command, StepContext, StepEnvironment, Stream
from datatorch_pipelines.engine.collecting.cache import ResultCache, result_key
from datatorch_pipelines.engine.collecting.files import StepFiles, step_files
from datatorch_pipelines.engine.collecting.outputs import OutputReader
from datatorch_pipelines.engine.planning.plan import PlannedStep
from datatorch_pipelines.engine.scoping.scope import JobScope
from datatorch_pipelines.engine.steps.prepare import PreparedStep, prepare_step
from datatorch_pipelines.engine.third_party import third_party
from datatorch_pipelines.errors import EnvironmentLost, PipelinesError, RunnerError
from datatorch_pipelines.model.conversion import fits
from datatorch_pipelines.records import StepLog
from datatorch_pipelines.results import Failure, Status, StepFinished, StepInputs, StepStarted
from datatorch_pipelines.runtimes import prepare_run, run_command


@frozen(kw_only=True)
class StepOutcome:
    """How a step ended; ``outputs`` and ``inputs`` are as they were, secrets and all."""

    status: Status
    outputs: Mapping[str, object] = field(factory=dict, repr=False)
    inputs: Mapping[str, object] = field(factory=dict, repr=False)
    exit_status: int | None = None
    reason: str | None = None
    error: Failure | None = None


async def run_step(scope: JobScope, planned: PlannedStep) -> StepOutcome:
    """Runs a step and records it.

    Raises `EnvironmentLost` when the job's place is gone, and is cancelled as any task, the step recorded then too.
    """
    recorder = scope.run.recorder
    name = scope.run.masker.text(planned.step.label)
    log = recorder.open_log(scope.job.id, planned.index, name, scope.spec.attempt)
    recorder.emit(StepStarted(time=recorder.now(), job=scope.job.id, step=planned.index, name=name, log=log.name))
    try:
        outcome = await _run(scope, planned, log)
    except asyncio.CancelledError:
        log.close()
        record_step(scope, planned, StepOutcome(status=Status.CANCELLED, reason="the run was cancelled"))
        raise
    except EnvironmentLost:
        raise
    except PipelinesError as error:
        failure = scope.run.failure_of(error, scope.place(planned.index))
        outcome = StepOutcome(status=Status.FAILED, error=failure)
    except RecursionError:  # from an expression over an event that was given so, or what fromJSON made
        failure = scope.run.failure("the step's data is nested too deep", scope.place(planned.index))
        outcome = StepOutcome(status=Status.FAILED, error=failure)
    finally:
        log.close()
    record_step(scope, planned, outcome)
    scope.data.add(planned, outcome.status, outcome.inputs, outcome.outputs)
    return outcome


def record_step(scope: JobScope, planned: PlannedStep, outcome: StepOutcome) -> None:
    """Records a step's end, or that it was skipped."""
    masked = scope.run.masker.value(outcome.outputs)
    scope.run.recorder.emit(
        StepFinished(
            time=scope.run.recorder.now(),
            job=scope.job.id,
            step=planned.index,
            name=scope.run.masker.text(planned.step.label),
            id=planned.step.id,
            status=outcome.status,
            exit_status=outcome.exit_status,
            outputs=masked if isinstance(masked, Mapping) else {},
            reason=outcome.reason,
            error=outcome.error,
            location=scope.place(planned.index),
        )
    )


async def _run(scope: JobScope, planned: PlannedStep, log: StepLog) -> StepOutcome:
    prepared = await prepare_step(scope, planned)
    inputs = scope.run.masker.value(prepared.inputs)
    if isinstance(inputs, Mapping) and inputs:
        recorder = scope.run.recorder
        recorder.emit(StepInputs(time=recorder.now(), job=scope.job.id, step=planned.index, inputs=inputs))
    key = _cache_key(scope, planned, prepared)
    if key is not None and (kept := ResultCache.default().get(key)) is not None:
        return StepOutcome(
            status=Status.SUCCEEDED, outputs=kept, inputs=prepared.inputs, reason="its result was in the cache"
        )
    async with step_files(scope.environment, planned.index, prepared.inputs) as files:
        command = await _command(scope, planned, prepared, files, log)
        status, outputs = await _execute(scope, planned, command, files, log)
    outcome = StepOutcome(status=Status.SUCCEEDED, outputs=outputs, inputs=prepared.inputs, exit_status=status)
    if status != 0:
        failure = scope.run.failure(_failure_text(planned.step.label, status), scope.place(planned.index))
        return evolve(outcome, status=Status.FAILED, error=failure)
    _check_outputs(scope, planned, outputs)
    if key is not None and not scope.run.masker.holds_secret(outputs) and not _names_job_folders(scope, outputs):
        ResultCache.default().keep(key, outputs)
    return outcome


async def _command(
    scope: JobScope, planned: PlannedStep, prepared: PreparedStep, files: StepFiles, log: StepLog
) -> Command:
    """The command that carries out the step, in its environment and its folder."""
    place = StepEnvironment(
        job=scope.environment,
        step=planned.step.label,
        env=prepared.env,
        inputs_file=files.inputs,
        secret_inputs=scope.run.masker.holds_secret(prepared.inputs),
        sink=log.write,
    )
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
    own = {"DATATORCH_INPUTS": str(files.inputs), "DATATORCH_OUTPUT": str(files.output)}
    return evolve(command, env={**prepared.env, **command.env, **own}, cwd=command.cwd or prepared.cwd)


async def _execute(
    scope: JobScope, planned: PlannedStep, command: Command, files: StepFiles, log: StepLog
) -> tuple[int, Mapping[str, object]]:
    """Runs the command; its exit status and the outputs that it set."""

    def junk(name: str, why: str) -> None:
        declared = planned.action.definition.outputs if planned.action else {}
        if name in declared or name.startswith("DATATORCH_OUTPUT"):
            scope.run.warn(
                f"the output {name!r} was not taken: {why}",
                Code.UNDECLARED_OUTPUT,
                scope.place(planned.index),
                scope.job.id,
                planned.index,
            )

    limit = scope.run.options.limits.max_output_bytes
    reader = OutputReader(limit, junk)

    def sink(stream: Stream, data: bytes) -> None:
        if stream == "stdout":
            reader.feed(data)
        log.write(stream, data)

    context = StepContext(job=scope.spec, step=planned.step.label, environment=scope.environment, sink=sink)
    with third_party("the runner"):
        status = await scope.environment.runner.execute(command, context)
    if type(status) is not int:
        raise RunnerError(f"the runner gave {status!r} where an exit status belongs", hint="execute returns a number")
    reader.close()
    return status, {**reader.values, **await files.outputs(limit, junk)}


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
            scope.run.warn(
                f"the output {name!r} is declared to be of type {declared.type}, and is not",
                Code.UNDECLARED_OUTPUT,
                scope.place(planned.index),
                scope.job.id,
                planned.index,
            )


def _cache_key(scope: JobScope, planned: PlannedStep, prepared: PreparedStep) -> str | None:
    """What the step's result follows from; ``None`` when it is not to be cached, or a secret is among it."""
    definition = planned.action.definition if planned.action else None
    wanted = planned.step.cache if planned.step.cache is not None else bool(definition and definition.cache)
    if not wanted or scope.run.masker.holds_secret([prepared.inputs, prepared.env, prepared.run]):
        return None
    facts = scope.environment.facts
    return result_key(
        {
            "action": prepared.action.digest if prepared.action else None,
            "file": planned.action.resolved.file if planned.action else None,
            "run": [prepared.run, planned.step.shell],
            "inputs": prepared.inputs,
            "env": prepared.env,
            "python": facts.get("python"),
            "machine": facts.get("machine"),
        }
    )


def _names_job_folders(scope: JobScope, outputs: Mapping[str, object]) -> bool:
    """Whether an output leads into the job's own folders, which are gone when it is read from the cache."""
    root = str(scope.environment.paths.workspace.parent)

    def leads(value: object) -> bool:
        if isinstance(value, str):
            return root in value
        if isinstance(value, Mapping):
            return any(map(leads, value.values()))
        return isinstance(value, list | tuple) and any(map(leads, value))

    return leads(outputs)
