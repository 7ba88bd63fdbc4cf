"""The record of a run, read back: after its end, while it goes on, or after a crash."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from datatorch_pipelines.errors import RecordError
from datatorch_pipelines.records.decoding import BadEvent, NewerRecord, decode_event
from datatorch_pipelines.records.fold import result_of
from datatorch_pipelines.records.layout import EVENTS_FILE, is_run_id
from datatorch_pipelines.records.owner import is_owned
from datatorch_pipelines.records.recorder import WrittenEvents, whole_length
from datatorch_pipelines.results import Event, RunFinished, RunResult, RunStarted, Status

_TAIL = 64 * 1024


class NeverBegan(RecordError):
    """A run's first event is not there: nothing ran."""


def read_record(directory: Path) -> WrittenEvents:
    """The events of a run's folder, in order.

    A last line that a crash cut short is left out. Raises `RecordError` for a folder without a record, and with the
    file and line for what is no event.
    """
    path = directory / EVENTS_FILE
    data = _whole(_read(path))
    events = list(_decoded(path, data))
    _refuse_unbegun(events, directory)
    return WrittenEvents(events=tuple(events), length=len(data))


def _whole(data: bytes) -> bytes:
    return data[: whole_length(data)]


def _decoded(path: Path, data: bytes, first: int = 1) -> Iterator[Event]:
    """The events in whole lines of a record, of which the first has a number. Raises `RecordError` at its line."""
    for number, line in enumerate(data.split(b"\n")[:-1], start=first):
        try:
            event = decode_event(line)
        except BadEvent as error:
            raise _broken(path, number, error) from error
        if event is not None:
            yield event


def read_events(directory: Path) -> list[Event]:
    """As `read_record`, the events alone."""
    return list(read_record(directory).events)


def follow_events(directory: Path, *, pause: float = 0.1) -> Iterator[Event]:
    """The events of a run's folder, as they come, until nobody writes any more; looks every ``pause`` seconds.

    Raises `RecordError` as `read_record` does.
    """
    path = directory / EVENTS_FILE
    length, lines = 0, 0
    while True:
        owned = is_owned(directory)  # looked at first: what is written until then is read below
        data = _whole(_read(path, length))
        events = list(_decoded(path, data, lines + 1))
        if length == 0:
            _refuse_unbegun(events, directory)
        yield from events
        length, lines = length + len(data), lines + data.count(b"\n")
        if not owned:
            return
        time.sleep(pause)


def _refuse_unbegun(events: Sequence[Event], directory: Path) -> None:
    if not events or not isinstance(events[0], RunStarted):
        raise _never_began(directory)


def _never_began(directory: Path) -> NeverBegan:
    return NeverBegan(f"the run in {os.fspath(directory)!r} never began", hint="run its pipeline again")


def _broken(path: Path, number: int, error: BadEvent) -> RecordError:
    hint = "open it with a newer version" if isinstance(error, NewerRecord) else None
    return RecordError(f"{os.fspath(path)}:{number}: this is {error}", hint=hint)


def _read(path: Path, start: int = 0) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read()
    except FileNotFoundError as error:
        raise RecordError(f"there is no record of a run in {os.fspath(path.parent)!r}") from error
    except OSError as error:
        raise RecordError(f"{os.fspath(path)!r} can't be read: {error.strerror}") from error


def open_record(directory: Path) -> RunResult:
    """What came of a run, by its folder; one that was interrupted counts as cancelled. Raises `RecordError`."""
    return result_of(read_events(directory), directory)


@frozen(kw_only=True)
class RunSummary:
    """A run in short, as a list shows it.

    ``status`` is ``None`` for a run that has not ended: it goes on (``running``), or was interrupted. ``finished`` is
    ``None`` then, too. Times are UTC; ``jobs`` counts them.
    """

    id: str
    pipeline: str
    status: Status | None
    running: bool
    started: datetime
    finished: datetime | None
    jobs: int
    directory: Path


def summarize(directory: Path) -> RunSummary:
    """A run in short, by the beginning and the end of its record alone. Raises `RecordError`."""
    path = directory / EVENTS_FILE
    try:
        with path.open("rb") as file:
            first = file.readline()
            file.seek(max(len(first), path.stat().st_size - _TAIL))
            tail = file.read()
    except FileNotFoundError as error:
        raise RecordError(f"there is no record of a run in {os.fspath(directory)!r}") from error
    except OSError as error:
        raise RecordError(f"{os.fspath(path)!r} can't be read: {error.strerror}") from error
    try:
        started = decode_event(first) if first.endswith(b"\n") else None
    except BadEvent as error:
        raise _broken(path, 1, error) from error
    if not isinstance(started, RunStarted):
        raise _never_began(directory)
    finished = _last_event(tail)
    ended = finished if isinstance(finished, RunFinished) else None
    return RunSummary(
        id=started.run_id,
        pipeline=started.pipeline,
        status=ended.status if ended else None,
        running=ended is None and is_owned(directory),
        started=datetime.fromtimestamp(started.time, UTC),
        finished=datetime.fromtimestamp(ended.time, UTC) if ended else None,
        jobs=len(started.jobs),
        directory=directory,
    )


def _last_event(tail: bytes) -> Event | None:
    lines = tail[: whole_length(tail)].split(b"\n")
    for line in reversed(lines):
        if line:
            with contextlib.suppress(BadEvent):
                return decode_event(line)
            return None
    return None


def holds_record(directory: Path) -> bool:
    """Whether a folder is that of a run; of one that can't be looked into, its name tells."""
    try:
        return (directory / EVENTS_FILE).is_file()
    except (OSError, ValueError):
        return is_run_id(directory.name)


def run_directories(root: Path) -> list[Path]:
    """The folders of the runs below ``root``, the newest first. Raises `RecordError` when it can't be read."""
    try:
        with os.scandir(root) as entries:
            found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(f"the folder {os.fspath(root)!r} can't be read: {error.strerror}") from error
    return [root / name for name in sorted(found, reverse=True) if not name.startswith(".")]
