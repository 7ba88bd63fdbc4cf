"""Random pipelines, run whole in simulated time and held against rules that know nothing of the engine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from attrs import define, field
from hypothesis import HealthCheck, given, settings

import datatorch_pipelines as dtp
from datatorch_pipelines.engine import Run
from datatorch_pipelines.records.reading import read_events
from datatorch_pipelines.results import CancelRequested, Event, JobFinished, JobStarted, MatrixExpanded, StepFinished
from tests.support.drawn_runs import DrawnJob, DrawnRun, DrawnRunner, drawn_runs
from tests.support.null_runner import simulate
from tests.support.run_oracle import Stop, asks, conduct, holds

OTHER_INSTANCE = "another instance of the matrix failed"
WORDS = {"failed": "failed", "skipped": "was skipped", "cancelled": "was cancelled"}
Key = tuple[str, int | None]


@define
class Watched:
    """What the record says of a run, event by event."""

    drawn: DrawnRun
    runner: DrawnRunner
    result: dtp.RunResult
    events: list[Event]
    began: dict[Key, int] = field(factory=dict)
    attempts: dict[Key, int] = field(factory=dict)
    ended: dict[Key, int] = field(factory=dict)
    expanded: set[str] = field(factory=set)
    stop: int | None = None

    def __attrs_post_init__(self) -> None:
        for number, event in enumerate(self.events):
            if isinstance(event, JobStarted):
                self.began.setdefault((event.job, event.instance), number)
                self.attempts[event.job, event.instance] = event.attempt
            elif isinstance(event, JobFinished):
                assert (event.job, event.instance) not in self.ended, "a job ends once"
                self.ended[event.job, event.instance] = number
            elif isinstance(event, MatrixExpanded):
                self.expanded.add(event.job)
            elif isinstance(event, CancelRequested):
                assert self.stop is None
                self.stop = number

    def finished(self, key: Key) -> JobFinished:
        event = self.events[self.ended[key]]
        assert isinstance(event, JobFinished)
        return event

    def units(self, name: str) -> list[Key]:
        count = self.drawn.jobs[name].instances
        return [(name, None)] if count is None else [(name, index) for index in range(count)]

    def stop_before(self, number: int) -> CancelRequested | None:
        """What ended the run, if that was before an event."""
        if self.stop is None or self.stop > number:
            return None
        event = self.events[self.stop]
        assert isinstance(event, CancelRequested)
        return event

    # How things stand for a job, by the jobs that it needs.

    def counts_as(self, name: str) -> str:
        finished = self.finished((name, None))
        if finished.status == "succeeded" or (finished.status == "failed" and self.drawn.jobs[name].tolerated):
            return "success"
        if finished.status == "failed":
            return "failure"
        return "failure" if self.above(name) else "skipped"

    def above(self, name: str) -> bool:
        """Whether a job failed that it needs, directly or not."""
        return any(self.counts_as(need) == "failure" or self.above(need) for need in self.drawn.jobs[name].needs)

    def wanted(self, name: str, stop: CancelRequested | None) -> bool:
        """Whether a job's condition holds, for a run that was told to end or not."""
        return holds(self.drawn.jobs[name].condition, self.stands_when(name, stop), self.above(name))

    def stands(self, name: str) -> str:
        found = {self.counts_as(need) for need in self.drawn.jobs[name].needs}
        return next((word for word in ("failure", "skipped") if word in found), "success")

    def stands_when(self, name: str, stop: CancelRequested | None) -> str:
        """As `stands`, for a run that was told to end: what waits for a failure still does if one ended the run."""
        if stop is None:
            return self.stands(name)
        gently = stop.reason != "the run was cancelled" and self.above(name)
        return "failure" if gently else "cancelled"


def watch(drawn: DrawnRun, folder: Path) -> Watched:
    runner = DrawnRunner(drawn)
    result = simulate(
        drawn.pipeline(),
        runner,
        at={} if drawn.cancel is None else {drawn.cancel: Run.cancel},
        directory=folder,
        max_parallel=drawn.max_parallel,
        on_failure=drawn.on_failure,
        cleanup_seconds=1e7,
    )
    return Watched(drawn, runner, result, list(read_events(result.directory)))


def check_left_out(run: Watched, name: str) -> None:
    """A job that did not run says why, and rightly."""
    job, finished = run.drawn.jobs[name], run.finished((name, None))
    stop = run.stop_before(run.ended[name, None])
    stands = run.stands_when(name, stop)
    assert not run.wanted(name, stop)
    if stop is not None and (stands == "cancelled" or run.stands(name) == "success"):
        assert (finished.status, finished.reason) == ("cancelled", stop.reason)
        return
    reason = "its condition does not hold"
    if stands != "success" and job.condition is not False and not asks(job.condition):
        first = next(need for need in job.needs if run.counts_as(need) != "success")
        reason = f"the job {first!r}, which it needs, {WORDS[run.finished((first, None)).status]}"
    assert (finished.status, finished.reason) == ("skipped", reason)


def instance_stop(run: Watched, name: str) -> int | None:
    """The number of the event by which the instances of a matrix were told to end."""
    job = run.drawn.jobs[name]
    if name not in run.expanded or not job.fail_fast or job.tolerated:
        return None
    failed = [run.ended[key] for key in run.units(name) if run.finished(key).status == "failed"]
    return min(failed, default=None)


