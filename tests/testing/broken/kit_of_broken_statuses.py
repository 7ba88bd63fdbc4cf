"""Runners that are each wrong in one way: opened, closed, and in what they give and log.

Run by `support/kit_outcomes.py`, never collected by itself. Each class says in ``FAILS`` which tests of the kit name
its fault; all others pass or are skipped.
"""

# ruff: noqa: ASYNC221  # what they block the loop with is tiny, or their very fault
from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, ClassVar

from attrs import evolve
from spoilt_runners import Chunk, Good, Kit

from datatorch_pipelines.contracts import Command, JobEnvironment, JobSpec, StepContext


class TestGood(Kit):
    FAILS: ClassVar[set[str]] = set()


class TestNoRunner(Kit):
    FAILS: ClassVar = {"test_it_is_a_runner"}

    class Broken:
        def __init__(self) -> None:
            self.good = Good()

        def __getattr__(self, name: str) -> object:
            return getattr(self.good, name)


class TestAClassInPlaceOfARunner(Kit):
    FAILS: ClassVar = {"test_it_is_a_runner"}

    class Broken:
        def __new__(cls) -> type:  # type: ignore[misc]  # the fault
            return Good


class TestCapabilitiesOfAnotherType(Kit):
    FAILS: ClassVar = {"test_it_is_a_runner"}

    class Broken(Good):
        capabilities: ClassVar = {"shares_files": True, "max_jobs": 2}  # type: ignore[assignment]  # the fault


class TestNotAsynchronous(Kit):
    FAILS: ClassVar = {"test_execute_is_awaited"}

    class Broken(Good):
        def execute(self, command: Command, context: StepContext) -> int:
            done = subprocess.run(command.argv, cwd=command.cwd, input=command.stdin, capture_output=True)
            context.log("stdout", done.stdout)
            return done.returncode


