"""The command ``schema``."""

from __future__ import annotations

import json
from typing import Literal

from datatorch_pipelines import api
from datatorch_pipelines.cli.console import STDOUT, Output
from datatorch_pipelines.cli.outcome import SUCCEEDED, result_status


def print_schema(name: Literal["pipeline", "action"]) -> int:
    """Prints a schema on stdout and gives the exit status."""
    output = Output(STDOUT)
    output.json(json.dumps(api.schema(name), indent=2, ensure_ascii=False))
    return result_status(output, SUCCEEDED)
