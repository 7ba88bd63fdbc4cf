"""A run that goes on while its starter does something else."""

from __future__ import annotations

import asyncio
import contextlib
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
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False
        self._future = thread.submit(self._supervise())

    async def _supervise(self) -> None:
        self._task = asyncio.ensure_future(self._run.execute())
        if self._cancelled:
            self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):  # it is in the record, and so in the result
            await self._task

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._run.id

    @property
    def directory(self) -> Path:
        """The run's folder, with its events and logs."""
        return self._run.recorder.directory

    @property
    def done(self) -> bool:
        """Whether the run is over."""
        return self._future.done()

    def cancel(self) -> None:
        """Ends the run: every process that it started ends, then the run with the status ``cancelled``.

        Returns at once; `wait` waits for the end. To cancel a run again, or one that is over, does nothing.
        """
        if not self._cancelled:
            self._cancelled = True
            self._thread.loop.call_soon_threadsafe(self._cancel_task)

    def _cancel_task(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def wait(self, timeout: float | None = None) -> RunResult:
        """Waits for the run's end, and gives its result.

        Raises ``TimeoutError`` when that takes longer than ``timeout`` seconds; the run goes on then.
        """
        self._future.result(timeout)
        self._listeners.join()
        return self._run.result()

    def __iter__(self) -> Iterator[Event]:
        return iter(self._run.recorder.journal)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._run.recorder.journal.follow()
