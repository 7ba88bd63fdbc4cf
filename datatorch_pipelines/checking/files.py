"""The files of one project, however many."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from datatorch_pipelines.checking.definitions import ActionFinder, questions_of
from datatorch_pipelines.checking.one import FileReport, check_file
from datatorch_pipelines.checking.options import CheckOptions, PathLike
from datatorch_pipelines.checks import check_names
from datatorch_pipelines.diagnostics import Diagnostic, sort_diagnostics
from datatorch_pipelines.errors import PipelinesError, PipelineSyntaxError
from datatorch_pipelines.model import ACTION_FILES


@frozen
class ProjectReport:
    """Everything that is to be said of files and of their being together, sorted by file and place.

    ``defects`` are the tracebacks of what kept the library from checking some of them.
    """

    diagnostics: Sequence[Diagnostic]
    defects: tuple[str, ...] = ()


def check_project(
    paths: PathLike | Iterable[PathLike], options: CheckOptions, processes: int | None = None
) -> ProjectReport:
    """The report of the files of one project.

    A file that is named twice, also by a link or another path, is checked once, under its first name. ``processes`` is
    how many processes check them, this one among them; unless given, there are several where the files are many. What
    is said does not depend on it. Raises `PipelinesError` for a number below 1 and for a registered resolver that can't
    be loaded.
    """
    if processes is not None and processes < 1:
        raise PipelinesError(f"processes is {processes}", hint="give a whole number from 1 on")
    if isinstance(paths, str | os.PathLike):  # a single one; a text would else be taken letter by letter
        paths = (paths,)
    files = distinct_files(paths)
    finder = ActionFinder(options)
    if options.fetch and len(files) > 1:
        _fetch_all(files, options, finder)
    reports = _reports(list(files.values()), finder, processes)
    return join_reports(reports, files, options)


def join_reports(reports: Sequence[FileReport], files: Mapping[str, str], options: CheckOptions) -> ProjectReport:
    """What is said of each of the files, of their names beside each other, and of the files of their actions.

    ``files`` are those of `distinct_files`.
    """
    together = check_names([report.name for report in reports if report.name is not None])
    ignored = {report.name[1].file for report in reports if report.name is not None and report.shares_name}
    told = [item for item in together if item.file not in ignored]
    kept = [found for item in told for found in options.settings.apply([item], item.file or "")]
    own = [item for report in reports for item in report.diagnostics]
    found = sort_diagnostics([*own, *kept, *_in_actions(reports, files)])
    return ProjectReport(found, tuple(report.defect for report in reports if report.defect is not None))


def _reports(names: Sequence[str], finder: ActionFinder, wanted: int | None) -> list[FileReport]:
    """The files' reports, in their order."""
    if len(names) > 1 and wanted != 1:
        from datatorch_pipelines.checking.processes import check_in_processes, how_many, shared

        count = how_many(names, wanted)
        task = shared(finder) if count > 1 else None
        if task is not None:
            return check_in_processes(names, finder, count, task)
    return [check_file(name, finder.options, finder) for name in names]


def distinct_files(paths: Iterable[PathLike]) -> dict[str, str]:
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


def _in_actions(reports: Sequence[FileReport], files: Mapping[str, str]) -> list[Diagnostic]:
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