def stop_of(run: Watched, key: Key) -> Stop | None:
    """What tells a job, or an instance, to end: the first of it."""
    found, name = [], key[0]
    if run.stop is not None and run.stop < run.ended[key]:
        stop = run.stop_before(run.stop)
        if stop is not None and not run.wanted(name, stop):
            found.append((run.stop, stop.reason))
    if (number := instance_stop(run, name)) is not None and number < run.ended[key]:
        found.append((number, OTHER_INSTANCE))
    if not found:
        return None
    number, reason = min(found)
    return Stop(time=run.events[number].time, reason=reason)


def check_unit(run: Watched, name: str, key: Key, shown: dtp.JobResult) -> None:
    job, finished = run.drawn.jobs[name], run.finished(key)
    if key not in run.began:  # an instance that was left out, or a job that was admitted and then had no turn
        stop = stop_of(run, key)
        assert stop is not None
        assert (finished.status, finished.reason, shown.steps) == ("cancelled", stop.reason, ())
        return
    began, unit = run.events[run.began[key]].time, name if key[1] is None else f"{name}.{key[1] + 1}"
    assert run.wanted(name, run.stop_before(run.began[key]))
    told = conduct(run.drawn, job, unit, began, stop_of(run, key))
    assert [(step.status, step.reason) for step in shown.steps] == told.steps
    assert (finished.status, finished.reason) == (told.status, told.reason)
    assert finished.time == pytest.approx(told.end)
    assert run.attempts[key] == told.attempts
    spans = [(int(span.step), span.began, span.ended) for span in run.runner.spans if span.job == unit]
    assert [span[0] for span in spans] == [span[0] for span in told.spans]
    assert [time for span in spans for time in span[1:]] == pytest.approx(
        [time for span in told.spans for time in span[1:]]
    )


def whole(run: Watched, job: DrawnJob, name: str) -> tuple[str, str | None]:
    """How a matrix ended, by its instances."""
    ended = [run.finished(key) for key in run.units(name)]
    cancelled = next((item for item in ended if item.status == "cancelled"), None)
    failed = any(item.status == "failed" for item in ended)
    if failed and (cancelled is None or not job.tolerated):
        return "failed", None
    return ("cancelled", cancelled.reason) if cancelled else ("succeeded", None)


def check_jobs(run: Watched) -> None:
    assert set(run.result.jobs) == set(run.drawn.jobs)
    for name, job in run.drawn.jobs.items():
        shown, finished = run.result.jobs[name], run.finished((name, None))
        if job.instances is None and (name, None) in run.began:
            check_unit(run, name, (name, None), shown)
        elif name in run.expanded:
            for index, key in enumerate(run.units(name)):
                check_unit(run, name, key, shown.instances[index])
            assert (finished.status, finished.reason) == whole(run, job, name)
            assert run.ended[name, None] > max(run.ended[key] for key in run.units(name))
        else:
            check_left_out(run, name)


def check_order(run: Watched) -> None:
    """Nothing starts before what it needs has ended, nor above a bound, nor later than it could."""
    running: set[Key] = set()
    settled: set[str] = set()

    def room(name: str) -> bool:
        most = run.drawn.jobs[name].most if run.drawn.jobs[name].instances is not None else None
        return most is None or sum(key[0] == name for key in running) < most

    def free() -> Iterator[str]:
        return (name for name, job in run.drawn.jobs.items() if settled.issuperset(job.needs))

    before = 0.0
    for number, event in enumerate(run.events):
        if event.time > before and len(running) < run.drawn.max_parallel:
            waiting = (key for name in free() for key in run.units(name) if run.began.get(key, -1) >= number)
            assert not [key for key in waiting if room(key[0])], "there was room for more"
        before = event.time
        if isinstance(event, JobStarted):
            assert settled.issuperset(run.drawn.jobs[event.job].needs)
            assert (event.job, event.instance) in running or room(event.job)
            running.add((event.job, event.instance))
            assert len(running) <= run.drawn.max_parallel
        elif isinstance(event, JobFinished):
            running.discard((event.job, event.instance))
            if event.instance is None:
                assert settled.issuperset(run.drawn.jobs[event.job].needs) or event.status == "cancelled"
                settled.add(event.job)
        elif isinstance(event, StepFinished):
            assert (event.job, event.instance) in running
    assert not running


def check_outcome(run: Watched) -> None:
    ended: Mapping[str, JobFinished] = {name: run.finished((name, None)) for name in run.drawn.jobs}
    cut = any(event.status == "cancelled" and event.reason != OTHER_INSTANCE for event in map(run.finished, run.ended))
    failed = any(event.status == "failed" and not run.drawn.jobs[name].tolerated for name, event in ended.items())
    expected = "failed" if failed else "succeeded"
    if run.stop is not None and cut:
        stop = run.stop_before(run.stop)
        if stop is not None and stop.reason == "the run was cancelled":
            expected = "cancelled"
        elif stop is not None and stop.reason.startswith("the run timed out"):
            expected = "failed"
    assert run.result.status == expected
    assert (run.result.error is None) == (not failed and expected != "failed")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(drawn_runs())
def test_what_becomes_of_any_run_is_what_the_rules_say(drawn: DrawnRun) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = watch(drawn, Path(folder))
        check_order(run)
        check_jobs(run)
        check_outcome(run)
