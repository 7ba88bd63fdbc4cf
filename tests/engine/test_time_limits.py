"""Steps, jobs and runs whose time is over: when exactly they end, what still runs, and what is said of them."""

from __future__ import annotations

import asyncio
import math

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.engine import Run
from tests.support.null_runner import Act, NullRunner, simulate
from tests.support.outcomes import error_of, outcomes

HANGS = {"hangs": Act(seconds=math.inf), "slow": Act(seconds=600), "boom": Act(exit_status=1)}
NOT_MET = "skipped, its condition does not hold"


def spans(runner: NullRunner) -> list[tuple[str, float, float]]:
    return [(span.step, span.began, span.ended) for span in runner.spans]


def run(text: str, runner: NullRunner | None = None, **arguments: object) -> tuple[dtp.RunResult, NullRunner]:
    runner = runner or NullRunner(HANGS)
    return simulate(text, runner, **arguments), runner


# A step.


@pytest.mark.parametrize(
    ("timeout", "seconds", "message"),
    [
        ("1", 60.0, "the step 'hangs' timed out after 1 minute"),
        ("0.5", 30.0, "the step 'hangs' timed out after 0.5 minutes"),
        ("90", 5400.0, "the step 'hangs' timed out after 90 minutes"),
        ("${{ event.minutes }}", 120.0, "the step 'hangs' timed out after 2 minutes"),
        ("${{ env.LIMIT && 3 }}", 180.0, "the step 'hangs' timed out after 3 minutes"),
    ],
)
def test_a_step_ends_when_its_time_is_over(timeout: str, seconds: float, message: str) -> None:
    result, runner = run(
        f"""\
        name: T
        env: {{LIMIT: "1"}}
        jobs:
          a:
            steps:
              - name: hangs
                run: x
                timeout: "{timeout}"
              - {{name: next, run: x}}
              - {{name: report, run: x, if: failure()}}
        """.replace('"', '"' if "$" in timeout else ""),
        event={"minutes": 2},
    )
    assert spans(runner) == [("hangs", 0.0, seconds), ("report", seconds, seconds)]
    assert outcomes(result) == [
        "a: failed",
        "a.hangs: failed",
        "a.next: skipped, an earlier step failed",
        "a.report: succeeded",
    ]
    assert error_of(result) == (message, 8, 18)
    assert result.jobs["a"].steps[0].exit_status is None


@pytest.mark.parametrize("given", ["soon", "-1", "0", "true", "", "NaN"])
@pytest.mark.parametrize("key", ["timeout", "idle-timeout"])
def test_a_time_that_is_no_number_of_minutes_fails_the_step_before_it_runs(key: str, given: str) -> None:
    event = {"minutes": {"-1": -1, "0": 0, "true": True, "NaN": math.nan}.get(given, given)}
    result, runner = run(
        f"""\
        name: T
        jobs:
          a: {{steps: [{{name: s, run: x, retries: 3, {key}: "${{{{ event.minutes }}}}"}}]}}
        """,
        event=event,
    )
    assert spans(runner) == []
    shown = {"soon": "'soon'", "": "''", "NaN": "NaN"}.get(given, given)
    column = 54 if key == "timeout" else 59
    assert error_of(result) == (f"{shown} is no number above 0", 3, column)


def test_each_try_of_a_step_has_its_whole_time() -> None:
    runner = NullRunner({"s": [Act(seconds=math.inf), Act(seconds=50)]})
    result, _ = run(
        "name: T\njobs: {a: {steps: [{name: s, run: x, timeout: 1, retries: {count: 2, delay: 30}}]}}\n", runner
    )
    assert spans(runner) == [("s", 0.0, 60.0), ("s", 90.0, 140.0)]
    assert (result.status, result.jobs["a"].steps[0].attempts) == ("succeeded", 2)


