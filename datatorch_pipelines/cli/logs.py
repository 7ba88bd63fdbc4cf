"""Reads what steps wrote from their log files, as a run's events tell of it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType

from datatorch_pipelines.records.layout import log_name
from datatorch_pipelines.results.events import Event, JobFinished, LogWritten, StepFinished, StepStarted


class LogFiles:
    """The open logs of a run's steps. A context manager: leaving it closes them.

    A log that can't be read (somebody deleted it) is as one that is empty: the run itself goes on.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._names: dict[tuple[str, int | None], str] = {}
        self._open: dict[tuple[str, int | None], int] = {}

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
            case StepStarted():
                self._close((event.job, event.step))
                self._names[event.job, event.step] = event.log
            case StepFinished():
                self._close((event.job, event.step))
            case JobFinished():
                self._close((event.job, None))
            case LogWritten():
                return self._read(event)
        return b""

    def _read(self, event: LogWritten) -> bytes:
        key = (event.job, event.step)
        pieces: list[bytes] = []
        offset, end = event.offset, event.offset + event.length
        with contextlib.suppress(OSError):
            if key not in self._open:
                name = self._names.get(key) or log_name(event.job, event.step)
                self._open[key] = os.open(self._directory / name, os.O_RDONLY | os.O_CLOEXEC)
            while offset < end and (piece := os.pread(self._open[key], end - offset, offset)):
                pieces.append(piece)
                offset += len(piece)
        return b"".join(pieces)

    def _close(self, key: tuple[str, int | None]) -> None:
        descriptor = self._open.pop(key, None)
        if descriptor is not None:
            os.close(descriptor)
