"""The interface of a runtime: from an action's ``runs.using`` and its inputs to a command."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import ClassVar

from attrs import field, frozen

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import LogSink
from datatorch_pipelines.contracts.environment import JobEnvironment
from datatorch_pipelines.contracts.folders import Paths
from datatorch_pipelines.errors import CommandRejected
from datatorch_pipelines.model.action import Runs


@frozen(kw_only=True)
class RunnableAction:
    """An action whose expressions are evaluated, at its place.

    ``source`` is its folder on the engine's machine, ``directory`` the same folder where the step runs; ``digest``
    names its content; an action that is nothing but a container image has no folder, and an empty ``digest``. ``runs``
    holds no expression any more: ``command`` and ``script`` are text for a shell in which every value is quoted
    already. ``variables`` are the names of the variables that the action says it reads.
    """

    name: str
    runs: Runs
    source: Path
    directory: PurePath
    digest: str
    variables: tuple[str, ...] = ()


@frozen(kw_only=True)
class StepEnvironment:
    """Where a step runs, as its runtime sees it.

    ``job`` is the job's environment; ``inputs_file`` the path there of ``$DATATORCH_INPUTS``; ``secret_inputs`` says
    that an input holds a secret, which then must be in no argument. ``env`` are the variables that the step's author
    set, ``cwd`` is the folder that the step starts in (empty: the workspace). ``sink`` takes what preparation writes.
    """

    job: JobEnvironment
    step: str
    inputs_file: PurePath
    secret_inputs: bool = False
    env: Mapping[str, str] = field(factory=dict, repr=False)
    cwd: str = ""
    sink: LogSink = field(repr=False)

    @property
    def paths(self) -> Paths:
        """The job's folders, as the step sees them."""
        return self.job.paths

    def fact(self, context: str, name: str) -> str:
        """One fact of where the step runs, such as ``("python", "executable")``; empty where it is unknown."""
        facts = self.job.facts.get(context)
        value = facts.get(name) if isinstance(facts, Mapping) else None
        return value if isinstance(value, str) else ""

    async def put(self, source: Path, digest: str) -> PurePath:
        """Brings a folder to where the step runs (see `JobEnvironment.put`)."""
        return await self.job.put(source, digest)

    def placed(self, source: Path, digest: str) -> PurePath:
        """The path where the step runs of a folder that `put` brought (see `JobEnvironment.placed`)."""
        return self.job.placed(source, digest)

    def warn(self, message: str) -> None:
        """Tells the person something in the step's log."""
        self.sink("stderr", f"warning: {message}\n".encode("utf-8", "replace"))

    async def run(self, command: Command) -> int:
        """Runs a command there, its output in the step's log; gives its exit status."""
        return await self.job.run(command, step=self.step, sink=self.sink)

    async def check(self, command: Command, what: str) -> None:
        """Runs a command there; raises `CommandRejected` saying that ``what`` failed unless it exits with 0."""
        status = await self.run(command)
        if status != 0:
            raise CommandRejected(f"{what} failed with exit status {status}", hint="see the step's log")


class Runtime(abc.ABC):
    """Turns actions of one kind (``runs.using``) into commands. It runs on the engine's side, whatever the runner.

    ``needs_containers`` says that its commands start containers, which not every runner can. ``carries_variables`` says
    that its commands hand the step's own variables (``StepEnvironment.env``) on themselves: then the process that the
    runner starts is not given them.
    """

    needs_containers: ClassVar[bool] = False
    carries_variables: ClassVar[bool] = False

    async def prepare(self, action: RunnableAction, environment: StepEnvironment) -> None:
        """Makes ready what the action needs where it runs, such as its packages. The default needs nothing.

        Raises `RunnerError` when that fails.
        """

    async def identity(self, action: RunnableAction, environment: StepEnvironment) -> str:
        """What a step's result follows from beside its action and inputs, such as the content of an image.

        It is asked for steps whose results are kept (``cache``), before `prepare`. The default is nothing. Raises
        `RunnerError`.
        """
        return ""

    @abc.abstractmethod
    def command(self, action: RunnableAction, inputs: Mapping[str, object], environment: StepEnvironment) -> Command:
        """The command that runs the action, with ``INPUT_*`` and the like in its ``env``.

        Raises `CommandRejected` for an action that can't be run so.
        """
