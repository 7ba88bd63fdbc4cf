"""A failed step is tried again: how often, after which failures, and when exactly."""

from __future__ import annotations

import contextlib

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.errors import RunnerUnavailable
from datatorch_pipelines.records.reading import read_events
from datatorch_pipelines.results import StepRetried
from tests.support.null_runner import Act, NullRunner, simulate
from tests.support.outcomes import error_of, outcomes


def tried(retries: str, acts: list[Act], extra: str = "", **arguments: object) -> tuple[dtp.RunResult, NullRunner]:
    """A run of a job with one step that may be tried again, and a second step."""
    runner = NullRunner({"flaky": acts})
    text = (
        "name: R\njobs:\n  a:\n    steps:\n"
        f"      - {{name: flaky, id: flaky, run: x, retries: {retries}{extra}}}\n"
        "      - {name: next, run: x}\n"
    )
    return simulate(text, runner, **arguments), runner


def begun(runner: NullRunner) -> list[float]:
    """When each try of the flaky step began."""
    return [span.began for span in runner.spans if span.step == "flaky"]


def retried(result: dtp.RunResult) -> list[tuple[int, float, int | None]]:
    """The tries after which there was another: number, delay, exit status."""
    events = [event for event in read_events(result.directory) if isinstance(event, StepRetried)]
    return [(event.attempt, event.delay, event.exit_status) for event in events]


FAILS = Act(exit_status=1)


@pytest.mark.parametrize(
    ("retries", "acts", "expected", "status", "attempts"),
    [
        ("0", [FAILS], [0.0], "failed", 1),
        ("2", [Act()], [0.0], "succeeded", 1),
        ("2", [FAILS, Act()], [0.0, 0.0], "succeeded", 2),
        ("2", [FAILS], [0.0, 0.0, 0.0], "failed", 3),
        ("{count: 2, delay: 10}", [FAILS], [0.0, 10.0, 20.0], "failed", 3),
        ("{count: 3, delay: 10, backoff: 2}", [FAILS], [0.0, 10.0, 30.0, 70.0], "failed", 4),
        ("{count: 3, delay: 8, backoff: 0.5}", [FAILS], [0.0, 8.0, 12.0, 14.0], "failed", 4),
        ("{count: 2, delay: 10}", [Act(seconds=5, exit_status=1)], [0.0, 15.0, 30.0], "failed", 3),
        ("{count: 2, delay: 0.25}", [FAILS, FAILS, Act()], [0.0, 0.25, 0.5], "succeeded", 3),
        ("{count: 5, exit-statuses: [75]}", [FAILS], [0.0], "failed", 1),
        ("{count: 5, exit-statuses: [75, 1]}", [FAILS, Act(exit_status=2)], [0.0, 0.0], "failed", 2),
        ("{count: 5, exit-statuses: [-9]}", [Act(exit_status=-9), Act()], [0.0, 0.0], "succeeded", 2),
        # However often it is multiplied, a wait is a day at most.
        ("{count: 2, delay: 1, backoff: 1.0e+300}", [FAILS], [0.0, 1.0, 86401.0], "failed", 3),
        ("{count: 3, delay: 1, backoff: 1.0e+300}", [FAILS], [0.0, 1.0, 86401.0, 172801.0], "failed", 4),
    ],
)
def test_a_step_is_tried_as_often_and_when_its_retries_say(
    retries: str, acts: list[Act], expected: list[float], status: str, attempts: int
) -> None:
    result, runner = tried(retries, acts)
    assert begun(runner) == expected
    step = result.jobs["a"].steps[0]
    assert (step.status, step.attempts) == (status, attempts)
    after = "a.next: succeeded" if status == "succeeded" else "a.next: skipped, an earlier step failed"
    assert outcomes(result)[-1] == after


def test_each_failure_that_is_not_the_last_is_told_with_the_wait_that_follows() -> None:
    result, _ = tried("{count: 2, delay: 3, backoff: 3}", [Act(seconds=1, exit_status=7), FAILS])
    assert retried(result) == [(1, 3.0, 7), (2, 9.0, 1)]
    events = [event for event in read_events(result.directory) if isinstance(event, StepRetried)]
    assert [event.time for event in events] == [1.0, 4.0]
    assert [event.error.message for event in events if event.error] == [
        "the step 'flaky' failed with exit status 7",
        "the step 'flaky' failed with exit status 1",
    ]


def test_what_a_try_printed_stays_in_the_log_and_only_the_last_one_gives_outputs() -> None:
    says = [Act(exit_status=1, says=b"one\n::x::1\n::y::1\n"), Act(says=b"two\n::x::2\n")]
    result, _ = tried("1", says)
    step = result.jobs["a"].steps[0]
    assert step.log == "one\n::x::1\n::y::1\ntwo\n::x::2\n"
    assert step.outputs == {"x": 2}


def test_a_failed_step_that_may_fail_is_tried_again_first() -> None:
    result, runner = tried("1", [FAILS], ", continue-on-error: true")
    assert begun(runner) == [0.0, 0.0]
    assert outcomes(result) == ["a: succeeded", "a.flaky: failed", "a.next: succeeded"]


def test_what_no_try_can_mend_is_not_tried_again() -> None:
    runner = NullRunner()
    result = simulate(
        "name: R\njobs: {a: {steps: [{name: s, run: x, retries: 5, env: {X: '${{ fromJSON(event.text) }}'}}]}}\n",
        runner,
        event={"text": "{"},
    )
    assert runner.spans == []
    assert result.jobs["a"].steps[0].attempts == 1
    assert result.status == "failed"


class Unavailable(NullRunner):
    """Has no place for a command the first times that it is asked."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times
        self.asked = 0

    async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
        self.asked += 1
        if self.asked <= self.left:
            raise RunnerUnavailable("no room")
        return await super().execute(command, context)


@pytest.mark.parametrize(("times", "status", "asked"), [(2, "succeeded", 3), (9, "failed", 3)])
def test_a_runner_that_is_unavailable_for_a_step_is_asked_again_where_the_step_has_retries(
    times: int, status: str, asked: int
) -> None:
    runner = Unavailable(times)
    result = simulate("name: R\njobs: {a: {steps: [{name: s, run: x, retries: 2}]}}\n", runner)
    assert (result.status, runner.asked) == (status, asked)
    if status == "failed":
        assert error_of(result) == ("no room", 2, 20)


class NoPlace(NullRunner):
    """Has no place for a job the first times that it is asked."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    def job(self, job: dtp.JobSpec) -> contextlib.AbstractAsyncContextManager[dtp.JobEnvironment]:
        if self.left > 0:
            self.left -= 1
            raise RunnerUnavailable("no machine is free")
        return super().job(job)


@pytest.mark.parametrize(
    ("times", "status", "end"),
    [(0, "succeeded", 0.0), (1, "succeeded", 1.0), (2, "succeeded", 3.0), (3, "failed", 3.0)],
)
def test_a_job_without_a_place_waits_longer_each_time(times: int, status: str, end: float) -> None:
    result = simulate("name: R\njobs: {a: {steps: [{name: s, run: x}]}}\n", NoPlace(times))
    assert (result.status, result.finished.timestamp()) == (status, end)
    if status == "failed":
        assert error_of(result) == ("no machine is free", 2, 8)
