"""One process and its tree: started, fed, listened to, ended."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from datatorch_pipelines.contracts.command import MAX_ARGUMENT_BYTES
from datatorch_pipelines.contracts.context import LogSink
from datatorch_pipelines.errors import CommandRejected, RunnerError, RunnerUnavailable
from datatorch_pipelines.runners import trees
from datatorch_pipelines.runners.bounds import User
from datatorch_pipelines.runners.pipes import InputPipe, OutputPipe, Pace
from datatorch_pipelines.runners.system import ExitWatch, in_thread

_NO_ROOM = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}


class Child:
    """A process in a session of its own, started by the constructor, as ``user`` where one is given.

    ``exited`` is done when the process has ended, or fails with what the sink raised. Raises `CommandRejected` or
    `RunnerUnavailable`.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None,
        cwd: str | None,
        stdin: bytes,
        hold_stdin: bool,
        sink: LogSink,
        user: User | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.exited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ours: list[int] = []
        theirs: list[int] = []
        try:
            try:
                out, out_writer = _pipe(ours, theirs)
                err, err_writer = _pipe(ours, theirs)
                reader, feed = subprocess.DEVNULL, -1
                if stdin or hold_stdin:
                    reader, feed = _pipe(theirs, ours)
                self._process = subprocess.Popen(
                    argv,
                    env=env,
                    cwd=cwd,
                    stdin=reader,
                    stdout=out_writer,
                    stderr=err_writer,
                    start_new_session=True,
                    user=None if user is None else user.uid,
                    group=None if user is None else user.gid,
                    extra_groups=None if user is None else user.groups,
                )
            except (OSError, ValueError) as error:
                raise _refusal(error, argv, env, cwd) from error
            ours.clear()  # these stay open
        finally:
            for descriptor in (*theirs, *ours):
                os.close(descriptor)
        self.pid = self._process.pid
        self._outputs = (
            OutputPipe(out, "stdout", sink, self._fail, pace),
            OutputPipe(err, "stderr", sink, self._fail, pace),
        )
        self._watch = ExitWatch(self._process, self._succeed)
        self._input = InputPipe(feed, stdin, hold=hold_stdin) if feed >= 0 else None

    def _succeed(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)

    def _fail(self, error: BaseException) -> None:
        if not self.exited.done():
            self.exited.set_exception(error)

    def finish(self) -> int:
        """Takes the exit status of the process that has ended, and what it wrote last."""
        status = self._process.wait()
        self.close_input()
        for output in self._outputs:
            output.drain()
        return status

    def left_something(self) -> bool:
        """Whether, after `finish`, processes of its group run on, or something still holds its output open."""
        return trees.group_exists(self.pid) or any(output.open for output in self._outputs)

    def send_late(self, sink: LogSink) -> None:
        """From now on what is written goes to ``sink``, whose errors are nobody's."""
        for output in self._outputs:
            output.sink = sink

    def close_input(self) -> None:
        """Ends its standard input. Safe to call twice."""
        if self._input:
            self._input.close()

    async def end(self, marks: tuple[bytes, ...], *, grace: float) -> None:
        """Ends the whole tree, the leader with it if that still runs, and closes everything. Safe to call twice."""
        self._watch.close()
        ids = frozenset((self.pid,))
        reaped = self._process.returncode is not None
        targets = trees.Targets(marks=marks, leaders=frozenset(), left=ids)
        if not reaped:
            targets = trees.Targets(marks=marks, leaders=ids)
        await in_thread(lambda: trees.end(targets, grace=grace))
        self.close()

    def close(self) -> None:
        """Reads what is left in the pipes and lets go of everything."""
        self._watch.close()
        self.close_input()
        with contextlib.suppress(subprocess.TimeoutExpired):  # only one that the kernel itself can't end
            self._process.wait(timeout=1.0)
        for output in self._outputs:
            with contextlib.suppress(Exception):  # a sink that fails now has failed before
                output.drain()
            output.close()


def _pipe(readers: list[int], writers: list[int]) -> tuple[int, int]:
    """A new pipe, whose ends are added to those who will close them."""
    reader, writer = os.pipe()
    readers.append(reader)
    writers.append(writer)
    return reader, writer


def _refusal(
    error: OSError | ValueError, argv: Sequence[str], env: Mapping[str, str] | None, cwd: str | None
) -> RunnerError:
    """What the system's error means; never with the values of arguments or variables, which may be secret."""
    if not isinstance(error, OSError):
        return CommandRejected(
            "the command can't be started: an argument or variable holds a NUL character or is not Unicode text",
            hint="pass such data in a file",
        )
    if error.errno in _NO_ROOM:
        return RunnerUnavailable(
            f"the system has no room for another process: {error.strerror}", hint="run fewer jobs at once"
        )
    if error.errno == errno.E2BIG:
        return CommandRejected(
            "the command's arguments and variables are longer than the system allows",
            hint=f"one may have {MAX_ARGUMENT_BYTES // 1024} KiB; pass larger data in a file",
        )
    if cwd is not None and not os.path.isdir(cwd):  # noqa: PTH112  # a string, as the command has it
        return CommandRejected(f"the working directory {cwd!r} does not exist", hint="make it in an earlier step")
    if cwd is not None and not os.access(cwd, os.X_OK):
        return CommandRejected(f"the working directory {cwd!r} can't be entered: {error.strerror}")
    return _program_refused(error, argv[0] if argv else "", cwd)


def _program_refused(error: OSError, program: str, cwd: str | None) -> CommandRejected:
    if isinstance(error, FileNotFoundError) and "/" not in program:
        return CommandRejected(
            f"the program {program!r} is not installed or not on PATH", hint="install it where the step runs"
        )
    if isinstance(error, FileNotFoundError) and Path(cwd or "", program).is_file():
        return CommandRejected(
            f"the program {program!r} can't be started: the interpreter of its '#!' line does not exist",
            hint="install that interpreter where the step runs; the line must not end in a carriage return",
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return CommandRejected(f"the program {program!r} does not exist")
    if isinstance(error, PermissionError):
        return CommandRejected(f"the program {program!r} is not executable", hint=f"chmod +x {program}")
    return CommandRejected(
        f"the program {program!r} can't be started: {error.strerror}", hint="a script needs a '#!' line"
    )
