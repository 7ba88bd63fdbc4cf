"""What ``runs logs`` does: what the steps of a run wrote, as ``run`` showed it, or byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

from attrs import field, frozen

from datatorch_pipelines.api.records import run_directory
from datatorch_pipelines.cli.console import STDOUT, Output, wants_colours
from datatorch_pipelines.cli.logs import LogFiles
from datatorch_pipelines.cli.outcome import SUCCEEDED
from datatorch_pipelines.cli.runs_view import with_records
from datatorch_pipelines.display.live import LiveView
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.errors import RecordError
from datatorch_pipelines.records import follow_events, read_events
from datatorch_pipelines.results import Event, JobEvent, LogWritten, MatrixExpanded, RunStarted, StepEvent, StepStarted


@frozen(kw_only=True)
class LogsCall:
    """What the command was given, as data."""

    run: str
    directory: Path | None = None
    job: str | None = None
    step: str | None = None
    raw: bool = False
    follow: bool = False


def print_logs(call: LogsCall) -> int:
    """Prints what the steps of a run wrote; gives the exit status."""
    return with_records(lambda output: _print(call, output))


def _print(call: LogsCall, output: Output) -> int:
    directory = run_directory(call.run, call.directory)
    events = follow_events(directory) if call.follow else iter(read_events(directory))
    view = LiveView(palette=Palette(wants_colours(STDOUT, os.environ), output.encoding))
    wanted = _Wanted(call.job, call.step)
    with LogFiles(directory) as logs:
        for event in events:
            data = logs.data(event)
            if not output.open:  # nobody reads any more
                break
            if not wanted.has(event):
                continue
            if call.raw:
                output.raw(data)
            elif text := view.show(event, data):
                output.text(text)
    wanted.refuse_nothing()
    return SUCCEEDED


@frozen
class _Wanted:
    """Which events are those of the job and the step that were asked for."""

    _job: str | None
    _step: str | None
    _steps: set[tuple[str, int | None, int]] = field(factory=set, init=False)
    _seen: set[str] = field(factory=set, init=False)

    def has(self, event: Event) -> bool:
        """Whether an event is of what was asked for. Raises `RecordError` for a job that the run doesn't have."""
        if isinstance(event, RunStarted):
            if self._job is not None and self._job not in event.jobs:
                known = ", ".join(event.jobs[:10])
                raise RecordError(f"the run had no job {self._job!r}", hint=f"it had {known}")
            return True
        if isinstance(event, MatrixExpanded):  # what its instances are called stands before each line
            return self._job is None or event.job == self._job
        if self._job is None and self._step is None:
            return True
        if not isinstance(event, JobEvent) or (self._job is not None and event.job != self._job):
            return False
        return self._step is None or self._of_step(event)

    def _of_step(self, event: JobEvent) -> bool:
        if not isinstance(event, StepEvent | LogWritten) or event.step is None:
            return False
        key = (event.job, event.instance, event.step)
        names: set[str | None] = {str(event.step + 1)}
        if isinstance(event, StepStarted):
            names |= {event.name, event.id}
        if self._step in names:
            self._steps.add(key)
            self._seen.add("step")
        return key in self._steps

    def refuse_nothing(self) -> None:
        """Raises `RecordError` where no step was the one that was asked for."""
        if self._step is not None and not self._seen:
            where = "the run" if self._job is None else f"the job {self._job!r}"
            raise RecordError(f"{where} has run no step {self._step!r}", hint="give its id, its name, or its number")
