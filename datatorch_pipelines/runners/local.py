"""`LocalRunner`: commands as processes of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar

from attrs import evolve

from datatorch_pipelines._arguments import names, seconds
from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import JobSpec, StepContext
from datatorch_pipelines.contracts.environment import JobEnvironment, fresh_environment
from datatorch_pipelines.contracts.folders import Paths
from datatorch_pipelines.contracts.runner import Capabilities, Runner
from datatorch_pipelines.errors import RunnerError
from datatorch_pipelines.runners import trees
from datatorch_pipelines.runners.bounds import Bounds, User, find_user
from datatorch_pipelines.runners.guardian import Guardian
from datatorch_pipelines.runners.interpreter import interpreter_facts
from datatorch_pipelines.runners.process import GRACE_SECONDS, Keeping, run_process, variable_mark
from datatorch_pipelines.runners.system import SUPPORTED, in_thread, insist

STEP_VARIABLE = "DATATORCH_OUTPUT"
"""The variable whose value is unique to a step, and so marks its processes."""

_STEP_FILES = ("DATATORCH_INPUTS", STEP_VARIABLE, "DATATORCH_ARTIFACTS")
"""The variables that name what is the step's own to read and write."""


class LocalRunner(Runner):
    """Runs commands as processes of this machine, each in a session of its own.

    They inherit this process's environment, as it is when they start, with the command's ``env`` over it; where
    ``inherit`` is given, only the variables of these names (``LC_*`` stands for all that begin so). ``grace`` is the
    time in seconds between SIGTERM and SIGKILL when a step is cancelled or its job ends. ``python`` is the interpreter
    for actions in Python (the one of this process unless given), a path or a name on ``PATH``.

    ``nice`` is the processes' priority, from -20 to 19, ``memory`` how many bytes each may address, ``cpu_seconds`` how
    long each may compute. ``user`` is whose they are, by name or number, for a process of root's: the workspace and the
    step's own files are given to that user, who has to be able to read the actions.

    On Linux a whole tree is ended: what changed its process group or session is found by descent, and by the step's own
    ``$DATATORCH_OUTPUT`` in its environment. Elsewhere only the process group is. A guardian process ends everything
    should this process be killed.

    Raises `RunnerError` for arguments of another type.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(shares_files=True, containers=True, inherits_environment=True)

    def __init__(
        self,
        *,
        grace: float = GRACE_SECONDS,
        python: str | os.PathLike[str] | None = None,
        inherit: str | Iterable[str] | None = None,
        nice: int = 0,
        memory: int | None = None,
        cpu_seconds: int | None = None,
        user: str | int | None = None,
    ) -> None:
        given = (grace, python, inherit, nice, memory, cpu_seconds, user)
        self._usual = given == (GRACE_SECONDS, None, None, 0, None, None, None)
        self._grace = seconds("grace", grace)
        if not isinstance(python, str | os.PathLike | None):
            raise RunnerError(f"python is {python!r}", hint="give a path, or a name on PATH")
        self._python = None if python is None else os.fspath(python)
        self._python_facts: Mapping[str, str] | None = None
        self._ready = False
        self._inherit = None if inherit is None else names("inherit", inherit)
        if self._inherit is not None:
            vars(self)["capabilities"] = evolve(self.capabilities, inherits_environment=False)
        self._bounds = Bounds(nice=nice, memory=memory, cpu_seconds=cpu_seconds)
        self._wanted_user = user
        self._user: User | None = None
        self._guardian = Guardian()

    async def open(self) -> None:
        """Starts the guardian.

        Raises `RunnerError` on Windows, which has no POSIX processes, for a ``python`` that doesn't start, and for
        bounds or a ``user`` that can't be.
        """
        if not SUPPORTED:
            raise RunnerError("LocalRunner needs Linux or macOS", hint="on Windows run it in WSL")
        if self._python is not None and self._python_facts is None:
            self._python_facts = await asyncio.to_thread(interpreter_facts, self._python)
        if not self._ready:
            self._bounds.check()
            if self._wanted_user is not None:
                self._user = await asyncio.to_thread(find_user, self._wanted_user)
            self._ready = True
        self._guardian.start()

    async def aclose(self) -> None:
        """Ends the guardian."""
        self._guardian.close()

    @contextlib.asynccontextmanager
    async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
        """A fresh workspace on this machine; when the context ends, what steps left in the background is ended."""
        await self.open()
        async with fresh_environment(self, job) as environment:
            python = environment.facts.get("python")
            if self._python_facts is not None and isinstance(python, Mapping):
                environment.facts = {**environment.facts, "python": {**python, **self._python_facts}}
            if self._user is not None:
                environment.paths = _given_to(self._user, environment.paths)
            mark = os.fsencode(f"{environment.paths.temp}{os.sep}")
            slot = self._guardian.add(0, mark)
            first, start = trees.newest_pid(), time.monotonic()

            async def sweep() -> None:
                among = trees.started_after(first, time.monotonic() - start)
                if among is None or trees.any_marked(mark, among):
                    targets = trees.Targets(marks=(mark,))
                    await in_thread(lambda: trees.end(targets, grace=self._grace))
                self._guardian.remove(slot)

            environment.at_end(lambda: insist(asyncio.ensure_future(sweep())))
            yield environment

    async def execute(self, command: Command, context: StepContext) -> int:
        """Runs the command as a process here (see `Runner.execute`)."""
        await self.open()
        env = {**self._inherited(), **command.env}
        cwd = command.cwd or str(context.environment.paths.workspace)
        if self._user is not None:
            self._user.own(*(value for name in _STEP_FILES if (value := command.env.get(name))))
        return await run_process(
            self._bounds.argv(command.argv, env, cwd),
            env=env,
            cwd=cwd,
            stdin=command.stdin,
            sink=context.log,
            job=context.environment,
            keeping=self._keeping(command, context),
        )

    def _keeping(self, command: Command, _context: StepContext) -> Keeping:
        """How a step's process is kept under control."""
        output = command.env.get(STEP_VARIABLE)
        marks = (variable_mark(STEP_VARIABLE, output),) if output else ()
        return Keeping(grace=self._grace, marks=marks, guardian=self._guardian, user=self._user)

    def _inherited(self) -> Mapping[str, str]:
        """What a command has of this process's environment."""
        own = self._user.variables() if self._user is not None else {}
        if self._inherit is None:
            return {**os.environ, **own}
        found = {
            name: value for name, value in os.environ.items() if any(fnmatchcase(name, it) for it in self._inherit)
        }
        return {**found, **own}


def _given_to(user: User, paths: Paths) -> Paths:
    """The job's folders, given to a user, who also builds environments there: this process's own are not theirs."""
    root = Path(paths.temp).parent
    environments = root / "environments"
    try:
        environments.mkdir(exist_ok=True)
    except OSError as error:
        raise RunnerError(f"the job's folders can't be made: {error.strerror}") from error
    user.own(root, paths.workspace, paths.temp, environments)
    return evolve(paths, environments=environments)


def is_usual(runner: object) -> bool:
    """Whether a runner is the usual one: a `LocalRunner` that was made without arguments."""
    return type(runner) is LocalRunner and runner._usual
