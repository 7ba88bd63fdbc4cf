import asyncio
import contextlib
import os
import select
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path

import pytest
from attrs import field, frozen

from datatorch_pipelines.contracts import Command, JobEnvironment, JobSpec, StepContext
from datatorch_pipelines.runners import LocalRunner

JOB = JobSpec(run_id="r", job_id="j", name="j")


@frozen
class Job:
    """A job of a runner, with a log of its own for each execution."""

    environment: JobEnvironment
    runner: LocalRunner
    log: list[tuple[str, bytes]] = field(factory=list)
    _more: asyncio.Event = field(factory=asyncio.Event)

    def sink(self, stream: str, data: bytes) -> None:
        self.log.append((stream, data))
        self._more.set()

    def context(self) -> StepContext:
        return StepContext(job=JOB, step="s", environment=self.environment, sink=self.sink)

    async def execute(self, *argv: str, **more: object) -> int:
        return await self.runner.execute(Command(argv=argv, **more), self.context())

    def start(self, *argv: str, **more: object) -> "asyncio.Task[int]":
        return asyncio.ensure_future(self.execute(*argv, **more))

    def said(self, stream: str = "stdout") -> bytes:
        return b"".join(data for name, data in self.log if name == stream)

    async def until_said(self, data: bytes, stream: str = "stdout") -> None:
        async with asyncio.timeout(20):
            while data not in self.said(stream):
                self._more.clear()
                await self._more.wait()


@contextlib.asynccontextmanager
async def local_job(**options: object) -> AsyncIterator[Job]:
    runner = LocalRunner(**options)  # type: ignore[arg-type]  # any of its arguments
    await runner.open()
    try:
        async with runner.job(JOB) as environment:
            yield Job(environment, runner)
    finally:
        await runner.aclose()


@pytest.fixture
def in_job() -> Callable[[Callable[[Job], Coroutine[object, object, object]]], None]:
    """Runs an asynchronous function with a job of a `LocalRunner`."""

    def run(function: Callable[[Job], Coroutine[object, object, object]], **options: float) -> None:
        async def main() -> None:
            async with local_job(**options) as job:
                await function(job)

        asyncio.run(main())

    return run


class Lives:
    """Tells when the last process of several is gone, however it went: no process table, no ids, no sleeping.

    Each holds the writing end of a fifo, whose reading end hangs up with the last of them.
    """

    def __init__(self, folder: Path) -> None:
        self.fifo = folder / "alive"
        os.mkfifo(self.fifo)
        self._reading = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._reading, select.POLLIN)

    def hold(self) -> str:
        """Shell text that makes the shell, and what it starts, count."""
        return f"exec 9>'{self.fifo}'; "

    def gone(self, seconds: float = 0.0) -> bool:
        """Whether some process held on and none does any more, waiting that long for it."""
        return bool(self._poll.poll(seconds * 1000))

    def close(self) -> None:
        os.close(self._reading)


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    lives = Lives(tmp_path)
    yield lives
    lives.close()