def test_a_time_out_is_no_exit_status_that_retries_could_name() -> None:
    runner = NullRunner(HANGS)
    run(
        "name: T\njobs: {a: {steps: [{name: hangs, run: x, timeout: 1, retries: {count: 2, exit-statuses: [1]}}]}}\n",
        runner,
    )
    assert spans(runner) == [("hangs", 0.0, 60.0)]


class Talkative(NullRunner):
    """Writes something every so many seconds, for so long, and hangs then."""

    def __init__(self, every: float, times: int) -> None:
        super().__init__()
        self.every, self.times = every, times

    async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
        for _ in range(self.times):
            await asyncio.sleep(self.every)
            context.log("stderr", b".")
        await asyncio.Event().wait()
        return 0


@pytest.mark.parametrize(
    ("every", "times", "end"), [(10.0, 0, 60.0), (59.0, 3, 3 * 59.0 + 60.0), (61.0, 3, 60.0), (30.0, 100, 3060.0)]
)
def test_a_step_that_is_silent_too_long_ends(every: float, times: int, end: float) -> None:
    result, _ = run("name: T\njobs: {a: {steps: [{name: s, run: x, idle-timeout: 1}]}}\n", Talkative(every, times))
    assert result.finished.timestamp() == end
    assert error_of(result) == ("the step 's' wrote nothing for 1 minute", 2, 52)


def test_the_shorter_of_both_times_ends_a_step() -> None:
    result, _ = run(
        "name: T\njobs: {a: {steps: [{name: s, run: x, timeout: 2, idle-timeout: 1}]}}\n", Talkative(30, 100)
    )
    assert (result.finished.timestamp(), (error_of(result) or ("",))[0]) == (
        120.0,
        "the step 's' timed out after 2 minutes",
    )


class Deaf(NullRunner):
    """Makes something of its own of a cancellation."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error = error

    async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.error is not None:
                raise self.error from None
        return 0


@pytest.mark.parametrize("error", [None, ValueError("stopped"), TimeoutError(), dtp.PipelinesError("stopped")])
def test_a_runner_that_swallows_the_cancellation_does_not_hide_the_time_out(error: Exception | None) -> None:
    result, _ = run("name: T\njobs: {a: {steps: [{name: s, run: x, timeout: 1}]}}\n", Deaf(error))
    assert (error_of(result) or ("",))[0] == "the step 's' timed out after 1 minute"


@pytest.mark.parametrize("error", [None, ValueError("stopped"), TimeoutError(), dtp.PipelinesError("stopped")])
def test_a_runner_that_swallows_the_cancellation_does_not_hide_that_a_step_was_cancelled(
    error: Exception | None,
) -> None:
    result, _ = run("name: T\njobs: {a: {steps: [{name: s, run: x}]}}\n", Deaf(error), at={5: Run.cancel})
    assert outcomes(result) == ["a: cancelled, the run was cancelled", "a.s: cancelled, the run was cancelled"]


# A job.

JOB = """\
name: T
jobs:
  a:
    timeout: 1
    steps:
      - {name: first, run: x}
      - {name: hangs, run: x}
      - {name: plain, run: x}
      - {name: failure, run: x, if: failure()}
      - {name: always, run: x, if: always() && job.status == 'failure'}
      - {name: cancelled, run: x, if: cancelled()}
  b: {needs: a, steps: [{name: s, run: x}]}
  c: {needs: a, if: failure(), steps: [{name: s, run: x}]}
