"""What ``runs list``, ``show`` and ``prune`` do: records of runs, looked at and deleted."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from datatorch_pipelines import api
from datatorch_pipelines.api.records import found_runs, run_directory, runs_directory
from datatorch_pipelines.cli.console import STDOUT, Output, wants_colours
from datatorch_pipelines.cli.outcome import FAILED, SUCCEEDED, complain, result_status
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.data import run_json
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.display.recorded import run_line, run_text, runs_json, runs_text
from datatorch_pipelines.display.reports import counted
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.records import open_record, summarize


def list_runs(directory: Path | None, *, limit: int | None, as_json: bool) -> int:
    """Prints the runs of a folder; gives the exit status."""
    return with_records(lambda output: _list(runs_directory(directory), output, limit=limit, as_json=as_json))


def show_run(run: str, directory: Path | None, *, as_json: bool) -> int:
    """Prints what is recorded of a run; gives the exit status."""
    return with_records(lambda output: _show(run_directory(run, directory), output, as_json=as_json))


def prune_records(directory: Path | None, *, older_than: timedelta | None, keep: int | None, dry_run: bool) -> int:
    """Deletes runs, and prints which; gives the exit status."""
    return with_records(lambda output: _prune(directory, output, older_than=older_than, keep=keep, dry_run=dry_run))


def with_records(work: Callable[[Output], int]) -> int:
    """Does what prints something of records; says in one line why it can't be done."""
    output = Output(STDOUT)
    try:
        status = work(output)
    except PipelinesError as error:
        complain(one_line(str(error)))
        return FAILED
    return result_status(output, status)


def _list(folder: Path, output: Output, *, limit: int | None, as_json: bool) -> int:
    runs, unreadable = found_runs(folder, limit=limit)
    if as_json:
        output.json(runs_json(runs, folder))
    else:
        output.text(runs_text(runs, folder, palette=_palette(output)))
    for error in unreadable:
        complain(one_line(str(error)))
    return FAILED if unreadable else SUCCEEDED


def _show(directory: Path, output: Output, *, as_json: bool) -> int:
    result = open_record(directory)
    if as_json:
        output.json(run_json(result))
    else:
        output.text(run_text(summarize(directory), result, palette=_palette(output)))
    return SUCCEEDED


def _prune(
    directory: Path | None, output: Output, *, older_than: timedelta | None, keep: int | None, dry_run: bool
) -> int:
    gone = api.prune_runs(older_than=older_than, keep=keep, dry_run=dry_run, directory=directory)
    done = "would delete" if dry_run else "deleted"
    for run in gone:
        output.text(f"{done} {run_line(run)}\n")
    output.text(f"{done} {counted(len(gone), 'run')}\n" if gone else "nothing to delete\n")
    return SUCCEEDED


def _palette(output: Output) -> Palette:
    return Palette(wants_colours(STDOUT, os.environ), output.encoding)
