"""Runs that took place, as text for people and JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.data import JSON_VERSION, compact_json, dump_json
from datatorch_pipelines.display.durations import duration_text
from datatorch_pipelines.display.failing import counts
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.display.reports import counted, failure_text
from datatorch_pipelines.display.sizes import size_text
from datatorch_pipelines.display.tables import table_text
from datatorch_pipelines.records import RunSummary
from datatorch_pipelines.results import Failure, JobResult, RunResult, Status, StepResult

_MEANINGS: Mapping[str, str] = {
    "succeeded": "good",
    "failed": "error",
    "skipped": "faint",
    "cancelled": "warning",
    "interrupted": "warning",
}


def state_text(run: RunSummary) -> str:
    """How a run ended, in a word; ``running``, or ``interrupted``, for one that did not."""
    if run.status is not None:
        return run.status.value
    return "running" if run.running else "interrupted"


def runs_text(runs: Sequence[RunSummary], folder: Path, *, palette: Palette = PLAIN) -> str:
    """Runs, a line each, and a last line that says how many are shown, and where they are."""
    if not runs:
        return f"no runs in {one_line(str(folder))}\n"
    rows = [(run.id, run.pipeline, state_text(run), _moment(run.started), _took(run), str(run.jobs)) for run in runs]
    header = ("run", "pipeline", "status", "started", "took", "jobs")
    shown = table_text(header, rows, right=(4, 5), palette=palette)
    return f"{shown}{counted(len(runs), 'run')} in {one_line(str(folder))}\n"


def runs_json(runs: Sequence[RunSummary], folder: Path) -> str:
    """The object of ``runs list --json``."""
    shown = [
        {
            "run": run.id,
            "pipeline": run.pipeline,
            "status": None if run.status is None else run.status.value,
            "running": run.running,
            "started": run.started.isoformat(),
            "finished": None if run.finished is None else run.finished.isoformat(),
            "jobs": run.jobs,
            "directory": str(run.directory),
        }
        for run in runs
    ]
    return dump_json({"version": JSON_VERSION, "directory": str(folder), "runs": shown})


def run_line(run: RunSummary) -> str:
    """A run on one line."""
    return one_line(f"{run.id}: {run.pipeline}, {state_text(run)}, started {_moment(run.started)}")


def run_text(run: RunSummary, result: RunResult, *, palette: Palette = PLAIN) -> str:
    """All that the record says of a run: its jobs and steps with times, outputs, artifacts, tests and failures."""
    state = state_text(run)
    took = f" in {duration_text(result.duration)}" if run.finished is not None else ""
    lines = [
        palette.paint("strong", one_line(f"run {run.id}: {run.pipeline}")),
        f"{palette.paint(_MEANINGS.get(state, 'strong'), state)}{took}, started {_moment(run.started)}",
        one_line(f"record: {run.directory}"),
    ]
    for job in result.jobs.values():
        lines += ["", *_job(job, run, job.id, palette)]
    text = "".join(f"{line}\n" for line in lines)
    told = {error.message for job in result.jobs.values() for error in (job.error, *_errors_under(job)) if error}
    if result.error is None or result.error.message in told:
        return text
    return text + failure_text(result.error, palette=palette)


def _job(job: JobResult, run: RunSummary, name: str, palette: Palette) -> Iterator[str]:
    yield _ending(f"job {name}", job.status, job.reason, None, palette, run)
    for output, value in job.outputs.items():
        yield one_line(f"  {output} = {compact_json(value)}")
    told = {error.message for error in _errors_under(job)}
    if job.error is not None and run.status is not None and job.error.message not in told:
        yield from _indented(failure_text(job.error, palette=palette))
    for step in job.steps:
        yield from _step(step, run, palette, counts=counts(step, job))
    for instance in job.instances:
        values = ", ".join(f"{key}: {compact_json(value)}" for key, value in (instance.matrix or {}).items())
        yield from _job(instance, run, f"{job.id} ({values})", palette)


def _errors_under(job: JobResult) -> Iterator[Failure]:
    """What is told of a job's instances and of its steps."""
    units = (job, *job.instances)
    found = (*(item.error for item in job.instances), *(step.error for unit in units for step in unit.steps))
    return (error for error in found if error is not None)


def _step(step: StepResult, run: RunSummary, palette: Palette, *, counts: bool) -> Iterator[str]:
    why = step.reason
    if step.exit_status:
        why = f"exit status {step.exit_status}" if step.exit_status > 0 else f"signal {-step.exit_status}"
    tries = f", tried {step.attempts} times" if step.attempts > 1 else ""
    title = f"  step {step.index + 1} {step.name!r}" if step.name else f"  step {step.index + 1}"
    yield _ending(title, step.status, why, step.duration, palette, run, running=step.finished is None) + tries
    for name, value in step.outputs.items():
        yield one_line(f"    {name} = {compact_json(value)}")
    for artifact in step.artifacts:
        yield one_line(f"    artifact {artifact.name}, {size_text(artifact.size)}: {run.directory / artifact.file}")
    if step.tests is not None:
        tests = step.tests
        yield f"    tests: {tests.passed} passed, {tests.failed} failed, {tests.skipped} skipped"
        for failed in tests.failures:
            yield one_line(f"      failed: {failed.name}")
    if step.error is not None:
        yield from _indented(failure_text(step.error, palette=palette, counts=counts), "    ")
    if step.log_path is not None:
        yield one_line(f"    log: {step.log_path}")


def _ending(
    what: str,
    status: Status,
    why: str | None,
    seconds: float | None,
    palette: Palette,
    run: RunSummary,
    *,
    running: bool = True,
) -> str:
    state = status.value
    if run.status is None and status is Status.CANCELLED and running and why in (None, "the step was interrupted"):
        state, why = state_text(run), None
    took = "" if seconds is None else f" in {duration_text(seconds)}"
    shown = palette.paint(_MEANINGS.get(state, "strong"), state)
    return f"{one_line(what)}: {shown}{took}" + (f": {one_line(why)}" if why else "")


def _indented(text: str, by: str = "  ") -> Iterator[str]:
    return (by + line for line in text.splitlines())


def _moment(time: datetime) -> str:
    """A time where the reader is, to the second."""
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _took(run: RunSummary) -> str:
    return "" if run.finished is None else duration_text((run.finished - run.started).total_seconds())
