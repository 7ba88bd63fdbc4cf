"""A run that goes on while its starter does something else."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

from datatorch_pipelines.engine.listeners import Listener, Listeners
from datatorch_pipelines.engine.run import Run
from datatorch_pipelines.engine.thread import EngineThread
from datatorch_pipelines.results import Event, RunResult


class RunHandle:
    """A run in progress: iterate it for its events, `cancel` it, `wait` for its result.

    Iterating (also ``async for``) gives every event from the first on, and ends with the run; any number of readers may
    do so. All methods are thread-safe.
    """

    def __init__(self, run: Run, thread: EngineThread, listeners: Iterable[Listener] = ()) -> None:
        self._run = run
        self._thread = thread
        self._listeners = Listeners(run.recorder.journal, listeners)
        self._future = thread.submit(run.execute())

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._run.id

    @property
    def directory(self) -> Path:
        """The run's folder, with its events and logs."""
        return self._run.recorder.directory

    @property
    def attempt(self) -> int:
        """How often the run was begun, this time included: 1 unless it was resumed."""
        return self._run.attempt

    @property
    def done(self) -> bool:
        """Whether the run is over."""
        return self._future.done()

    def cancel(self) -> None:
        """Ends the run with the status ``cancelled``: every process that it started ends.

        Only what runs ``if: always()`` or ``if: cancelled()`` still does, for as long as ``cleanup_seconds`` allows.
        Returns at once; `wait` waits for the end. To cancel a run again, or one that is over, does nothing.
        """
        self._thread.loop.call_soon_threadsafe(self._run.cancel)

    def kill(self) -> None:
        """Ends the run at once, also what runs ``if: always()``; nothing that it started is left when it is over."""
        self._thread.loop.call_soon_threadsafe(self._run.kill)

    def wait(self, timeout: float | None = None) -> RunResult:
        """Waits until the run is over and every listener was told of all of it, and gives its result.

        A listener that calls this waits for the run alone. Raises ``TimeoutError`` when that takes longer than
        ``timeout`` seconds; the run and the listeners go on then.
        """
        if not self.done:
            self._thread.refuse_inside()
        end = None if timeout is None else time.monotonic() + timeout
        self._future.result(timeout)
        if not self._listeners.join(None if end is None else max(0.0, end - time.monotonic())):
            raise TimeoutError
        return self._run.result()

    def __iter__(self) -> Iterator[Event]:
        return iter(self._run.recorder.journal)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._run.recorder.journal.follow()
