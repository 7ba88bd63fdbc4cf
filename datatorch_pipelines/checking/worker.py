"""A process that checks files for the one that started it: this file as a script, spoken to by frames.

A frame is its length in eight bytes, then that many bytes: a pickle, which only ever goes between a process and the
child that it started itself. The first one says who asks and hands over where modules are; then each is a list of names
of files, answered by the list of their reports. When the standard input ends, so does the process, at once: nobody is
left then who would want the answers.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from datatorch_pipelines.checking.definitions import ActionFinder
    from datatorch_pipelines.checking.one import FileReport

WORKER_VARIABLE = "DATATORCH_PIPELINES_CHECK_WORKER"
"""The environment variable that a worker has: what it imports must not start workers of its own."""

READY = b"ready"
"""What a worker sends before its first answer: it could import everything."""


class Beginning(TypedDict):
    """What the first frame holds: only what any Python can read."""

    version: str
    """``sys.version`` of who asks: another one's modules are not ours."""
    path: list[str]
    """Where that one finds modules."""
    package: str | None
    """Where it found this library."""
    finder: bytes
    """Its `ActionFinder`, with the options of the check: a pickle that needs these modules."""


def write_frame(stream: IO[bytes], data: bytes) -> None:
    """Sends a frame. Raises ``OSError`` when nobody reads."""
    stream.write(len(data).to_bytes(8, "big"))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes:
    """The next frame. Raises ``EOFError`` where the other side ended, be it in the middle of one."""
    header = stream.read(8)
    length = int.from_bytes(header, "big")
    data = stream.read(length) if len(header) == 8 else b""
    if len(header) < 8 or len(data) < length:
        raise EOFError("the other process ended")
    return data


def package_file() -> str | None:
    """Where this process has the library from."""
    return sys.modules["datatorch_pipelines"].__file__


def received(frame: bytes) -> Any:
    """What a frame holds. It comes from who started this process, or from a process that this one started."""
    return pickle.loads(frame)  # noqa: S301  # a frame of our own child or parent, over their own pipe


def answer(names: Sequence[str], finder: ActionFinder) -> bytes:
    """The frame with the files' reports; ``None`` stands for one that can't be sent, to be made where it is wanted."""
    from datatorch_pipelines.checking.one import check_file

    reports = [check_file(name, finder.options, finder) for name in names]
    try:
        return pickle.dumps(reports)
    except Exception:  # a finding of somebody's check may hold anything
        return pickle.dumps([report if _can_be_sent(report) else None for report in reports])


def _can_be_sent(report: FileReport) -> bool:
    try:
        pickle.dumps(report)
    except Exception:
        return False
    return True


def _main() -> None:
    incoming, outgoing = _streams()
    beginning: Beginning = received(read_frame(incoming))
    if beginning["version"] != sys.version:
        return
    frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, frames), daemon=True).start()
    sys.path[:] = beginning["path"]
    finder = received(beginning["finder"])
    if package_file() != beginning["package"]:
        return
    answer((), finder)  # imports what it needs
    write_frame(outgoing, READY)
    while True:
        write_frame(outgoing, answer(received(frames.get()), finder))


def _streams() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes, out of the way of checks that read or print: what these print goes to the standard error."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # it is closed
        os.dup2(nothing, 1)
    return incoming, outgoing


def _listen(incoming: IO[bytes], frames: queue.SimpleQueue[bytes]) -> None:
    """Takes frames as they come, so that the end of them ends the process whatever it is busy with."""
    try:
        while True:
            frames.put(read_frame(incoming))
    finally:
        os._exit(0)


if __name__ == "__main__":
    try:
        _main()
    finally:  # without a word: who asked sees that there is no answer, and says what is to be said
        os._exit(1)
