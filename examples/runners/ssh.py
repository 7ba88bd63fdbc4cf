"""An executor in forty lines: a pipeline's commands run on another machine, over ssh.

    from ssh import SSHRunner

    pipeline.run(runner=SSHRunner("me@host", options=["-i", "key"]))

The other machine needs a POSIX shell; nothing is installed there. Each command is an ssh connection of its own; the
options ``-o ControlMaster=auto -o ControlPath=~/.ssh/%C -o ControlPersist=60`` let them share one, which is faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from datatorch_pipelines.contracts import Capabilities, Command, Runner, StepContext
from datatorch_pipelines.runners import supervised


class SSHRunner(Runner):
    """Runs commands on ``host``, as ssh's command line names it, by the program ``ssh`` with further ``options``.

    What a command writes, its exit status and its input travel over ssh's streams; all else that it needs travels on
    the standard input too, so that no process list shows it. When the connection closes, by a cancellation or because
    this machine dies, the command and all that it started end.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(shares_files=False)

    def __init__(self, host: str, *, options: Sequence[str] = (), program: str = "ssh") -> None:
        if host.startswith("-"):
            raise ValueError("a host's name doesn't start with '-'")
        self._ssh = (program, "-T", "-o", "BatchMode=yes", *options, "--", host)

    async def execute(self, command: Command, context: StepContext) -> int:
        """Runs the command over there (see `Runner.execute`)."""
        travelling = supervised(command, context)
        return await travelling.run([*self._ssh, travelling.line])