"""


def test_a_job_whose_time_is_over_failed_and_still_cleans_up() -> None:
    result, runner = run(JOB)
    assert spans(runner)[:4] == [
        ("first", 0.0, 0.0),
        ("hangs", 0.0, 60.0),
        ("failure", 60.0, 60.0),
        ("always", 60.0, 60.0),
    ]
    over = "the job timed out after 1 minute"
    assert outcomes(result) == [
        "a: failed",
        "a.first: succeeded",
        f"a.hangs: cancelled, {over}",
        f"a.plain: skipped, {over}",
        "a.failure: succeeded",
        "a.always: succeeded",
        f"a.cancelled: {NOT_MET}",
        "b: skipped, the job 'a', which it needs, failed",
        "c: succeeded",
        "c.s: succeeded",
    ]
    assert error_of(result) == (over, 4, 14)


def test_cleaning_up_after_a_jobs_time_out_has_a_time_of_its_own() -> None:
    result, runner = run(
        """\
        name: T
        jobs:
          a:
            timeout: 1
            steps:
              - {name: slow, run: x, if: always()}
              - {name: last, run: x, if: always()}
        """,
        cleanup_seconds=100,
    )
    assert spans(runner) == [("slow", 0.0, 160.0)]
    assert outcomes(result) == [
        "a: failed",
        "a.slow: cancelled, cleaning up took longer than 100 seconds",
        "a.last: skipped, cleaning up took longer than 100 seconds",
    ]
    assert error_of(result) == ("the job timed out after 1 minute", 4, 14)


def test_a_step_that_runs_whatever_happens_outlives_its_jobs_time_but_the_job_failed() -> None:
    result, runner = run(
        "name: T\njobs: {a: {timeout: 1, steps: [{name: slow, run: x, if: always()}]}}\n", cleanup_seconds=1000
    )
    assert spans(runner) == [("slow", 0.0, 600.0)]
    assert outcomes(result) == ["a: failed", "a.slow: succeeded"]
    assert error_of(result) == ("the job timed out after 1 minute", 2, 21)


def test_what_failed_before_a_jobs_time_was_over_is_what_it_failed_by() -> None:
    result, _ = run(
        """\
        name: T
        jobs:
          a:
            timeout: 1
            steps:
              - {name: boom, run: x}
              - {name: hangs, run: x, if: "!cancelled()"}
        """,
        cleanup_seconds=10,
    )
    assert outcomes(result) == [
        "a: failed",
        "a.boom: failed",
        "a.hangs: cancelled, cleaning up took longer than 10 seconds",
    ]
    assert (error_of(result) or ("",))[0] == "the step 'boom' failed with exit status 1"


def test_a_job_whose_time_is_over_can_still_be_cancelled() -> None:
    result, runner = run(JOB.replace("name: failure", "name: slow"), at={100: Run.cancel})
    assert ("slow", 60.0, 100.0) in spans(runner)
    assert outcomes(result)[:7] == [
        "a: failed",
        "a.first: succeeded",
        "a.hangs: cancelled, the job timed out after 1 minute",
        "a.plain: skipped, the job timed out after 1 minute",
        "a.slow: cancelled, the run was cancelled",
        f"a.always: {NOT_MET}",
        "a.cancelled: succeeded",
    ]


def test_a_jobs_time_may_come_from_its_matrix_or_its_variables() -> None:
    result, runner = run(
        """\
        name: T
        env: {SHORT: "true"}
        jobs:
          a:
            strategy: {matrix: {minutes: [1, 2]}, fail-fast: false}
            timeout: ${{ matrix.minutes }}
            steps: [{name: hangs, run: x}]
          b:
            timeout: ${{ env.SHORT == 'true' && 4 || 8 }}
            steps: [{name: hangs, run: x}]
        """
    )
    assert [span.ended for span in runner.spans] == [60.0, 120.0, 240.0]
    assert error_of(result) == ("the job timed out after 1 minute", 6, 14)


def test_a_jobs_time_that_is_no_number_of_minutes_fails_the_job() -> None:
    result, runner = run("name: T\njobs: {a: {timeout: '${{ event.x }}', steps: [{run: x}]}}\n", event={"x": "soon"})
    assert spans(runner) == []
    assert error_of(result) == ("'soon' is no number above 0", 2, 21)


def test_a_job_that_may_fail_may_run_out_of_time() -> None:
    result, _ = run(
        """\
        name: T
        jobs:
          a: {timeout: 1, continue-on-error: true, steps: [{name: hangs, run: x}]}
          b: {needs: a, steps: [{name: s, run: x, if: needs.a.result == 'success' && needs.a.status == 'failed'}]}
        """
    )
    assert (result.status, result.error) == ("succeeded", None)
    assert [line for line in outcomes(result) if "." not in line] == ["a: failed", "b: succeeded"]


# The run.

RUN = """\
name: T
timeout: 2
jobs:
  a:
    steps:
      - {name: hangs, run: x}
      - {name: clean, run: x, if: always()}
      - {name: cancelled, run: x, if: cancelled()}
      - {name: failure, run: x, if: failure()}
  b: {needs: a, steps: [{name: s, run: x}]}
  c: {needs: a, if: always(), steps: [{name: c, run: x}, {name: d, run: x}]}
