"""What came of a run: data, from the run down to each step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from datatorch_pipelines.diagnostics import Diagnostic, Location
from datatorch_pipelines.errors import PipelinesError, RecordError, RunFailed
from datatorch_pipelines.results.kept import Artifact, SuiteResult
from datatorch_pipelines.results.status import Failure, Status


def _diagnostics(value: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(value)


@frozen(kw_only=True)
class LogPart:
    """A stretch of a step's log that one stream wrote: bytes ``offset`` to ``offset + length``."""

    stream: Literal["stdout", "stderr"]
    offset: int
    length: int


@frozen(kw_only=True)
class StepResult:
    """What came of one step.

    ``index`` counts from 0 in the job. ``inputs`` and ``outputs`` are masked. ``exit_status`` is ``None`` when no
    process ran, ``-N`` when the signal N ended it. ``started`` and ``finished`` are UTC, ``None`` for a step that did
    not start. ``reason`` says why it was skipped or cancelled, or that its result was in the cache. ``location`` is the
    step's place in the pipeline's file. ``attempts`` is how often it was tried. ``artifacts`` are the files that it
    left, ``tests`` what its tests said (``None`` without a report). ``diagnostics`` are the warnings that came up while
    it ran.
    """

    index: int
    name: str
    id: str | None = None
    status: Status
    outputs: Mapping[str, object] = field(factory=dict)
    inputs: Mapping[str, object] = field(factory=dict)
    exit_status: int | None = None
    started: datetime | None = None
    finished: datetime | None = None
    reason: str | None = None
    error: Failure | None = None
    location: Location | None = None
    log_path: Path | None = None
    log_parts: tuple[LogPart, ...] = field(default=(), repr=False)
    attempts: int = 1
    artifacts: tuple[Artifact, ...] = ()
    tests: SuiteResult | None = None
    diagnostics: tuple[Diagnostic, ...] = field(default=(), converter=_diagnostics)

    @property
    def succeeded(self) -> bool:
        """Whether the step succeeded."""
        return self.status is Status.SUCCEEDED

    def raise_for_status(self) -> StepResult:
        """This result, if the step succeeded; raises `RunFailed` with the failure's place if not."""
        if self.succeeded:
            return self
        failure = self.error or Failure(message=f"the step {self.name!r} was {self.status}", location=self.location)
        raise RunFailed(failure.message, self, location=failure.location)

    @property
    def duration(self) -> float | None:
        """How long the step took, in seconds; ``None`` when it did not start."""
        if self.started is None or self.finished is None:
            return None
        return (self.finished - self.started).total_seconds()

    @property
    def log(self) -> str:
        """All that the step wrote, in the order in which it came; bytes that are no UTF-8 show as ``\\ufffd``.

        Raises `RecordError` when the log is gone.
        """
        return self._read().decode("utf-8", "replace")

    @property
    def stdout(self) -> str:
        """What the step wrote to its standard output. Raises `RecordError` when the log is gone."""
        return self._stream("stdout")

    @property
    def stderr(self) -> str:
        """What the step wrote to its standard error. Raises `RecordError` when the log is gone."""
        return self._stream("stderr")

    def _stream(self, stream: str) -> str:
        data = self._read()
        parts = (data[part.offset : part.offset + part.length] for part in self.log_parts if part.stream == stream)
        return b"".join(parts).decode("utf-8", "replace")

    def _read(self) -> bytes:
        if self.log_path is None:
            return b""
        try:
            return self.log_path.read_bytes()
        except OSError as error:
            raise RecordError(f"the log of the step {self.name!r} can't be read: {error.strerror}") from error


def _steps(value: Iterable[StepResult]) -> tuple[StepResult, ...]:
    return tuple(value)


@frozen(kw_only=True)
class JobResult:
    """What came of one job: its steps in order.

    A job with a matrix has ``instances``, one for each combination and in their order, and no ``steps``; each of them
    says in ``matrix`` which combination it is. ``reason`` says why a job was skipped or cancelled.
    """

    id: str
    name: str
    status: Status
    steps: tuple[StepResult, ...] = field(default=(), converter=_steps)
    outputs: Mapping[str, object] = field(factory=dict)
    error: Failure | None = None
    reason: str | None = None
    matrix: Mapping[str, object] | None = None
    instances: tuple[JobResult, ...] = ()

    def step(self, name: str) -> StepResult:
        """The step with this id, else the last with this name. Raises `KeyError` when there is none."""
        for step in self.steps:
            if step.id == name:
                return step
        for step in reversed(self.steps):
            if step.name == name:
                return step
        raise KeyError(name)


def _count(jobs: Mapping[str, JobResult]) -> str:
    """What a repr says of the jobs: not all of them, of which there may be thousands."""
    return f"<{len(jobs)} {'job' if len(jobs) == 1 else 'jobs'}>"


@frozen(kw_only=True)
class RunResult:
    """What came of a run.

    ``id`` names the run, ``directory`` is its folder with the record and the logs. ``diagnostics`` are the warnings of
    the pipeline and of the run. ``error`` is the first failure. ``paused`` is how many seconds nothing went on before
    the run was resumed.
    """

    id: str
    pipeline: str
    status: Status
    jobs: Mapping[str, JobResult] = field(repr=_count)
    started: datetime
    finished: datetime
    directory: Path
    diagnostics: tuple[Diagnostic, ...] = field(default=(), converter=_diagnostics)
    error: Failure | None = None
    paused: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether the run succeeded: nothing failed that was not gone on after."""
        return self.status is Status.SUCCEEDED

    @property
    def duration(self) -> float:
        """How long the run took, in seconds; of one that was resumed, without the time in which nothing went on."""
        return (self.finished - self.started).total_seconds() - self.paused

    def raise_for_status(self) -> RunResult:
        """This result, if the run succeeded; raises `RunFailed` with the first failure's place if not."""
        if self.succeeded:
            return self
        failure = self.error or Failure(message=f"the run was {self.status}")
        raise RunFailed(failure.message, self, location=failure.location)


def failure_of(error: PipelinesError, fallback: Location | None = None, snippet: str | None = None) -> Failure:
    """An error as the reason of a failure, at its own place or at ``fallback``."""
    hint = f"; {error.hint}" if error.hint else ""
    return Failure(message=f"{error.message}{hint}", location=error.location or fallback, snippet=snippet)
