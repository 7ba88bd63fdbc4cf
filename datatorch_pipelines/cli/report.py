"""What ``run`` prints: the log on stderr, the result on stdout."""

from __future__ import annotations

import os
from collections.abc import Mapping

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.cli.console import STDERR, STDOUT, Output, wants_colours
from datatorch_pipelines.cli.outcome import PROGRAM, internal_error_text, result_status
from datatorch_pipelines.cli.turns import Turns
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.display.data import error_json, no_run_json, run_json
from datatorch_pipelines.display.jsonlog import JsonLog
from datatorch_pipelines.display.live import LiveView
from datatorch_pipelines.display.masked import masked_diagnostics, masked_failure
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.display.reports import diagnostic_text, failure_text
from datatorch_pipelines.display.sources import read_files, read_sources
from datatorch_pipelines.display.summary import outputs_text, run_summary_text
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.results import Event, Failure, RunResult, Status, failure_of


class RunReport:
    """Says on stderr how a run goes, and prints its result on stdout: exactly one object with ``as_json``.

    ``run_id``, ``pipeline`` and ``sources`` (texts of files, for snippets) are set as they become known. ``turns`` lets
    the log stand still while a person is asked. ``masker`` takes secrets out of what is no event or result, which have
    none.
    """

    def __init__(self, *, masker: Masker, as_json: bool, log_format: str, quiet: bool) -> None:
        self.run_id: str | None = None
        self.pipeline: str | None = None
        self.sources: Mapping[str, str] = {}
        self.turns = Turns()
        self.masker = masker
        self._as_json = as_json
        self._json_log = log_format == "json"
        self._quiet = quiet
        self._log = Output(STDERR)
        self._result = Output(STDOUT)
        self._palette = Palette(wants_colours(STDERR, os.environ), self._log.encoding)
        self._view: LiveView | JsonLog | None = None

    @property
    def following(self) -> bool:
        """Whether anybody reads the log."""
        return self._log.open and not self._quiet

    def event(self, event: Event, data: bytes) -> None:
        """Shows an event; ``data`` is what a log event's bytes are."""
        if self._view is None:
            self._view = JsonLog() if self._json_log else LiveView(sources=self.sources, palette=self._palette)
        text = self._view.show(event, data)
        if text:
            with self.turns.log:
                self._log.text(text)
        self.turns.shown(event)

    def notice(self, text: str) -> None:
        """A line for a person who follows."""
        if not self._quiet and not self._json_log:
            lead = "\n" if self.turns.asking else ""  # what is typed stands there
            self._log.text(f"{lead}{self._palette.paint('warning', text)}\n")

    def finished(self, result: RunResult, status: int) -> int:
        """Prints what came of the run; gives the exit status."""
        if not self._json_log and not (self._quiet and result.succeeded):
            self._log.text(run_summary_text(result, palette=self._palette))
        if self._as_json:
            self._result.json(run_json(result))
        else:
            self._result.text(outputs_text(result))
        return result_status(self._result, status)

    def refused(self, error: PipelinesError, status: int) -> int:
        """Says why there is no result; gives the exit status."""
        diagnostics = masked_diagnostics(getattr(error, "diagnostics", ()), self.masker)
        failure = masked_failure(failure_of(error), self.masker)
        if self._json_log:
            self._log.json(error_json(failure, diagnostics))
        elif diagnostics:
            sources = read_sources(diagnostics, self.masker)
            self._log.text(diagnostic_text(diagnostics, sources, palette=self._palette))
        else:
            sources = read_files([failure.location.file], self.masker) if failure.location else {}
            self._log.text(failure_text(failure, sources=sources, palette=self._palette))
        if self.run_id is None and not self._json_log:
            self._log.text("nothing ran\n")
        return self._no_result(failure, diagnostics, status)

    def broken(self, error: Exception, status: int) -> int:
        """Says that something happened that is our defect; gives the exit status."""
        failure = Failure(message=self.masker.text(internal_error_text(error)))
        if self._json_log:
            self._log.json(error_json(failure))
        else:
            self._log.text(f"{PROGRAM}: {failure.message}\n")
        return self._no_result(failure, (), status)

    def left(self) -> None:
        """Prints the result of a run that is not waited for."""
        if not self._quiet and not self._json_log:
            self._log.text("interrupted\n")
        self._no_result(Failure(message="interrupted"), (), 0, Status.CANCELLED)

    def _no_result(
        self, failure: Failure, diagnostics: tuple[Diagnostic, ...], status: int, ending: Status = Status.FAILED
    ) -> int:
        if self._as_json:
            shown = no_run_json(failure, diagnostics, status=ending, run=self.run_id, pipeline=self.pipeline)
            self._result.json(shown)
        return result_status(self._result, status)
