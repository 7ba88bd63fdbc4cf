"""A step on its way while its starter does something else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from datatorch_pipelines.engine import RunHandle
from datatorch_pipelines.results import Event, StepResult, lone_step


class StepHandle:
    """A step in progress: iterate it for its events, `cancel` it, `wait` for its result.

    Iterating (also ``async for``) gives every event from the first on, and ends with the step; any number of readers
    may do so. All methods are thread-safe.
    """

    def __init__(self, run: RunHandle) -> None:
        self._run = run

    @property
    def directory(self) -> Path:
        """The folder of the step's record, with its events and its log."""
        return self._run.directory

    @property
    def done(self) -> bool:
        """Whether the step is over."""
        return self._run.done

    def cancel(self) -> None:
        """Ends the step with the status ``cancelled``: every process that it started ends. Returns at once."""
        self._run.cancel()

    def kill(self) -> None:
        """As `cancel`, without any grace for what tidies up."""
        self._run.kill()

    def wait(self, timeout: float | None = None) -> StepResult:
        """Waits until the step is over and every listener was told of all of it, and gives its result.

        Raises ``TimeoutError`` when that takes longer than ``timeout`` seconds; the step goes on then.
        """
        return lone_step(self._run.wait(timeout))

    def __iter__(self) -> Iterator[Event]:
        return iter(self._run)

    def __aiter__(self) -> AsyncIterator[Event]:
        return aiter(self._run)
