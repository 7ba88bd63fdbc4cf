"""Blocking work in a thread that ends with who waits for it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from datatorch_pipelines.resolvers import Cancellation, in_thread


def test_it_gives_what_the_work_gives_and_raises_what_it_raises() -> None:
    def fails(cancellation: Cancellation) -> None:
        raise ValueError("no")

    assert asyncio.run(in_thread(lambda cancellation: threading.current_thread() is threading.main_thread())) is False
    with pytest.raises(ValueError, match=r"^no$"):
        asyncio.run(in_thread(fails))


def test_a_cancelled_wait_ends_when_the_work_has_ended() -> None:
    begun, said = threading.Event(), []

    def work(cancellation: Cancellation) -> None:
        closed = threading.Event()
        with cancellation.on_cancel(closed.set):
            begun.set()
            closed.wait()
        said.append("closed")
        cancellation.check()
        said.append("never")

    async def main() -> bool:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())
    assert said == ["closed"]


def test_a_second_cancellation_does_not_wait() -> None:
    begun, over = threading.Event(), threading.Event()

    def work(cancellation: Cancellation) -> None:
        begun.set()
        over.wait()

    async def main() -> bool:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())
    over.set()


def test_a_time_out_ends_the_work() -> None:
    ended = threading.Event()

    def work(cancellation: Cancellation) -> None:
        try:
            cancellation.wait(60)
        finally:
            ended.set()

    async def main() -> None:
        async with asyncio.timeout(0.01):
            await in_thread(work)

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert ended.is_set()


def test_what_would_end_the_program_comes_to_who_waits() -> None:
    def work(cancellation: Cancellation) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        asyncio.run(in_thread(work))
