"""What the chosen jobs ask of jobs that a run leaves out."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator

from datatorch_pipelines.checks.needed import visible_job
from datatorch_pipelines.checks.walk import pipeline_subject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Locator, Severity
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model import Pipeline


def warn_of_left_out(
    pipeline: Pipeline, source: Locator, jobs: Collection[str], limits: Limits
) -> Iterator[Diagnostic]:
    """A warning for each ``${{ needs.X.outputs.Y }}`` of the ``jobs`` whose ``X`` is not among them.

    It finds nothing, which fails what it is part of, unless that doesn't run.
    """
    if len(jobs) == len(pipeline.jobs):
        return
    chosen = frozenset(jobs)
    for text in pipeline_subject(pipeline, {}, limits).texts:
        if text.job not in chosen or text.job is None:
            continue
        for reference in text.references:
            if reference.context not in ("needs", "jobs") or not reference.bare or len(reference.path) < 3:
                continue
            needed, kind, output = reference.path[:3]
            if needed is None or kind != "outputs" or output is None:
                continue
            job_id = visible_job(pipeline.jobs, text.job, reference.context, needed)
            if job_id is None or _waits_for(pipeline, text.job, job_id, chosen):
                continue
            place = source.value(text.path, reference.column - 1, reference.end_column - 1)
            written = f"{reference.name}.{needed}.outputs.{output}"
            yield Diagnostic.at(
                place,
                Code.FOUND_NOTHING,
                Severity.WARNING,
                f"the job {job_id!r} is left out of the run, so that it has no output {output!r}",
                hint=f"choose it as well, or say what to use instead: `{written} || 'something'`",
            )


def _waits_for(pipeline: Pipeline, job_id: str, other: str, chosen: Collection[str]) -> bool:
    """Whether a job starts after another, and not by way of one that is left out. Looks at the nearest first."""
    found, pending = set[str](), deque([job_id])
    while pending:
        for name in pipeline.jobs[pending.popleft()].needs:
            if name == other:
                return name in chosen
            if name in chosen and name not in found:
                found.add(name)
                pending.append(name)
    return False
