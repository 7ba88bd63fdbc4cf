"""The container of one job: started, reached, ended. It lives as long as somebody holds its standard input open."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import Sequence

from datatorch_pipelines._containers import ContainerSettings, label_words
from datatorch_pipelines.contracts.context import JobSpec, Stream
from datatorch_pipelines.errors import RunnerError, RunnerUnavailable
from datatorch_pipelines.runners.child import Child
from datatorch_pipelines.runners.docker.client import Client, one_line
from datatorch_pipelines.runners.docker.reaping import KEPT_LABEL
from datatorch_pipelines.runners.system import insist

_HOLD = "echo ready; while read -r line; do :; done"
"""What the container's first process does: it waits for the end of its input. Steps are started beside it."""

_READY = b"ready\n"

END_SECONDS = 2.0
"""How long a container may take to end by itself when its input has closed."""

_NO_PROGRAM = (126, 127)
"""The exit statuses by which docker says that a program of the image can't be started."""


def run_words(image: str, settings: ContainerSettings, *, name: str, job: JobSpec) -> tuple[str, ...]:
    """The words after ``docker`` that start a job's container."""
    return (
        "run",
        "--interactive",
        *(() if job.keep else ("--rm",)),
        "--pull=never",
        f"--name={name}",
        *label_words(job.run_id, job.job_id),
        *((f"--label={KEPT_LABEL}=yes",) if job.keep else ()),
        *settings.words(),
        "--entrypoint=sh",
        image,
        "-c",
        _HOLD,
    )


def container_name(job: JobSpec) -> str:
    """A name that no other container has, and that tells a person which job it is of."""
    told = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{job.run_id}-{job.job_id}")[:80]
    return f"datatorch-{told}-{secrets.token_hex(4)}"


class JobContainer:
    """A running container. ``transport`` is the command line by which a program is started in it.

    ``lost`` is done once its first process has ended, which ends all in it.
    """

    def __init__(self, client: Client, name: str, holder: Child, said: dict[Stream, bytearray]) -> None:
        self._client = client
        self._holder = holder
        self._said = said
        self.name = name
        self.transport: Sequence[str] = (*client.words, "exec", "--interactive", name)

    @classmethod
    async def start(cls, client: Client, image: str, settings: ContainerSettings, job: JobSpec) -> JobContainer:
        """Starts a job's container, and waits until it runs.

        Raises `RunnerUnavailable` when the engine can't be reached, and `RunnerError` when it refuses.
        """
        name = container_name(job)
        said: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def hear(stream: Stream, data: bytes) -> None:
            said[stream] += data
            if said["stdout"].endswith(_READY) and not ready.done():
                ready.set_result(None)

        argv = (*client.words, *run_words(image, settings, name=name, job=job))
        holder = Child(argv, env=None, cwd=None, stdin=b"", hold_stdin=True, sink=hear)
        container = cls(client, name, holder, said)
        try:
            await asyncio.wait((ready, holder.exited), return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                await container._refuse(image)
        except BaseException:
            await insist(asyncio.ensure_future(container.end()))
            raise
        return container

    async def _refuse(self, image: str) -> None:
        """Raises what it means that the container has ended before it ran."""
        status = self._holder.finish()
        said = one_line(self._said["stderr"].decode("utf-8", "replace")) or f"exit status {status}"
        if status in _NO_PROGRAM:
            raise RunnerError(
                f"the image {image!r} has no POSIX shell: {said}", hint="a job needs one: use another image"
            )
        await self._client.insist_on_engine()
        raise RunnerError(f"the job's container can't be started: {said}")

    async def runs(self) -> bool:
        """Whether the container is still there, as its engine says."""
        if self._holder.exited.done():
            return False
        try:
            answer = await self._client.ask("container", "inspect", "--format", "{{.State.Running}}", self.name)
        except RunnerUnavailable:
            return False
        return answer.out.strip() == "true"

    async def end(self) -> None:
        """Ends the container, and all that runs in it."""
        self._holder.close_input()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._holder.exited), END_SECONDS)
        if not self._holder.exited.done() or self._holder.finish() != 0:
            with contextlib.suppress(RunnerError):  # it is gone, or its engine is: then it ends with that
                await self._client.ask("rm", "--force", "--volumes", self.name)
        await self._holder.end((), grace=0.2)
