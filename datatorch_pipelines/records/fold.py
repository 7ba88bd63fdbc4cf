"""A run's events folded into its result: the same for a run that just ended and for one read back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from attrs import define, evolve, field

from datatorch_pipelines.contracts.context import Stream
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.results.events import (
    Event,
    JobFinished,
    JobStarted,
    LogWritten,
    MatrixExpanded,
    RunFinished,
    RunResumed,
    RunStarted,
    StepEvent,
    StepFinished,
    StepInputs,
    StepStarted,
    WarningRaised,
)
from datatorch_pipelines.results.result import JobResult, LogPart, RunResult, StepResult
from datatorch_pipelines.results.status import Failure, Status


@define
class _Step:
    began: StepStarted | None = None
    inputs: dict[str, object] = field(factory=dict)
    parts: list[LogPart] = field(factory=list)
    warnings: list[Diagnostic] = field(factory=list)
    finished: StepFinished | None = None


@define
class _Job:
    steps: dict[int, _Step] = field(factory=dict)
    finished: JobFinished | None = None
    combinations: tuple[Mapping[str, object], ...] | None = None
    instances: dict[int, _Job] = field(factory=dict)


@define
class _Fold:
    """What is known of a run after some of its events."""

    directory: Path
    run: RunStarted | None = None
    finished: RunFinished | None = None
    last: float = 0.0
    paused: float = 0.0
    jobs: dict[str, _Job] = field(factory=dict)
    warnings: list[Diagnostic] = field(factory=list)

    def add(self, event: Event) -> None:
        before, self.last = self.last, event.time
        match event:
            case RunStarted():
                self.run = event
                self.jobs = {job: _Job() for job in event.jobs}
            case RunResumed():
                self.finished = None
                self.paused += max(0.0, event.time - before)
                for job in event.jobs:
                    self._again(job, event.standing.get(job, ()))
            case WarningRaised():
                self.warnings.append(event.diagnostic)
                if event.job is not None and event.step is not None:
                    self._job(event.job, event.instance).steps.setdefault(event.step, _Step()).warnings.append(
                        event.diagnostic
                    )
            case MatrixExpanded():
                whole = self._job(event.job)
                if whole.combinations != event.combinations:
                    whole.instances = {}
                whole.combinations = event.combinations
            case JobStarted():
                self._start(event)
            case StepStarted():
                self._step(event).began = event
            case StepInputs():
                self._step(event).inputs = dict(event.inputs)
            case LogWritten():
                if event.step is not None:
                    _add_part(self._job(event.job, event.instance).steps.setdefault(event.step, _Step()).parts, event)
            case StepFinished():
                self._step(event).finished = event
            case JobFinished():
                self._job(event.job, event.instance).finished = event
            case RunFinished():
                self.finished = event

    def _start(self, event: JobStarted) -> None:
        if event.instance is None:
            self.jobs[event.job] = _Job()
        else:
            self._job(event.job).instances[event.instance] = _Job()

    def _again(self, job: str, standing: Collection[int]) -> None:
        """Forgets what became of a job that runs again, but for the instances of its matrix that stand."""
        known = self._job(job)
        instances = {index: known.instances[index] for index in standing if index in known.instances}
        self.jobs[job] = _Job(combinations=known.combinations, instances=instances)

    def _job(self, job: str, instance: int | None = None) -> _Job:
        found = self.jobs.setdefault(job, _Job())
        return found if instance is None else found.instances.setdefault(instance, _Job())

    def _step(self, event: StepEvent) -> _Step:
        return self._job(event.job, event.instance).steps.setdefault(event.step, _Step())


def _add_part(parts: list[LogPart], event: LogWritten) -> None:
    stream: Stream = "stderr" if event.stream == "stderr" else "stdout"
    last = parts[-1] if parts else None
    if last is not None and last.stream == stream and last.offset + last.length == event.offset:
        parts[-1] = LogPart(stream=stream, offset=last.offset, length=last.length + event.length)
    else:
        parts.append(LogPart(stream=stream, offset=event.offset, length=event.length))


def result_of(events: Iterable[Event], directory: Path) -> RunResult:
    """The result that a run's events tell of; a run that never finished counts as cancelled.

    Raises ``ValueError`` when the first event is missing.
    """
    fold = _Fold(directory=directory)
    for event in events:
        fold.add(event)
    run = fold.run
    if run is None:
        raise ValueError("a record without its first event")
    jobs = {job_id: _job_result(job_id, job, fold) for job_id, job in fold.jobs.items()}
    status, error = (fold.finished.status, fold.finished.error) if fold.finished else (Status.CANCELLED, None)
    return RunResult(
        id=run.run_id,
        pipeline=run.pipeline,
        status=status,
        jobs=jobs,
        started=_moment(run.time),
        finished=_moment(fold.finished.time if fold.finished else fold.last),
        paused=fold.paused,
        directory=directory,
        diagnostics=fold.warnings,
        error=error,
    )


def _job_result(job_id: str, job: _Job, fold: _Fold, matrix: Mapping[str, object] | None = None) -> JobResult:
    steps = [_step_result(index, step, fold.directory) for index, step in sorted(job.steps.items())]
    combinations = job.combinations or ()
    instances = tuple(
        _job_result(job_id, job.instances.get(index, _Job()), fold, combination)
        for index, combination in enumerate(combinations)
    )
    finished = job.finished
    if finished is None:
        return JobResult(
            id=job_id,
            name=job_id,
            status=Status.CANCELLED,
            steps=steps,
            error=Failure(message="the job was interrupted"),
            matrix=matrix,
            instances=instances,
        )
    return JobResult(
        id=job_id,
        name=finished.name,
        status=finished.status,
        steps=steps,
        outputs=finished.outputs,
        error=finished.error,
        reason=finished.reason,
        matrix=matrix,
        instances=instances,
    )


def _step_result(index: int, step: _Step, directory: Path) -> StepResult:
    finished, began = step.finished, step.began
    log_path = directory / began.log if began is not None else None
    started = None if began is None else _moment(began.time)
    if finished is None:
        return StepResult(
            index=index,
            name=began.name if began is not None else f"step {index + 1}",
            id=began.id if began is not None else None,
            status=Status.CANCELLED,
            reason="the step was interrupted",
            inputs=step.inputs,
            started=started,
            log_path=log_path,
            log_parts=tuple(step.parts),
            diagnostics=step.warnings,
        )
    return StepResult(
        index=index,
        name=finished.name,
        id=finished.id,
        status=finished.status,
        outputs=finished.outputs,
        inputs=step.inputs,
        exit_status=finished.exit_status,
        started=started,
        finished=None if started is None else _moment(finished.time),
        reason=finished.reason,
        error=finished.error,
        location=finished.location,
        log_path=log_path,
        log_parts=tuple(step.parts),
        attempts=finished.attempts,
        artifacts=tuple(evolve(kept, path=directory / kept.file) for kept in finished.artifacts),
        tests=finished.tests,
        diagnostics=step.warnings,
    )


def _moment(time: float) -> datetime:
    return datetime.fromtimestamp(time, UTC)
