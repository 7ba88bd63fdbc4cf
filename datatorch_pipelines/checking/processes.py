"""Many files, checked by several processes: this one, and workers that it starts and ends."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO, cast

from attrs import frozen

from datatorch_pipelines._plugins import registered
from datatorch_pipelines.checking import worker as worker_script
from datatorch_pipelines.checking.definitions import ActionFinder
from datatorch_pipelines.checking.one import FileReport, check_file, internal_error
from datatorch_pipelines.checking.worker import (
    READY,
    WORKER_VARIABLE,
    Beginning,
    package_file,
    read_frame,
    received,
    write_frame,
)

_MANY_FILES = 256
_MANY_BYTES = 4 * 1024 * 1024
"""From when on workers are worth their start, which takes as long as some 150 files of 150 lines."""
_FILES_EACH, _BYTES_EACH = _MANY_FILES // 2, _MANY_BYTES // 2
_MOST_BY_ITSELF = 8
"""How many processes there are at most where nobody says how many: each takes some 40 MiB."""
_LARGEST_BATCH = 32
_SECONDS_TO_END = 10.0
"""How long a worker that closed a pipe may take to end, which is why it closed it."""
_AHEAD = 2
"""How many batches a worker is given at a time: it need not wait for this process, which is busy too."""


@frozen
class Item:
    """A file to check, with its number among all."""

    number: int
    name: str


class WorkerEnded(Exception):
    """A worker is gone, or was never of use; the text says how it ended."""


def how_many(names: Collection[str], wanted: int | None) -> int:
    """How many processes are to check these files; ``wanted`` is what a caller said, ``None`` to have it chosen.

    >>> how_many(["a.yaml", "b.yaml"], None), how_many(["a.yaml", "b.yaml"], 4)
    (1, 2)
    """
    if os.environ.get(WORKER_VARIABLE):
        return 1
    if wanted is not None:
        return max(1, min(wanted, len(names)))
    worth = len(names) // _FILES_EACH if len(names) > _MANY_FILES else 0
    if worth < 2 and len(names) > 1:
        size = sum(map(_size, names))
        worth = min(size // _BYTES_EACH, len(names)) if size > _MANY_BYTES else 0
    return max(1, min(worth, _processors(), _MOST_BY_ITSELF))


def _size(name: str) -> int:
    try:
        return os.stat(name).st_size  # noqa: PTH116  # of thousands of files, named by strings
    except (OSError, ValueError):
        return 0


def _processors() -> int:
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def shared(finder: ActionFinder) -> bytes | None:
    """What a worker has to know to say the same as this process; ``None`` where no other process can.

    That is so with resolvers of others, with checks that can't be sent or that are defined in the main program (which a
    worker does not import), and in a program that is no plain Python.
    """
    program = Path(sys.executable or "").name.lower()
    if os.name != "posix" or getattr(sys, "frozen", False) or not program.startswith(("python", "pypy")):
        return None
    if finder.options.resolvers or registered("resolvers") or not Path(worker_script.__file__).is_file():
        return None
    try:
        data = pickle.dumps(finder)
    except Exception:  # whatever their objects raise
        return None
    return None if b"__main__" in data else data


class Worker:
    """A worker process. Raises ``OSError`` where none can be started."""

    def __init__(self, finder: bytes) -> None:
        self._beginning = Beginning(version=sys.version, path=list(sys.path), package=package_file(), finder=finder)
        self._process = subprocess.Popen(
            [sys.executable, "-I", *_same_flags(), worker_script.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, WORKER_VARIABLE: "1"},
            process_group=0,  # Ctrl-C is for this process, which ends its workers
        )
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", self._process.stdout)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def begin(self) -> None:
        """Waits until it can check. Raises `WorkerEnded` where it never can."""
        self._send(pickle.dumps(self._beginning))
        if self._receive() != READY:
            raise WorkerEnded("it said something else than that it is ready")

    def ask(self, batch: Sequence[Item]) -> None:
        """Gives it files to check. Raises `WorkerEnded`."""
        self._send(pickle.dumps([item.name for item in batch]))

    def answer(self) -> list[FileReport | None]:
        """The reports of the first files that it was given and did not answer yet. Raises `WorkerEnded`."""
        reports: list[FileReport | None] = received(self._receive())
        return reports

    def kill(self) -> None:
        """Ends it at once; it has nothing to lose. What waits for an answer of it gets `WorkerEnded`."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Lets go of its pipes, once it has ended and nobody waits for it."""
        with contextlib.suppress(OSError):  # what was not sent is not wanted any more
            self._input.close()
        self._output.close()

    def _send(self, data: bytes) -> None:
        try:
            write_frame(self._input, data)
        except OSError as error:
            raise WorkerEnded(self._ending()) from error

    def _receive(self) -> bytes:
        try:
            return read_frame(self._output)
        except (OSError, EOFError) as error:
            raise WorkerEnded(self._ending()) from error

    def _ending(self) -> str:
        try:
            status = self._process.wait(timeout=_SECONDS_TO_END)
        except subprocess.TimeoutExpired:  # somebody's check closed what is not its own
            self.kill()
            status = self._process.wait()
        if status >= 0:
            return f"exit status {status}"
        with contextlib.suppress(ValueError):
            return signal.Signals(-status).name
        return f"signal {-status}"


