"""The names of the files in a run's folder."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from datatorch_pipelines._files import safe_name, sync_directory
from datatorch_pipelines._home import state_directory
from datatorch_pipelines.errors import RecordError

EVENTS_FILE = "events.jsonl"
PIPELINE_FILE = "pipeline.yaml"


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


def log_name(job: str, step: int | None, label: str = "", attempt: int = 1) -> str:
    """A log file's path in the run's folder: of a step, or (``None``) of what a job's background children wrote.

    A job that starts anew has its steps' logs beside those of the ``attempt`` before.
    """
    again = f".{attempt}" if attempt > 1 else ""
    name = "background.log" if step is None else f"{step + 1:03d}-{safe_name(label, length=48)}{again}.log"
    return f"logs/{safe_name(job)}/{name}"
