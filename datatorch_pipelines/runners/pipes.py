"""The ends of pipes that a process's input and output go through, read and written without ever blocking the loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

from datatorch_pipelines.contracts.context import LogSink, Stream
from datatorch_pipelines.runners.system import pending_bytes

CHUNK_BYTES = 64 * 1024
"""How much is read at once: what a pipe holds on Linux."""


class Pace:
    """Whether whoever takes the output of processes keeps up: between `hold` and `release` their pipes are not read.

    A process that writes more than its pipe takes waits then. What it wrote before its end is read all the same.
    """

    def __init__(self) -> None:
        self.held = False
        self._waiting: list[Callable[[], None]] = []

    def hold(self) -> None:
        """No more for now."""
        self.held = True

    def release(self) -> None:
        """Goes on, if it was held."""
        self.held = False
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            go_on()

    def when_released(self, go_on: Callable[[], None]) -> None:
        """Has ``go_on`` called at the next `release`."""
        self._waiting.append(go_on)


class OutputPipe:
    """Reads what a process writes, and hands it to ``sink`` as it comes. Owns the descriptor.

    ``failed`` takes what the sink raised; the pipe is closed then. ``pace`` says when to wait.
    """

    def __init__(
        self,
        descriptor: int,
        stream: Stream,
        sink: LogSink,
        failed: Callable[[BaseException], None],
        pace: Pace | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._stream: Stream = stream
        self._failed = failed
        self._pace = pace
        self.sink = sink
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._ready)

    @property
    def open(self) -> bool:
        """Whether something may still come."""
        return self._descriptor >= 0

    def _go_on(self) -> None:
        if self._descriptor >= 0:
            self._loop.add_reader(self._descriptor, self._ready)

    def _ready(self) -> None:
        if self._pace is not None and self._pace.held:
            self._loop.remove_reader(self._descriptor)
            self._pace.when_released(self._go_on)
            return
        try:
            self._read()
        except Exception as error:  # a sink of the embedder's may raise anything
            self.close()
            self._failed(error)

    def _read(self) -> int:
        """Reads one chunk; gives its size, 0 where there is none now."""
        try:
            data = os.read(self._descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return 0
        if not data:
            self.close()
            return 0
        self.sink(self._stream, data)
        return len(data)

    def drain(self) -> None:
        """Reads what is in the pipe by now, and its end if that is there; no writer can keep this going."""
        if self._descriptor < 0:
            return
        pending = pending_bytes(self._descriptor)
        while self._descriptor >= 0 and pending > 0:
            read = self._read()
            pending = pending - read if read else 0
        if self._descriptor >= 0:
            self._read()

    def close(self) -> None:
        """Stops reading. Safe to call twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._loop.remove_reader(descriptor)
            os.close(descriptor)


class InputPipe:
    """Writes ``data`` to a process as it reads, then closes; with ``hold`` only `close` does. Owns the descriptor."""

    def __init__(self, descriptor: int, data: bytes, *, hold: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._left = memoryview(data)
        self._hold = hold
        self._waiting = False
        os.set_blocking(descriptor, False)
        self._write()

    def _write(self) -> None:
        try:
            while self._left:
                self._left = self._left[os.write(self._descriptor, self._left) :]
        except BlockingIOError:
            if not self._waiting:
                self._loop.add_writer(self._descriptor, self._write)
                self._waiting = True
            return
        except OSError:  # the process wants no more of it, which is its own affair
            self.close()
            return
        self._stop_waiting()
        if not self._hold:
            self.close()

    def _stop_waiting(self) -> None:
        if self._waiting:
            self._waiting = False
            self._loop.remove_writer(self._descriptor)

    def close(self) -> None:
        """Ends the input. Safe to call twice."""
        if self._descriptor >= 0:
            self._stop_waiting()
            descriptor, self._descriptor = self._descriptor, -1
            with contextlib.suppress(OSError):
                os.close(descriptor)
