"""On the client: the place of a job on a worker, and the worker that it is on."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import Any

from attrs import define, field

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import LogSink, StepContext, Stream
from datatorch_pipelines.errors import EnvironmentLost, RunnerError
from datatorch_pipelines.runners.dask import wire
from datatorch_pipelines.runners.dask.connection import Connection
from datatorch_pipelines.runners.system import insist

HUNG_SECONDS = 60.0
"""How long a worker that Dask still has may say nothing before it counts as lost: others may keep it busy."""
_LAST_NEWS_SECONDS = 2.0


class Link:
    """One worker as the client sees it: it asks it for news all the time, and hands them to the places there.

    ``lost`` is done, with the error that says so, when the worker or the scheduler is gone.
    """

    def __init__(self, connection: Connection, address: str, hub: str) -> None:
        self.address = address
        self.hub = hub
        self.lost: asyncio.Future[RunnerError] = asyncio.get_running_loop().create_future()
        self.sending: dict[str, asyncio.Lock] = {}
        self._connection = connection
        self._places: dict[str, RemotePlace] = {}
        self._listening = asyncio.ensure_future(self._listen())
        connection.broken.add_done_callback(self._broken)

    def _broken(self, broken: asyncio.Future[RunnerError]) -> None:
        if not broken.cancelled():
            self.lose(broken.result())

    async def _listen(self) -> None:
        seen = 0
        try:
            while True:
                poll = wire.Poll(client=self._connection.id, seen=seen)
                for number, news in await self.ask(poll, wire.POLL_SECONDS + HUNG_SECONDS):
                    seen = number
                    if news.key in self._places:
                        self._places[news.key].hear(news)
        except RunnerError as error:
            self.lose(error)

    def lose(self, error: RunnerError | None = None) -> None:
        """The worker is gone, and all places on it."""
        if not self.lost.done():
            self.lost.set_result(error or EnvironmentLost(f"the Dask worker {self.address} was lost"))
            for place in list(self._places.values()):
                place.lose(self.lost.result())

    def add(self, place: RemotePlace) -> None:
        """Has a place told its news."""
        self._places[place.key] = place

    def remove(self, place: RemotePlace) -> None:
        """Forgets a place."""
        self._places.pop(place.key, None)

    async def ask(self, request: wire.Request, seconds: float | None = None) -> Any:
        """The worker's answer, as the request's class says. One that takes longer than so many seconds is gone.

        Raises what the worker refused by, and `EnvironmentLost` when it is gone.
        """
        asking = asyncio.ensure_future(self._connection.ask(self.address, self.hub, request))
        asking.add_done_callback(_looked_at)
        try:
            await asyncio.wait((asking, self.lost), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                self.lose()
            if self.lost.done():
                raise _anew(self.lost.result())
            return asking.result()
        finally:
            asking.cancel()

    def close(self) -> None:
        """Asks no more."""
        self._listening.cancel()


@define(eq=False)
class _Running:
    """A command that was started, or is about to be: where its output goes, and how it ended."""

    sink: LogSink
    ended: asyncio.Future[wire.Ended] = field(factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, ended: wire.Ended) -> None:
        if not self.ended.done():
            self.ended.set_result(ended)

    def hear(self, event: wire.Output | wire.Ended) -> None:
        if isinstance(event, wire.Ended):
            self.end(event)
        elif not self.ended.done():
            try:
                self.sink(event.stream, event.data)
            except Exception as error:  # a sink of the embedder's may raise anything
                self.end(wire.Ended(error=error))

    async def status(self) -> int:
        """The exit status. Raises what the command ended by instead."""
        ended = await asyncio.shield(self.ended)
        if ended.error is not None:
            raise _anew(ended.error) if isinstance(ended.error, RunnerError) else ended.error
        if ended.status is None:
            raise EnvironmentLost("the job's place on the Dask worker is about to end")
        return ended.status


class RemotePlace:
    """A job's place on a worker.

    ``late`` takes what steps' children in the background write.
    """

    def __init__(self, key: str, link: Link) -> None:
        self.key = key
        self.link = link
        self.late: LogSink = _drop
        self._whole = _Running(self._hear_late)
        self._running: dict[int, _Running] = {}
        self._numbers = itertools.count(1)
        self._lost: RunnerError | None = None
        self._leaving = False
        link.add(self)

    def _hear_late(self, stream: Stream, data: bytes) -> None:
        with contextlib.suppress(Exception):  # nobody's step is to fail by it
            self.late(stream, data)

    def hear(self, news: wire.News) -> None:
        """Takes news of the job."""
        running = self._whole if news.number == wire.JOB else self._running.get(news.number)
        if running is not None:
            running.hear(news.event)

    def task_ended(self) -> None:
        """Dask's task of the job is over, which is no news where the job is being left."""
        if not self._leaving:
            self.lose(EnvironmentLost(f"Dask ended the job's task on {self.link.address}"))

    def lose(self, error: RunnerError) -> None:
        """The place is gone."""
        if self._lost is None:
            self._lost = error
            for running in (self._whole, *self._running.values()):
                running.end(wire.Ended(error=error))

    async def ask(self, request: wire.Request) -> Any:
        """What the worker answers (see `Link.ask`)."""
        if self._lost is not None:
            raise _anew(self._lost)
        return await self.link.ask(request)

    async def run(self, command: Command, context: StepContext) -> int:
        """Runs a command there, as `Runner.execute` promises."""
        number = next(self._numbers)
        running = self._running[number] = _Running(context.sink)
        starting = asyncio.ensure_future(self.ask(wire.Start(key=self.key, number=number, command=command)))
        starting.add_done_callback(_looked_at)
        try:
            await asyncio.shield(starting)
            return await running.status()
        except BaseException:
            await insist(asyncio.ensure_future(self._end(number, running, starting)))
            raise
        finally:
            del self._running[number]

    async def _end(self, number: int, running: _Running, starting: asyncio.Future[None]) -> None:
        """Has a command ended that may run, and takes what it wrote until then."""
        await asyncio.wait((starting,))
        if self._lost is not None or starting.exception() is not None:
            return
        with contextlib.suppress(RunnerError):
            await self.ask(wire.Cancel(key=self.key, number=number))
            await asyncio.wait((running.ended,), timeout=_LAST_NEWS_SECONDS)

    async def leave(self) -> None:
        """Ends the job over there, if it is there: nothing of it is left then. Its result stands, whatever comes."""
        self._leaving = True
        with contextlib.suppress(RunnerError):
            await self.ask(wire.Leave(key=self.key))
            await asyncio.wait((self._whole.ended,), timeout=_LAST_NEWS_SECONDS)
        self.link.remove(self)


def _anew(error: Exception) -> Exception:
    """An error of the same kind and text, for another task to raise."""
    if isinstance(error, RunnerError):
        return type(error)(error.message, location=error.location, hint=error.hint)
    return error


def _looked_at(done: asyncio.Future[Any]) -> None:
    """Takes note of how something ended, so that nobody complains that nobody did."""
    if not done.cancelled():
        done.exception()


def _drop(_stream: Stream, _data: bytes) -> None:
    """Takes output that nobody asked for."""
