"""What ``runs resume`` does: a run goes on, and is reported as ``run`` reports one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from datatorch_pipelines import api
from datatorch_pipelines._masking import Masker
from datatorch_pipelines.api.records import run_directory
from datatorch_pipelines.cli.report import RunReport
from datatorch_pipelines.cli.run import carry_out
from datatorch_pipelines.records import open_record, summarize
from datatorch_pipelines.results import RunResult

if TYPE_CHECKING:
    from datatorch_pipelines.defaults import ResumeArguments
    from datatorch_pipelines.engine import RunHandle


@frozen(kw_only=True)
class ResumeCall:
    """What the command was given, as data: ``given`` are arguments of `datatorch_pipelines.resume`."""

    run: str
    directory: Path | None = None
    jobs: tuple[str, ...] = ()
    given: Mapping[str, object] = field(factory=dict, repr=False)
    secrets: Mapping[str, str] = field(factory=dict, repr=False)
    answers: Mapping[str, Mapping[str, object]] = field(factory=dict, repr=False)
    as_json: bool = False
    log_format: str = "text"
    quiet: bool = False


def resume_run(call: ResumeCall) -> int:
    """Goes on with a run, reports, and gives the exit status."""
    report = RunReport(
        masker=Masker(call.secrets.values()), as_json=call.as_json, log_format=call.log_format, quiet=call.quiet
    )
    return carry_out(lambda: _start(call, report), report)


def _start(call: ResumeCall, report: RunReport) -> RunHandle | RunResult:
    directory = run_directory(call.run, call.directory)
    report.pipeline = summarize(directory).pipeline
    given = {**call.given, "secrets": call.secrets, "human": report.turns.handler(call.answers)}
    handle = api.start_resume(directory, jobs=call.jobs, **cast("ResumeArguments", given))
    return open_record(directory) if handle is None else handle
