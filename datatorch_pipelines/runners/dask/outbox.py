"""On a worker: the news for one client, kept in order until it has them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque

from datatorch_pipelines.runners.dask.wire import CHUNK_BYTES, News, Numbered, Output
from datatorch_pipelines.runners.pipes import Pace

_HIGH, _LOW = 1024 * 1024, 256 * 1024
_OVERHEAD = 200
_FORGOTTEN_SECONDS = 300.0


class Backlog(Pace):
    """How much of what a job's steps wrote waits to be fetched; their pipes are not read while that is too much."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        """How much that is."""

    def change(self, size: int) -> None:
        """Counts bytes that came, or, below zero, that were fetched."""
        self.bytes += size
        if self.bytes >= _HIGH:
            self.hold()
        elif self.held and self.bytes <= _LOW:
            self.release()


class Outbox:
    """The news for one client. What it fetched is kept until it asks for what comes after: an answer may get lost."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, int, Backlog, News]] = deque()
        self._number = 0
        self._changed = asyncio.Event()
        self._asked = time.monotonic()
        self.closed = False

    @property
    def forgotten(self) -> bool:
        """Whether the client has asked for nothing for so long that it is gone: one that is there asks all the time."""
        return time.monotonic() - self._asked > _FORGOTTEN_SECONDS

    def add(self, news: News, backlog: Backlog) -> None:
        """Takes news; ``backlog`` counts it as long as it is here."""
        size = _OVERHEAD + (len(news.event.data) if isinstance(news.event, Output) else 0)
        self._number += 1
        self._kept.append((self._number, size, backlog, news))
        backlog.change(size)
        self._changed.set()

    async def after(self, seen: int, seconds: float) -> tuple[Numbered, ...]:
        """The news after number ``seen``, as much as travels at once; none when there is none for so many seconds."""
        self._asked = time.monotonic()
        self._forget(seen)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._kept and not self.closed:
                    self._changed.clear()
                    await self._changed.wait()
        found: list[Numbered] = []
        total = 0
        for number, size, _, news in self._kept:
            if found and total + size > CHUNK_BYTES:
                break
            found.append((number, news))
            total += size
        return tuple(found)

    def _forget(self, seen: int) -> None:
        while self._kept and self._kept[0][0] <= seen:
            _, size, backlog, _ = self._kept.popleft()
            backlog.change(-size)

    def close(self) -> None:
        """Nobody is to wait any more."""
        self.closed = True
        self._changed.set()
