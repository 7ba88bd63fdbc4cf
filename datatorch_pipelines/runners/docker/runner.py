"""`DockerRunner`: a container for each job, in which all its steps run."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import PurePath
from typing import ClassVar

from attrs import evolve

from datatorch_pipelines._arguments import names, words
from datatorch_pipelines._containers import ContainerSettings, Pull, check_pull
from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import JobSpec, LogSink, StepContext
from datatorch_pipelines.contracts.environment import JobEnvironment
from datatorch_pipelines.contracts.folders import PROBE, Paths, remote_folders
from datatorch_pipelines.contracts.runner import Capabilities, Runner
from datatorch_pipelines.errors import EnvironmentLost, RunnerError, RunnerUnavailable
from datatorch_pipelines.runners.docker.channel import Channel, ChannelLost
from datatorch_pipelines.runners.docker.client import Client, check_image, client_of
from datatorch_pipelines.runners.docker.containers import JobContainer
from datatorch_pipelines.runners.docker.reaping import reap
from datatorch_pipelines.runners.remote import supervised
from datatorch_pipelines.runners.system import insist

IMAGE_VARIABLE = "DATATORCH_PIPELINES_DOCKER_IMAGE"
"""The variable that names the image of the runner that is chosen by the name ``docker``."""

_NOWHERE = PurePath("/")


def default_image() -> str:
    """The image of the runner that is chosen by its name alone: `IMAGE_VARIABLE`, else Python's official slim one of
    the version that runs this.
    """
    return os.environ.get(IMAGE_VARIABLE) or f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


class DockerRunner(Runner):
    """Runs each job in a container of its own, all its steps in the same one, by the command line of docker or podman.

    Nothing is shared with this machine: actions, inputs and outputs travel as tar archives, so that the engine may be
    on another one (``DOCKER_HOST``). A step has the variables of the image, those that ``forward_env`` names of this
    process, and its own. The image needs a POSIX shell, ``tar``, ``setsid`` and what the steps start.

    - ``image``: what the containers are made of (see `default_image`).
    - ``docker``: the command line, such as ``("podman",)`` or ``("docker", "--context", "far")``; the first of
      ``docker`` and ``podman`` that is on ``PATH`` unless given.
    - ``pull``: whether the image is fetched when it is ``"missing"``, ``"always"`` or ``"never"``.
    - ``user``, ``network``, ``cpus``, ``memory``, ``gpus``: as ``docker run`` has them, such as ``"1000:1000"``,
      ``"none"``, ``1.5``, ``"2g"`` (a number is of bytes), ``"all"``.
    - ``init``: have a process in the container that looks after those whose parent is gone.
    - ``forward_env``: the names of variables of this process that steps get too.
    - ``options``: further options of ``docker run``, such as ``["--shm-size=1g", "--volume=/data:/data:ro"]``.

    A container lives as long as its job; those that a killed host left are removed when a runner opens. Raises
    `RunnerError` for an image or a policy that is none, and for arguments of another type.

    >>> DockerRunner("python:3.12-slim", memory="2g", network="none")
    DockerRunner('python:3.12-slim')
    """

    capabilities: ClassVar[Capabilities] = Capabilities(shares_files=False)

    def __init__(
        self,
        image: str | None = None,
        *,
        docker: str | Sequence[str] | None = None,
        pull: Pull = "missing",
        user: str | int | None = None,
        network: str | None = None,
        cpus: float | None = None,
        memory: str | int | None = None,
        gpus: str | int | None = None,
        init: bool = True,
        forward_env: str | Iterable[str] = (),
        options: Sequence[str] = (),
    ) -> None:
        self._image = check_image(image or default_image())
        self._pull: Pull = check_pull(pull)
        self._docker = None if docker is None else words("docker", docker)
        self._forward_env = frozenset(names("forward_env", forward_env))
        self._settings = ContainerSettings(
            user=user, network=network, cpus=cpus, memory=memory, gpus=gpus, init=init, options=options
        )
        self._client: Client | None = None

    def __repr__(self) -> str:
        return f"DockerRunner({self._image!r})"

    async def open(self) -> None:
        """Finds the command line, the engine and the image, and removes what killed hosts have left.

        Raises `RunnerUnavailable` when the engine can't be reached, and `RunnerError` without docker, podman or image.
        """
        await self._opened()

    async def _opened(self) -> Client:
        if self._client is None:
            client = client_of(self._docker)
            await client.image_id(self._image, self._pull)
            await reap(client)
            self._client = client
        return self._client

    async def aclose(self) -> None:
        """Has the image and the engine looked at anew should it be opened again."""
        self._client = None

    @contextlib.asynccontextmanager
    async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
        """A container with an empty workspace. It ends with the context; with ``job.keep`` it stays, stopped."""
        client = await self._opened()
        container = await JobContainer.start(client, self._image, self._settings, job)
        try:
            environment = ContainerEnvironment(self, job, container)
            try:
                await environment.make_folders()
                yield environment
            finally:
                await environment.aclose()
        finally:
            await insist(asyncio.ensure_future(container.end()))

    async def execute(self, command: Command, context: StepContext) -> int:
        """Runs the command in the job's container (see `Runner.execute`)."""
        environment = context.environment
        if not isinstance(environment, ContainerEnvironment):
            raise RunnerError("the job of this step has no container", hint="enter the runner's own job()")
        forwarded = {name: os.environ[name] for name in sorted(self._forward_env) if name in os.environ}
        travelling = supervised(evolve(command, env={**forwarded, **command.env}), context)
        container = environment.container
        try:
            return await travelling.run([*container.transport, *travelling.argv])
        except (RunnerUnavailable, EnvironmentLost) as error:
            if await container.runs():
                raise
            raise EnvironmentLost("the job's container has ended", hint="see whether it had memory enough") from error


class ContainerEnvironment(JobEnvironment):
    """A job's place in its container."""

    def __init__(self, runner: Runner, job: JobSpec, container: JobContainer) -> None:
        nowhere = Paths(workspace=_NOWHERE, temp=_NOWHERE, actions=_NOWHERE, environments=_NOWHERE)
        super().__init__(runner, job, nowhere, {})
        self.container = container
        self._channel = Channel(container.transport)
        self.at_end(self._channel.aclose)

    async def move_files(self, command: Command, *, sink: LogSink) -> int:
        """Runs a command that moves files, by the shell that stays in the container for these."""
        try:
            return await self._channel.run(command, sink)
        except ChannelLost as error:
            if error.told:
                raise EnvironmentLost("the job's container broke off while files were copied") from error
        return await super().move_files(command, sink=sink)

    async def make_folders(self) -> None:
        """Makes the job's folders in the container, which end with it. Raises `RunnerError` when that fails."""
        printed = io.BytesIO()
        await self._files_command(("sh", "-c", PROBE), printed)
        _, self.paths, self.facts = remote_folders(printed.getvalue())
