"""Keys that parse but that the engine doesn't carry out yet: a plan refuses them where they stand."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Locator, PathKey, Severity
from datatorch_pipelines.model import Job, Pipeline, Step

_HINT = "take it out, or run the pipeline where it is supported"


def refuse_unhonoured(pipeline: Pipeline, source: Locator) -> Iterator[Diagnostic]:
    """An error for each key that would be ignored if the pipeline ran."""
    for path, key in _unhonoured(pipeline):
        yield Diagnostic.at(
            source.key((*path, key)),
            Code.NOT_HONOURED,
            Severity.ERROR,
            f"{key!r} is not carried out by this version",
            hint=_HINT,
        )


def _unhonoured(pipeline: Pipeline) -> Iterator[tuple[tuple[PathKey, ...], str]]:
    if pipeline.timeout is not None:
        yield (), "timeout"
    for job_id, job in pipeline.jobs.items():
        path: tuple[PathKey, ...] = ("jobs", job_id)
        yield from ((path, key) for key in _job_keys(job))
        for index, step in enumerate(job.steps):
            yield from (((*path, "steps", index), key) for key in _step_keys(step))


def _job_keys(job: Job) -> Iterator[str]:
    asked = {
        "needs": bool(job.needs),
        "if": job.if_ is not None,
        "timeout": job.timeout is not None,
        "outputs": bool(job.outputs),
        "strategy": job.strategy is not None,
        "continue-on-error": job.continue_on_error is not False,
        "runs-on": bool(job.runs_on),
    }
    return (key for key, is_asked in asked.items() if is_asked)


def _step_keys(step: Step) -> Iterator[str]:
    asked = {
        "if": step.if_ is not None,
        "timeout": step.timeout is not None,
        "idle-timeout": step.idle_timeout is not None,
        "continue-on-error": step.continue_on_error is not False,
        "retries": step.retries is not None,
    }
    return (key for key, is_asked in asked.items() if is_asked)
