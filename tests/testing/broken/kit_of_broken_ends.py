"""Runners that are each wrong in one way: in cancelling, in the background, and many at once.

Run by `support/kit_outcomes.py`, never collected by itself. Each class says in ``FAILS`` which tests of the kit name
its fault; all others pass or are skipped.
"""

# ruff: noqa: ASYNC240  # what they block the loop with is tiny, or their very fault
from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import evolve
from spoilt_runners import Good, Kit, Travels

from datatorch_pipelines.contracts import Command, JobEnvironment, JobSpec, StepContext
from datatorch_pipelines.errors import RunnerError
from datatorch_pipelines.runners import child, process, trees


class TestIgnoresCancellation(Kit):
    FAILS: ClassVar = {"test_cancelling_ends_execute"}
    patience = 6.0

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            work = asyncio.ensure_future(super().execute(command, context))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(15):
                    while not work.done():
                        with contextlib.suppress(asyncio.CancelledError):
                            await asyncio.wait((work,), timeout=15)
            work.cancel()
            return await work


class TestMakesAStatusOfIt(Kit):
    FAILS: ClassVar = {"test_a_cancellation_passes_on"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            try:
                return await super().execute(command, context)
            except asyncio.CancelledError:
                return -15


class TestMakesAnErrorOfIt(Kit):
    FAILS: ClassVar = {"test_a_cancellation_passes_on"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            try:
                return await super().execute(command, context)
            except asyncio.CancelledError:
                raise RunnerError("the command was stopped") from None


class TestEndsTheJob(Kit):
    FAILS: ClassVar = {"test_after_a_cancellation_the_jobs_place_is_there"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            try:
                return await super().execute(command, context)
            except asyncio.CancelledError:
                shutil.rmtree(context.environment.paths.workspace)
                Path(context.environment.paths.workspace).mkdir()
                raise


class TestLetsItRun(Kit):
    FAILS: ClassVar = {"test_cancelling_ends_the_command"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            return await asyncio.shield(super().execute(command, context))


def _ends_by(function: Callable[[trees.Targets], object]) -> Callable[..., None]:
    """A way to end a tree whose leader lives; what ends with its job is ended as it should be."""
    right = trees.end

    def end(targets: trees.Targets, *, grace: float) -> None:
        if targets.leaders:
            function(targets)
        else:
            right(targets, grace=grace)

    return end


class Ends(Kit):
    """Ends trees its own way."""

    def spoil(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fake = type("Trees", (), {**vars(trees), "end": staticmethod(_ends_by(self.end))})
        monkeypatch.setattr(child, "trees", fake)

    @staticmethod
    def end(targets: trees.Targets) -> None:
        """Ends one."""


class TestLeaksChildren(Ends):
    FAILS: ClassVar = {"test_cancelling_ends_the_commands_children"}

    @staticmethod
    def end(targets: trees.Targets) -> None:
        for leader in targets.leaders:
            os.kill(leader, signal.SIGKILL)


class TestAsksOnly(Ends):
    FAILS: ClassVar = {"test_cancelling_ends_what_does_not_listen"}

    @staticmethod
    def end(targets: trees.Targets) -> None:
        for pid in trees.find(targets):
            os.kill(pid, signal.SIGTERM)


class TestEndsTheGroup(Ends):
    FAILS: ClassVar = {"test_cancelling_ends_what_left_its_session"}

    @staticmethod
    def end(targets: trees.Targets) -> None:
        for leader in targets.leaders:
            os.killpg(leader, signal.SIGKILL)


class TestIsInterrupted(Kit):
    FAILS: ClassVar = {"test_cancelling_twice_ends_it_all_the_same"}

    def spoil(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process, "insist", lambda work: work)


class TestStartsWhatIsCancelled(Kit):
    FAILS: ClassVar = {"test_cancelling_at_the_beginning_leaves_nothing"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            try:
                for _ in range(10):
                    await asyncio.sleep(0)
            except asyncio.CancelledError:  # it was about to begin, and so it does
                self._begun = asyncio.ensure_future(super().execute(command, context))
                raise
            return await super().execute(command, context)


class TestEndsBadly(Kit):
    FAILS: ClassVar = {"test_cancelling_at_the_end_does_no_harm"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            status = await super().execute(command, context)
            if command.argv[2] == "echo last":
                try:
                    await asyncio.sleep(60)  # so that the cancellation comes now
                except asyncio.CancelledError:
                    raise ProcessLookupError("no such process") from None
            return status


class TestEndsEarlierSteps(Kit):
    FAILS: ClassVar = {"test_cancelling_spares_what_earlier_steps_left"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            try:
                return await super().execute(command, context)
            except asyncio.CancelledError:
                await context.environment.aclose()
                raise


class TestEndsOtherJobs(Kit):
    FAILS: ClassVar = {"test_cancelling_spares_other_jobs"}

    class Broken(Good):
        def __init__(self) -> None:
            super().__init__()
            self.tasks: set[Any] = set()

        async def execute(self, command: Command, context: StepContext) -> int:
            task = asyncio.current_task()
            self.tasks.add(task)
            try:
                return await super().execute(command, context)
            except asyncio.CancelledError:
                for other in self.tasks - {task}:
                    other.cancel()
                raise
            finally:
                self.tasks.discard(task)


class TestMakesAnErrorOfABeginning(Kit):
    FAILS: ClassVar = {"test_a_job_that_is_cancelled_as_it_begins_leaves_the_runner_usable"}

    class Broken(Good):
        @contextlib.asynccontextmanager
        async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
            try:
                await asyncio.sleep(0.001)
            except asyncio.CancelledError:
                raise ConnectionAbortedError("the place was not made") from None
            async with super().job(job) as environment:
                yield environment


class TestWaitsForChildren(Kit):
    FAILS: ClassVar = {"test_a_child_in_the_background_does_not_hold_the_step"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            left = len(context.environment._ends._exit_callbacks)
            status = await super().execute(command, context)
            if len(context.environment._ends._exit_callbacks) > left:
                await asyncio.sleep(60)
            return status


class TestEndsChildrenWithTheStep(Kit):
    FAILS: ClassVar = {"test_a_child_in_the_background_lives_until_the_job_ends"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            status = await super().execute(command, context)
            await context.environment.aclose()
            return status


class TestLeavesChildren(Kit):
    FAILS: ClassVar = {
        "test_a_child_in_the_background_ends_with_the_job",
        "test_a_child_that_left_its_session_ends_with_the_job",
    }

    class Broken(Travels):
        class Environment(JobEnvironment):
            def at_end(self, callback: Any) -> None:
                """Forgets it."""

            async def aclose(self) -> None:
                """Ends nothing."""


class TestLeavesWhatLeftItsSession(Kit):
    FAILS: ClassVar = {"test_a_child_that_left_its_session_ends_with_the_job"}

    def spoil(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trees, "started_after", lambda *_: [])


class TestLogsLateOutput(Kit):
    FAILS: ClassVar = {"test_late_output_goes_to_the_jobs_log"}

    def spoil(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(child.Child, "send_late", lambda self, sink: None)


class TestDropsLateOutput(Kit):
    FAILS: ClassVar = {"test_late_output_goes_to_the_jobs_log"}

    def spoil(self, monkeypatch: pytest.MonkeyPatch) -> None:
        right = child.Child.send_late
        monkeypatch.setattr(child.Child, "send_late", lambda self, sink: right(self, lambda *_: None))


class TestOneAfterAnother(Kit):
    FAILS: ClassVar = {"test_jobs_run_at_the_same_time"}

    class Broken(Good):
        async def open(self) -> None:
            self.lock = self.lock if hasattr(self, "lock") else asyncio.Lock()
            await super().open()

        async def execute(self, command: Command, context: StepContext) -> int:
            async with self.lock:
                return await super().execute(command, context)


class TestMixesJobs(Kit):
    FAILS: ClassVar = {"test_commands_at_the_same_time_keep_apart"}

    class Broken(Good):
        def hand_on(self, *said: Any) -> None:
            self.said(*said)

        async def execute(self, command: Command, context: StepContext) -> int:
            self.said = context.log
            return await super().execute(command, evolve(context, sink=self.hand_on))
