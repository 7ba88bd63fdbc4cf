"""`LocalRunner`: commands as processes of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Mapping
from typing import ClassVar

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import JobSpec, StepContext
from datatorch_pipelines.contracts.environment import JobEnvironment, fresh_environment
from datatorch_pipelines.contracts.runner import Capabilities, Runner
from datatorch_pipelines.errors import RunnerError
from datatorch_pipelines.runners import trees
from datatorch_pipelines.runners.guardian import Guardian
from datatorch_pipelines.runners.interpreter import interpreter_facts
from datatorch_pipelines.runners.process import GRACE_SECONDS, Keeping, run_process, variable_mark
from datatorch_pipelines.runners.system import SUPPORTED, in_thread, insist

STEP_VARIABLE = "DATATORCH_OUTPUT"
"""The variable whose value is unique to a step, and so marks its processes."""


class LocalRunner(Runner):
    """Runs commands as processes of this machine, each in a session of its own.

    They inherit this process's environment, as it is when they start, with the command's ``env`` over it. ``grace`` is
    the time in seconds between SIGTERM and SIGKILL when a step is cancelled or its job ends. ``python`` is the
    interpreter for actions in Python (the one of this process unless given), a path or a name on ``PATH``.

    On Linux a whole tree is ended: what changed its process group or session is found by descent, and by the step's own
    ``$DATATORCH_OUTPUT`` in its environment. Elsewhere only the process group is. A guardian process ends everything
    should this process be killed.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(shares_files=True, containers=True, inherits_environment=True)

    def __init__(self, *, grace: float = GRACE_SECONDS, python: str | os.PathLike[str] | None = None) -> None:
        self._grace = grace
        self._python = None if python is None else os.fspath(python)
        self._python_facts: Mapping[str, str] | None = None
        self._guardian = Guardian()

    async def open(self) -> None:
        """Starts the guardian.

        Raises `RunnerError` on Windows, which has no POSIX processes, and for a ``python`` that doesn't start.
        """
        if not SUPPORTED:
            raise RunnerError("LocalRunner needs Linux or macOS", hint="on Windows run it in WSL")
        if self._python is not None and self._python_facts is None:
            self._python_facts = await asyncio.to_thread(interpreter_facts, self._python)
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
        output = command.env.get(STEP_VARIABLE)
        marks = (variable_mark(STEP_VARIABLE, output),) if output else ()
        return await run_process(
            command.argv,
            env={**os.environ, **command.env},
            cwd=command.cwd or str(context.environment.paths.workspace),
            stdin=command.stdin,
            sink=context.log,
            job=context.environment,
            keeping=Keeping(grace=self._grace, marks=marks, guardian=self._guardian),
        )
