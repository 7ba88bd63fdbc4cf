"""An executor for other machines: a pipeline's commands run there over ssh, its jobs spread over the hosts.

    from ssh import SSHRunner

    pipeline.run(runner=SSHRunner("me@one", "me@two", options=["-i", "key"]))

The other machines need a POSIX shell; nothing is installed there, and they need no files in common. Each command is an
ssh connection of its own; the options ``-o ControlMaster=auto -o ControlPath=~/.ssh/%C -o ControlPersist=60`` let them
share one, which is faster.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

from datatorch_pipelines.contracts import Capabilities, Command, JobEnvironment, JobSpec, Runner, StepContext
from datatorch_pipelines.errors import EnvironmentLost, RunnerUnavailable
from datatorch_pipelines.runners import supervised


class SSHRunner(Runner):
    """Runs commands on ``hosts``, as ssh's command line names them, by the program ``ssh`` with further ``options``.

    A job stays on one host: the one with the fewest jobs, among those that failed the least. What a command writes, its
    exit status and its input travel over ssh's streams; all else that it needs travels on the standard input too, so
    that no process list shows it. When the connection closes, by a cancellation or because this machine dies, the
    command and all that it started end.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(shares_files=False)

    def __init__(self, *hosts: str, options: Sequence[str] = (), program: str = "ssh") -> None:
        if not hosts or any(host.startswith("-") for host in hosts):
            raise ValueError("give one host or several, whose names don't start with '-'")
        self._hosts = hosts
        self._ssh = (program, "-T", "-o", "BatchMode=yes", *options, "--")
        self._jobs: dict[JobSpec, str] = {}
        self._faults: Counter[str] = Counter()

    @contextlib.asynccontextmanager
    async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
        """A workspace on one of the hosts."""
        busy = Counter(self._jobs.values())
        self._jobs[job] = min(self._hosts, key=lambda host: (self._faults[host], busy[host]))
        try:
            async with super().job(job) as environment:
                yield environment
        finally:
            del self._jobs[job]

    async def execute(self, command: Command, context: StepContext) -> int:
        """Runs the command over there (see `Runner.execute`)."""
        host = self._jobs[context.job]
        travelling = supervised(command, context)
        try:
            return await travelling.run([*self._ssh, host, travelling.line])
        except (EnvironmentLost, RunnerUnavailable):
            self._faults[host] += 1  # the job starts anew, rather elsewhere
            raise
