"""Diagnostics, results and events as JSON for programs: the shapes of ``docs/reference/command-line.md``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence

from datatorch_pipelines.diagnostics import Diagnostic, Location
from datatorch_pipelines.display.characters import escape_unsafe
from datatorch_pipelines.records.encoding import encode_event
from datatorch_pipelines.results.events import Event
from datatorch_pipelines.results.kept import Artifact, SuiteResult
from datatorch_pipelines.results.result import JobResult, RunResult, StepResult
from datatorch_pipelines.results.status import Failure, Status

JSON_VERSION = 1
"""The version of the shapes; it grows when a program that reads them has to know of a change."""


def diagnostics_json(diagnostics: Iterable[Diagnostic]) -> str:
    """The report of ``check --format json``, one object."""
    return dump_json({"version": JSON_VERSION, "diagnostics": [diagnostic_data(item) for item in diagnostics]})


def run_json(result: RunResult) -> str:
    """The object of ``run --json`` for a run that took place."""
    return dump_json(
        {
            "version": JSON_VERSION,
            "run": result.id,
            "pipeline": result.pipeline,
            "status": result.status.value,
            "error": failure_data(result.error),
            "diagnostics": [diagnostic_data(item) for item in result.diagnostics],
            "jobs": {job_id: _job(job) for job_id, job in result.jobs.items()},
        }
    )


def no_run_json(
    error: Failure,
    diagnostics: Sequence[Diagnostic] = (),
    *,
    status: Status = Status.FAILED,
    run: str | None = None,
    pipeline: str | None = None,
) -> str:
    """The object of ``run --json`` where there is no result: nothing ran, or the run was left behind."""
    return dump_json(
        {
            "version": JSON_VERSION,
            "run": run,
            "pipeline": pipeline,
            "status": status.value,
            "error": failure_data(error),
            "diagnostics": [diagnostic_data(item) for item in diagnostics],
            "jobs": {},
        }
    )


def event_json(event: Event, text: str | None = None) -> str:
    """An event on one line, in the form of the record; ``text`` is what a log event's bytes say."""
    line = encode_event(event).decode("ascii").rstrip("\n")
    return line if text is None else f'{line[:-1]},"text":{json.dumps(text)}}}'


def error_json(error: Failure, diagnostics: Sequence[Diagnostic] = ()) -> str:
    """The line of a JSON log that says why there is no result."""
    shown = [diagnostic_data(item) for item in diagnostics]
    return json.dumps({"type": "error", "error": failure_data(error), "diagnostics": shown}, separators=(",", ":"))


def _job(job: JobResult) -> dict[str, object]:
    return {**_ended(job), "instances": [{"matrix": item.matrix or {}, **_ended(item)} for item in job.instances]}


def _ended(job: JobResult) -> dict[str, object]:
    return {
        "status": job.status.value,
        "outputs": job.outputs,
        "error": failure_data(job.error),
        "steps": [_step(step) for step in job.steps],
    }


def _step(step: StepResult) -> dict[str, object]:
    return {
        "name": step.name,
        "status": step.status.value,
        "outputs": step.outputs,
        "exit_status": step.exit_status,
        "reason": step.reason,
        "log": None if step.log_path is None else str(step.log_path),
        "artifacts": [_artifact(kept) for kept in step.artifacts],
        "tests": None if step.tests is None else _tests(step.tests),
        "error": failure_data(step.error),
    }


def _artifact(kept: Artifact) -> dict[str, object]:
    path = None if kept.path is None else str(kept.path)
    return {"name": kept.name, "path": path, "size": kept.size, "digest": kept.digest}


def _tests(tests: SuiteResult) -> dict[str, object]:
    return {
        "passed": tests.passed,
        "failed": tests.failed,
        "skipped": tests.skipped,
        "failures": [{"name": failure.name, "text": failure.text} for failure in tests.failures],
    }


def failure_data(failure: Failure | None) -> dict[str, object] | None:
    """A failure with its place, as it stands in every object (E)."""
    if failure is None:
        return None
    place = failure.location
    return {
        "message": failure.message,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, object]:
    """A diagnostic as it stands in every object (D)."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **_range(diagnostic.location),
        "hint": diagnostic.hint,
        "related": [{"message": item.message, **_range(item.location)} for item in diagnostic.related],
    }


def _range(location: Location) -> dict[str, object]:
    return {
        "file": location.file,
        "line": location.line,
        "column": location.column,
        "end_line": location.end_line,
        "end_column": location.end_column,
    }


def compact_json(value: object) -> str:
    """Data as JSON on one line, letters of all scripts as they are.

    >>> compact_json({"path": "données", "loss": float("nan")})
    '{"path": "données", "loss": null}'
    """
    return json.dumps(plain(value), ensure_ascii=False)


def plain(value: object) -> object:
    """Data that JSON can say: numbers that are none become null, as JavaScript has it, other objects their text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)


def dump_json(value: object) -> str:
    """Data as JSON for programs, over several lines; what could mislead who reads it in a terminal is escaped."""
    return escape_unsafe(json.dumps(plain(value), indent=2, ensure_ascii=False))
