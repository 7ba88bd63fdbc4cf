"""Jobs at the same time: as many as the capabilities say, each for itself."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from datatorch_pipelines.testing.runners.jobs import obey
from datatorch_pipelines.testing.runners.rules import CANCELLED, KEEPS_APART, started
from datatorch_pipelines.testing.runners.using import Fixtures, Session, Use, needs


class AtOnce(Fixtures):
    """The rules of concurrency."""

    @needs(CANCELLED, KEEPS_APART)
    def test_jobs_run_at_the_same_time(self, use: Use) -> None:
        """``max_jobs`` says how many a runner takes at once; the engine gives it no more, and so many."""
        count = _count(use, 4)

        async def main(session: Session) -> int:
            async with contextlib.AsyncExitStack() as stack:
                jobs = [await stack.enter_async_context(session.job()) for _ in range(count)]
                running = await asyncio.gather(*map(started, jobs))
                await asyncio.gather(*(each.until_said(b"ready\n", use.patience / 3) for each in running))
                return sum(b"ready\n" in each.said() and not each.task.done() for each in running)

        together = use.session(main)
        obey(
            together == count,
            f"of {count} jobs at once {together} run: start each when it is asked for, or set max_jobs",
            "at-once",
        )

    def test_commands_at_the_same_time_keep_apart(self, use: Use) -> None:
        """Each job's command has its own input, output and exit status."""
        _count(use, 2)
        use.hold(KEEPS_APART)


def _count(use: Use, wanted: int) -> int:
    allowed = use.runner.capabilities.max_jobs
    if allowed == 1:
        pytest.skip("capabilities say that it takes one job at a time")
    return min(wanted, allowed or wanted)
