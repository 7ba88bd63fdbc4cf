"""Folders of this machine for what travels to and from where a step runs."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from datatorch_pipelines._files import remove_tree
from datatorch_pipelines.errors import RunnerError


def cant_be_made(error: OSError) -> RunnerError:
    """That the disk of this machine refuses a step's files."""
    return RunnerError(f"the step's files can't be made: {error.strerror}", hint="free or change the temporary folder")


@contextlib.asynccontextmanager
async def scratch_folder(prefix: str) -> AsyncIterator[Path]:
    """A new folder that is its owner's alone, deleted when the block ends: a disk may take its time over that.

    Raises `RunnerError` when it can't be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
    except OSError as error:
        raise cant_be_made(error) from error
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            await asyncio.to_thread(remove_tree, folder)
