"""``using: docker`` and ``docker://image``: a container for one step, by the command line of docker or podman."""

from __future__ import annotations

import contextlib
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import ClassVar

from datatorch_pipelines._arguments import words
from datatorch_pipelines._containers import ContainerSettings, Pull, check_pull, is_image, label_words
from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import Stream
from datatorch_pipelines.contracts.runtime import RunnableAction, Runtime, StepEnvironment
from datatorch_pipelines.errors import CommandRejected, RunnerError, RunnerUnavailable
from datatorch_pipelines.runtimes.inputs import input_variables
from datatorch_pipelines.runtimes.support_files import put_support, support_folder

_STEP_FILES = ("DATATORCH_ARTIFACTS", "DATATORCH_INPUTS", "DATATORCH_OUTPUT")
"""The variables that the engine sets for each step: paths that are the same inside and outside."""

_OF_THE_CLIENT = re.compile(
    r"PATH|HOME|PWD|OLDPWD|IFS|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|POSIXLY_CORRECT|TMPDIR"
    r"|(?:BASH_FUNC|BUILDAH|CONTAINERS?|DBUS|DOCKER|DYLD|GIO|GO|LD|OTEL|PODMAN|REGISTRY|SSH|SSL|XDG)_.*|GO[A-Z]*"
    r"|(?:http|https|no|all|ftp)_proxy",
    re.IGNORECASE,
)
"""The variables that docker's command line, or a shell that starts it, reads itself."""


_FETCHING = "fetching the image "
"""What ``container.sh`` says in the step's log; it is no complaint."""


