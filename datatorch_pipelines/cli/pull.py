"""What ``actions pull`` does."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from attrs import frozen

from datatorch_pipelines import api
from datatorch_pipelines.cli.console import STDERR, STDOUT, Output, wants_colours
from datatorch_pipelines.cli.outcome import FAILED, REFUSED, SUCCEEDED, complain, result_status
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.display.reports import diagnostic_text
from datatorch_pipelines.display.sources import read_sources
from datatorch_pipelines.display.stored import short_commit
from datatorch_pipelines.errors import PipelinesError, PipelineSyntaxError, PullError, StoreError
from datatorch_pipelines.resolvers import FoundAction, Store


@frozen(kw_only=True)
class PullCall:
    """What the command was given, as data."""

    what: tuple[str, ...]
    local_actions: tuple[Path, ...] = ()
    locked: bool = False
    offline: bool = False
    strict: bool = False


def pull_actions(call: PullCall) -> int:
    """Fetches, prints a line for each action, and gives the exit status."""
    output, log = Output(STDOUT), Output(STDERR)
    here = _here()
    failures: Sequence[PipelinesError] = ()
    try:
        found = api.pull(
            *call.what,
            locked=call.locked,
            local_actions=call.local_actions,
            offline=call.offline,
            strict=call.strict,
        )
    except PullError as error:
        found, failures = cast("list[FoundAction]", list(error.found)), error.failures
    except PipelineSyntaxError as error:
        palette = Palette(wants_colours(STDERR, os.environ), log.encoding)
        log.text(diagnostic_text(error.diagnostics, read_sources(error.diagnostics), palette=palette))
        log.text("nothing was fetched\n")
        return REFUSED
    except PipelinesError as error:
        complain(one_line(str(error)))
        return REFUSED
    tell_warnings(found, log)
    for action in found:
        commit = short_commit(action.commit) if action.commit else "-"
        how = "present" if action.commit is None or action.directory in here else "fetched"
        output.text(f"{one_line(str(action.reference))} {one_line(commit)} {how}\n")
    for failure in failures:
        log.text("".join(f"{one_line(line)}\n" for line in str(failure).splitlines()))
    if failures:
        log.text(f"not every action can be had; {len(found)} {'is' if len(found) == 1 else 'are'} here\n")
    elif not found:
        log.text("no actions to fetch\n")
    return result_status(output, FAILED if failures else SUCCEEDED)


def tell_warnings(found: Iterable[FoundAction], log: Output) -> None:
    """Says what was doubtful about finding actions."""
    palette = Palette(wants_colours(STDERR, os.environ), log.encoding)
    for action in found:
        for warning in action.warnings:
            log.text(f"{palette.paint('warning', 'warning:')} {one_line(warning)}\n")


def _here() -> frozenset[Path]:
    """The folders of the actions that need not be fetched."""
    with contextlib.suppress(StoreError):  # it is told of when something is looked for there
        return frozenset(action.directory for action in Store().entries())
    return frozenset()
