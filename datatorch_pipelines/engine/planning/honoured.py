"""Keys that parse but that the engine doesn't carry out yet: a plan refuses them where they stand."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Locator, Severity
from datatorch_pipelines.model import Pipeline

_HINT = "take it out, or run the pipeline where it is supported"


def refuse_unhonoured(pipeline: Pipeline, source: Locator) -> Iterator[Diagnostic]:
    """An error for each key that would be ignored if the pipeline ran."""
    for job_id, job in pipeline.jobs.items():
        if job.runs_on:
            yield Diagnostic.at(
                source.key(("jobs", job_id, "runs-on")),
                Code.NOT_HONOURED,
                Severity.ERROR,
                "'runs-on' is not carried out by this version",
                hint=_HINT,
            )
