"""`DaskRunner`: a job is a task of Dask's, its steps are processes of the worker that got it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import PurePosixPath
from typing import Any, ClassVar

from attrs import evolve

from datatorch_pipelines._arguments import names, seconds
from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import JobSpec, StepContext
from datatorch_pipelines.contracts.environment import JobEnvironment
from datatorch_pipelines.contracts.folders import Paths
from datatorch_pipelines.contracts.runner import Capabilities, Runner
from datatorch_pipelines.errors import RunnerError
from datatorch_pipelines.runners.dask.connection import connect
from datatorch_pipelines.runners.dask.environment import DaskEnvironment
from datatorch_pipelines.runners.dask.leases import Lease, Leases
from datatorch_pipelines.runners.dask.resources import resources_of
from datatorch_pipelines.runners.system import insist


class DaskRunner(Runner):
    """Runs each job on a worker of a Dask cluster: its steps are processes there, in one workspace.

    ``cluster`` is the address of a scheduler (``"tcp://10.0.0.7:8786"``) or a cluster object of Dask's. Without one it
    is the scheduler that Dask's own setting ``scheduler-address`` names (``$DASK_SCHEDULER_ADDRESS``), else a cluster
    in this process, to try things out. ``security`` is a ``distributed.Security``, for ``tls://`` where neither the
    cluster object nor Dask's settings say it. The labels of a job's ``runs-on`` are resources that the worker must
    have free: ``gpu``, ``gpu=2``. ``forward_env`` are variables of this process that steps get. A job that no worker
    could take, busy or not, waits ``patience`` seconds for one to come.

    The workers share no files with this process, but need this package in the same version. Secrets travel in what is
    sent to the workers, and nowhere else: use TLS where others can listen.

    Raises `RunnerError` when the package ``distributed`` is not installed, and for arguments of another type.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(shares_files=False, takes_labels=True)

    def __init__(
        self,
        cluster: Any = None,
        *,
        security: Any = None,
        forward_env: str | Iterable[str] = (),
        patience: float = 120.0,
    ) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise RunnerError(
                "DaskRunner needs the package 'distributed'", hint="pip install 'datatorch-pipelines[dask]'"
            )
        if cluster is not None and not isinstance(cluster, str) and not hasattr(cluster, "scheduler_address"):
            raise RunnerError(
                f"cluster is of the type {type(cluster).__name__}", hint="give a scheduler's address, or a Dask cluster"
            )
        self._cluster = cluster
        self._security = security
        self._forward_env = names("forward_env", forward_env)
        self._patience = seconds("patience", patience)
        self._opening: asyncio.Future[Leases] | None = None
        self._users = 0

    async def open(self) -> None:
        """Connects to the scheduler, and compares versions with the workers that are there.

        Raises `RunnerUnavailable` when it can't be reached, and `RunnerError` for a worker of another version.
        """
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._connected())
        opening = self._opening
        try:
            await asyncio.shield(opening)
        except BaseException:
            if self._users == 0 and self._opening is opening:
                self._opening = None
                opening.cancel()
            raise
        self._users += 1

    async def _connected(self) -> Leases:
        return Leases(await connect(self._cluster, self._security), self._patience)

    async def aclose(self) -> None:
        """Lets go of the scheduler, once every run that opened this has."""
        self._users = max(self._users - 1, 0)
        opening = self._opening
        if self._users == 0 and opening is not None:
            self._opening = None
            leases = await opening
            await insist(asyncio.ensure_future(leases.close()))

    @contextlib.asynccontextmanager
    async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
        """A place on the worker that Dask chooses, as soon as one has a slot free and the resources of the labels.

        Raises `EnvironmentLost`, `CommandRejected` for a label that can't be a resource, `RunnerUnavailable` when no
        worker could ever take the job, and `RunnerError` when the scheduler is gone.
        """
        if self._opening is None:
            raise RunnerError("the DaskRunner is not open", hint="await its open() first")
        leases = await asyncio.shield(self._opening)
        lease = await leases.take(job, resources_of(job.runs_on))
        try:
            environment = _environment(self, job, lease)
            try:
                yield environment
            finally:
                await environment.aclose()
        finally:
            await insist(asyncio.ensure_future(leases.give_back(lease)))

    async def execute(self, command: Command, context: StepContext) -> int:
        """Runs the command as a process of the job's worker (see `Runner.execute`)."""
        environment = context.environment
        if not isinstance(environment, DaskEnvironment):
            raise RunnerError("a command can only run in the environment that this runner gave to its job")
        forwarded = {name: os.environ[name] for name in self._forward_env if name in os.environ}
        return await environment.place.run(evolve(command, env={**forwarded, **command.env}), context)


def _environment(runner: DaskRunner, job: JobSpec, lease: Lease) -> DaskEnvironment:
    paths = Paths(**{name: PurePosixPath(path) for name, path in lease.entered.paths.items()})
    return DaskEnvironment(runner, job, paths, lease.entered.facts, lease.place)
