"""Where a run that ended early goes on: what stands of its record, and what runs again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from datatorch_pipelines.engine.jobs.ended import Ended
from datatorch_pipelines.engine.jobs.known import Known, KnownInstance
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.records import read_events, result_of
from datatorch_pipelines.results import (
    Event,
    JobFinished,
    JobResult,
    JobStarted,
    RunResult,
    RunResumed,
    RunStarted,
    Status,
)


@frozen(kw_only=True)
class EarlierRun:
    """A run as its record has it."""

    directory: Path
    events: tuple[Event, ...]
    started: RunStarted
    result: RunResult


@frozen(kw_only=True)
class Resumption:
    """How a run goes on: ``again`` are the jobs that run again, ``known`` what stands, ``attempt`` counts from 2."""

    earlier: EarlierRun
    known: Known
    again: tuple[str, ...]
    attempt: int


def earlier_run(directory: Path) -> EarlierRun:
    """The run of a folder. Raises `RecordError` for a folder without a record that can be read."""
    events = read_events(directory)
    started = next(event for event in events if isinstance(event, RunStarted))
    return EarlierRun(directory=directory, events=tuple(events), started=started, result=result_of(events, directory))


def resumption(
    earlier: EarlierRun, needs: Mapping[str, Sequence[str]], retried: Collection[str] = ()
) -> Resumption | None:
    """What runs again: each job that has not succeeded, what waits for it, and ``retried`` with what needs those.

    A job that succeeded runs again too where its outputs held a secret, which the record does not have, and a job that
    runs again needs them. ``None`` where nothing is left to do. ``needs`` are those of the jobs of the run. Raises
    `PipelinesError` for a retried job that the run didn't have.
    """
    jobs = earlier.result.jobs
    for name in retried:
        if name not in jobs:
            raise PipelinesError(f"the run had no job {name!r}", hint=f"it had {', '.join(list(jobs)[:10])}")
    again = {name for name, job in jobs.items() if job.status is not Status.SUCCEEDED}
    again |= _with_dependents(retried, needs)
    masked = _masked_jobs(earlier.events)
    pending = list(again)
    while pending:
        for need in needs.get(pending.pop(), ()):
            if need in masked and need not in again:
                again.add(need)
                pending.append(need)
    if not again:
        return None
    ends = [event for event in earlier.events if isinstance(event, JobFinished)]
    unmasked = {(event.job, event.instance) for event in ends if not event.masked}
    return Resumption(
        earlier=earlier,
        known=Known(
            jobs={name: _ended(job) for name, job in jobs.items() if name not in again},
            instances={
                name: [_instance(name, index, item, unmasked) for index, item in enumerate(job.instances)]
                for name, job in jobs.items()
                if name in again and name not in retried and job.instances
            },
            attempts=max((event.attempt for event in earlier.events if isinstance(event, JobStarted)), default=0),
        ),
        again=tuple(name for name in jobs if name in again),
        attempt=2 + sum(isinstance(event, RunResumed) for event in earlier.events),
    )


def _with_dependents(names: Iterable[str], needs: Mapping[str, Sequence[str]]) -> set[str]:
    wanted_by: dict[str, list[str]] = {}
    for name, needed in needs.items():
        for need in needed:
            wanted_by.setdefault(need, []).append(name)
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += wanted_by.get(name, ())
    return found


def _masked_jobs(events: Iterable[Event]) -> set[str]:
    """The jobs whose outputs, as they are recorded last, lack a secret."""
    last = {(event.job, event.instance): event.masked for event in events if isinstance(event, JobFinished)}
    return {job for (job, _instance), masked in last.items() if masked}


def _ended(job: JobResult) -> Ended:
    outputs = [item.outputs for item in job.instances] if job.instances else job.outputs
    return Ended(status=job.status, outputs=outputs)


def _instance(
    name: str, index: int, item: JobResult, unmasked: Collection[tuple[str, int | None]]
) -> KnownInstance | None:
    if item.status is not Status.SUCCEEDED or (name, index) not in unmasked:
        return None
    return KnownInstance(matrix=item.matrix or {}, ended=Ended(status=item.status, outputs=item.outputs))