def _same_flags() -> list[str]:
    """What makes a new interpreter read names and write bytecode as this one does: ``-I`` ignores the environment."""
    flags = ["-X", f"utf8={sys.flags.utf8_mode}"]
    if sys.dont_write_bytecode:
        flags.append("-B")
    if sys.pycache_prefix:
        flags += ["-X", f"pycache_prefix={sys.pycache_prefix}"]
    return flags


class Work:
    """The files that are to be checked, those in work and the reports; for several threads."""

    def __init__(self, names: Collection[str], processes: int) -> None:
        self._waiting = deque(Item(number, name) for number, name in enumerate(names))
        self._processes = processes
        self._lock = threading.Lock()
        self.reports: list[FileReport | None] = [None] * len(names)
        self.lost: list[Item] = []

    def take(self) -> list[Item]:
        """The next files, ever fewer at a time so that all are ready together; none when there are no more."""
        with self._lock:
            count = min(_LARGEST_BATCH, max(1, len(self._waiting) // (4 * self._processes)))
            return [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]

    def lose(self, batch: Sequence[Item]) -> None:
        """Files that were given to a worker which is gone."""
        with self._lock:
            self.lost += batch


def check_in_processes(names: Sequence[str], finder: ActionFinder, processes: int, task: bytes) -> list[FileReport]:
    """The files' reports, in their order, as `check_file` makes them; ``task`` is what `shared` gave."""
    work = Work(names, processes)
    crew: list[tuple[Worker, threading.Thread]] = []
    try:
        for _ in range(processes - 1):
            try:
                worker = Worker(task)
            except OSError:  # no room for another process: those that are there do it
                break
            thread = threading.Thread(target=serve, args=(worker, work), name="datatorch-check", daemon=True)
            crew.append((worker, thread))
            thread.start()
        while batch := work.take():
            for item in batch:
                work.reports[item.number] = check_file(item.name, finder.options, finder)
        for _, thread in crew:
            thread.join()
    finally:
        for worker, _ in crew:
            worker.kill()
        for worker, thread in crew:
            if thread.ident is not None:
                thread.join()
            worker.close()
    check_again(work, task)
    # What no worker could answer for is checked here.
    return [
        report or check_file(name, finder.options, finder) for name, report in zip(names, work.reports, strict=True)
    ]


def serve(worker: Worker, work: Work) -> None:
    """Has a worker check files until there are no more. What it did not answer for when it ended is lost, and said so.

    A worker that can't even begin is given nothing.
    """
    asked: deque[list[Item]] = deque()
    try:
        worker.begin()
        while True:
            while len(asked) < _AHEAD and (batch := work.take()):
                asked.append(batch)
                worker.ask(batch)
            if not asked:
                return
            reports = worker.answer()
            for item, report in zip(asked.popleft(), reports, strict=True):
                work.reports[item.number] = report
    except Exception:  # it ended; or it answered what can't be read here, which is as good as nothing
        for batch in asked:
            work.lose(batch)


def check_again(work: Work, task: bytes) -> None:
    """Checks what was lost with a worker, one by one by a worker that does nothing else.

    A file that ends this one too is told of at the file: it would end this process as well.
    """
    with contextlib.ExitStack() as stack:
        worker: Worker | None = None
        for item in sorted(work.lost, key=lambda item: item.number):
            try:
                worker = worker or _fresh(task, stack)
            except (OSError, WorkerEnded):  # none to be had: it is no file that ends them
                return
            try:
                worker.ask([item])
                [work.reports[item.number]] = worker.answer()
            except WorkerEnded as error:
                worker = None
                what = f"internal error: the process that checks this file ended, twice, with {error}"
                hint = "see whether the machine is short of memory; if it is not, please report it with the file"
                work.reports[item.number] = FileReport((internal_error(item.name, what, hint),))
            except Exception:  # noqa: S112  # an answer that can't be read here: the file is checked here
                continue


def _fresh(task: bytes, stack: contextlib.ExitStack) -> Worker:
    """A worker that is ready. Raises ``OSError`` or `WorkerEnded`."""
    worker = Worker(task)
    stack.callback(worker.close)
    stack.callback(worker.kill)
    worker.begin()
    return worker
