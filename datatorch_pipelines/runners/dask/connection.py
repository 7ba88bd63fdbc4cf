"""The client's connection to a Dask scheduler, by which it submits jobs and reaches workers."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from datatorch_pipelines.errors import EnvironmentLost, RunnerError, RunnerUnavailable
from datatorch_pipelines.runners.dask import wire
from datatorch_pipelines.runners.dask.versions import PACKAGE, refuse_unlike, reported_versions

CONNECT_SECONDS = 10.0
"""How long the scheduler may take to answer at first."""


class Connection:
    """A client of Dask's of its own, which is nobody's default. Made by `connect`.

    ``id`` is the name by which workers know this client. ``broken`` is done when the scheduler is gone, with the error
    that says so.
    """

    def __init__(self, client: Any, cluster: Any, address: str) -> None:
        self.id = secrets.token_hex(8)
        self.client = client
        self.address = address
        self.broken: asyncio.Future[RunnerError] = asyncio.get_running_loop().create_future()
        self._cluster = cluster

    def listen(self, announced: Callable[[Mapping[str, Any]], None], gone: Callable[[str], None]) -> None:
        """Has ``announced`` told where jobs got their places, and ``gone`` the addresses of workers that were lost."""

        async def place(event: Any) -> None:
            announced(event[1])

        async def change(event: Any) -> None:
            told = event[1]
            if isinstance(told, Mapping) and told.get("action") == "remove-worker":
                gone(str(told.get("worker")))

        self.client.subscribe_topic(wire.TOPIC, place)
        self.client.subscribe_topic("all", change)

    def lose(self) -> None:
        """The scheduler is gone, and with it all that runs."""
        if not self.broken.done():
            self.broken.set_result(
                RunnerError(
                    f"the connection to the Dask scheduler {self.address} broke: what ran there is lost",
                    hint="start the run anew when the cluster is back",
                )
            )

    def _broke(self) -> RunnerError:
        self.lose()
        return RunnerError(self.broken.result().message, hint=self.broken.result().hint)

    def check(self) -> None:
        """Raises the error of ``broken``, if there is one."""
        if self.broken.done():
            broken = self.broken.result()
            raise RunnerError(broken.message, hint=broken.hint)

    async def ask(self, address: str, hub: str, request: wire.Request) -> object:
        """What a worker answers.

        Raises `EnvironmentLost` when it is gone, what it refused by, or the error of ``broken``.
        """
        from distributed.protocol import to_serialize

        sealed = to_serialize(wire.Sealed(wire.Envelope(hub=hub, request=request)))
        call = self.client.scheduler.broadcast(
            msg={"op": wire.OPERATION, "sealed": sealed}, workers=[address], on_error="return_pickle"
        )
        try:
            answers = await call
        except Exception as error:  # whatever kind of connection it was
            raise self._broke() from error
        answer = answers.get(address)
        if isinstance(answer, bytes):
            raise EnvironmentLost(f"the Dask worker {address} was lost") from _unpickled(answer)
        back = answer.get("sealed") if isinstance(answer, dict) else None
        if not isinstance(back, wire.Sealed) or not isinstance(back.content, wire.Answer):
            raise EnvironmentLost(f"the Dask worker {address} was started anew")
        if isinstance(back.content.refusal, Exception):
            raise back.content.refusal
        return back.content.content

    async def check_versions(self) -> None:
        """Raises `RunnerError` for a worker that has other versions than this process."""
        try:
            told = await self.client.scheduler.broadcast(
                msg={"op": "versions", "packages": [PACKAGE]}, on_error="ignore"
            )
        except Exception as error:
            raise self._broke() from error
        for address, versions in told.items():
            refuse_unlike(address, reported_versions(versions.get("packages", {})))

    async def offers(self, resources: Mapping[str, float]) -> bool:
        """Whether some worker has these resources, busy or not."""
        try:
            told = await self.client.scheduler.identity()
        except Exception as error:
            raise self._broke() from error
        workers = told["workers"].values()
        return any(
            all(worker["resources"].get(name, 0) >= amount for name, amount in resources.items()) for worker in workers
        )

    async def close(self) -> None:
        """Lets go of the scheduler, and ends a cluster of one's own. Safe to call twice."""
        for topic in (wire.TOPIC, "all"):  # else the scheduler complains that it can't tell us that we are gone
            with contextlib.suppress(Exception):
                self.client.unsubscribe_topic(topic)
        for part in (self.client, self._cluster):
            if part is not None:
                with contextlib.suppress(Exception):  # it is gone already
                    await part.close()


def _unpickled(error: bytes) -> BaseException | None:
    with contextlib.suppress(Exception):
        found = pickle.loads(error)  # noqa: S301  # from the scheduler, as all that Dask's client reads
        return found if isinstance(found, BaseException) else None
    return None


async def connect(cluster: Any, security: Any) -> Connection:
    """A connection to ``cluster``: an address, a cluster object, or ``None`` (Dask's own setting, or one made here).

    Raises `RunnerUnavailable` when the scheduler doesn't answer.
    """
    import dask.config
    from distributed import Client

    own = None
    if cluster is None:
        cluster = dask.config.get("scheduler-address", None)
    if cluster is None:
        cluster = own = await _local_cluster()
    address = cluster if isinstance(cluster, str) else cluster.scheduler_address
    if security is None and not isinstance(cluster, str):
        security = getattr(cluster, "security", None)
    client = Client(address, security=security, asynchronous=True, set_as_default=False, timeout=CONNECT_SECONDS)
    connection = Connection(client, own, address)
    try:
        await client
        await connection.check_versions()
    except RunnerError:
        await connection.close()
        raise
    except Exception as error:
        await connection.close()
        said = " ".join(str(error).split()) or type(error).__name__
        raise RunnerUnavailable(
            f"the Dask scheduler {address} can't be reached: {said}", hint="see whether it runs, and its address"
        ) from error
    except BaseException:
        await connection.close()
        raise
    return connection


async def _local_cluster() -> Any:
    """A cluster in this very process: steps are processes anyhow, and others would only watch over them."""
    from distributed import LocalCluster

    return await LocalCluster(
        processes=False,
        n_workers=1,
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        asynchronous=True,
    )
