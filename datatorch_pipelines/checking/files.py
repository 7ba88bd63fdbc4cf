"""The files of one project, however many."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from datatorch_pipelines.checking.definitions import ActionFinder, questions_of
from datatorch_pipelines.checking.one import FileReport, check_file
from datatorch_pipelines.checking.options import CheckOptions, PathLike
from datatorch_pipelines.checks import check_names
from datatorch_pipelines.diagnostics import Diagnostic, sort_diagnostics
from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.model import ACTION_FILES


def check_all(paths: PathLike | Iterable[PathLike], options: CheckOptions) -> list[Diagnostic]:
    """Everything that is to be said of these files and of their being together, sorted by file and place.

    A file that is named twice, also by a link or another path, is checked once, under its first name. Raises
    `PipelinesError` for a registered resolver that can't be loaded.
    """
    if isinstance(paths, str | os.PathLike):  # a single one; a text would else be taken letter by letter
        paths = (paths,)
    files = _distinct(paths)
    finder = ActionFinder(options)
    if options.fetch and len(files) > 1:
        _fetch_all(files, options, finder)
    reports = [check_file(path, options, finder) for path in files.values()]
    together = check_names([report.name for report in reports if report.name is not None])
    ignored = {report.name[1].file for report in reports if report.name is not None and report.shares_name}
    told = [item for item in together if item.file not in ignored]
    kept = [found for item in told for found in options.settings.apply([item], item.file or "")]
    own = [item for report in reports for item in report.diagnostics]
    return sort_diagnostics([*own, *kept, *_in_actions(reports, files)])


def _distinct(paths: Iterable[PathLike]) -> dict[str, str]:
    """The files by where they really are, each under the first name that it was given."""
    files: dict[str, str] = {}
    for name in dict.fromkeys(os.fsdecode(path) for path in paths):
        files.setdefault(_real(name), name)
    return files


def _real(name: str) -> str:
    try:
        return os.path.realpath(name)
    except (OSError, ValueError):  # a NUL, a link that leads to itself: it is told of when the file is read
        return name


def _in_actions(reports: Sequence[FileReport], files: dict[str, str]) -> list[Diagnostic]:
    """What is wrong in the files of actions, but for those that are checked themselves."""
    found = dict.fromkeys(item for report in reports for item in report.in_actions)
    return [item for item in found if not item.file or _real(item.file) not in files]


def _fetch_all(files: dict[str, str], options: CheckOptions, finder: ActionFinder) -> None:
    """Looks for the actions of all files at the same time, so that servers are not asked file by file."""
    from datatorch_pipelines.syntax import read_pipeline_file, read_text_file

    wanted = {}
    for name in files.values():
        if Path(name).name in ACTION_FILES:
            continue
        try:
            reading = read_pipeline_file(read_text_file(name, options.limits), name, limits=options.limits)
        except PipelineSyntaxError:
            continue
        salvaged = None if reading.pipeline else reading.salvaged()
        pipeline = reading.pipeline or (salvaged.pipeline if salvaged else None)
        if pipeline is not None:
            wanted.update(dict.fromkeys(questions_of(pipeline, name)))
    finder.ask(wanted)
