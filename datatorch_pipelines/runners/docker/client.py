"""The command line of docker or podman, called: what it answers, and what its errors mean."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence

from attrs import field, frozen

from datatorch_pipelines._arguments import words
from datatorch_pipelines._containers import Pull, is_image
from datatorch_pipelines.contracts.context import Stream
from datatorch_pipelines.errors import CommandRejected, RunnerError, RunnerUnavailable
from datatorch_pipelines.runners.process import run_process

PROGRAMS = ("docker", "podman")
"""What is looked for on ``PATH``, the first that is there."""

ANSWER_SECONDS = 60.0
"""How long an engine may take over a question that costs it nothing."""


@frozen(kw_only=True)
class Answer:
    """What a call gave: its exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What it complained of, on one line."""
        return one_line(self.err) or f"exit status {self.status}"


def _words(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(words)


@frozen
class Client:
    """A command line, such as ``("docker",)`` or ``("sudo", "docker", "--context", "far")``."""

    words: tuple[str, ...] = field(converter=_words)

    async def ask(self, *arguments: str, seconds: float | None = ANSWER_SECONDS) -> Answer:
        """Calls it, and waits for its end.

        Raises `RunnerError` when it can't be started, and `RunnerUnavailable` when it takes longer than ``seconds``.
        """
        said: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        try:
            async with asyncio.timeout(seconds):
                status = await run_process(
                    (*self.words, *arguments), sink=lambda stream, data: said[stream].extend(data)
                )
        except TimeoutError as error:
            raise RunnerUnavailable(
                f"{self.words[0]} gave no answer within {seconds:.0f} seconds", hint="see whether its engine is well"
            ) from error
        except CommandRejected as error:
            raise RunnerError(error.message, hint="install it, or name another command line by docker=[...]") from error
        return Answer(
            status=status,
            out=said["stdout"].decode("utf-8", "replace"),
            err=said["stderr"].decode("utf-8", "replace"),
        )

    async def insist_on_engine(self) -> None:
        """Raises `RunnerUnavailable` when no engine answers."""
        answer = await self.ask("version")
        if answer.status != 0:
            raise RunnerUnavailable(
                f"the container engine can't be reached: {answer.said}",
                hint=f"start it, or name another one by DOCKER_HOST; '{self.words[0]} version' has to succeed",
            )

    async def image_id(self, image: str, pull: Pull) -> str:
        """The id of an image, fetched as ``pull`` says.

        Raises `RunnerUnavailable` when no engine answers, and `RunnerError` when the image can't be had.
        """
        if pull == "always":
            await self._pull(image)
        answer = await self.ask("image", "inspect", "--format", "{{.Id}}", image)
        if answer.status == 0:
            return answer.out.strip()
        await self.insist_on_engine()
        if pull != "missing":
            hint = f"fetch it: {' '.join(self.words)} pull {image}" if pull == "never" else None
            raise RunnerError(f"there is no image {image!r}", hint=hint)
        await self._pull(image)
        return await self.image_id(image, "never")

    async def _pull(self, image: str) -> None:
        answer = await self.ask("pull", "--quiet", image, seconds=None)
        if answer.status != 0:
            await self.insist_on_engine()
            raise RunnerError(
                f"the image {image!r} can't be fetched: {answer.said}", hint="see whether its name is right"
            )


def client_of(docker: str | Sequence[str] | None) -> Client:
    """The command line that a caller names; without one, docker's or podman's.

    Raises `RunnerError` where neither is installed.
    """
    if docker is not None:
        return Client(words("docker", docker))
    program = next(filter(shutil.which, PROGRAMS), None)
    if program is None:
        raise RunnerError(
            "neither docker nor podman is installed", hint="install one, or name its command line by docker=[...]"
        )
    return Client((program,))


def check_image(image: str) -> str:
    """The image's name. Raises `RunnerError` for what is none."""
    if not is_image(image):
        raise RunnerError(f"{image!r} is no container image", hint="name it as docker does: name:tag in lower case")
    return image


def one_line(text: str) -> str:
    """Several lines as one; docker's advice to look at its help is left out."""
    lines = (line.strip() for line in text.splitlines())
    return "; ".join(line for line in lines if line and not line.startswith(("See 'docker", "Run 'docker", "Usage:")))
