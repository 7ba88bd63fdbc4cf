"""The names of the files in a run's folder."""

from __future__ import annotations

import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from datatorch_pipelines._files import safe_name, sync_directory
from datatorch_pipelines._home import state_directory
from datatorch_pipelines.errors import RecordError

EVENTS_FILE = "events.jsonl"
PIPELINE_FILE = "pipeline.yaml"
LOCK_FILE = "actions.lock"


_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


def is_run_id(name: str) -> bool:
    """Whether a name is one that `new_run_id` gives."""
    return _RUN_ID.fullmatch(name) is not None


def is_inside(file: str) -> bool:
    """Whether a file that a record names is one of its own folder: a record may come from anywhere."""
    path = PurePosixPath(file)
    return bool(file) and "\0" not in file and not path.is_absolute() and ".." not in path.parts


def new_run_id(now: datetime | None = None) -> str:
    """A name for a run: the time (UTC), so that names sort, and random letters, so that no two are the same."""
    moment = now or datetime.now(UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def make_run_directory(run_id: str, root: Path | None = None) -> Path:
    """A new folder for a run's record, below ``root`` or the user's state folder, that only its owner may read.

    Raises `RecordError` when it can't be made.
    """
    parent = root if root is not None else state_directory() / "runs"
    directory = parent / run_id
    try:
        parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700)
        sync_directory(parent)
    except OSError as error:
        raise RecordError(
            f"the run's folder {os.fspath(directory)!r} can't be made: {error.strerror}",
            hint="free the disk or choose another folder",
        ) from error
    return directory


def log_name(job: str, step: int | None, label: str = "", attempt: int = 1, instance: int | None = None) -> str:
    """A log file's path in the run's folder: of a step, or (``None``) of what a job's background children wrote.

    A job that starts anew has its steps' logs beside those of the ``attempt`` before; the ``instance`` of a matrix has
    a folder of its own.
    """
    again = f".{attempt}" if attempt > 1 else ""
    name = f"background{again}.log" if step is None else f"{step + 1:03d}-{safe_name(label, length=48)}{again}.log"
    return f"logs/{job_folder(job, instance)}/{name}"


def artifacts_folder(job: str, step: int, label: str = "", attempt: int = 1, instance: int | None = None) -> str:
    """The path in the run's folder of the files that a step left; the rest is as for `log_name`."""
    again = f".{attempt}" if attempt > 1 else ""
    return f"artifacts/{job_folder(job, instance)}/{step + 1:03d}-{safe_name(label, length=48)}{again}"


def job_folder(job: str, instance: int | None = None) -> str:
    """The folder of a job's, or of its instance's, files in the logs and the artifacts of a run."""
    return safe_name(job) if instance is None else f"{safe_name(job)}/{instance + 1:03d}"
