"""Reads what steps wrote from their log files, as a run's events tell of it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType

from datatorch_pipelines.records.layout import log_name
from datatorch_pipelines.results.events import Event, JobFinished, JobStarted, LogWritten, StepFinished, StepStarted

_CHUNK = 1 << 20
"""How much is read at once: a record that came from elsewhere may speak of more than there is."""

_LogKey = tuple[str, int | None, int | None]
"""A job, the place of its instance in its matrix, and the index of a step."""


class LogFiles:
    """The open logs of a run's steps. A context manager: leaving it closes them.

    A log that can't be read (somebody deleted it) is as one that is empty: the run itself goes on.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._names: dict[_LogKey, str] = {}
        self._attempts: dict[tuple[str, int | None], int] = {}
        self._open: dict[_LogKey, int] = {}

    def __enter__(self) -> LogFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for key in list(self._open):
            self._close(key)

    def data(self, event: Event) -> bytes:
        """The bytes that a log event tells of; nothing for other events, which may open and close files."""
        match event:
            case JobStarted():
                self._attempts[event.job, event.instance] = event.attempt
                self._close((event.job, event.instance, None))
            case StepStarted():
                self._close((event.job, event.instance, event.step))
                self._names[event.job, event.instance, event.step] = event.log
            case StepFinished():
                self._close((event.job, event.instance, event.step))
            case JobFinished():
                self._close((event.job, event.instance, None))
            case LogWritten():
                return self._read(event)
        return b""

    def _read(self, event: LogWritten) -> bytes:
        key = (event.job, event.instance, event.step)
        pieces: list[bytes] = []
        offset, end = event.offset, event.offset + event.length
        with contextlib.suppress(OSError):
            if key not in self._open:
                attempt = self._attempts.get((event.job, event.instance), 1)
                background = log_name(event.job, event.step, attempt=attempt, instance=event.instance)
                name = self._names.get(key) or background
                self._open[key] = os.open(self._directory / name, os.O_RDONLY | os.O_CLOEXEC)
            while offset < end and (piece := os.pread(self._open[key], min(end - offset, _CHUNK), offset)):
                pieces.append(piece)
                offset += len(piece)
        return b"".join(pieces)

    def _close(self, key: _LogKey) -> None:
        descriptor = self._open.pop(key, None)
        if descriptor is not None:
            os.close(descriptor)
