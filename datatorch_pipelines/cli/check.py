"""The command ``check``."""

from __future__ import annotations

import os
from collections.abc import Sequence

from datatorch_pipelines import api
from datatorch_pipelines.cli.console import STDOUT, Output, wants_colours
from datatorch_pipelines.cli.outcome import result_status
from datatorch_pipelines.cli.sources import read_sources
from datatorch_pipelines.diagnostics import has_errors
from datatorch_pipelines.display.data import diagnostics_json
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.display.reports import check_summary, diagnostic_text


def check_files(paths: Sequence[str], *, form: str, strict: bool) -> int:
    """Checks files, prints the report, and gives the exit status."""
    files = list(dict.fromkeys(paths))
    diagnostics = api.check_files(files)
    output = Output(STDOUT)
    if form == "json":
        output.json(diagnostics_json(diagnostics))
    else:
        palette = Palette(wants_colours(STDOUT, os.environ))
        output.text(diagnostic_text(diagnostics, read_sources(diagnostics), palette=palette))
        output.text(f"{check_summary(diagnostics, len(files))}\n")
    found = bool(diagnostics) if strict else has_errors(diagnostics)
    return result_status(output, 1 if found else 0)
