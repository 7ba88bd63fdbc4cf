"""What a run tells: events while it goes on, a result when it is over."""

from datatorch_pipelines.results.events import (
    EVENTS,
    EVENTS_VERSION,
    Event,
    JobFinished,
    JobStarted,
    LogWritten,
    RunFinished,
    RunStarted,
    StepFinished,
    StepInputs,
    StepStarted,
    WarningRaised,
)
from datatorch_pipelines.results.result import JobResult, LogPart, RunResult, StepResult, failure_of
from datatorch_pipelines.results.status import Failure, Status

__all__ = [
    "EVENTS",
    "EVENTS_VERSION",
    "Event",
    "Failure",
    "JobFinished",
    "JobResult",
    "JobStarted",
    "LogPart",
    "LogWritten",
    "RunFinished",
    "RunResult",
    "RunStarted",
    "Status",
    "StepFinished",
    "StepInputs",
    "StepResult",
    "StepStarted",
    "WarningRaised",
    "failure_of",
]
