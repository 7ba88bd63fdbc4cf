"""How a worker thread that waits for a server is told to stop at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Cancelled(BaseException):
    """The work was cancelled. Not an ``Exception``: nothing on the way may take it for a failure of the server."""


class Cancellation:
    """A flag that closes what the worker waits for. All methods are safe from any thread.

    >>> cancellation = Cancellation()
    >>> cancellation.cancel()
    >>> cancellation.cancelled
    True
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._actions: dict[object, Callable[[], object]] = {}

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Sets the flag and does what was asked for by `on_cancel`; again is no error."""
        with self._lock:
            self._event.set()
            actions = list(self._actions.values())
            self._actions.clear()
        for action in actions:
            with contextlib.suppress(OSError):
                action()

    def check(self) -> None:
        """Raises `Cancelled` if the flag is set."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Waits, and raises `Cancelled` as soon as the flag is set."""
        if self._event.wait(seconds):
            raise Cancelled

    @contextlib.contextmanager
    def on_cancel(self, action: Callable[[], object]) -> Iterator[None]:
        """Does ``action`` on `cancel` as long as the block runs; at once if it was cancelled before."""
        key = self.add(action)
        try:
            yield
        finally:
            self.remove(key)

    def add(self, action: Callable[[], object]) -> object:
        """Does ``action`` on `cancel` until the returned key is given to `remove`."""
        key = object()
        with self._lock:
            if not self._event.is_set():
                self._actions[key] = action
                return key
        with contextlib.suppress(OSError):
            action()
        return key

    def remove(self, key: object) -> None:
        """Forgets an action of `add`."""
        with self._lock:
            self._actions.pop(key, None)
