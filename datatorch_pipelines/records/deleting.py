"""Records that are deleted: aside first, so that what is half deleted is no run any more."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from datatorch_pipelines._files import remove_tree
from datatorch_pipelines.errors import RecordError
from datatorch_pipelines.records.layout import EVENTS_FILE, is_run_id
from datatorch_pipelines.records.owner import own

_ENDING = ".deleted"
_YOUNG = timedelta(days=1)
"""For so long a folder without an event may be that of a run that is about to begin."""


def delete_run(directory: Path) -> bool:
    """Deletes the record of a run with all that belongs to it; ``False`` for one that goes on, or is gone.

    Raises `RecordError` when it can't be deleted.
    """
    try:
        descriptor = os.open(directory / EVENTS_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _cant(directory, error) from error
    try:
        # As its writer would: nobody resumes it from here on.
        if not own(descriptor):
            return False
        return _delete(directory)
    finally:
        os.close(descriptor)


def sweep_leavings(root: Path) -> list[RecordError]:
    """Deletes what a deletion that was broken off left, and the folders of runs that never began.

    Gives what can't be deleted. Raises `RecordError` when the folder itself can't be read.
    """
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(f"the folder {os.fspath(root)!r} can't be read: {error.strerror}") from error
    failed: list[RecordError] = []
    for name in names:
        try:
            if name.startswith(".") and name.endswith(_ENDING) and is_run_id(name[1 : -len(_ENDING)]):
                _remove(root / name)
            elif is_run_id(name) and _never_began(root / name):
                _delete(root / name)
        except RecordError as error:
            failed.append(error)
    return failed


def _never_began(directory: Path) -> bool:
    """Whether a folder holds no whole event, and is too old to be that of a run that is just being made."""
    try:
        moment = datetime.strptime(f"{directory.name[:15]}+0000", "%Y%m%d-%H%M%S%z")
        with (directory / EVENTS_FILE).open("rb") as file:
            began = file.readline().endswith(b"\n")
    except FileNotFoundError:
        began = False
    except (OSError, ValueError):  # can't be looked at, or is named by no time
        return False
    return not began and datetime.now(UTC) - moment > _YOUNG


def _delete(directory: Path) -> bool:
    aside = directory.with_name(f".{directory.name}{_ENDING}")
    try:
        directory.rename(aside)
    except FileNotFoundError:  # somebody else was faster
        return False
    except OSError as error:
        raise _cant(directory, error) from error
    _remove(aside)
    return True


def _remove(aside: Path) -> None:
    try:
        remove_tree(aside)
    except OSError as error:
        raise _cant(aside, error) from error


def _cant(directory: Path, error: OSError) -> RecordError:
    return RecordError(f"the run in {os.fspath(directory)!r} can't be deleted: {error.strerror}")
