"""Event loops of one's own, each in a thread that nobody waits for longer than wanted."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class StuckError(AssertionError):
    """Something doesn't come back."""


def in_a_loop(main: Callable[[], Coroutine[Any, Any, T]], patience: float) -> T:
    """What ``main()`` returns or raises, run in a new event loop in a new thread.

    The loop is closed then. Raises `StuckError` when that takes longer than ``patience`` seconds; the thread is
    left to itself.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            with asyncio.Runner() as runner:
                future.set_result(runner.run(main()))
        except BaseException as error:
            if not future.done():
                future.set_exception(error)

    thread = threading.Thread(target=work, name="conformance-kit", daemon=True)
    thread.start()
    try:
        result = future.result(timeout=patience)
    except TimeoutError:
        if future.done():
            raise
        message = f"nothing came back within {patience:g} seconds; it is {_place(thread)}"
        raise StuckError(f"{message}. Use time-outs, and don't block the event loop") from None
    thread.join(patience)
    return result


def _place(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return "nowhere"
    last = traceback.extract_stack(frame)[-1]
    return f"in {last.name}, line {last.lineno} of {last.filename}"