class TestBlocksTheLoop(Kit):
    FAILS: ClassVar = {"test_the_loop_goes_on_while_a_command_runs"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            try:
                done = subprocess.run(
                    command.argv,
                    cwd=command.cwd or context.environment.paths.workspace,
                    env={**os.environ, **command.env},
                    input=command.stdin,
                    capture_output=True,
                )
            except (OSError, ValueError):
                return await super().execute(command, context)
            context.log("stdout", done.stdout)
            context.log("stderr", done.stderr)
            return done.returncode


class TestDoesNotOpen(Kit):
    FAILS: ClassVar = {"test_it_is_opened"}

    class Broken(Good):
        async def open(self) -> None:
            raise OSError("no such socket")


class TestDoesNotClose(Kit):
    FAILS: ClassVar = {"test_it_is_closed"}

    class Broken(Good):
        async def aclose(self) -> None:
            await super().aclose()
            raise OSError("already gone")


class TestClosesOnce(Kit):
    FAILS: ClassVar = {"test_closing_it_twice_is_as_closing_it_once"}

    class Broken(Good):
        closed = False

        async def open(self) -> None:
            self.closed = False
            await super().open()

        async def aclose(self) -> None:
            if self.closed:
                raise RuntimeError("closed already")
            self.closed = True
            await super().aclose()


class TestClosesWhatIsOpen(Kit):
    FAILS: ClassVar = {"test_it_is_closed_without_having_been_opened"}

    class Broken(Good):
        async def open(self) -> None:
            self.connection: list[str] = []
            await super().open()

        async def aclose(self) -> None:
            self.connection.clear()
            await super().aclose()


class TestServesOneRun(Kit):
    FAILS: ClassVar = {"test_it_serves_one_run_after_another"}

    class Broken(Good):
        over = False

        async def open(self) -> None:
            if self.over:
                raise RuntimeError("this pool is closed")
            await super().open()

        async def aclose(self) -> None:
            self.over = True
            await super().aclose()


class TestLeavesATask(Kit):
    FAILS: ClassVar = {"test_when_it_is_closed_no_task_of_it_is_left"}

    class Broken(Good):
        async def open(self) -> None:
            self.watch = self.watch if hasattr(self, "watch") else asyncio.ensure_future(asyncio.sleep(1000))
            await super().open()


class TestHasNoPlace(Kit):
    FAILS: ClassVar = {"test_a_job_has_a_place"}

    class Broken(Good):
        @contextlib.asynccontextmanager
        async def job(self, job: JobSpec) -> AsyncIterator[Any]:
            async with super().job(job):
                yield None


class TestLeavesWithAnError(Kit):
    FAILS: ClassVar = {"test_a_job_is_left_without_an_error"}

    class Broken(Good):
        @contextlib.asynccontextmanager
        async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
            async with super().job(job) as environment:
                yield environment
            raise FileNotFoundError("the container is gone")


class TestSwallowsStatuses(Kit):
    FAILS: ClassVar = {"test_an_exit_status_is_given"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            await super().execute(command, context)
            return 0


class TestGivesABool(Kit):
    FAILS: ClassVar = {"test_a_command_that_succeeds_gives_0"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            return await super().execute(command, context) != 0


class TestGivesSmallStatuses(Kit):
    FAILS: ClassVar = {"test_all_exit_statuses_are_given_as_they_are"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            status = await super().execute(command, context)
            return status & 127 if status > 0 else status


class TestTellsNoSignals(Kit):
    FAILS: ClassVar = {"test_a_signal_is_given_as_its_negative_number"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            status = await super().execute(command, context)
            return status if status >= 0 else 128 - status


class TestDropsOutput(Kit):
    FAILS: ClassVar = {"test_what_is_written_to_stdout_arrives"}

    class Broken(Good):
        def hear(self, stream: Any, data: bytes) -> Iterable[Chunk]:
            return [] if stream == "stdout" else [(stream, data)]


class TestMixesStreams(Kit):
    FAILS: ClassVar = {"test_what_is_written_to_stderr_arrives_as_stderr"}

    class Broken(Good):
        def hear(self, stream: Any, data: bytes) -> Iterable[Chunk]:
            return [("stdout", data)]


class TestIsChatty(Kit):
    FAILS: ClassVar = {"test_nothing_is_logged_but_what_the_command_writes"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            context.log("stderr", b"+ running\n")
            return await super().execute(command, context)


class ByStep(Good):
    """Treats each step's output by an object of its own."""

    Output: Callable[[], Any]

    async def execute(self, command: Command, context: StepContext) -> int:
        output = self.Output()

        def sink(stream: Any, data: bytes) -> None:
            for chunk in output.hear(stream, data):
                context.log(*chunk)

        try:
            return await super().execute(command, evolve(context, sink=sink))
        finally:
            for chunk in output.end():
                context.log(*chunk)


class TestLosesALastLine(Kit):
    FAILS: ClassVar = {"test_a_last_line_without_its_end_arrives"}

    class Broken(ByStep):
        class Output:
            def __init__(self) -> None:
                self.rest = {"stdout": b"", "stderr": b""}

            def hear(self, stream: str, data: bytes) -> Iterable[Chunk]:
                lines, end, rest = (self.rest[stream] + data).rpartition(b"\n")
                self.rest[stream] = rest
                return [(stream, lines + end)]

            def end(self) -> Iterable[Chunk]:
                return []


class TestDecodes(Kit):
    FAILS: ClassVar = {"test_bytes_that_are_no_text_arrive_as_they_are"}

    class Broken(Good):
        def hear(self, stream: Any, data: bytes) -> Iterable[Chunk]:
            return [(stream, data.decode("utf-8", "replace").encode())]


class TestHasATerminal(Kit):
    FAILS: ClassVar = {"test_bytes_that_are_no_text_arrive_as_they_are"}

    class Broken(Good):
        def hear(self, stream: Any, data: bytes) -> Iterable[Chunk]:
            return [(stream, data.replace(b"\r\n", b"\n"))]


class TestTruncates(Kit):
    FAILS: ClassVar = {"test_ten_megabytes_arrive_whole_and_in_order"}

    class Broken(ByStep):
        class Output:
            left = 5_000_000

            def hear(self, stream: str, data: bytes) -> Iterable[Chunk]:
                data = data[: self.left]
                self.left -= len(data)
                return [(stream, data)]

            def end(self) -> Iterable[Chunk]:
                return []


class TestTruncatesErrors(Kit):
    FAILS: ClassVar = {"test_a_stream_that_is_full_does_not_hold_up_the_other"}

    class Broken(ByStep):
        class Output:
            left = 100_000

            def hear(self, stream: str, data: bytes) -> Iterable[Chunk]:
                if stream == "stderr":
                    data = data[: self.left]
                    self.left -= len(data)
                return [(stream, data)]

            def end(self) -> Iterable[Chunk]:
                return []


class TestReordersOutput(Kit):
    FAILS: ClassVar = {"test_each_stream_keeps_its_order"}

    class Broken(ByStep):
        class Output:
            """Has a line of the middle twice, and the one before it not."""

            def hear(self, stream: str, data: bytes) -> Iterable[Chunk]:
                return [(stream, data.replace(b"out 000100\nout 000101\n", b"out 000101\nout 000100\n"))]

            def end(self) -> Iterable[Chunk]:
                return []


class TestLogsAtTheEnd(Kit):
    FAILS: ClassVar = {"test_output_arrives_while_the_command_runs"}

    class Broken(ByStep):
        class Output:
            def __init__(self) -> None:
                self.kept: list[Chunk] = []

            def hear(self, stream: str, data: bytes) -> Iterable[Chunk]:
                self.kept.append((stream, data))
                return []

            def end(self) -> Iterable[Chunk]:
                return self.kept
