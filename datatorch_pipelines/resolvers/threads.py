"""Blocking work for one asker, in a thread that ends when the asker is cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from datatorch_pipelines.resolvers.cancellation import Cancellation

T = TypeVar("T")
_GRACE_SECONDS = 2.0


async def in_thread(work: Callable[[Cancellation], T]) -> T:
    """What ``work`` returns or raises, done in a thread of its own.

    When the wait is cancelled, so is the ``Cancellation`` that ``work`` was given, and the wait goes on until ``work``
    has ended, for two seconds at most. It ends at once if it has said, by ``on_cancel``, how to close what it waits
    for, and calls ``check`` between its steps.

    >>> asyncio.run(in_thread(lambda cancellation: 6 * 7))
    42
    """
    cancellation = Cancellation()
    future: Future[T] = Future()

    def run() -> None:
        future.set_running_or_notify_cancel()  # from here on nobody cancels the future but by its work
        try:
            future.set_result(work(cancellation))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="datatorch-pipelines-in-thread", daemon=True).start()
    waiting = asyncio.wrap_future(future)
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        cancellation.cancel()
        # What waits for the system, as for a name to be looked up, can't be ended; it ends itself at its next `check`.
        await asyncio.wait([waiting], timeout=_GRACE_SECONDS)
        if waiting.done():
            waiting.exception()
        raise
