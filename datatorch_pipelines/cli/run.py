"""The command ``run``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

from datatorch_pipelines import api
from datatorch_pipelines._masking import Masker
from datatorch_pipelines.cli.logs import LogFiles
from datatorch_pipelines.cli.outcome import FAILED, INTERRUPTED, REFUSED, SUCCEEDED
from datatorch_pipelines.cli.report import RunReport
from datatorch_pipelines.cli.signals import Interrupted, Interrupts
from datatorch_pipelines.display.sources import read_files
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.results import Event, MatrixExpanded, RunResult, RunResumed, RunStarted

if TYPE_CHECKING:
    from datatorch_pipelines.defaults import RunArguments
    from datatorch_pipelines.engine import RunHandle


@frozen(kw_only=True)
class RunCall:
    """What the command was given, as data: ``arguments`` are those of `datatorch_pipelines.start`."""

    path: str
    arguments: RunArguments = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    answers: Mapping[str, Mapping[str, object]] = field(factory=dict, repr=False)
    as_json: bool = False
    log_format: str = "text"
    quiet: bool = False


def run_pipeline(call: RunCall) -> int:
    """Runs a pipeline, reports, and gives the exit status."""
    report = RunReport(
        masker=Masker(call.secrets.values()), as_json=call.as_json, log_format=call.log_format, quiet=call.quiet
    )
    return carry_out(lambda: _start(call, report), report)


def carry_out(start: Callable[[], RunHandle | RunResult], report: RunReport) -> int:
    """Starts a run, reports, and gives the exit status. Ends the process at once when it is told to twice.

    ``start`` may give a result, where nothing is left to do.
    """
    with Interrupts() as interrupts:
        try:
            return _run(start, report, interrupts)
        except Interrupted:
            report.left()
            # No waiting for threads: the guardian ends what still runs, once we are gone.
            os._exit(interrupts.exit_status or INTERRUPTED)


def _run(start: Callable[[], RunHandle | RunResult], report: RunReport, interrupts: Interrupts) -> int:
    try:
        handle = start()
    except PipelinesError as error:
        return report.refused(error, REFUSED)
    except Exception as error:
        return report.broken(error, REFUSED)
    if isinstance(handle, RunResult):
        report.notice("nothing is left to do")
        return report.finished(handle, SUCCEEDED if handle.succeeded else FAILED)
    report.run_id = handle.run_id

    def cancel() -> None:
        report.notice("interrupted: ending the run; once more to leave at once")
        handle.cancel()

    interrupts.on_first(cancel)
    try:
        _follow(handle, report)
        result = handle.wait()
    except PipelinesError as error:
        return report.refused(error, FAILED)
    except Exception as error:
        handle.cancel()
        with contextlib.suppress(Exception):
            handle.wait()
        return report.broken(error, FAILED)
    status = SUCCEEDED if result.succeeded else interrupts.exit_status or FAILED
    return report.finished(result, status)


def _start(call: RunCall, report: RunReport) -> RunHandle:
    pipeline = api.load(call.path)
    report.pipeline = pipeline.name
    report.sources = read_files([call.path], report.masker)
    human = report.turns.handler(call.answers)
    arguments: RunArguments = {**call.arguments, "secrets": call.secrets, "human": human}
    return api.start(pipeline, **arguments)


def _follow(handle: RunHandle, report: RunReport) -> None:
    """Shows the run's events until it is over, or until nobody reads them any more."""
    try:
        with LogFiles(handle.directory) as logs:
            for event in _fresh(handle):
                if not report.following:
                    return
                report.event(event, logs.data(event))
    finally:
        report.turns.unfollowed()


def _fresh(handle: RunHandle) -> Iterator[Event]:
    """The events of a run from where it was begun this time; of those before, what names the run and its jobs."""
    fresh = handle.attempt == 1
    for event in handle:
        fresh = fresh or (isinstance(event, RunResumed) and event.attempt == handle.attempt)
        if fresh or isinstance(event, RunStarted | MatrixExpanded):
            yield event
