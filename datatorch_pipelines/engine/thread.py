"""The one thread, with an event loop of its own, in which the blocking calls of the library work."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from datatorch_pipelines.errors import PipelinesError

T = TypeVar("T")


class EngineThread:
    """An event loop in a thread: blocking calls work also where a loop runs already, as in a notebook."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="datatorch-pipelines", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Starts a coroutine in the thread's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    @property
    def is_current(self) -> bool:
        """Whether this is called in the very thread."""
        return threading.current_thread() is self._thread

    def refuse_inside(self) -> None:
        """Raises `PipelinesError` when called in this very thread, which would wait for itself for ever."""
        if self.is_current:
            raise PipelinesError(
                "a blocking call can't be made from a runner, runtime or resolver of a run: it would wait for ever",
                hint="await run_async instead",
            )

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine in the thread's loop to its end; an interrupt here cancels it."""
        try:
            self.refuse_inside()
        except PipelinesError:
            work.close()
            raise
        future = self.submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


def engine_thread() -> EngineThread:
    """The thread of this process, started when it is first asked for."""
    return _engine_thread(os.getpid())


@functools.lru_cache(maxsize=1)
def _engine_thread(_process: int) -> EngineThread:  # by process: a fork has the object, but not the thread
    return EngineThread()
