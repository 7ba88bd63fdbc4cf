"""Writes a run's record as it happens: each event a line, each step's output a file."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from datatorch_pipelines._files import sync_directory, write_atomic
from datatorch_pipelines._masking import Masker, MaskingStream
from datatorch_pipelines.contracts.context import Stream
from datatorch_pipelines.errors import RecordError
from datatorch_pipelines.records.encoding import encode_event
from datatorch_pipelines.records.journal import Journal
from datatorch_pipelines.records.layout import EVENTS_FILE, LOCK_FILE, PIPELINE_FILE, log_name
from datatorch_pipelines.records.owner import own
from datatorch_pipelines.results.events import Event, LogWritten


def whole_length(data: bytes) -> int:
    """How much of a record is whole: up to the last line end, without what a power cut left as zeros."""
    return data.rstrip(b"\0").rfind(b"\n") + 1


class AppendFile:
    """A file that only grows, by whole pieces: one that does not fit on the disk is taken back. Not thread-safe."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.size = os.fstat(self._descriptor).st_size

    def append(self, data: bytes) -> None:
        """Adds ``data``. Raises ``OSError`` when it can't be written; the file is as it was then."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(data)

    def own(self) -> bool:
        """Makes this process the file's one writer, until it is closed; ``False`` where there is another."""
        if not own(self._descriptor):
            return False
        self.size = os.fstat(self._descriptor).st_size  # whoever had it until now may have added to it
        return True

    def is_there(self) -> bool:
        """Whether the file is still found by its name: it may have been deleted since it was opened."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self._path))  # noqa: PTH116
        except FileNotFoundError:
            return False

    def cut_tail(self) -> None:
        """Takes out what a crash left behind the last whole line. Raises ``OSError``."""
        if self.size == 0:
            return
        length = whole_length(Path(self._path).read_bytes())
        if length < self.size:
            os.ftruncate(self._descriptor, length)
            self.size = length

    def close(self) -> None:
        """Closes the file. Safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def sync(self) -> None:
        """Flushes the file to disk."""
        os.fsync(self._descriptor)


def still_going_on(directory: Path) -> RecordError:
    """What is said of a run that another process, or another part of this one, carries out now."""
    return RecordError(f"the run {directory.name!r} is still going on", hint="wait for its end, or cancel it")


@frozen(kw_only=True)
class WrittenEvents:
    """The events of a record, in order, and how many bytes of its file they are."""

    events: tuple[Event, ...]
    length: int


class Recorder:
    """Keeps the record of one run in its folder and in a `Journal`. Thread-safe.

    What can't be written (a full disk) goes to ``on_failure`` once, as a `RecordError`; the journal goes on.
    ``earlier`` is what was read of a record that goes on: what a crash cut off behind it is taken out of the file.
    """

    def __init__(
        self, directory: Path, masker: Masker, *, now: Callable[[], float], earlier: WrittenEvents | None = None
    ) -> None:
        """Raises `RecordError` for a record that can't be written, or that another process writes or wrote to."""
        self.directory = directory
        self.masker = masker
        self.now = now
        self.journal = Journal()
        self.failure: RecordError | None = None
        self.on_failure: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._closed = False
        for event in earlier.events if earlier is not None else ():
            self.journal.append(event)
        try:
            self._events = AppendFile(directory / EVENTS_FILE)
        except OSError as error:
            raise RecordError(f"the run's record can't be written: {error.strerror}") from error
        try:
            self._begin(earlier)
        except BaseException:
            self._events.close()
            raise

    def _begin(self, earlier: WrittenEvents | None) -> None:
        """Becomes the record's one writer, where it is as it was read."""
        try:
            if not self._events.own():
                raise still_going_on(self.directory)
            if not self._events.is_there():  # by whom it was owned until now
                raise RecordError(
                    f"the run {self.directory.name!r} was deleted meanwhile", hint="run its pipeline anew"
                )
            self._events.cut_tail()
        except OSError as error:
            raise RecordError(f"the run's record can't be written: {error.strerror}") from error
        if earlier is not None and self._events.size != earlier.length:
            raise RecordError(f"the run {self.directory.name!r} went on meanwhile", hint="look what came of it")

    def keep_pipeline(self, text: str) -> None:
        """Puts the pipeline beside the events, as it is. Raises `RecordError` when it can't be written."""
        self._keep(PIPELINE_FILE, self.masker.text(text))

    def keep_lock(self, text: str) -> None:
        """Puts the lock of the run's actions beside the events. Raises `RecordError` when it can't be written."""
        self._keep(LOCK_FILE, self.masker.text(text))

    def _keep(self, name: str, text: str) -> None:
        try:
            write_atomic(self.directory / name, text.encode("utf-8", "surrogatepass"), mode=0o600)
        except OSError as error:
            raise RecordError(f"the run's record can't be written: {error.strerror}") from error

    def emit(self, event: Event) -> None:
        """Records an event, and then hands it to the journal's readers. Its texts must be masked already."""
        with self._lock:
            try:
                self._events.append(encode_event(event))
            except OSError as error:
                self._failed(error)
            self.journal.append(event)

    def open_log(
        self, job: str, step: int | None, label: str = "", attempt: int = 1, instance: int | None = None
    ) -> StepLog:
        """A new log file for a step of a job. Raises `RecordError` when it can't be made."""
        name = log_name(job, step, label, attempt, instance)
        path = f"{self.directory}{os.sep}{name}"
        try:
            try:
                file = AppendFile(path)
            except FileNotFoundError:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                file = AppendFile(path)
        except OSError as error:
            raise RecordError(f"the log {name!r} can't be written: {error.strerror}") from error
        return StepLog(self, job, instance, step, name, file)

    def _failed(self, error: OSError) -> None:
        if self.failure is None:
            self.failure = RecordError(
                f"the run's record can't be written: {error.strerror}", hint="free the disk and run again"
            )
            self.failure.__cause__ = error
            if self.on_failure is not None:
                self.on_failure()

    def log_failed(self, error: OSError) -> None:
        """Takes note that a log could not be written."""
        with self._lock:
            self._failed(error)

    def close(self) -> None:
        """Flushes the record to disk and ends the journal. Safe to call twice."""
        with self._lock:
            if not self._closed:
                self._closed = True
                try:
                    self._events.sync()
                    sync_directory(self.directory)
                except OSError as error:
                    self._failed(error)
                self._events.close()
        self.journal.close()


