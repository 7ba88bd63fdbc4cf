"""The commands ``plan`` and ``run --dry-run``: what a run would do, and nothing of it done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from datatorch_pipelines import api
from datatorch_pipelines._masking import Masker
from datatorch_pipelines.cli.console import STDERR, STDOUT, Output, wants_colours
from datatorch_pipelines.cli.outcome import PROGRAM, REFUSED, SUCCEEDED, internal_error_text, result_status
from datatorch_pipelines.cli.turns import Turns
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.display.data import error_json
from datatorch_pipelines.display.masked import masked_diagnostics, masked_failure
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.display.plan_view import no_plan_json, plan_json, plan_text
from datatorch_pipelines.display.reports import diagnostic_text, failure_text
from datatorch_pipelines.display.sources import read_files, read_sources
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.results import Failure, failure_of

if TYPE_CHECKING:
    from datatorch_pipelines.cli.run import RunCall
    from datatorch_pipelines.defaults import PlanArguments
    from datatorch_pipelines.engine import Plan


def show_plan(call: RunCall) -> int:
    """Prints the plan of a pipeline, and gives the exit status: that of a run that is refused where one would be."""
    report = _PlanReport(call)
    try:
        pipeline = api.load(call.path)
        report.pipeline = pipeline.name
        given: PlanArguments = call.arguments
        arguments: PlanArguments = {**given, "secrets": call.secrets, "human": Turns().handler(call.answers)}
        plan = api.plan(pipeline, **arguments)
    except PipelinesError as error:
        return report.refused(error)
    except Exception as error:
        return report.broken(error)
    return report.shown(plan)


class _PlanReport:
    """Prints a plan on stdout, and on stderr what is doubtful about it, and what stands in its way.

    ``pipeline`` is set when it is known.
    """

    def __init__(self, call: RunCall) -> None:
        self.pipeline: str | None = None
        self._call = call
        self._masker = Masker(call.secrets.values())
        self._log = Output(STDERR)
        self._result = Output(STDOUT)

    def shown(self, plan: Plan) -> int:
        """The plan; gives the exit status."""
        if self._call.as_json:
            self._result.json(plan_json(plan, self._masker))
        else:
            palette = Palette(wants_colours(STDOUT, os.environ), self._result.encoding)
            self._result.text(plan_text(plan, self._masker, palette=palette))
        if plan.warnings and not self._call.quiet:
            self._tell(masked_diagnostics(plan.warnings, self._masker))
        if plan.missing:
            self._tell(masked_diagnostics(plan.missing, self._masker))
            self._end("a run would be refused")
        return result_status(self._result, SUCCEEDED if plan.ready else REFUSED)

    def refused(self, error: PipelinesError) -> int:
        """Says why there is no plan; gives the exit status."""
        diagnostics = masked_diagnostics(getattr(error, "diagnostics", ()), self._masker)
        failure = masked_failure(failure_of(error), self._masker)
        if diagnostics:
            self._tell(diagnostics)
        elif self._json_log:
            self._log.json(error_json(failure))
        else:
            sources = read_files([failure.location.file], self._masker) if failure.location else {}
            self._log.text(failure_text(failure, sources=sources, palette=self._palette))
        self._end("there is no plan")
        return self._no_plan(failure, diagnostics)

    def broken(self, error: Exception) -> int:
        """Says that something happened that is our defect; gives the exit status."""
        failure = Failure(message=self._masker.text(internal_error_text(error)))
        if self._json_log:
            self._log.json(error_json(failure))
        else:
            self._log.text(f"{PROGRAM}: {failure.message}\n")
        return self._no_plan(failure, ())

    @property
    def _json_log(self) -> bool:
        return self._call.log_format == "json"

    @property
    def _palette(self) -> Palette:
        return Palette(wants_colours(STDERR, os.environ), self._log.encoding)

    def _tell(self, diagnostics: Sequence[Diagnostic]) -> None:
        if self._json_log:
            first = diagnostics[0]
            failure = Failure(message=first.message, location=first.location)
            self._log.json(error_json(failure, diagnostics))
        else:
            sources = read_sources(diagnostics, self._masker)
            self._log.text(diagnostic_text(diagnostics, sources, palette=self._palette))

    def _end(self, words: str) -> None:
        if not self._json_log:
            self._log.text(f"{words}\n")

    def _no_plan(self, failure: Failure, diagnostics: Sequence[Diagnostic]) -> int:
        if self._call.as_json:
            shown = no_plan_json(failure, diagnostics, pipeline=self.pipeline)
            self._result.json(shown)
        return result_status(self._result, REFUSED)