"""


def test_a_run_whose_time_is_over_failed_and_still_cleans_up() -> None:
    result, runner = run(RUN)
    assert spans(runner)[0] == ("hangs", 0.0, 120.0)
    over = "the run timed out after 2 minutes"
    assert outcomes(result) == [
        f"a: cancelled, {over}",
        f"a.hangs: cancelled, {over}",
        "a.clean: succeeded",
        "a.cancelled: succeeded",
        f"a.failure: {NOT_MET}",
        f"b: cancelled, {over}",
        "c: succeeded",
        "c.c: succeeded",
        "c.d: succeeded",
    ]
    assert (result.status, error_of(result)) == ("failed", (over, 2, 10))


def test_what_cleans_up_after_a_runs_time_has_a_limit() -> None:
    result, runner = run(RUN.replace("clean,", "slow,"), cleanup_seconds=30)
    assert spans(runner) == [("hangs", 0.0, 120.0), ("slow", 120.0, 150.0)]
    over = "the run timed out after 2 minutes"
    assert (result.status, error_of(result)) == ("failed", (over, 2, 10))
    assert result.finished.timestamp() == 150.0
    assert [line for line in outcomes(result) if "." not in line] == [
        f"a: cancelled, {over}",
        f"b: cancelled, {over}",
        f"c: cancelled, {over}",
    ]


def test_a_run_that_is_done_in_time_says_nothing_of_it() -> None:
    result, _ = run("name: T\ntimeout: 20\njobs: {a: {steps: [{name: slow, run: x}]}}\n")
    assert (result.status, result.error, result.finished.timestamp()) == ("succeeded", None, 600.0)


def test_a_failure_that_ends_the_other_jobs_is_not_taken_for_the_runs_time() -> None:
    result, _ = run(
        """\
        name: T
        timeout: 20
        jobs:
          a: {steps: [{name: boom, run: x}]}
          b: {steps: [{name: hangs, run: x}]}
        """,
        on_failure="fail-fast",
    )
    assert outcomes(result)[2:] == ["b: cancelled, the job 'a' failed", "b.hangs: cancelled, the job 'a' failed"]
    assert error_of(result) == ("the step 'boom' failed with exit status 1", 4, 15)


def test_a_runs_time_that_is_no_number_of_minutes_fails_it_before_anything_runs() -> None:
    result, runner = run("name: T\ntimeout: ${{ event.x }}\njobs: {a: {steps: [{run: x}]}}\n", event={"x": "soon"})
    assert spans(runner) == []
    assert (result.status, error_of(result)) == ("failed", ("'soon' is no number above 0", 2, 10))


def test_what_runs_whatever_happens_says_what_ended_the_run_when_its_own_time_is_over_too() -> None:
    text = RUN.replace("if: always(), steps: [{name: c", "if: always(), steps: [{name: hangs")
    result, _ = run(text, cleanup_seconds=30)
    over = "the run timed out after 2 minutes"
    assert outcomes(result)[-3:] == [
        f"c: cancelled, {over}",
        f"c.hangs: cancelled, {over}",
        f"c.d: skipped, {over}",
    ]
    assert (result.status, error_of(result)) == ("failed", (over, 2, 10))
    assert result.finished.timestamp() == 150.0
