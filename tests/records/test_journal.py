"""Readers of a journal: each sees every event, at its own pace."""

from __future__ import annotations

import asyncio
import threading

import pytest

from datatorch_pipelines.records import Journal
from datatorch_pipelines.results import Event, RunFinished, Status


def event(time: float) -> Event:
    return RunFinished(time=time, status=Status.SUCCEEDED)


def test_a_reader_that_comes_late_starts_with_the_first_event() -> None:
    journal = Journal()
    for time in range(3):
        journal.append(event(time))
    journal.close()
    journal.close()
    assert [item.time for item in journal] == [0, 1, 2]
    assert [item.time for item in journal.snapshot()] == [0, 1, 2]


def test_a_reader_waits_for_what_comes_and_holds_up_nobody() -> None:
    journal, seen, stuck = Journal(), [], threading.Event()

    def slow() -> None:
        for item in journal:
            stuck.wait()
            seen.append(item.time)

    reader = threading.Thread(target=slow)
    reader.start()
    for time in range(100):
        journal.append(event(time))
    journal.close()
    assert [item.time for item in journal] == list(range(100))
    assert seen == []
    stuck.set()
    reader.join()
    assert seen == list(range(100))


def test_a_reader_in_an_event_loop_sees_what_another_thread_adds() -> None:
    async def main() -> list[float]:
        journal = Journal()

        def add() -> None:
            for time in range(50):
                journal.append(event(time))
            journal.close()

        async def read() -> list[float]:
            return [item.time async for item in journal.follow()]

        first, second = asyncio.create_task(read()), asyncio.create_task(read())
        await asyncio.sleep(0)
        await asyncio.to_thread(add)
        assert await first == await second
        return await first

    assert asyncio.run(main()) == list(range(50))


def test_a_reader_may_stop_early() -> None:
    async def main() -> None:
        journal = Journal()
        journal.append(event(1))
        async for item in journal.follow():
            assert item.time == 1
            break
        journal.append(event(2))
        journal.close()

    asyncio.run(main())


def test_a_reader_whose_loop_is_closed_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal()
    journal.append(event(0))
    loop = asyncio.new_event_loop()
    reader = journal.follow()
    try:
        assert loop.run_until_complete(anext(reader)).time == 0
        loop.close()
        monkeypatch.setattr(loop, "is_closed", lambda: False)  # it was open when we looked
        journal.append(event(1))
        assert [item.time for item in journal.snapshot()] == [0, 1]
    finally:
        monkeypatch.undo()
