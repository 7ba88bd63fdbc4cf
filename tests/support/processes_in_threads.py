"""A function for `ThreadRunner` that runs commands as processes of this machine, by threads and no event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import subprocess
import threading

from datatorch_pipelines.contracts import Command, JobEnvironment, LogSink, StepContext, Stream
from datatorch_pipelines.errors import CommandRejected
from datatorch_pipelines.runners import trees
from datatorch_pipelines.runners.process import variable_mark

_LOOK_SECONDS = 0.02


class Reader(threading.Thread):
    """Reads a pipe to its end; what comes when the command is over and its own output read is late."""

    def __init__(self, stream: Stream, descriptor: int, sink: LogSink, environment: JobEnvironment) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.drained = threading.Event()
        self._stream, self._descriptor, self._sink, self._environment = stream, descriptor, sink, environment
        self.start()

    def run(self) -> None:
        while True:
            over = self.over.is_set()
            if select.select([self._descriptor], [], [], _LOOK_SECONDS)[0]:
                data = os.read(self._descriptor, 65536)
                if not data:
                    break
                late = self.drained.is_set()
                (self._environment.late_output if late else self._sink)(self._stream, data)
            elif over:
                self.drained.set()
        self.drained.set()
        os.close(self._descriptor)


def run_in_thread(command: Command, context: StepContext) -> int:
    """Runs a command, as `Runner.execute` promises it."""
    environment = context.environment
    ours, theirs = zip(*(os.pipe() for _ in range(2)), strict=True)
    try:
        process = subprocess.Popen(
            command.argv,
            env={"PATH": os.environ.get("PATH", os.defpath), **command.env},
            cwd=command.cwd or environment.paths.workspace,
            stdin=subprocess.PIPE,
            bufsize=0,
            stdout=theirs[0],
            stderr=theirs[1],
            start_new_session=True,
        )
    except (OSError, ValueError):
        for descriptor in ours:
            os.close(descriptor)
        raise CommandRejected(f"the program {command.argv[0]!r} can't be started in {command.cwd!r}") from None
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    readers = [
        Reader("stdout", ours[0], context.log, environment),
        Reader("stderr", ours[1], context.log, environment),
    ]
    threading.Thread(target=_feed, args=(process, command.stdin), daemon=True).start()
    mark = variable_mark("DATATORCH_OUTPUT", command.env["DATATORCH_OUTPUT"]) if command.env else None
    marks = (mark,) if mark else ()
    while process.poll() is None:
        if context.cancelled.wait(_LOOK_SECONDS):
            trees.end(trees.Targets(leaders=frozenset((process.pid,)), marks=marks), grace=0.5)
            process.wait()
    for reader in readers:
        reader.over.set()
    for reader in readers:
        reader.drained.wait()
    left = trees.Targets(left=frozenset((process.pid,)), marks=marks)
    if not context.cancelled.is_set() and trees.find(left):
        environment.at_end(lambda: asyncio.to_thread(trees.end, left, grace=0.5))
    return process.returncode


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    left = memoryview(data)
    with process.stdin, contextlib.suppress(BrokenPipeError):
        while left:
            left = left[os.write(process.stdin.fileno(), left) :]
