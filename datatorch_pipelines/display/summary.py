"""What came of a run, as text for people: why it failed, and what it gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.data import compact_json
from datatorch_pipelines.display.durations import duration_text
from datatorch_pipelines.display.failing import causes
from datatorch_pipelines.display.left import left_lines
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.display.reports import counted, failure_text
from datatorch_pipelines.engine.scheduling.matrix import instance_name
from datatorch_pipelines.results.result import JobResult, RunResult
from datatorch_pipelines.results.status import Status


def run_summary_text(result: RunResult, *, palette: Palette = PLAIN) -> str:
    """Every failure with its place and log, how tests went, and how many files steps left.

    What failed and was gone on after (``continue-on-error``) is a warning, as far as that is known. The last line says
    how the run ended and where its record is.
    """
    shown = "".join(_failures(result, palette)) + "".join(f"{line}\n" for line in left_lines(result, palette=palette))
    meaning = {Status.SUCCEEDED: "good", Status.CANCELLED: "warning"}.get(result.status, "error")
    ending = palette.paint(meaning, f"run {result.status}")
    record = one_line(str(result.directory))
    return f"{shown}{ending} in {duration_text(result.duration)}{_count(result)}; record: {record}\n"


def outputs_text(result: RunResult) -> str:
    """What the run gave, an output a line, the value as JSON.

    That is the outputs of its jobs; a job that declares none shows what its steps gave. Of a matrix it is those of each
    instance.
    """
    return "".join(
        f"{line}\n" for job in result.jobs.values() for name, item in _units(job) for line in _outputs(name, item)
    )


def _units(job: JobResult) -> Iterator[tuple[str, JobResult]]:
    """The job by its id, or each instance of its matrix by its name."""
    if not job.instances:
        yield job.id, job
    for instance in job.instances:
        yield instance_name(job.id, instance.matrix or {}), instance


def _outputs(name: str, job: JobResult) -> Iterator[str]:
    if job.outputs:
        yield from _assignments(name, job.outputs)
        return
    for step in job.steps:
        yield from _assignments(f"{name} / {step.name}", step.outputs)


def _assignments(owner: str, outputs: Mapping[str, object]) -> Iterator[str]:
    return (one_line(f"{owner}: {name} = {compact_json(value)}") for name, value in outputs.items())


def _failures(result: RunResult, palette: Palette) -> Iterator[str]:
    told = set[str]()
    units = [unit for job in result.jobs.values() for unit in _units(job)]
    # What kept the run from beginning is each job's failure, and told once.
    kept = [job.id for _, job in units if job.error is not None and job.error == result.error and not job.steps]
    for name, job in units:
        what = f"job {name!r}" if len(units) > 1 else ""
        for error, log, counts in causes(job):
            if len(kept) > 1 and error == result.error and not job.steps:
                continue
            told.add(error.message)
            yield failure_text(error, what=what, palette=palette, counts=counts and not result.succeeded)
            if log is not None:
                yield f"  {palette.paint('note', 'log:')} {one_line(str(log))}\n"
    if result.error is not None and result.error.message not in told:
        yield failure_text(result.error, palette=palette)


def _count(result: RunResult) -> str:
    """How many of several jobs did not succeed, by status."""
    if len(result.jobs) < 2 or result.succeeded:
        return ""
    statuses = [job.status for job in result.jobs.values()]
    kinds = (Status.FAILED, Status.CANCELLED, Status.SKIPPED)
    counts = [f"{statuses.count(kind)} {kind}" for kind in kinds if kind in statuses]
    return f" ({', '.join(counts)} of {counted(len(statuses), 'job')})" if counts else ""
