"""Files in, reports out: reading, the actions that are named, the checks, what is ignored; one file or thousands."""

from __future__ import annotations

from datatorch_pipelines.checking.config import find_settings, load_settings
from datatorch_pipelines.checking.files import ProjectReport, check_project, distinct_files, join_reports
from datatorch_pipelines.checking.one import FileReport, check_file, check_source
from datatorch_pipelines.checking.options import CheckArguments, CheckOptions, check_options
from datatorch_pipelines.checking.settings import Settings
from datatorch_pipelines.checking.symbols import Symbol, SymbolKind

__all__ = [
    "CheckArguments",
    "CheckOptions",
    "FileReport",
    "ProjectReport",
    "Settings",
    "Symbol",
    "SymbolKind",
    "check_file",
    "check_options",
    "check_project",
    "check_source",
    "distinct_files",
    "find_settings",
    "join_reports",
    "load_settings",
]
