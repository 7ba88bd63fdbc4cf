"""What happens in a run, in order: frozen data that listeners get and the record keeps.

The times are seconds since the epoch (UTC). Secrets are masked in every text. The version of the record's form is
`EVENTS_VERSION`; it grows when an event changes in a way that a reader has to know of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import field, frozen

from datatorch_pipelines.diagnostics import Diagnostic, Location
from datatorch_pipelines.results.status import Failure, Status

EVENTS_VERSION = 1


@frozen(kw_only=True)
class Event:
    """What all events have in common. ``type`` is the name in the record."""

    type: ClassVar[str]

    time: float


@frozen(kw_only=True)
class RunStarted(Event):
    """The run began: everything is resolved, nothing has run yet.

    ``actions`` maps references to commits, ``sources`` to the ``digest`` of the action's files and its ``url``.
    """

    type: ClassVar[str] = "run-started"

    run_id: str
    pipeline: str
    file: str | None = None
    jobs: tuple[str, ...] = ()
    actions: Mapping[str, str | None] = field(factory=dict)
    sources: Mapping[str, Mapping[str, str]] = field(factory=dict)


@frozen(kw_only=True)
class WarningRaised(Event):
    """Something doubtful that doesn't stop the run."""

    type: ClassVar[str] = "warning"

    diagnostic: Diagnostic
    job: str | None = None
    step: int | None = None


@frozen(kw_only=True)
class JobStarted(Event):
    """A job entered its environment."""

    type: ClassVar[str] = "job-started"

    job: str
    attempt: int = 1


@frozen(kw_only=True)
class StepStarted(Event):
    """A step began; ``step`` is its index in the job, from 0, and ``log`` its log file in the run's folder."""

    type: ClassVar[str] = "step-started"

    job: str
    step: int
    name: str
    log: str


@frozen(kw_only=True)
class StepInputs(Event):
    """The inputs that a step got, after expressions, defaults and conversion, masked."""

    type: ClassVar[str] = "step-inputs"

    job: str
    step: int
    inputs: Mapping[str, object]


@frozen(kw_only=True)
class LogWritten(Event):
    """``length`` bytes, from ``offset`` on, were added to a step's log by the stream ``stdout`` or ``stderr``.

    ``step`` is ``None`` for what a job's background children write after their step has ended.
    """

    type: ClassVar[str] = "log"

    job: str
    step: int | None
    stream: str
    offset: int
    length: int


@frozen(kw_only=True)
class StepFinished(Event):
    """A step ended, or was skipped (``reason`` says why)."""

    type: ClassVar[str] = "step-finished"

    job: str
    step: int
    name: str
    id: str | None = None
    status: Status
    exit_status: int | None = None
    outputs: Mapping[str, object] = field(factory=dict)
    reason: str | None = None
    error: Failure | None = None
    location: Location | None = None


@frozen(kw_only=True)
class JobFinished(Event):
    """A job ended."""

    type: ClassVar[str] = "job-finished"

    job: str
    name: str
    status: Status
    outputs: Mapping[str, object] = field(factory=dict)
    error: Failure | None = None


@frozen(kw_only=True)
class RunFinished(Event):
    """The run ended; it is the last event."""

    type: ClassVar[str] = "run-finished"

    status: Status
    error: Failure | None = None


EVENTS: tuple[type[Event], ...] = (
    RunStarted,
    WarningRaised,
    JobStarted,
    StepStarted,
    StepInputs,
    LogWritten,
    StepFinished,
    JobFinished,
    RunFinished,
)
"""Every kind of event."""
