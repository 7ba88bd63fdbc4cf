"""Ctrl-C and SIGTERM: the first one cancels the run and waits for its cleanup, the next one leaves at once."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Mapping
from types import FrameType, TracebackType
from typing import Any

_EXIT_STATUSES: Mapping[signal.Signals, int] = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Interrupted(BaseException):  # as KeyboardInterrupt: nothing below may take it for an error of its own
    """A signal asks the process to end now."""


class Interrupts:
    """While entered, signals end the process in good order. Signals that the process ignores stay ignored.

    Before `on_first` was called, a signal raises `Interrupted`. After it, the first one has its callback called, in a
    thread of its own; the next one raises. ``exit_status`` is 128 and the first signal's number, ``None`` without one.
    """

    def __init__(self) -> None:
        self.exit_status: int | None = None
        self._previous: dict[signal.Signals, Any] = {}
        # SimpleQueue.put is the one that may be called in a signal handler.
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._callback: Callable[[], None] | None = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in _EXIT_STATUSES:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._calls.put(None)

    def on_first(self, callback: Callable[[], None]) -> None:
        """From now on, the first signal calls ``callback``."""
        threading.Thread(target=self._work, name="datatorch-signals", daemon=True).start()
        self._callback = callback

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        first = self.exit_status is None
        if first:
            self.exit_status = _EXIT_STATUSES[signal.Signals(number)]
        if not first or self._callback is None:
            raise Interrupted
        self._calls.put(self._callback)
