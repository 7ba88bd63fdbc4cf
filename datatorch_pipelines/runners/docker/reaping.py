"""Containers of hosts that were killed: found by their labels, and removed. Those of a living host are let be.

A container ends with its host anyway, since the host holds its standard input open. What is left for here are those of
which the engine did not hear that in time.
"""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path

from datatorch_pipelines.errors import RunnerError
from datatorch_pipelines.runners.docker.client import Client

OWNER_LABEL = "datatorch-pipelines.owner"
"""The label whose value tells the process that a container belongs to."""

KEPT_LABEL = "datatorch-pipelines.kept"
"""The label of a container that is to stay when its job has ended."""


def owner() -> str:
    """This process, as the label of its containers names it: the machine since it started, and the process on it.

    Process ids mean something within one namespace only, so that is told too.
    """
    return f"{_machine()}/{os.getpid()}/{_start_time(os.getpid())}"


def is_dead(label: str) -> bool:
    """Whether a label names a process that is known to be gone: one of this machine, and no longer there.

    >>> is_dead(owner()), is_dead("another/machine/1/2"), is_dead("nonsense"), is_dead("")
    (False, False, False, False)
    """
    machine, slash, process = label.partition("/")
    pid, second_slash, start = process.partition("/")
    if not slash or not second_slash or machine != _machine() or not pid.isdecimal() or int(pid) <= 0:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    now = _start_time(int(pid))
    return bool(start and now) and start != now


def _machine() -> str:
    """This machine since it was started, in so far as process ids are known to one another."""
    boot = ""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115  # a text, and no path
    known = f"{boot}:{namespace}" if boot else platform.node()
    return known.replace("/", "_")


def _start_time(pid: int) -> str:
    """When a process started, in the system's own form; empty where that can't be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


async def reap(client: Client) -> list[str]:
    """Removes the containers of dead hosts; gives their ids. What can't be asked or removed is left for the next time.

    Nobody else can be harmed: a container without a label of ours, of a living process, of another machine and one
    that is to be kept stays.
    """
    try:
        listed = await client.ask("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={OWNER_LABEL}")
        ids = listed.out.split()
        if not ids:
            return []
        labels = " ".join(
            f'{{{{with index .Config.Labels "{name}"}}}}{{{{.}}}}{{{{end}}}}' for name in (KEPT_LABEL, OWNER_LABEL)
        )
        # One that vanished meanwhile is complained of, and the others are told all the same.
        told = await client.ask("container", "inspect", "--format", f"{{{{.Id}}}} {labels}", *ids)
        dead = [words[0] for line in told.out.splitlines() if len(words := line.split()) == 2 and is_dead(words[1])]
        if dead:
            await client.ask("rm", "--force", "--volumes", *dead)
    except RunnerError:
        return []
    return dead
