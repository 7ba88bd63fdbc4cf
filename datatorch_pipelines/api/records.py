"""Runs that took place: found, opened, deleted."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from datatorch_pipelines._home import state_directory
from datatorch_pipelines.errors import PipelinesError, RecordError

if TYPE_CHECKING:
    from datatorch_pipelines.records import RunSummary
    from datatorch_pipelines.results import RunResult

PathLike = str | os.PathLike[str]

LATEST = "latest"
"""What names the newest run."""


def runs_directory(directory: PathLike | None = None) -> Path:
    """The folder that holds the runs: ``directory``, or the user's state folder."""
    return Path(directory).absolute() if directory is not None else state_directory() / "runs"


def run_directory(run: PathLike | RunResult, directory: PathLike | None = None) -> Path:
    """The folder of a run: of a result, a folder itself, ``"latest"``, or an id, of which the beginning is enough.

    Raises `RecordError` where there is none, or the beginning is that of several.
    """
    from datatorch_pipelines.results import RunResult

    if isinstance(run, RunResult):
        return run.directory
    name = os.fspath(run)
    if "\0" in name:
        raise RecordError(f"there is no run {name!r}: no name holds such a character")
    if isinstance(run, os.PathLike) or os.sep in name or name in (os.curdir, os.pardir):
        return Path(name).absolute()
    return _named(name, runs_directory(directory))


def _named(name: str, root: Path) -> Path:
    from datatorch_pipelines.records import holds_record, run_directories

    known = run_directories(root)
    if root / name in known:
        return root / name
    if name == LATEST:
        newest, _ = found_runs(root, limit=1)
        if newest:
            return newest[0].directory
        raise RecordError(f"there are no runs in {os.fspath(root)!r}")
    if name and holds_record(Path(name)):  # a folder here
        return Path(name).absolute()
    found = [path for path in known if name and path.name.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(path.name for path in found[:3])
        raise RecordError(f"{name!r} begins the names of {len(found)} runs", hint=f"say more of one of {several}")
    latest = f"; the latest is {known[0].name}" if known else ""
    raise RecordError(f"there is no run {name!r} in {os.fspath(root)!r}{latest}", hint="see 'runs list' or dtp.runs()")


def open_run(run: PathLike, directory: PathLike | None = None) -> RunResult:
    """The result of a run that took place, as its record has it.

    ``run`` is its id (the beginning is enough), ``"latest"`` or its folder; ``directory`` the folder that ids are
    looked up in (the user's state folder). A run that was interrupted, or that goes on, counts as cancelled; what ended
    before is there. Raises `RecordError` where there is no such run, or its record can't be read.

    >>> import tempfile, datatorch_pipelines as dtp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = dtp.loads("{name: A, jobs: {a: {steps: [{run: echo hi}]}}}").run(directory=folder)
    ...     open_run(result.directory) == result
    True
    """
    from datatorch_pipelines.records import open_record

    return open_record(run_directory(run, directory))


def runs(directory: PathLike | None = None, *, limit: int | None = None) -> list[RunSummary]:
    """The runs in a folder (the user's state folder), the newest first; with ``limit`` no more than so many.

    Folders that hold no run, or one that can't be read, are left out. Raises `RecordError` when the folder itself
    can't be read.
    """
    return found_runs(runs_directory(directory), limit=limit)[0]


def found_runs(root: Path, *, limit: int | None = None) -> tuple[list[RunSummary], list[RecordError]]:
    """The runs of a folder, as `runs` has them, and what was wrong with those that can't be read.

    A folder in which a run never began is neither.
    """
    from datatorch_pipelines.records import NeverBegan, holds_record, run_directories, summarize

    found: list[RunSummary] = []
    unreadable: list[RecordError] = []
    for path in run_directories(root):
        # Ids sort by the second; within one, the time of the first event does.
        if limit is not None and len(found) >= limit and (not found or found[-1].id[:15] != path.name[:15]):
            break
        if not holds_record(path):
            continue
        try:
            found.append(summarize(path))
        except NeverBegan:
            continue
        except RecordError as error:
            unreadable.append(error)
    found.sort(key=lambda run: (run.started, run.id), reverse=True)
    return found[:limit], unreadable


def prune_runs(
    *,
    older_than: timedelta | None = None,
    keep: int | None = None,
    dry_run: bool = False,
    directory: PathLike | None = None,
    now: datetime | None = None,
) -> list[RunSummary]:
    """Deletes runs, their logs and artifacts, and gives those that were deleted, the newest first.

    Those that began longer ago than ``older_than``, and all but the newest ``keep``; where both are given, those that
    are neither young nor among the newest. A run that goes on is never deleted, nor what is no record of a run. What
    an earlier deletion that was broken off left behind, and folders of runs that never began, go too. With ``dry_run``
    nothing is deleted. ``now`` is the time to count from.

    Raises `PipelinesError` when neither is given, or what makes no sense, and `RecordError` when a folder can't be
    deleted; the others are all the same.
    """
    from datatorch_pipelines.records import delete_run, sweep_leavings

    if older_than is None and keep is None:
        raise PipelinesError("which runs are to be deleted is not said", hint="give older_than or keep")
    if keep is not None and keep < 0:
        raise PipelinesError(f"keep is {keep}", hint="give a whole number from 0 on")
    if older_than is not None and older_than < timedelta():
        raise PipelinesError(f"older_than is {older_than}", hint="give a duration from 0 on")
    if now is not None and now.tzinfo is None:
        raise PipelinesError(f"now is {now}, which is in no time zone", hint="give it one, as datetime.now(UTC) has it")
    root = runs_directory(directory)
    limit = None if older_than is None else _before(now, older_than)
    chosen = [
        run
        for index, run in enumerate(runs(root))
        if not run.running and (keep is None or index >= keep) and (limit is None or run.started <= limit)
    ]
    if dry_run:
        return chosen
    failed = sweep_leavings(root)
    gone: list[RunSummary] = []
    for run in chosen:
        try:
            if delete_run(run.directory):
                gone.append(run)
        except RecordError as error:
            failed.append(error)
    if failed:
        others = f"; {len(failed) - 1} more can't be either" if len(failed) > 1 else ""
        raise RecordError(
            f"{failed[0].message}{others}", hint=f"{len(gone)} were deleted" if gone else None
        ) from failed[0]
    return gone


def _before(now: datetime | None, age: timedelta) -> datetime:
    from datetime import UTC

    try:
        return (now or datetime.now(UTC)) - age
    except OverflowError:  # longer ago than there is a time for
        return datetime.min.replace(tzinfo=UTC)
