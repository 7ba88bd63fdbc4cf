"""Where a run that ended early goes on: what stands of its record, and what runs again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from datatorch_pipelines.engine.jobs.ended import Ended
from datatorch_pipelines.engine.jobs.known import Known, KnownInstance
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.records import GLANCE_SECONDS, WrittenEvents, is_owned, read_record, result_of, still_going_on
from datatorch_pipelines.results import (
    JobFinished,
    JobResult,
    JobStarted,
    RunFinished,
    RunResult,
    RunResumed,
    RunStarted,
    Status,
)


@frozen(kw_only=True)
class EarlierRun:
    """A run as its record has it; ``over`` says that it came to its end."""

    directory: Path
    written: WrittenEvents
    started: RunStarted
    result: RunResult
    over: bool


@frozen(kw_only=True)
class Resumption:
    """How a run goes on: ``again`` are the jobs that run again, ``known`` what stands, ``attempt`` counts from 2."""

    earlier: EarlierRun
    known: Known
    again: tuple[str, ...]
    attempt: int

    @property
    def standing(self) -> Mapping[str, tuple[int, ...]]:
        """The instances that stand of those jobs that run again."""
        found = {
            name: tuple(index for index, item in enumerate(items) if item is not None)
            for name, items in self.known.instances.items()
        }
        return {name: indexes for name, indexes in found.items() if indexes}


def earlier_run(directory: Path) -> EarlierRun:
    """The run of a folder. Raises `RecordError` for one that goes on, and where no record can be read."""
    written = read_record(directory)
    if is_owned(directory, GLANCE_SECONDS):
        raise still_going_on(directory)
    started = next(event for event in written.events if isinstance(event, RunStarted))
    return EarlierRun(
        directory=directory,
        written=written,
        started=started,
        result=result_of(written.events, directory),
        over=isinstance(written.events[-1], RunFinished),
    )


def resumption(
    earlier: EarlierRun, needs: Mapping[str, Sequence[str]], retried: Collection[str] = ()
) -> Resumption | None:
    """What runs again: each job that has not succeeded, ``retried``, and what needs any of those.

    A job that succeeded and needs one that did not (it has ``if: always()``, say) was given what no longer holds. One
    that succeeded runs again too where its outputs held a secret, which the record does not have, and a job that runs
    again can see them. ``None`` where nothing is left to do. ``needs`` are those of the jobs of the run. Raises
    `PipelinesError` for a retried job that the run didn't have.
    """
    jobs = earlier.result.jobs
    for name in retried:
        if name not in jobs:
            raise PipelinesError(f"the run had no job {name!r}", hint=f"it had {', '.join(list(jobs)[:10])}")
    if earlier.over and earlier.result.succeeded and not retried:
        return None
    wanted_by = _turned(needs)
    unsuccessful = {name for name, job in jobs.items() if job.status is not Status.SUCCEEDED}
    behind = (name for first in (*unsuccessful, *retried) for name in wanted_by.get(first, ()))
    anew = {*retried, *_reached(behind, wanted_by)}
    again = unsuccessful | anew
    ends = [event for event in earlier.written.events if isinstance(event, JobFinished)]
    masked = {key for key, held in {(end.job, end.instance): end.masked for end in ends}.items() if held}
    seen = _reached((need for name in again for need in needs.get(name, ())), needs)
    again |= seen & {job for job, _number in masked}
    attempts = (event.attempt for event in earlier.written.events if isinstance(event, JobStarted))
    instances = {
        name: [_instance(item, name in wanted_by and (name, index) in masked) for index, item in enumerate(found)]
        for name in again - anew
        if (found := jobs[name].instances)
    }
    return Resumption(
        earlier=earlier,
        known=Known(
            jobs={name: _ended(job) for name, job in jobs.items() if name not in again},
            instances=instances,
            attempts=max(attempts, default=0),
        ),
        again=tuple(name for name in jobs if name in again),
        attempt=2 + sum(isinstance(event, RunResumed) for event in earlier.written.events),
    )


def _turned(needs: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    """The jobs that need each job."""
    turned: dict[str, list[str]] = {}
    for name, needed in needs.items():
        for need in needed:
            turned.setdefault(need, []).append(name)
    return turned


def _reached(first: Iterable[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    """Everything that one gets to by following the edges, where one begins included."""
    found: set[str] = set()
    pending = list(first)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += edges.get(name, ())
    return found


def _ended(job: JobResult) -> Ended:
    outputs = [item.outputs for item in job.instances] if job.instances else job.outputs
    return Ended(status=job.status, outputs=outputs)


def _instance(item: JobResult, lacking: bool) -> KnownInstance | None:
    """What stands of an instance; ``lacking`` says that its outputs held a secret, and that they are needed."""
    if item.status is not Status.SUCCEEDED or lacking:
        return None
    return KnownInstance(matrix=item.matrix or {}, ended=Ended(status=item.status, outputs=item.outputs))
