"""Cancelling: it ends the step's whole process tree, and only that, before it passes on."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from datatorch_pipelines.testing.judging import listed, shown
from datatorch_pipelines.testing.runners.jobs import HOLD, Job, obey
from datatorch_pipelines.testing.runners.rules import (
    CANCEL,
    CANCELLED,
    DEAF,
    DEAF_SCRIPT,
    GOES_ON,
    KEEPS_APART,
    KILLS,
    LIVES_ON,
    SUCCESS,
    TREE,
    VARIABLES,
    left_of,
    started,
)
from datatorch_pipelines.testing.runners.using import Fixtures, Session, Use, bounded, needs

_MOMENTS = (0, 1, 2, 4, 8, 32)
"""After how many turns of the event loop a command is cancelled."""

_SPARED_SECONDS = 1.5
"""For how long to see that a command goes on."""

_AWAY = (
    "if ! command -v setsid >/dev/null; then echo lacks; exit; fi\n"
    f"( setsid sh -c 'echo $$ >>pids; echo deep; {HOLD}' & )"
)


class Cancelling(Fixtures):
    """The rules of cancellation."""

    def test_cancelling_ends_execute(self, use: Use) -> None:
        """Time-outs and cancelled runs are built upon it."""
        use.hold(CANCEL)

    def test_a_cancellation_passes_on(self, use: Use) -> None:
        """``execute`` raises ``asyncio.CancelledError`` then, as any coroutine does, and no other error."""
        use.hold(CANCELLED)

    def test_after_a_cancellation_the_jobs_place_is_there(self, use: Use) -> None:
        """Steps with ``if: always()`` run in it."""
        use.hold(GOES_ON)

    def test_cancelling_ends_the_command(self, use: Use) -> None:
        """When the cancellation leaves ``execute``, the command is over."""
        use.hold(KILLS)

    def test_cancelling_ends_the_commands_children(self, use: Use) -> None:
        """Its children end with it, and theirs."""
        use.hold(TREE)

    def test_cancelling_ends_what_does_not_listen(self, use: Use) -> None:
        """What ignores SIGTERM is killed after a short while."""
        use.hold(DEAF)

    @needs(TREE, VARIABLES)
    def test_cancelling_ends_what_left_its_session(self, use: Use) -> None:
        """What opened a session of its own, and whose parent is gone, is the command's all the same.

        Its ``$DATATORCH_OUTPUT``, which no other step has, tells it; a container's processes are told by that.
        """
        left = use.job(lambda job: left_of(job, _AWAY))
        obey(not left, "a command was cancelled, and a process that left its session runs on: find it", "cancelling")

    @needs(DEAF)
    def test_cancelling_twice_ends_it_all_the_same(self, use: Use) -> None:
        """Who cancels again while a command is being ended must not break into that."""

        async def main(job: Job) -> list[str]:
            running = await started(job, DEAF_SCRIPT)
            running.task.cancel()
            await asyncio.sleep(0.05)
            await running.cancelled(job.patience / 3)
            return await job.alive()

        left = use.job(main)
        obey(
            not left,
            "a command was cancelled twice, and runs on: end it first, whatever comes (see asyncio.shield)",
            "cancelling",
        )

    @needs(KILLS)
    def test_cancelling_at_the_beginning_leaves_nothing(self, use: Use) -> None:
        """A command may be cancelled before it runs, and at any moment of its start."""

        async def main(job: Job) -> tuple[list[str], list[str]]:
            wrong = []
            for turns in _MOMENTS:
                running = job.start(f"echo $$ >>pids; {HOLD}")
                for _ in range(turns):
                    await asyncio.sleep(0)
                if not await running.cancelled(job.patience / 3) or not running.task.cancelled():
                    wrong.append(f"after {turns} turns {running}")
            await asyncio.sleep(0.3)
            return wrong, await job.alive()

        wrong, left = use.job(main)
        obey(
            not wrong,
            f"execute was cancelled at its beginning, and {listed(wrong)}: let the cancellation pass",
            "cancelling",
        )
        obey(
            not left, "execute was cancelled at its beginning, and its command runs: end what was started", "cancelling"
        )

    @needs(CANCELLED, SUCCESS)
    def test_cancelling_at_the_end_does_no_harm(self, use: Use) -> None:
        """A command may end while it is being cancelled: either counts, and the job goes on."""

        async def main(job: Job) -> tuple[list[str], object]:
            ends = []
            for _ in range(5):
                running = job.start("echo last")
                await running.until_said(b"last\n", job.patience / 3)
                await running.cancelled(job.patience / 3)
                if not running.task.done() or not (running.task.cancelled() or running.task.exception() is None):
                    ends.append(str(running))
            return ends, (await job.run(":")).status

        ends, status = use.job(main)
        obey(not ends, f"a command was cancelled as it ended, and {listed(ends)}", "cancelling")
        obey(
            status == 0, f"after a command was cancelled as it ended, the next one gives {shown(status)}", "cancelling"
        )

    @needs(KILLS, LIVES_ON)
    def test_cancelling_spares_what_earlier_steps_left(self, use: Use) -> None:
        """It ends that step alone: a server that an earlier step started serves the steps that clean up."""

        async def main(job: Job) -> list[str]:
            running = job.start(f"( {HOLD} ) & echo $! >pids")
            await running.ends(job.patience / 3)
            await (await started(job)).cancelled(job.patience / 3)
            return await job.alive()

        left = use.job(main)
        obey(
            left,
            "a step was cancelled, and a child of an earlier one is gone: end that step's processes alone",
            "cancelling",
        )

    @needs(KILLS, KEEPS_APART)
    def test_cancelling_spares_other_jobs(self, use: Use) -> None:
        """Jobs run side by side, and one that is cancelled is no business of the others."""
        if use.runner.capabilities.max_jobs == 1:
            pytest.skip("capabilities say that it takes one job at a time")

        async def main(job: Job) -> str | None:
            async with job.beside() as other:
                running = await started(other)
                await (await started(job)).cancelled(job.patience / 3)
                return str(running) if await running.ends(_SPARED_SECONDS) else None

        ended = use.job(main)
        obey(ended is None, f"a job's step was cancelled, and of another job's step {ended}", "cancelling")

    @needs(SUCCESS)
    def test_a_job_that_is_cancelled_as_it_begins_leaves_the_runner_usable(self, use: Use) -> None:
        """A run may be cancelled while a job gets its place."""

        async def main(session: Session) -> tuple[list[str], object]:
            wrong = []
            for turns in _MOMENTS:
                entering = asyncio.ensure_future(_entered(session))
                for _ in range(turns):
                    await asyncio.sleep(0)
                entering.cancel()
                try:
                    await bounded(_outcome(entering), use.patience / 4)
                except Exception as error:
                    wrong.append(f"after {turns} turns it gave {type(error).__name__}: {shown(str(error))}")
            async with session.job() as job:
                return wrong, (await job.run(":")).status

        wrong, status = use.session(main)
        obey(not wrong, f"job was cancelled as it began, and {listed(wrong)}: let the cancellation pass", "cancelling")
        obey(
            status == 0,
            f"job was cancelled as it began, and in the next job a command gives {shown(status)}",
            "cancelling",
        )


async def _entered(session: Session) -> None:
    async with session.job():
        pass


async def _outcome(task: asyncio.Future[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await task
