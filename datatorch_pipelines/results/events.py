"""What happens in a run, in order: frozen data that listeners get and the record keeps.

The times are seconds since the epoch (UTC). Secrets are masked in every text. The version of the record's form is
`EVENTS_VERSION`; it grows when an event changes in a way that a reader has to know of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import field, frozen

from datatorch_pipelines.diagnostics import Diagnostic, Location
from datatorch_pipelines.results.kept import Artifact, SuiteResult
from datatorch_pipelines.results.status import Failure, Status

EVENTS_VERSION = 1


@frozen(kw_only=True)
class Event:
    """What all events have in common. ``type`` is the name in the record."""

    type: ClassVar[str]

    time: float


@frozen(kw_only=True)
class JobEvent(Event):
    """What the events of a job have in common; ``instance`` is its place in the job's matrix, ``None`` without one."""

    job: str
    instance: int | None = None


@frozen(kw_only=True)
class StepEvent(JobEvent):
    """What the events of a step have in common; ``step`` is its index in the job, from 0."""

    step: int


@frozen(kw_only=True)
class RunStarted(Event):
    """The run began: everything is resolved, nothing has run yet.

    ``folder`` is where the pipeline's ``file`` was and its relative actions are, an absolute path. ``actions`` maps
    references to commits, ``sources`` to the ``digest`` of the action's files and its ``url``. ``given`` is what the
    run was given, masked: the contexts ``inputs``, ``event``, ``trigger``, ``variables``, ``pipeline`` and ``run``,
    without those that are empty; ``masked`` names those of them that held a secret, and ``text`` where the pipeline's
    own text did.
    ``settings`` are those of its options that it needs once more when it is resumed, by the name of the argument.
    """

    type: ClassVar[str] = "run-started"

    run_id: str
    pipeline: str
    file: str | None = None
    folder: str | None = None
    jobs: tuple[str, ...] = ()
    actions: Mapping[str, str | None] = field(factory=dict)
    sources: Mapping[str, Mapping[str, str]] = field(factory=dict)
    given: Mapping[str, object] = field(factory=dict)
    masked: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(factory=dict)


@frozen(kw_only=True)
class RunResumed(Event):
    """A run that had ended, or was interrupted, goes on: ``jobs`` run again, what others gave stands.

    ``attempt`` counts from 2: how often the run was begun. ``standing`` has, for those of the jobs that have a matrix,
    the instances that stand, as long as the matrix is the same.
    """

    type: ClassVar[str] = "run-resumed"

    attempt: int
    jobs: tuple[str, ...] = ()
    standing: Mapping[str, tuple[int, ...]] = field(factory=dict)


@frozen(kw_only=True)
class CancelRequested(Event):
    """The run is to end: only what runs ``if: always()`` or ``if: cancelled()`` still does. ``reason`` says why."""

    type: ClassVar[str] = "cancel-requested"

    reason: str


@frozen(kw_only=True)
class WarningRaised(Event):
    """Something doubtful that doesn't stop the run."""

    type: ClassVar[str] = "warning"

    diagnostic: Diagnostic
    job: str | None = None
    instance: int | None = None
    step: int | None = None


@frozen(kw_only=True)
class MatrixExpanded(Event):
    """A job with a matrix became one instance for each of ``combinations``, masked."""

    type: ClassVar[str] = "matrix-expanded"

    job: str
    combinations: tuple[Mapping[str, object], ...] = ()


@frozen(kw_only=True)
class JobStarted(JobEvent):
    """A job entered its environment; ``attempt`` counts from 1 and grows when that is lost, or the run is resumed."""

    type: ClassVar[str] = "job-started"

    attempt: int = 1


@frozen(kw_only=True)
class StepStarted(StepEvent):
    """A step began; ``log`` is its log file in the run's folder."""

    type: ClassVar[str] = "step-started"

    name: str
    log: str
    id: str | None = None


@frozen(kw_only=True)
class StepInputs(StepEvent):
    """The inputs that a step got, after expressions, defaults and conversion, masked."""

    type: ClassVar[str] = "step-inputs"

    inputs: Mapping[str, object]


@frozen(kw_only=True)
class AnswerWanted(StepEvent):
    """A step waits for a person, who is asked for ``outputs``."""

    type: ClassVar[str] = "answer-wanted"

    outputs: tuple[str, ...] = ()


@frozen(kw_only=True)
class LogWritten(JobEvent):
    """``length`` bytes, from ``offset`` on, were added to a step's log by the stream ``stdout`` or ``stderr``.

    ``step`` is ``None`` for what a job's background children write after their step has ended.
    """

    type: ClassVar[str] = "log"

    step: int | None
    stream: str
    offset: int
    length: int


@frozen(kw_only=True)
class StepRetried(StepEvent):
    """The ``attempt``-th try of a step failed (counted from 1); the next begins after ``delay`` seconds."""

    type: ClassVar[str] = "step-retried"

    attempt: int
    delay: float = 0.0
    exit_status: int | None = None
    error: Failure | None = None


@frozen(kw_only=True)
class StepFinished(StepEvent):
    """A step ended, or was skipped (``reason`` says why). ``attempts`` is how often it was tried."""

    type: ClassVar[str] = "step-finished"

    name: str
    id: str | None = None
    status: Status
    exit_status: int | None = None
    outputs: Mapping[str, object] = field(factory=dict)
    reason: str | None = None
    error: Failure | None = None
    location: Location | None = None
    attempts: int = 1
    artifacts: tuple[Artifact, ...] = ()
    tests: SuiteResult | None = None


@frozen(kw_only=True)
class JobFinished(JobEvent):
    """A job ended, or was skipped (``reason`` says why).

    A job with a matrix has one for each instance and then one for all, without ``instance``. ``masked`` says that its
    outputs held a secret, so that what stands here is not what the job gave.
    """

    type: ClassVar[str] = "job-finished"

    name: str
    status: Status
    outputs: Mapping[str, object] = field(factory=dict)
    reason: str | None = None
    error: Failure | None = None
    masked: bool = False


@frozen(kw_only=True)
class RunFinished(Event):
    """The run ended; it is the last event, unless the run is resumed."""

    type: ClassVar[str] = "run-finished"

    status: Status
    error: Failure | None = None


EVENTS: tuple[type[Event], ...] = (
    RunStarted,
    RunResumed,
    CancelRequested,
    WarningRaised,
    MatrixExpanded,
    JobStarted,
    StepStarted,
    StepInputs,
    AnswerWanted,
    LogWritten,
    StepRetried,
    StepFinished,
    JobFinished,
    RunFinished,
)
"""Every kind of event."""
