"""The command ``lock``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from datatorch_pipelines import api
from datatorch_pipelines.cli.console import STDERR, STDOUT, Output, wants_colours
from datatorch_pipelines.cli.outcome import FAILED, REFUSED, SUCCEEDED, complain, result_status
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.display.reports import diagnostic_text
from datatorch_pipelines.display.sources import read_sources
from datatorch_pipelines.errors import PipelinesError


@frozen(kw_only=True)
class LockCall:
    """What the command was given, as data."""

    paths: tuple[str, ...]
    update: bool | tuple[str, ...] = False
    check: bool = False
    offline: bool = False
    local_actions: tuple[Path, ...] = ()


def lock_files(call: LockCall) -> int:
    """Locks the actions of files, prints what changed, and gives the exit status."""
    output, log = Output(STDOUT), Output(STDERR)
    try:
        locks = api.lock_files(
            call.paths,
            update=call.update,
            write=not call.check,
            offline=call.offline,
            local_actions=call.local_actions,
        )
    except PipelinesError as error:
        diagnostics: tuple[Diagnostic, ...] = getattr(error, "diagnostics", ())
        if diagnostics:
            _tell(diagnostics, log)
        else:
            complain(one_line(str(error)))
        return REFUSED
    status = SUCCEEDED
    for lock in locks:
        _tell(lock.warnings, log)
        file = one_line(str(lock.path))
        prefix = f"{file}: " if len(locks) > 1 else ""
        output.text("".join(f"{prefix}{one_line(line)}\n" for line in lock.changes.lines()))
        if not lock.changed:
            log.text(f"{file} is up to date\n")
        elif call.check:
            log.text(f"{file} is not up to date\n")
            status = FAILED
        else:
            log.text(f"wrote {file}\n")
    return result_status(output, status)


def _tell(diagnostics: Sequence[Diagnostic], log: Output) -> None:
    if diagnostics:
        palette = Palette(wants_colours(STDERR, os.environ), log.encoding)
        log.text(diagnostic_text(diagnostics, read_sources(diagnostics), palette=palette))
