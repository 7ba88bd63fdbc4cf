"""On a worker: all places of jobs, and the door by which clients reach them. It runs in the worker's event loop."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker
from distributed.protocol import to_serialize

from datatorch_pipelines.contracts.context import JobSpec
from datatorch_pipelines.errors import EnvironmentLost, PipelinesError, RunnerError
from datatorch_pipelines.runners.dask import wire
from datatorch_pipelines.runners.dask.files import Archives
from datatorch_pipelines.runners.dask.outbox import Outbox
from datatorch_pipelines.runners.dask.place import PacedRunner, Place
from datatorch_pipelines.runners.dask.versions import own_versions
from datatorch_pipelines.runners.system import insist

_RUNS = ("executing", "long-running")


async def hold(ticket: wire.Ticket) -> None:
    """Dask's task of a job: holds a slot of the worker, and its resources, for as long as the job has its place here.

    Runs in the worker's event loop, as Dask's coroutines do.
    """
    worker = get_worker()
    plugin = worker.plugins.get(wire.OPERATION)
    if not isinstance(plugin, Hub):
        plugin = Hub()
        await worker.plugin_add(plugin=plugin, name=wire.OPERATION)
    await plugin.keep(ticket)


class Hub(WorkerPlugin):  # type: ignore[misc]  # Dask's types are not looked at
    """The places of a worker. Dask tells it when a task is no longer wanted, and when the worker closes."""

    name = wire.OPERATION

    def __init__(self) -> None:
        self._id = secrets.token_hex(8)
        self._runner = PacedRunner()
        self._wanted: set[str] = set()
        self._places: dict[str, Place] = {}
        self._outboxes: dict[str, Outbox] = {}

    def setup(self, worker: Worker) -> None:
        """Opens the door."""
        self._worker = worker
        self._versions = own_versions()
        self._archives = Archives(Path(worker.local_directory) / "datatorch-archives")
        worker.handlers[wire.OPERATION] = self.handle

    async def teardown(self, worker: Worker) -> None:
        """Ends every job: the worker closes."""
        worker.handlers.pop(wire.OPERATION, None)
        places = list(self._places.values())
        for place in places:
            place.over.set()
        await asyncio.gather(*(place.ended.wait() for place in places))
        for outbox in self._outboxes.values():
            outbox.close()
        await self._runner.aclose()

    def transition(self, key: str, start: str, finish: str, **_more: Any) -> None:
        """Ends the job of a task that is not wanted any more: Dask itself doesn't interrupt what runs.

        So it is when the client cancels it, and when the scheduler has lost the client.
        """
        if key in self._wanted and start in _RUNS and finish not in _RUNS:
            self._wanted.discard(key)
            if key in self._places:
                self._places[key].over.set()

    async def keep(self, ticket: wire.Ticket) -> None:
        """Makes a job's place, tells the client where it is, and ends it when it is over."""
        if ticket.key in self._places:
            raise RunnerError("the job has a place on this worker already")
        self._drop_forgotten()
        outbox = self._outboxes.setdefault(ticket.client, Outbox())
        spec = JobSpec(run_id=ticket.run_id, job_id=ticket.job_id, name=ticket.job_id, keep=ticket.keep)
        self._wanted.add(ticket.key)
        try:
            async with self._runner.job(spec) as environment:
                if ticket.key not in self._wanted:
                    return
                place = self._places[ticket.key] = Place(ticket.key, environment, outbox, self._archives)
                try:
                    self._announce(ticket)
                    await place.over.wait()
                finally:
                    await insist(asyncio.ensure_future(place.cancel_all()))
        finally:
            self._wanted.discard(ticket.key)
            if ticket.key in self._places:
                self._places.pop(ticket.key).finish()

    def _drop_forgotten(self) -> None:
        """Drops the news for clients that are gone."""
        for client, outbox in list(self._outboxes.items()):
            if outbox.forgotten:
                del self._outboxes[client]

    def _announce(self, ticket: wire.Ticket) -> None:
        told = {"key": ticket.key, "address": self._worker.address, "hub": self._id, "versions": self._versions}
        self._worker.log_event(wire.TOPIC, told)

    async def handle(self, sealed: wire.Sealed) -> dict[str, Any]:
        """Takes a request of a client. What goes wrong is part of the answer, so that Dask logs nothing of it."""
        return {"sealed": to_serialize(wire.Sealed(await self._answer(sealed.content)))}

    async def _answer(self, envelope: object) -> wire.Answer:
        if not isinstance(envelope, wire.Envelope) or envelope.hub != self._id:
            return wire.Answer(refusal=EnvironmentLost("the Dask worker was started anew"))
        try:
            return wire.Answer(content=await self._carry_out(envelope.request))
        except PipelinesError as error:
            return wire.Answer(refusal=error.with_traceback(None))
        except Exception as error:
            said = f"the Dask worker failed: {type(error).__name__}"
            return wire.Answer(refusal=RunnerError(said))

    async def _carry_out(self, request: wire.Request) -> object:
        if isinstance(request, wire.Poll):
            return await self._news(request)
        place = self._places.get(request.key)
        if place is None:
            raise EnvironmentLost("the job's place on the Dask worker is gone")
        match request:
            case wire.Enter():
                return place.enter()
            case wire.Start():
                place.start(request.number, request.command)
            case wire.Cancel():
                await place.cancel(request.number)
            case wire.Leave():
                place.over.set()
                await place.ended.wait()
            case wire.Reuse():
                return await place.reuse(request.digest)
            case wire.Put():
                return await place.put(request)
            case wire.Get():
                return await place.get(request)
            case wire.More():
                return place.more(request)
        return None

    async def _news(self, request: wire.Poll) -> tuple[wire.Numbered, ...]:
        outbox = self._outboxes.setdefault(request.client, Outbox())
        return await outbox.after(request.seen, wire.POLL_SECONDS)
