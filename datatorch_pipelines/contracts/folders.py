"""A job's folders and the facts of the machine that they are on: here, or where a runner's commands run."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import platform
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path, PurePath, PurePosixPath

from attrs import frozen

from datatorch_pipelines._files import remove_tree
from datatorch_pipelines._home import cache_directory
from datatorch_pipelines.errors import RunnerError


@frozen(kw_only=True)
class Paths:
    """A job's folders, as its steps see them.

    ``workspace`` is where steps start, empty at first; ``temp`` is for files of one job; ``actions`` holds the actions
    that were put there; ``environments`` outlives jobs and holds what is built once, such as virtual environments.
    """

    workspace: PurePath
    temp: PurePath
    actions: PurePath
    environments: PurePath


@contextlib.asynccontextmanager
async def local_folders(*, keep: bool = False) -> AsyncIterator[Paths]:
    """New folders for a job on this machine, deleted when the block ends unless ``keep``.

    A disk takes its time over folders, so that is waited for in a thread: other jobs go on meanwhile. Raises
    `RunnerError` when they can't be made.
    """
    making = asyncio.ensure_future(
        asyncio.to_thread(_make_folders, "datatorch-kept-job-" if keep else "datatorch-job-")
    )
    try:
        root = await asyncio.shield(making)
    except asyncio.CancelledError:
        while not making.done():  # also when it is cancelled once more: nobody else would delete them
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await asyncio.shield(making)
        with contextlib.suppress(OSError):
            remove_tree(making.result())
        raise
    except OSError as error:
        raise RunnerError(
            f"the job's folders can't be made: {error.strerror}", hint="free or change the temporary folder"
        ) from error
    cache = cache_directory()
    try:
        yield Paths(
            workspace=root / "workspace",
            temp=root / "temp",
            actions=cache / "actions",
            environments=cache / "environments",
        )
    finally:
        if not keep:
            with contextlib.suppress(OSError):  # what a step left undeletable must not turn its job's result
                await _removed(root)


async def _removed(root: Path) -> None:
    """Deletes a job's folders: to the end, also when that is cancelled meanwhile."""
    removing = asyncio.ensure_future(asyncio.to_thread(remove_tree, root))
    try:
        await asyncio.shield(removing)
    except asyncio.CancelledError:
        while not removing.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait((removing,))
        raise


def _make_folders(prefix: str) -> Path:
    root = Path(tempfile.mkdtemp(prefix=prefix))
    for name in ("workspace", "temp"):
        (root / name).mkdir()
    return root


@functools.lru_cache(maxsize=1)
def _local_machine() -> Mapping[str, str]:
    return {
        "name": platform.node(),
        "os": platform.system(),
        "version": platform.version(),
        "architecture": platform.machine(),
    }


def local_facts(paths: Paths) -> Mapping[str, object]:
    """The contexts that describe this machine."""
    return _contexts(
        paths,
        machine=_local_machine(),
        python={
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "executable": sys.executable,
            "path": os.environ.get("PYTHONPATH", ""),
        },
        directory=str(paths.actions.parent),
    )


def _contexts(
    paths: Paths, *, machine: Mapping[str, str], python: Mapping[str, str], directory: str
) -> Mapping[str, object]:
    runner = {"id": machine["name"], "directory": directory}
    return {
        "machine": machine,
        "python": python,
        "runner": runner,
        "agent": runner,
        "directory": {
            "agent": directory,
            "runner": directory,
            "actions": str(paths.actions),
            "logs": str(paths.temp),  # the engine keeps the logs; this is where a step may put some of its own
            "temp": str(paths.temp),
            "workspace": str(paths.workspace),
        },
    }


PROBE = r"""
set -e
umask 077
root=$(mktemp -d "${TMPDIR:-/tmp}/datatorch-job-XXXXXX")
mkdir "$root/workspace" "$root/temp" "$root/actions"
cache=${DATATORCH_PIPELINES_HOME:+$DATATORCH_PIPELINES_HOME/cache}
cache=${cache:-${XDG_CACHE_HOME:-${HOME:-$root}/.cache}/datatorch-pipelines}
python=$(command -v python3 || command -v python || :)
version= implementation=
if [ -n "$python" ]; then
  version=$("$python" -c 'import platform; print(platform.python_version())')
  implementation=$("$python" -c 'import platform; print(platform.python_implementation())')
fi
printf '%s\n' "$root" "$cache" "$(uname -n)" "$(uname -s)" "$(uname -v)" "$(uname -m)"
printf '%s\n' "$python" "$version" "$implementation" "${PYTHONPATH-}"
"""
"""A POSIX shell script that makes a job's folders where it runs, and prints them with the facts, one a line."""


def remote_folders(printed: bytes) -> tuple[PurePosixPath, Paths, Mapping[str, object]]:
    """The root folder, the folders and the facts that `PROBE` printed.

    Raises `RunnerError` when that is not what it prints.
    """
    lines = printed.decode("utf-8", "surrogateescape").split("\n")
    if len(lines) != 11 or not all(line.startswith("/") for line in lines[:2]):
        raise RunnerError("the job's folders can't be made: the set-up printed something unexpected")
    root, cache = PurePosixPath(lines[0]), PurePosixPath(lines[1])
    paths = Paths(
        workspace=root / "workspace", temp=root / "temp", actions=root / "actions", environments=cache / "environments"
    )
    facts = _contexts(
        paths,
        machine=dict(zip(("name", "os", "version", "architecture"), lines[2:6], strict=True)),
        python=dict(zip(("executable", "version", "implementation", "path"), lines[6:10], strict=True)),
        directory=str(cache),
    )
    return root, paths, facts
