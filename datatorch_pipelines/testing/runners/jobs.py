"""A job of the runner under test, and what runs in it, as the engine would have it."""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import PurePath

from attrs import define, field, frozen

from datatorch_pipelines.contracts import Command, JobEnvironment, JobSpec, Runner, StepContext, Stream
from datatorch_pipelines.testing.judging import require, shown

HOLD = "n=0; while [ $n -lt 100 ]; do sleep 1; n=$((n+1)); done"
"""Shell text that takes long, and yet ends by itself: what a broken runner leaves is gone some time."""

NAP = "{ sleep 0.2 2>/dev/null || sleep 1; }"
"""A short wait; a POSIX ``sleep`` knows whole seconds only."""

ALIVE = r"""
for pid in $(cat "$1"); do
  kill -0 "$pid" 2>/dev/null || continue
  if [ -r "/proc/$pid/stat" ] && read -r stat <"/proc/$pid/stat"; then
    case ${stat##*) } in Z* | X*) continue ;; esac
  fi
  echo "alive $pid"
done
echo looked
"""
"""Prints which of the processes live whose ids a file lists. The dead that nobody has taken note of don't."""


def obey(holds: object, message: str, section: str, cause: BaseException | None = None) -> None:
    """As `require`, with the section of the reference where the rule stands."""
    __tracebackhide__ = True
    require(holds, f"{message} (docs/reference/runners.md#{section})", cause)


@frozen
class Ran:
    """How a command ended, and what it wrote."""

    status: object
    out: bytes
    err: bytes


@define(eq=False)
class Log:
    """What a command, or a job's background, wrote. Thread-safe; who waits for it does so in the loop of its maker."""

    parts: list[tuple[Stream, bytes]] = field(factory=list)
    _loop: asyncio.AbstractEventLoop = field(factory=asyncio.get_running_loop)
    _more: asyncio.Event = field(factory=asyncio.Event)

    def write(self, stream: Stream, data: bytes) -> None:
        """Takes what was written."""
        self.parts.append((stream, bytes(data)))
        self._loop.call_soon_threadsafe(self._more.set)

    def said(self, stream: Stream = "stdout") -> bytes:
        """All that was written to a stream by now."""
        return b"".join(data for name, data in list(self.parts) if name == stream)

    async def until_said(self, data: bytes, seconds: float, stream: Stream = "stdout") -> bool:
        """Waits until something was written; gives whether it was in time."""
        try:
            async with asyncio.timeout(seconds):
                while data not in self.said(stream):
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            return False
        return True


class Running:
    """A command on its way."""

    def __init__(self, job: Job, command: Command, step: str) -> None:
        self.log = Log()
        self.late = Log()
        """What was written to the step's log after the step had ended."""
        self._over = False
        context = StepContext(job=job.spec, step=step, environment=job.environment, sink=self._sink)
        self.task = asyncio.ensure_future(_executed(job.runner, command, context))
        self.task.add_done_callback(self._end)

    def _sink(self, stream: Stream, data: bytes) -> None:
        (self.late if self._over else self.log).write(stream, data)

    def _end(self, _task: object) -> None:
        self._over = True

    def said(self, stream: Stream = "stdout") -> bytes:
        """All that it wrote to a stream by now."""
        return self.log.said(stream)

    async def until_said(self, data: bytes, seconds: float) -> bool:
        """Waits until it wrote something, or has ended; gives whether it wrote that."""
        saying = asyncio.ensure_future(self.log.until_said(data, seconds))
        await asyncio.wait((saying, self.task), return_when=asyncio.FIRST_COMPLETED)
        saying.cancel()
        return data in self.said()

    async def ends(self, seconds: float) -> bool:
        """Waits until it has ended; gives whether it did in time."""
        await asyncio.wait((self.task,), timeout=seconds)
        return self.task.done()

    async def cancelled(self, seconds: float) -> bool:
        """Cancels it, and waits until it has ended; gives whether it did in time."""
        self.task.cancel()
        return await self.ends(seconds)

    def __str__(self) -> str:
        if not self.task.done():
            return "it goes on"
        if self.task.cancelled():
            return "it was cancelled"
        error = self.task.exception()
        if error is not None:
            return f"it raised {type(error).__name__}: {shown(str(error))}"
        return f"it gave {shown(self.task.result())}"


async def _executed(runner: Runner, command: Command, context: StepContext) -> object:
    waiting: object = runner.execute(command, context)
    return await waiting if inspect.isawaitable(waiting) else waiting


@define(eq=False)
class Job:
    """A job in its place. Its commands run one after the other, as the steps of a real one."""

    runner: Runner
    spec: JobSpec
    environment: JobEnvironment
    patience: float
    beside: Callable[..., AbstractAsyncContextManager[Job]] = field(repr=False)
    """Another job of the runner, at the same time."""
    late: Log = field(factory=Log)
    """What is written in the background, for the job's own log."""
    _running: list[Running] = field(factory=list)
    _steps: int = 0

    @property
    def workspace(self) -> PurePath:
        """The job's workspace, as its steps see it."""
        return self.environment.paths.workspace

    def start(
        self,
        script: str,
        *args: str,
        argv: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        cwd: str | None = "",
        stdin: bytes = b"",
    ) -> Running:
        """Starts a text for ``sh`` with its arguments (or an ``argv``), with the variables that a real step has."""
        self._steps += 1
        output = f"{self.environment.paths.temp}/step-{self._steps}-{secrets.token_hex(8)}-outputs.jsonl"
        command = Command(
            argv=argv or ("sh", "-c", script, "sh", *args),
            env={"DATATORCH_OUTPUT": output, **(env or {})},
            cwd=str(self.workspace) if cwd == "" else cwd,
            stdin=stdin,
        )
        running = Running(self, command, f"Step {self._steps}")
        self._running.append(running)
        return running

    async def run(
        self,
        script: str,
        *args: str,
        argv: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        cwd: str | None = "",
        stdin: bytes = b"",
    ) -> Ran:
        """Runs such a command to its end. Fails the test where ``execute`` raises."""
        running = self.start(script, *args, argv=argv, env=env, cwd=cwd, stdin=stdin)
        try:
            status = await running.task
        except Exception as error:
            what = f"for a command that can be run, execute raised {type(error).__name__}: {shown(str(error))}"
            obey(False, f"{what}: give the exit status", "errors", error)
            raise
        return Ran(status, running.said(), running.said("stderr"))

    async def alive(self, file: str = "pids") -> list[str]:
        """Which of the processes live, in this job's place, whose ids a file of the workspace lists."""
        looked = await self.run(ALIVE, f"{self.workspace}/{file}")
        lines = looked.out.decode("ascii", "replace").splitlines()
        obey(lines[-1:] == ["looked"], f"a look at the job's processes failed: {shown(looked.err)}", "cancelling")
        return lines[:-1]

    async def end_all(self, seconds: float) -> None:
        """Ends what still runs, so that the job can be left."""
        left = {running.task for running in self._running if not running.task.done()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=seconds)