class DockerRuntime(Runtime):
    """Runs an action in a container of its own, which ends with the step.

    The job's workspace and the step's files are mounted under the very paths that they have outside, so that a path in
    an input means the same; the action's own folder too, which can't be written to. The inputs are ``INPUT_<NAME>``.
    No value of a variable is in an argument.

    - ``docker``: the command line, such as ``"podman"`` or ``["sudo", "docker"]``; docker unless given, or podman
      where that alone is installed.
    - ``pull``: whether the image is fetched when it is ``"missing"``, ``"always"`` or ``"never"``.
    - ``user``, ``network``, ``cpus``, ``memory``, ``gpus``, ``init``, ``options``: as in `DockerRunner`.

    Raises `RunnerError` for an unknown policy, and for arguments of another type.

    >>> DockerRuntime(network="none", memory="2g").settings.words()
    ('--init', '--network=none', '--memory=2g')
    """

    carries_variables: ClassVar[bool] = True
    needs_containers: ClassVar[bool] = True

    def __init__(
        self,
        *,
        docker: str | Sequence[str] = "docker",
        pull: Pull = "missing",
        user: str | int | None = None,
        network: str | None = None,
        cpus: float | None = None,
        memory: str | int | None = None,
        gpus: str | int | None = None,
        init: bool = True,
        options: Sequence[str] = (),
    ) -> None:
        self._client = shlex.join(words("docker", docker))
        self._pull: Pull = check_pull(pull)
        self.settings = ContainerSettings(
            user=user, network=network, cpus=cpus, memory=memory, gpus=gpus, init=init, options=options
        )

    async def prepare(self, action: RunnableAction, environment: StepEnvironment) -> None:
        """Fetches the image where that is wanted.

        Raises `RunnerUnavailable` where no engine answers, and `CommandRejected` when the image can't be had.
        """
        await self._image_id(action, environment)

    async def identity(self, action: RunnableAction, environment: StepEnvironment) -> str:
        """The image's id, which tells its content. Raises as `prepare`."""
        return await self._image_id(action, environment)

    async def _image_id(self, action: RunnableAction, environment: StepEnvironment) -> str:
        image = _image(action)
        await put_support(environment)
        said: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}

        def hear(stream: Stream, data: bytes) -> None:
            said[stream] += data
            if stream == "stderr":
                environment.sink(stream, data)

        argv = ("sh", _script(environment), "image", self._client, self._pull, image)
        status = await environment.job.run(Command(argv=argv, cwd="/"), step=environment.step, sink=hear)
        if status != 0:
            raise self._failure(image, status, said["stderr"].decode("utf-8", "replace"))
        return said["stdout"].decode("utf-8", "replace").strip()

    def _failure(self, image: str, status: int, complaint: str) -> RunnerError:
        """What it means that there is no image (the statuses are those of ``container.sh``)."""
        lines = [line.strip() for line in complaint.splitlines() if not line.startswith(_FETCHING)]
        said = "; ".join(filter(None, lines)) or f"exit status {status}"
        match status:
            case 41:
                return CommandRejected(said, hint="install one of them")
            case 42:
                return RunnerUnavailable(
                    f"the container engine can't be reached: {said}",
                    hint=f"start it, or name another one by DOCKER_HOST; '{self._client} version' has to succeed",
                )
            case 43:
                hint = f"fetch it: {self._client} pull {image}"
                return CommandRejected(f"there is no image {image!r} where the step runs", hint=hint)
            case _:
                hint = "see whether its name is right"
                return CommandRejected(f"the image {image!r} can't be fetched: {said}", hint=hint)

    def command(self, action: RunnableAction, inputs: Mapping[str, object], environment: StepEnvironment) -> Command:
        """The command line of docker, by way of a script that has the container end with the step."""
        image = _image(action)
        variables = {**environment.env, **input_variables(inputs, environment)}
        of_client = {name: value for name, value in variables.items() if _OF_THE_CLIENT.fullmatch(name)}
        name = f"datatorch-step-{secrets.token_hex(8)}"
        paths = environment.paths
        mounts = (_mount(paths.workspace), _mount(paths.temp))
        words = [
            "run",
            "--rm",
            f"--name={name}",
            *label_words(environment.job.job.run_id, environment.job.job.job_id),
            "--pull=never",
            *mounts,
            *(() if action.digest == "" else (_mount(action.directory, read_only=True),)),
            f"--workdir={environment.cwd or paths.workspace}",
            *(f"--env={name}" for name in sorted({*variables, *_STEP_FILES, *action.variables} - {*of_client})),
            *(("--env-file=/dev/stdin",) if of_client else ()),
            *self.settings.words(),
            *(() if action.runs.entrypoint is None else (f"--entrypoint={action.runs.entrypoint}",)),
            image,
            *action.runs.args,
        ]
        known = (self._client, name, image, str(paths.workspace), str(paths.temp), *mounts)
        script = _script(environment)

        async def end() -> None:
            ending = Command(argv=("sh", script, "end", *known), cwd="/")
            with contextlib.suppress(RunnerError):  # where the job ran is gone, and all that ran there
                await environment.job.run(ending, step=environment.step, sink=environment.job.late_output)

        environment.job.at_end(end)
        return Command(
            argv=("sh", script, "run", *known, *words),
            env={name: value for name, value in variables.items() if name not in of_client},
            stdin="".join(_line(name, value) for name, value in of_client.items()).encode("utf-8", "surrogateescape"),
        )


def _script(environment: StepEnvironment) -> str:
    return str(support_folder(environment) / "container.sh")


def _image(action: RunnableAction) -> str:
    """The image that the action names. Raises `CommandRejected` for what is none."""
    image = (action.runs.image or "").removeprefix("docker://")
    if not is_image(image):
        raise CommandRejected(
            f"the action {action.name} runs in {image!r}, which is no container image",
            hint="build the image, and name it as docker does: name:tag in lower case",
        )
    return image


def _mount(folder: PurePath, *, read_only: bool = False) -> str:
    """The option that mounts a folder under its own path: a line of comma separated values.

    >>> print(_mount(PurePath("/a,b"), read_only=True))
    --mount=type=bind,"source=/a,b","target=/a,b",readonly
    """
    path = str(folder).replace('"', '""')
    quote = '"' if any(character in path for character in ',"\n\r') else ""
    fields = ("type=bind", f"{quote}source={path}{quote}", f"{quote}target={path}{quote}")
    return "--mount=" + ",".join((*fields, *(("readonly",) if read_only else ())))


def _line(name: str, value: str) -> str:
    """A line of an ``--env-file``. Raises `CommandRejected` for a value that no line can hold."""
    if any(character in value for character in "\n\r\0"):
        raise CommandRejected(
            f"the variable {name} has a line break, and docker's command line reads it itself",
            hint="give it another name",
        )
    return f"{name}={value}\n"
