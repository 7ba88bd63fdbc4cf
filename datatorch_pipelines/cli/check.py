"""The command ``check``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from datatorch_pipelines import __version__
from datatorch_pipelines.checking import CheckArguments, check_options, check_project, find_settings, load_settings
from datatorch_pipelines.cli.console import STDERR, STDOUT, Output, wants_colours
from datatorch_pipelines.cli.outcome import DEBUG_VARIABLE, FAILED, REFUSED, SUCCEEDED, complain, result_status
from datatorch_pipelines.diagnostics import Diagnostic, has_errors
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.forms import ReportForm, report_in_form
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.display.sources import read_sources
from datatorch_pipelines.errors import PipelinesError


@frozen(kw_only=True)
class CheckCall:
    """What the command was given, as data."""

    paths: tuple[str, ...]
    form: ReportForm = "text"
    strict: bool = False
    fetch: bool = False
    local_actions: tuple[Path, ...] = ()
    config: Path | None = None
    fix: bool = False
    diff: bool = False
    processes: int | None = None


def check_files(call: CheckCall) -> int:
    """Checks files, prints the report, and gives the exit status."""
    try:
        settings = load_settings(call.config) if call.config else find_settings()
        arguments = CheckArguments(fetch=call.fetch, local_actions=call.local_actions, settings=settings)
        written = True
        if call.fix or call.diff:
            from datatorch_pipelines.cli.fix import fix_files, show_fixes

            if call.diff:
                return show_fixes(call.paths, arguments, strict=call.strict)
            written = fix_files(call.paths, arguments)
        report = check_project(call.paths, check_options(arguments), call.processes)
    except PipelinesError as error:  # what the settings' file says, or a check that a package registers
        complain(one_line(str(error)))
        return REFUSED
    if os.environ.get(DEBUG_VARIABLE):
        Output(STDERR).text("".join(report.defects))
    status = print_report(report.diagnostics, call)
    return status if written else status or FAILED


def print_report(diagnostics: Sequence[Diagnostic], call: CheckCall) -> int:
    """Prints what was found in the files on stdout, in the form that was asked for; gives the exit status."""
    output = Output(STDOUT)
    palette = Palette(wants_colours(STDOUT, os.environ), output.encoding)
    sources = {} if call.form in ("json", "github") else read_sources(diagnostics)
    report = report_in_form(
        diagnostics,
        call.form,
        sources,
        version=__version__,
        files=len(call.paths),
        fixing=None if call.fix else " with --fix",  # what is left then could not be
        palette=palette,
    )
    if call.form == "text":
        output.text(f"{report}\n")
    else:
        output.json(report)
    found = bool(diagnostics) if call.strict else has_errors(diagnostics)
    return result_status(output, FAILED if found else SUCCEEDED)
