"""Runs that took place: found, opened, deleted."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from datatorch_pipelines._home import state_directory
from datatorch_pipelines.errors import PipelinesError, RecordError

if TYPE_CHECKING:
    from datatorch_pipelines.records import RunSummary
    from datatorch_pipelines.results import RunResult

PathLike = str | os.PathLike[str]


def runs_directory(directory: PathLike | None = None) -> Path:
    """The folder that holds the runs: ``directory``, or the user's state folder."""
    return Path(directory).absolute() if directory is not None else state_directory() / "runs"


def run_directory(run: PathLike | RunResult, directory: PathLike | None = None) -> Path:
    """The folder of a run: of a result, a folder itself, or a run's id, of which the beginning is enough.

    Raises `RecordError` where there is none, or the beginning is that of several.
    """
    from datatorch_pipelines.records import run_directories
    from datatorch_pipelines.results import RunResult

    if isinstance(run, RunResult):
        return run.directory
    name = os.fspath(run)
    if isinstance(run, os.PathLike) or os.sep in name or (directory is None and Path(name).is_dir()):
        return Path(name).absolute()
    root = runs_directory(directory)
    known = run_directories(root)
    found = [path for path in known if path.name == name]
    found = found or [path for path in known if name and path.name.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(path.name for path in found[:3])
        raise RecordError(f"{name!r} begins the names of {len(found)} runs", hint=f"say more of one of {several}")
    latest = f"; the latest is {known[0].name}" if known else ""
    raise RecordError(f"there is no run {name!r} in {os.fspath(root)!r}{latest}", hint="see 'runs list' or dtp.runs()")


def open_run(run: PathLike, directory: PathLike | None = None) -> RunResult:
    """The result of a run that took place, as its record has it.

    ``run`` is its id (the beginning is enough) or its folder; ``directory`` the folder that ids are looked up in (the
    user's state folder). A run that was interrupted, or that goes on, counts as cancelled; what ended before is there.
    Raises `RecordError` where there is no such run, or its record can't be read.

    >>> import tempfile, datatorch_pipelines as dtp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = dtp.loads("{name: A, jobs: {a: {steps: [{run: echo hi}]}}}").run(directory=folder)
    ...     open_run(result.directory) == result
    True
    """
    from datatorch_pipelines.records import open_record

    return open_record(run_directory(run, directory))


def runs(directory: PathLike | None = None) -> list[RunSummary]:
    """The runs in a folder (the user's state folder), the newest first; folders that hold no run are left out.

    Raises `RecordError` when the folder can't be read.
    """
    from datatorch_pipelines.records import run_directories, summarize

    found: list[RunSummary] = []
    for path in run_directories(runs_directory(directory)):
        try:
            found.append(summarize(path))
        except RecordError:
            continue
    return found


def prune_runs(
    *,
    older_than: timedelta | None = None,
    keep: int | None = None,
    dry_run: bool = False,
    directory: PathLike | None = None,
    now: datetime | None = None,
) -> list[RunSummary]:
    """Deletes runs, and gives those that were (or, with ``dry_run``, would be) deleted, the newest first.

    Those that began longer ago than ``older_than``, and all but the newest ``keep``; where both are given, those that
    are neither young nor among the newest. A run that goes on is never deleted. ``now`` is the time to count from.
    Raises `PipelinesError` when neither is given, and `RecordError` when a folder can't be deleted.
    """
    from datatorch_pipelines._files import remove_tree

    if older_than is None and keep is None:
        raise PipelinesError("which runs are to be deleted is not said", hint="give older_than or keep")
    if keep is not None and keep < 0:
        raise PipelinesError(f"keep is {keep}", hint="give a whole number from 0 on")
    limit = None if older_than is None else (now or datetime.now(UTC)) - older_than
    chosen = [
        run
        for index, run in enumerate(runs(directory))
        if not run.running and (keep is None or index >= keep) and (limit is None or run.started < limit)
    ]
    for run in () if dry_run else chosen:
        # Aside first: what is half deleted is no run any more.
        aside = run.directory.with_name(f".{run.directory.name}.deleted")
        try:
            run.directory.rename(aside)
            remove_tree(aside)
        except OSError as error:
            raise RecordError(f"the run {run.id!r} can't be deleted: {error.strerror}") from error
    return chosen
