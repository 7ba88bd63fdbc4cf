"""`run_process`: one process on this machine, run to its end as `Runner.execute` promises it. Runners may use it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from datatorch_pipelines.contracts.context import LogSink
from datatorch_pipelines.contracts.environment import JobEnvironment
from datatorch_pipelines.runners.bounds import User
from datatorch_pipelines.runners.child import Child
from datatorch_pipelines.runners.guardian import Guardian
from datatorch_pipelines.runners.pipes import Pace
from datatorch_pipelines.runners.system import insist

GRACE_SECONDS = 0.5
"""How long a process that was asked to end (SIGTERM) may tidy up before it is killed."""


@frozen(kw_only=True)
class Keeping:
    """How a process is kept under control.

    ``grace``: seconds between SIGTERM and SIGKILL. ``marks``: bytes that only the environments of this process and its
    descendants hold, by which those are found that left its session. ``guardian``: who ends it when the host is killed.
    ``user``: whose it is, where that is not this process's own. ``pace``: says when its output is not to be read
    (``None``: never).
    """

    grace: float = GRACE_SECONDS
    marks: tuple[bytes, ...] = ()
    guardian: Guardian = field(factory=Guardian, repr=False)
    user: User | None = None
    pace: Pace | None = field(default=None, repr=False)


async def run_process(
    argv: Sequence[str],
    *,
    sink: LogSink,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    stdin: bytes = b"",
    job: JobEnvironment | None = None,
    keeping: Keeping | None = None,
) -> int:
    """Runs a program and gives its exit status, ``-signal`` where a signal ended it.

    ``sink`` gets what it writes, in chunks as they come, in the loop's thread. ``env`` is its whole environment
    (``None``: this process's own), ``cwd`` where it starts (``None``: here), ``stdin`` all that it reads. No shell is
    involved. Children that it leaves in the background don't hold it up: they go on until ``job`` ends, their output
    going to ``job.late_output``; without a ``job`` they are ended at once.

    Cancelling ends the process and its descendants before the cancellation leaves.

    Raises `CommandRejected` for what can't be started, and `RunnerUnavailable` when the system is short of processes,
    memory or descriptors. What ``sink`` raises ends the process, and is raised.

    >>> import sys
    >>> asyncio.run(run_process(["sh", "-c", "echo hello; exit 3"], sink=lambda stream, data: print(stream, data)))
    stdout b'hello\\n'
    3
    """
    keeping = keeping or Keeping()
    child = Child(
        argv, env=env, cwd=cwd, stdin=stdin, hold_stdin=False, sink=sink, user=keeping.user, pace=keeping.pace
    )
    guardian = keeping.guardian
    mark = keeping.marks[0] if keeping.marks else b""
    slot = guardian.add(child.pid, mark)
    try:
        await child.exited
        status = child.finish()
    except BaseException:
        await insist(asyncio.ensure_future(child.end(keeping.marks, grace=keeping.grace)))
        guardian.remove(slot)
        raise
    if not child.left_something():
        child.close()
        guardian.remove(slot)
    elif job is None:
        await child.end(keeping.marks, grace=keeping.grace)
        guardian.remove(slot)
    else:
        guardian.change(slot, -child.pid, mark)
        _leave_to(job, child, keeping, slot)
    return status


def _leave_to(job: JobEnvironment, child: Child, keeping: Keeping, slot: int) -> None:
    """Has what the child left behind ended with the job."""
    child.send_late(job.late_output)

    async def end() -> None:
        await child.end(keeping.marks, grace=keeping.grace)
        keeping.guardian.remove(slot)

    job.at_end(end)


def variable_mark(name: str, value: str) -> bytes:
    """The mark of processes that were started with this variable (see `Keeping`)."""
    return os.fsencode(f"{name}={value}") + b"\0"
