"""On the client: workers' slots for jobs, taken through Dask's scheduler and given back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from datatorch_pipelines.contracts.context import JobSpec
from datatorch_pipelines.errors import EnvironmentLost, RunnerError, RunnerUnavailable
from datatorch_pipelines.runners.dask import wire
from datatorch_pipelines.runners.dask.connection import Connection
from datatorch_pipelines.runners.dask.remote import Link, RemotePlace
from datatorch_pipelines.runners.dask.versions import refuse_unlike

_TRIES = 20
"""How often a job is handed to Dask whose workers are lost before the job is there."""


@frozen(kw_only=True, eq=False)
class Lease:
    """A slot of a worker that a job has: Dask's task that holds it, and the place there."""

    future: Any
    outcome: asyncio.Future[BaseException | None]
    place: RemotePlace
    entered: wire.Entered


class Leases:
    """All slots of one client."""

    def __init__(self, connection: Connection, patience: float) -> None:
        self._connection = connection
        self._patience = patience
        self._links: dict[tuple[str, str], Link] = {}
        self._announced: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self._placed: dict[str, RemotePlace] = {}
        connection.listen(self._hear, self._worker_gone)

    def _hear(self, told: Mapping[str, Any]) -> None:
        """Takes up where a task of Dask's has made a place."""
        key = str(told.get("key"))
        waiting = self._announced.get(key)
        if waiting is not None and not waiting.done():
            waiting.set_result(told)
        elif key in self._placed and self._placed[key].link.hub != told.get("hub"):
            # Dask itself starts a task anew whose worker is gone.
            self._placed[key].lose(EnvironmentLost(f"the Dask worker {self._placed[key].link.address} was lost"))

    def _worker_gone(self, address: str) -> None:
        for there in [there for there in self._links if there[0] == address]:
            self._links.pop(there).lose()

    async def take(self, job: JobSpec, resources: Mapping[str, float]) -> Lease:
        """A slot for a job, as soon as there is one. Raises as `DaskRunner.job` does."""
        for _ in range(_TRIES):
            lease = await self._try(job, resources)
            if lease is not None:
                return lease
        raise RunnerUnavailable(
            f"the job {job.job_id!r} could not be started: {_TRIES} Dask workers were lost before it was there",
            hint="see the workers' logs",
        )

    async def _try(self, job: JobSpec, resources: Mapping[str, float]) -> Lease | None:
        """A slot for a job; ``None`` when its worker was lost before the job was there."""
        from datatorch_pipelines.runners.dask.hub import hold

        connection = self._connection
        connection.check()
        key = f"datatorch-job-{job.run_id}-{job.job_id}-{secrets.token_hex(4)}"
        ticket = wire.Ticket(client=connection.id, key=key, run_id=job.run_id, job_id=job.job_id, keep=job.keep)
        announced = self._announced[key] = asyncio.get_running_loop().create_future()
        future = connection.client.submit(hold, ticket, key=key, resources=dict(resources) or None, pure=False)
        outcome: asyncio.Future[BaseException | None] = asyncio.ensure_future(future.exception())
        lease = None
        try:
            await self._wait(announced, outcome, job, resources)
            if announced.done():
                lease = await self._enter(announced.result(), key, future, outcome)
            else:
                await self._explain(outcome, job)
            return lease
        finally:
            del self._announced[key]
            if lease is None:
                outcome.cancel()
                future.release()

    async def _wait(
        self,
        announced: asyncio.Future[Mapping[str, Any]],
        outcome: asyncio.Future[BaseException | None],
        job: JobSpec,
        resources: Mapping[str, float],
    ) -> None:
        """Waits for a place, or for Dask to give up."""
        connection = self._connection
        while not announced.done() and not outcome.done():
            await asyncio.wait(
                (announced, outcome, connection.broken), timeout=self._patience, return_when=asyncio.FIRST_COMPLETED
            )
            connection.check()
            if not announced.done() and not outcome.done() and not await connection.offers(resources):
                wanted = ", ".join(f"{name}={amount:g}" for name, amount in resources.items())
                raise RunnerUnavailable(
                    f"the job {job.job_id!r} waits in vain: no worker of the Dask cluster {connection.address} "
                    + (f"offers {wanted}" if resources else "is there"),
                    hint=f"start one with --resources '{wanted}'" if resources else "start one",
                )

    async def _enter(
        self, told: Mapping[str, Any], key: str, future: Any, outcome: asyncio.Future[BaseException | None]
    ) -> Lease | None:
        """The slot whose place was announced; ``None`` when that is gone already."""
        address, hub = str(told["address"]), str(told["hub"])
        refuse_unlike(address, told["versions"])
        link = self._links.get((address, hub))
        if link is None or link.lost.done():
            link = self._links[address, hub] = Link(self._connection, address, hub)
        place = RemotePlace(key, link)
        entered = None
        try:
            entered = await place.ask(wire.Enter(key=key))
        except EnvironmentLost:
            return None
        finally:
            if entered is None:
                link.remove(place)
        self._placed[key] = place
        outcome.add_done_callback(lambda _: place.task_ended())
        return Lease(future=future, outcome=outcome, place=place, entered=entered)

    async def _explain(self, outcome: asyncio.Future[BaseException | None], job: JobSpec) -> None:
        """Raises why Dask gave up a job; returns when to hand it over again may help."""
        from distributed.scheduler import KilledWorker

        error = None if outcome.cancelled() else outcome.result()
        if error is None or isinstance(error, KilledWorker):  # workers died that were about to begin it
            return
        if isinstance(error, RunnerError):
            raise error
        if "Cancelled" in type(error).__name__:  # so Dask's client ends all when it loses the scheduler
            self._connection.lose()
            self._connection.check()
        await self._connection.check_versions()
        said = " ".join(str(error).split())
        raise RunnerError(f"Dask could not start the job {job.job_id!r}: {type(error).__name__}: {said}") from error

    async def give_back(self, lease: Lease) -> None:
        """Ends a job over there, and frees its slot. Dask then has nothing to start anew should the worker die."""
        self._placed.pop(lease.place.key, None)
        await lease.place.leave()
        lease.outcome.cancel()
        lease.future.release()

    async def close(self) -> None:
        """Lets go of the scheduler."""
        for link in self._links.values():
            link.close()
        await self._connection.close()
