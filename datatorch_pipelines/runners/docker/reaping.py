"""Containers of hosts that were killed: found by their labels, and removed. Those of a living host are let be.

A container ends with its host anyway, since the host holds its standard input open. What is left for here are those of
which the engine did not hear that in time.
"""

from __future__ import annotations

from datatorch_pipelines._containers import OWNER_LABEL, is_dead
from datatorch_pipelines.errors import RunnerError
from datatorch_pipelines.runners.docker.client import Client

KEPT_LABEL = "datatorch-pipelines.kept"
"""The label of a container that is to stay when its job has ended."""


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
