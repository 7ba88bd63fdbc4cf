"""Who writes a run's record: one process at a time, known by a lock that ends with it, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

from datatorch_pipelines.records.layout import EVENTS_FILE

if sys.platform != "win32":
    import fcntl


GLANCE_SECONDS = 0.5
"""How long somebody who is not the owner of a record, but only looks, may stand in the way of who wants to be it."""
_PAUSE_SECONDS = 0.01


def own(descriptor: int) -> bool:
    """Takes the lock of the open record; ``False`` when another process, or another writer here, has it.

    Windows has no such locks: nobody is refused there, and a run that goes on counts as ended.
    """
    if sys.platform == "win32":
        return True
    end = time.monotonic() + GLANCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(_PAUSE_SECONDS)
        except OSError:  # a file system without locks
            return True
        else:
            return True


def is_owned(directory: Path, patience: float = 0.0) -> bool:
    """Whether somebody writes the record of a run at this moment, and goes on to for ``patience`` seconds.

    A process that was just being started when its host was killed has the lock until it is what it is to be.
    """
    end = time.monotonic() + patience
    while _is_locked(directory):
        if time.monotonic() >= end:
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def _is_locked(directory: Path) -> bool:
    if sys.platform == "win32":
        return False
    try:
        descriptor = os.open(directory / EVENTS_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        # Shared: two that look at the same time don't take each other for the owner.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    return False
