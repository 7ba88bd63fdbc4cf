"""What goes on after something ended: threads that work, child processes that run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import thread as pools
from pathlib import Path

from attrs import define, field

_POLL_SECONDS = 0.01


@define(eq=False)
class Started:
    """The threads that a thread started, and those that they started."""

    root: threading.Thread
    threads: list[threading.Thread] = field(factory=list)

    def busy(self) -> list[str]:
        """Those that work: alive, and not just waiting in a pool for something to do."""
        frames = sys._current_frames()
        return [
            f"the thread {thread.name!r}"
            for thread in self.threads
            if thread.is_alive() and not _is_idle(frames.get(thread.ident or 0))
        ]


@contextlib.contextmanager
def started_threads(root: threading.Thread) -> Iterator[Started]:
    """Which threads ``root`` starts while the block runs, by itself or by others that it started."""
    started = Started(root)
    original = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        parent = threading.current_thread()
        if parent is started.root or parent in started.threads:
            started.threads.append(thread)
        original(thread)

    threading.Thread.start = start  # type: ignore[method-assign,assignment]  # for the time of the block
    try:
        yield started
    finally:
        threading.Thread.start = original  # type: ignore[method-assign]  # as it was


def children() -> dict[int, str]:
    """The child processes of this one that run, with their command lines; empty where the system doesn't tell."""
    found = {}
    with contextlib.suppress(OSError):
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                    if int(parent) == os.getpid() and state not in "ZX":
                        line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                        found[int(folder.name)] = line.strip()
    return found


async def going_on(started: Started, known: dict[int, str], patience: float) -> list[str]:
    """What still goes on when ``patience`` seconds are over: threads, and processes that were not there before."""
    deadline = time.monotonic() + patience
    while True:
        left = started.busy()
        left += [f"the process {line!r}" for number, line in children().items() if number not in known]
        if not left or time.monotonic() > deadline:
            return left
        await asyncio.sleep(_POLL_SECONDS)


def _is_idle(frame: object) -> bool:
    """Whether a thread is a pool's that waits for work."""
    code = getattr(frame, "f_code", None)
    return code is not None and code.co_filename == pools.__file__ and code.co_name == "_worker"
