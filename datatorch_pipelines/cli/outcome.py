"""How a command ends: its exit status, and the one line for what should not have happened."""

from __future__ import annotations

import os
import traceback

from datatorch_pipelines.cli.console import STDERR, Output

PROGRAM = "datatorch-pipelines"
DEBUG_VARIABLE = "DATATORCH_PIPELINES_DEBUG"
"""The environment variable that has the traceback of an internal error printed."""

SUCCEEDED, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
"""The exit statuses of every command: all is well, the run failed (findings), nothing ran, Ctrl-C."""


def result_status(output: Output, status: int) -> int:
    """The exit status of a command that wrote its result to ``output``: a result that is lost is a failure."""
    if output.error is None:
        return status
    complain(f"the result can't be written: {output.error.strerror}")
    return status or FAILED


def complain(message: str) -> None:
    """Says on stderr, in one line, why a command can't go on."""
    Output(STDERR).text(f"{PROGRAM}: {message}\n")


def internal_error_text(error: BaseException) -> str:
    """One line for an exception that is a defect of ours, and how to report it; all of it where that is asked for."""
    from datatorch_pipelines.display.characters import one_line

    if os.environ.get(DEBUG_VARIABLE):
        return f"internal error\n{''.join(traceback.format_exception(error))}".rstrip("\n")
    what = one_line(f"{type(error).__name__}: {error}".rstrip(": "))
    return f"internal error: {what}; please report it with what {DEBUG_VARIABLE}=1 prints"
