"""The events of a run in memory, for any number of readers, each at its own pace."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator

from datatorch_pipelines.results.events import Event


class Journal:
    """An append-only list of events that readers follow from the first to the last.

    A reader that is slow or stops holds up nobody: it only has a position in the list. Thread-safe.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._closed = False
        self._changed = threading.Condition()
        self._wakers: set[Callable[[], None]] = set()

    def append(self, event: Event) -> None:
        """Adds an event and wakes the readers."""
        with self._changed:
            self._events.append(event)
            self._wake()

    def close(self) -> None:
        """Tells the readers that nothing more comes. Safe to call twice."""
        with self._changed:
            self._closed = True
            self._wake()

    def _wake(self) -> None:
        self._changed.notify_all()
        for waker in self._wakers:
            waker()

    def snapshot(self) -> tuple[Event, ...]:
        """The events so far."""
        with self._changed:
            return tuple(self._events)

    def __iter__(self) -> Iterator[Event]:
        """The events from the first on; waits for the next, and ends when the journal is closed."""
        position = 0
        while True:
            with self._changed:
                while len(self._events) <= position and not self._closed:
                    self._changed.wait()
                fresh = self._events[position:]
            if not fresh:
                return
            yield from fresh
            position += len(fresh)

    async def follow(self) -> AsyncIterator[Event]:
        """As iterating, for an event loop: waits without blocking it."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(ready.set)

        with self._changed:
            self._wakers.add(wake)
        try:
            position = 0
            while True:
                ready.clear()
                with self._changed:
                    fresh, closed = self._events[position:], self._closed
                for event in fresh:
                    yield event
                position += len(fresh)
                if not fresh:
                    if closed:
                        return
                    await ready.wait()
        finally:
            with self._changed:
                self._wakers.discard(wake)
