"""How an entry gets into the store: made beside, marked last, put into its place by one rename."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from datatorch_pipelines._files import remove_tree, sync_directory, write_atomic
from datatorch_pipelines.resolvers.storage.seal import boot, seal_new, write_manifest
from datatorch_pipelines.resolvers.storage.stored import FILES, MARK, USED, Mark

if TYPE_CHECKING:
    from datatorch_pipelines.resolvers.objects.tree import Written


def put_entry(
    scratch: Path,
    place: Path,
    source: str,
    version: str,
    write: Callable[[Path], Written],
    errors: Callable[[], AbstractContextManager[None]],
) -> None:
    """Makes an entry below ``scratch`` of what ``write`` puts into the folder that it is given (to be made by it).

    It takes the place of what stands there. Raises what ``write`` raises, and what ``errors`` makes of the system's
    errors when the disk fails; nothing is left then, and what was there stays.
    """
    made = scratch / "entry"
    try:
        with errors():
            made.mkdir(parents=True)
        written = write(made / FILES)
        with errors():
            write_manifest(made, written.entries)
            (made / USED).touch()
            seal_new(made)
            if boot() is None:
                _flush(made)
            mark = Mark(source, version, written.digest, written.files, written.size, datetime.now(UTC).isoformat())
            write_atomic(made / MARK, json.dumps(mark.record(), indent=1).encode())
            with contextlib.suppress(FileNotFoundError):
                place.rename(scratch / "old")
            made.rename(place)
            sync_directory(place.parent)
    finally:
        with contextlib.suppress(OSError):
            remove_tree(scratch)


def _flush(root: Path) -> None:
    """Flushes every file to disk, where a later start of the machine could not be noticed."""
    for directory, _, files in os.walk(root):
        for name in files:
            path = Path(directory, name)
            if not path.is_symlink():
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        sync_directory(Path(directory))
