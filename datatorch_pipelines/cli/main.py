"""The command line from its arguments to the exit status: no traceback, whatever happens."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

import click

from datatorch_pipelines.cli.commands import PROGRAM, cli
from datatorch_pipelines.cli.console import STDERR, STDOUT, Output, ensure_standard_streams
from datatorch_pipelines.cli.outcome import FAILED, INTERRUPTED, REFUSED, complain, internal_error_text
from datatorch_pipelines.cli.signals import Interrupted

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main(arguments: Sequence[str]) -> int:
    """Runs a command and gives its exit status."""
    ensure_standard_streams()
    try:
        status = cli.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        status = _wrong_call(error, list(arguments))
    except (click.Abort, KeyboardInterrupt):
        Output(STDERR).text("interrupted\n")
        status = INTERRUPTED
    except Interrupted:  # `run` has said so
        status = INTERRUPTED
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else FAILED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:  # click prints help itself
            complain(f"the result can't be written: {error.strerror}")
            status = FAILED
        else:
            complain(internal_error_text(error))
            status = REFUSED
    _flush()
    return status if isinstance(status, int) else 0


def _wrong_call(error: click.ClickException, arguments: Sequence[str]) -> int:
    """Says in one line what is wrong with the call and where to read how it is right."""
    from datatorch_pipelines.display.characters import one_line

    # click writes the choices of a missing argument one a line.
    message = one_line(error.format_message().replace("\n\t", " ")).rstrip(".")
    message = message.replace(". Choose from:", ": give one of")
    if message[1:2].islower():
        message = message[0].lower() + message[1:]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else PROGRAM
    complain(f"{message}{' See' if message.endswith('?') else '; see'} '{command} --help'")
    if "--json" in arguments:
        _no_result(message, arguments)
    return REFUSED


def _no_result(message: str, arguments: Sequence[str]) -> None:
    """Prints the object of a call that gives one whatever happens."""
    from datatorch_pipelines.results.status import Failure

    if arguments[:1] == ["plan"] or (arguments[:1] == ["run"] and "--dry-run" in arguments):
        from datatorch_pipelines.display.plan_view import no_plan_json

        Output(STDOUT).json(no_plan_json(Failure(message=message)))
    elif arguments[:1] == ["run"] or arguments[:2] in (["actions", "run"], ["runs", "resume"]):
        from datatorch_pipelines.display.data import no_run_json

        Output(STDOUT).json(no_run_json(Failure(message=message)))


def _flush() -> None:
    """Hands over what click printed now, so that a stream that nobody reads makes no noise when Python ends."""
    for stream, descriptor in ((sys.stdout, STDOUT), (sys.stderr, STDERR)):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # AttributeError: Python has no object for a closed stream
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