class StepLog:
    """The log of one step: what its process writes, masked. Thread-safe."""

    def __init__(
        self, recorder: Recorder, job: str, instance: int | None, step: int | None, name: str, file: AppendFile
    ) -> None:
        self.name = name
        self._recorder = recorder
        self._job = job
        self._instance = instance
        self._step = step
        self._file = file
        self._lock = threading.Lock()
        self._closed = False
        self._streams: dict[Stream, MaskingStream] = {
            "stdout": recorder.masker.stream(),
            "stderr": recorder.masker.stream(),
        }

    def write(self, stream: Stream, data: bytes) -> None:
        """Masks and appends what a stream wrote; after `close` it is dropped."""
        with self._lock:
            if not self._closed:
                self._append(stream, self._streams[stream].feed(data))

    def _append(self, stream: Stream, data: bytes) -> None:
        if not data or self._recorder.failure is not None:
            return
        offset = self._file.size
        try:
            self._file.append(data)
        except OSError as error:
            self._recorder.log_failed(error)
            return
        event = LogWritten(
            time=self._recorder.now(),
            job=self._job,
            instance=self._instance,
            step=self._step,
            stream=stream,
            offset=offset,
            length=len(data),
        )
        self._recorder.emit(event)

    def close(self) -> None:
        """Writes what the masks held back, and closes the file. Safe to call twice."""
        with self._lock:
            if not self._closed:
                for stream, masked in self._streams.items():
                    self._append(stream, masked.close())
                self._closed = True
                self._file.close()


class BackgroundLog:
    """The log of what a job's background children write after their step: a file only if they do. Thread-safe."""

    def __init__(self, recorder: Recorder, job: str, instance: int | None = None, attempt: int = 1) -> None:
        self._recorder = recorder
        self._job = job
        self._instance = instance
        self._attempt = attempt
        self._log: StepLog | None = None
        self._lock = threading.Lock()

    def write(self, stream: Stream, data: bytes) -> None:
        """Masks and appends what a stream wrote."""
        with self._lock:
            if self._log is None:
                try:
                    self._log = self._recorder.open_log(self._job, None, "", self._attempt, self._instance)
                except RecordError as error:
                    self._recorder.log_failed(error.__cause__ if isinstance(error.__cause__, OSError) else OSError())
                    return
            log = self._log
        log.write(stream, data)

    def close(self) -> None:
        """Closes the file, if there is one. Safe to call twice."""
        with self._lock:
            if self._log is not None:
                self._log.close()
