"""An event loop whose clock jumps: hours of waiting take no time, and what happens when can be told exactly.

It is for code that waits by the loop's timers alone (``asyncio.sleep``, ``asyncio.timeout``, ``call_later``). The clock
starts at 0 and moves only when nothing can go on: then it is the time of the next timer. While a thread of the loop's
executor (``asyncio.to_thread``) or a file (a process, a socket) is waited for, it stands still, for these are done when
they are done: a time-out of theirs never comes. Where nothing is left that could ever go on, `Stuck` is raised, in
place of a test that hangs.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(AssertionError):
    """Nothing is left that could wake the loop."""


class _JumpingSelector(selectors.SelectSelector):
    """Waits for files alone: what would be waited for by the clock is handed to ``jump``."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = 0
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        waking = len(self.get_map()) - 1  # without the pipe by which threads wake the loop
        if timeout == 0 or self.threads or waking > 0:
            return super().select(0 if timeout == 0 else None)
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise Stuck("everything waits, and nothing would ever go on")
            self.now += timeout
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """The event loop of this module."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """The simulated time, in seconds from 0 on."""
        return self._jumping.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """As of every loop; the clock stands still until it is done."""
        future = super().run_in_executor(executor, func, *args)
        self._jumping.threads += 1
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _future: object) -> None:
        self._jumping.threads -= 1

    async def shutdown_default_executor(self, *arguments: Any) -> None:
        """As of every loop; waits for a thread, too."""
        self._jumping.threads += 1
        try:
            await super().shutdown_default_executor(*arguments)
        finally:
            self._jumping.threads -= 1


def run_simulated(work: Coroutine[Any, Any, T]) -> T:
    """As ``asyncio.run``, in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)
