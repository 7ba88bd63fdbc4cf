"""A run as it happens, as lines for a terminal or a file of logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from datatorch_pipelines.display.characters import one_line, text_width
from datatorch_pipelines.display.durations import duration_text
from datatorch_pipelines.display.left import tests_text
from datatorch_pipelines.display.loglines import LineReader
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.display.reports import diagnostic_text
from datatorch_pipelines.engine.scheduling.matrix import instance_name
from datatorch_pipelines.results.events import (
    Event,
    JobEvent,
    JobFinished,
    JobStarted,
    LogWritten,
    MatrixExpanded,
    RunFinished,
    RunResumed,
    RunStarted,
    StepFinished,
    StepRetried,
    StepStarted,
    WarningRaised,
)
from datatorch_pipelines.results.status import Status

_WIDEST_PREFIX = 24
_MEANINGS: Mapping[Status, str] = {
    Status.SUCCEEDED: "good",
    Status.FAILED: "error",
    Status.SKIPPED: "faint",
    Status.CANCELLED: "warning",
}

_UnitKey = tuple[str, int | None]
"""A job, and the place of an instance in its matrix."""
_LogKey = tuple[str, int | None, int | None]
"""The same, and the index of a step."""


class LiveView:
    """Turns a run's events, in their order, into text.

    Where a run has several jobs, each line begins with its job, in a matrix with what makes an instance what it is.
    What a step wrote stands behind a bar, so that no log line can pass for one of ours. ``sources`` holds the files'
    texts for the snippets of warnings.
    """

    def __init__(self, *, sources: Mapping[str, str] | None = None, palette: Palette = PLAIN) -> None:
        self._sources = sources or {}
        self._palette = palette
        self._prefixes: dict[_UnitKey, str] = {}
        self._started: dict[_LogKey, float] = {}
        self._readers: dict[_LogKey, dict[str, LineReader]] = {}

    def show(self, event: Event, data: bytes = b"") -> str:
        """What to print for an event: nothing, or whole lines. ``data`` is what a log event's bytes are."""
        return "".join(f"{line}\n" for line in self._lines(event, data))

    def _lines(self, event: Event, data: bytes) -> Iterator[str]:
        match event:
            case RunStarted():
                self._prefixes = _prefixes(event.jobs, self._palette)
                yield self._palette.paint("strong", one_line(f"run {event.run_id}: {event.pipeline}"))
            case RunResumed():
                again = ", ".join(map(one_line, event.jobs)) or "nothing"
                yield self._palette.paint("strong", f"goes on (attempt {event.attempt}): {again} to run")
            case WarningRaised():
                yield from diagnostic_text([event.diagnostic], self._sources, palette=self._palette).splitlines()
            case MatrixExpanded():
                self._prefixes.update(_instance_prefixes(event, len(self._prefixes), self._palette))
            case JobStarted() if event.attempt > 1:
                yield self._ours(event, f"starts anew (attempt {event.attempt})")
            case StepStarted():
                self._started[_key(event, event.step)] = event.time
                title = self._palette.paint("strong", f"step {event.step + 1}: {one_line(event.name)}")
                yield self._ours(event, title)
            case LogWritten():
                reader = self._reader(_key(event, event.step), event.stream)
                yield from self._logged((event.job, event.instance), reader.feed(data))
            case StepRetried():
                yield self._ours(event, _retried(event))
            case StepFinished():
                yield from self._close(_key(event, event.step))
                yield self._ours(event, self._finished(event))
            case JobFinished():
                yield from self._close(_key(event, None))
                if self._prefixes.get((event.job, event.instance)) or event.reason:
                    ending = self._palette.paint(_MEANINGS[event.status], f"job {event.status}")
                    yield self._ours(event, ending + (f": {one_line(event.reason)}" if event.reason else ""))
            case RunFinished():
                for key in list(self._readers):
                    yield from self._close(key)

    def _finished(self, event: StepFinished) -> str:
        started = self._started.pop(_key(event, event.step), None)
        took = "" if started is None else f" in {duration_text(event.time - started)}"
        why = event.error.message if event.error else event.reason
        if event.error and event.exit_status is not None:  # the step is named in this very line
            why = f"exit status {event.exit_status}" if event.exit_status >= 0 else f"signal {-event.exit_status}"
        status = self._palette.paint(_MEANINGS[event.status], event.status.value)
        tests = f" (tests: {tests_text(event.tests)})" if event.tests is not None else ""
        return f"step {event.step + 1} {status}{took}" + (f": {one_line(why)}" if why else "") + tests

    def _reader(self, key: _LogKey, stream: str) -> LineReader:
        streams = self._readers.setdefault(key, {})
        if stream not in streams:
            streams[stream] = LineReader(colours=self._palette.colours)
        return streams[stream]

    def _close(self, key: _LogKey) -> Iterator[str]:
        for reader in self._readers.pop(key, {}).values():
            yield from self._logged(key[:2], reader.close())

    def _logged(self, unit: _UnitKey, lines: Iterable[str]) -> Iterator[str]:
        prefix = f"{self._prefixes.get(unit, '')}{self._palette.paint('faint', '|')} "
        return (prefix + line for line in lines)

    def _ours(self, event: JobEvent, text: str) -> str:
        return self._prefixes.get((event.job, event.instance), "") + text


def _key(event: JobEvent, step: int | None) -> _LogKey:
    return event.job, event.instance, step


def _retried(event: StepRetried) -> str:
    why = "" if event.error is None else f": {one_line(event.error.message)}"
    if event.exit_status is not None:
        why = f": exit status {event.exit_status}" if event.exit_status >= 0 else f": signal {-event.exit_status}"
    return f"step {event.step + 1} failed{why}; tried again in {duration_text(event.delay)}"


def _prefixes(jobs: Iterable[str], palette: Palette) -> dict[_UnitKey, str]:
    """What each job's lines begin with: nothing where there is one job."""
    names = [one_line(job) for job in jobs]
    shown = [""] if len(names) == 1 else _padded(names, 0, palette)
    return {(name, None): text for name, text in zip(jobs, shown, strict=True)}


def _instance_prefixes(event: MatrixExpanded, first: int, palette: Palette) -> dict[_UnitKey, str]:
    """What the lines of a job's instances begin with; ``first`` is the index of the first one's colour."""
    names = [one_line(instance_name(event.job, combination)) for combination in event.combinations]
    if any(text_width(name) > _WIDEST_PREFIX for name in names):
        names = [f"{one_line(event.job)} #{index}" for index in range(1, len(names) + 1)]
    return {(event.job, index): text for index, text in enumerate(_padded(names, first, palette))}


def _padded(names: Sequence[str], first: int, palette: Palette) -> list[str]:
    width = min(_WIDEST_PREFIX, max(map(text_width, names), default=0))
    return [
        palette.number(first + index, name) + " " * (1 + max(0, width - text_width(name)))
        for index, name in enumerate(names)
    ]
