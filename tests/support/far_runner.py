"""A runner on this machine that shares no files with the engine, as far as the library knows."""

from __future__ import annotations

import os
from typing import ClassVar

from datatorch_pipelines.contracts import Capabilities, Command, Runner, StepContext
from datatorch_pipelines.runners import run_process


class FarRunner(Runner):
    """All files travel by tar through `execute`; ``commands`` has each command's first words, in their order."""

    capabilities: ClassVar[Capabilities] = Capabilities(shares_files=False)

    def __init__(self) -> None:
        self.commands: list[tuple[str, ...]] = []

    async def execute(self, command: Command, context: StepContext) -> int:
        """Runs a command here."""
        self.commands.append(tuple(command.argv[:2]))
        env = {**os.environ, **command.env}
        return await run_process(command.argv, env=env, cwd=command.cwd, stdin=command.stdin, sink=context.log)
