"""What asyncio doesn't do alike on all systems: the end of a process, the content of a pipe, a thread of one's own.

How process trees are ended is in ``trees.py``; nothing else in the package depends on the system. Tested on Linux. On
macOS the end of a process is waited for in a thread, and children that open a session of their own escape a
cancellation. Windows has no sessions, signals or POSIX shell: `LocalRunner` refuses to open there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

SUPPORTED = os.name == "posix"
"""Whether processes can be run as this package does it."""


async def in_thread(function: Callable[[], Result]) -> Result:
    """Runs a blocking function in a daemon thread of its own, however many run already.

    A cancellation leaves at once, the thread goes on.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def deliver(result: Result | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # None only where Result allows it

    def work() -> None:
        result, error = None, None
        try:
            result = function()
        except BaseException as raised:  # handed over whole
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(deliver, result, error)

    threading.Thread(target=work, name="datatorch-pipelines", daemon=True).start()
    return await future


async def insist(work: asyncio.Future[Result]) -> Result:
    """Awaits ``work`` to its end even when the waiting task is cancelled meanwhile: for what must be tidied up."""
    while not work.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(work)
    return work.result()


class ExitWatch:
    """Calls ``ended`` in the running loop once the process has ended; doesn't reap it where that can be avoided."""

    def __init__(self, process: subprocess.Popen[bytes], ended: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = ended
        self._descriptor = _pidfd(process.pid)
        if self._descriptor >= 0:
            self._loop.add_reader(self._descriptor, self._ready)
        else:
            threading.Thread(target=self._wait, args=(process,), name="datatorch-pipelines", daemon=True).start()

    def _ready(self) -> None:
        self.close()
        self._ended()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._ended)

    def close(self) -> None:
        """Stops watching. Safe to call twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._loop.remove_reader(descriptor)
            os.close(descriptor)


def _pidfd(pid: int) -> int:
    """A descriptor that becomes readable when the process ends; -1 where the system has none."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            return os.pidfd_open(pid)
    return -1


def pending_bytes(descriptor: int) -> int:
    """How many bytes a pipe holds now."""
    import fcntl
    import termios

    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0"), sys.byteorder)
