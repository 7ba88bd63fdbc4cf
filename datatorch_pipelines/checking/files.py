"""The files of one project, however many."""

from __future__ import annotations

import os
from collections.abc import Iterable

from datatorch_pipelines.checking.one import check_file
from datatorch_pipelines.checking.options import CheckOptions
from datatorch_pipelines.checks import check_names
from datatorch_pipelines.diagnostics import Diagnostic, sort_diagnostics


def check_all(paths: Iterable[str | os.PathLike[str]], options: CheckOptions) -> list[Diagnostic]:
    """Everything that is to be said of these files and of their being together, sorted by file and place."""
    reports = [check_file(path, options) for path in paths]
    together = check_names([report.name for report in reports if report.name is not None])
    ignored = {report.name[1].file for report in reports if report.name is not None and report.shares_name}
    told = [item for item in together if item.file not in ignored]
    kept = [found for item in told for found in options.settings.apply([item], item.file or "")]
    return sort_diagnostics([*(item for report in reports for item in report.diagnostics), *kept])
