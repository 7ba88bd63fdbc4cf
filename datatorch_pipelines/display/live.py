"""A run as it happens, as lines for a terminal or a file of logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from datatorch_pipelines.display.characters import one_line, text_width
from datatorch_pipelines.display.durations import duration_text
from datatorch_pipelines.display.left import tests_text
from datatorch_pipelines.display.loglines import LineReader
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.display.reports import diagnostic_text
from datatorch_pipelines.results.events import (
    Event,
    JobFinished,
    JobStarted,
    LogWritten,
    RunFinished,
    RunStarted,
    StepFinished,
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

_LogKey = tuple[str, int | None]


class LiveView:
    """Turns a run's events, in their order, into text.

    Where a run has several jobs, each line begins with its job; what a step wrote stands behind a bar, so that no log
    line can pass for one of ours. ``sources`` holds the files' texts for the snippets of warnings.
    """

    def __init__(self, *, sources: Mapping[str, str] | None = None, palette: Palette = PLAIN) -> None:
        self._sources = sources or {}
        self._palette = palette
        self._prefixes: dict[str, str] = {}
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
            case WarningRaised():
                yield from diagnostic_text([event.diagnostic], self._sources, palette=self._palette).splitlines()
            case JobStarted() if event.attempt > 1:
                yield self._ours(event.job, f"starts anew (attempt {event.attempt})")
            case StepStarted():
                self._started[event.job, event.step] = event.time
                title = self._palette.paint("strong", f"step {event.step + 1}: {one_line(event.name)}")
                yield self._ours(event.job, title)
            case LogWritten():
                reader = self._reader(event.job, event.step, event.stream)
                yield from self._logged(event.job, reader.feed(data))
            case StepFinished():
                yield from self._close((event.job, event.step))
                yield self._ours(event.job, self._finished(event))
            case JobFinished():
                yield from self._close((event.job, None))
                if len(self._prefixes) > 1:
                    yield self._ours(event.job, self._palette.paint(_MEANINGS[event.status], f"job {event.status}"))
            case RunFinished():
                for key in list(self._readers):
                    yield from self._close(key)

    def _finished(self, event: StepFinished) -> str:
        started = self._started.pop((event.job, event.step), None)
        took = "" if started is None else f" in {duration_text(event.time - started)}"
        why = event.error.message if event.error else event.reason
        if event.error and event.exit_status is not None:  # the step is named in this very line
            why = f"exit status {event.exit_status}" if event.exit_status >= 0 else f"signal {-event.exit_status}"
        status = self._palette.paint(_MEANINGS[event.status], event.status.value)
        tests = f" (tests: {tests_text(event.tests)})" if event.tests is not None else ""
        return f"step {event.step + 1} {status}{took}" + (f": {one_line(why)}" if why else "") + tests

    def _reader(self, job: str, step: int | None, stream: str) -> LineReader:
        streams = self._readers.setdefault((job, step), {})
        if stream not in streams:
            streams[stream] = LineReader(colours=self._palette.colours)
        return streams[stream]

    def _close(self, key: _LogKey) -> Iterator[str]:
        for reader in self._readers.pop(key, {}).values():
            yield from self._logged(key[0], reader.close())

    def _logged(self, job: str, lines: Iterable[str]) -> Iterator[str]:
        prefix = f"{self._prefixes.get(job, '')}{self._palette.paint('faint', '|')} "
        return (prefix + line for line in lines)

    def _ours(self, job: str, text: str) -> str:
        return self._prefixes.get(job, "") + text


def _prefixes(jobs: Iterable[str], palette: Palette) -> dict[str, str]:
    """What each job's lines begin with: nothing where there is one job."""
    names = {job: one_line(job) for job in jobs}
    if len(names) < 2:
        return dict.fromkeys(names, "")
    width = min(_WIDEST_PREFIX, max(map(text_width, names.values())))
    return {
        job: palette.number(index, name) + " " * (1 + max(0, width - text_width(name)))
        for index, (job, name) in enumerate(names.items())
    }
