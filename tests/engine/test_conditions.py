"""Which jobs and steps run by their conditions, which don't, and why: a table for each rule."""

from __future__ import annotations

import json

import pytest

from datatorch_pipelines import RunResult
from datatorch_pipelines.engine import Run
from tests.support.null_runner import Act, NullRunner, simulate
from tests.support.outcomes import error_of, outcomes

FAILS = {"boom": Act(exit_status=1)}
AFTER_FAILURE = "skipped, an earlier step failed"
NOT_MET = "skipped, its condition does not hold"


def one_job(*steps: str, **arguments: object) -> RunResult:
    """A run of a job with steps, given as the insides of YAML mappings; ``boom`` fails."""
    return simulate(
        "name: C\njobs:\n  a:\n    steps:\n" + "".join(f"      - {{{step}}}\n" for step in steps),
        NullRunner(FAILS),
        **arguments,
    )


def fate_of_a_step(condition: str, *, after_failure: bool, event: object = None) -> str:
    """What becomes of a step with a condition, and why."""
    first = "name: boom, id: first, run: x" if after_failure else "name: fine, id: first, run: x"
    result = one_job(first, f"name: s, run: x, if: {condition}", event=event)
    return outcomes(result)[-1].removeprefix("a.s: ")


@pytest.mark.parametrize(
    ("condition", "after_success", "after_failure"),
    [
        ("true", "succeeded", AFTER_FAILURE),
        ("false", NOT_MET, NOT_MET),
        ('"true"', "succeeded", AFTER_FAILURE),
        ("success()", "succeeded", NOT_MET),
        ("failure()", NOT_MET, "succeeded"),
        ("always()", "succeeded", "succeeded"),
        ("cancelled()", NOT_MET, NOT_MET),
        ('"!cancelled()"', "succeeded", "succeeded"),
        ('"${{ always() }}"', "succeeded", "succeeded"),
        ('"${{ failure() }}"', NOT_MET, "succeeded"),
        ("success() || failure()", "succeeded", "succeeded"),
        ("ALWAYS()", "succeeded", "succeeded"),
        ("1 == 1", "succeeded", AFTER_FAILURE),
        ('"${{ 1 == 1 }}"', "succeeded", AFTER_FAILURE),
        ("1 == 2", NOT_MET, AFTER_FAILURE),
        ("steps.first.outcome == 'success'", "succeeded", AFTER_FAILURE),
        ("always() && steps.first.outcome == 'failure'", NOT_MET, "succeeded"),
        ("failure() && steps.first.conclusion == 'failure'", NOT_MET, "succeeded"),
        ("always() && steps.first.status == 'failed'", NOT_MET, "succeeded"),
        ("always() && job.status == 'failure'", NOT_MET, "succeeded"),
        ("job.status == 'success'", "succeeded", AFTER_FAILURE),
        ("event.go", "succeeded", AFTER_FAILURE),
        ("failure() && event.go", NOT_MET, "succeeded"),
        ("event.count > 3", NOT_MET, AFTER_FAILURE),
    ],
)
def test_a_steps_condition_decides_by_githubs_rules(condition: str, after_success: str, after_failure: str) -> None:
    event = {"go": True, "count": 3}
    assert fate_of_a_step(condition, after_failure=False, event=event) == after_success
    assert fate_of_a_step(condition, after_failure=True, event=event) == after_failure


def test_a_step_that_is_skipped_neither_fails_nor_hides_what_comes_after() -> None:
    result = one_job(
        "name: one, id: one, if: false, run: x",
        "name: two, run: x, if: steps.one.outcome == 'skipped' && steps.one.conclusion == 'skipped'",
        "name: three, run: x, if: always() && steps.one.status == 'skipped'",
    )
    assert outcomes(result) == [
        "a: succeeded",
        f"a.one: {NOT_MET}",
        "a.two: succeeded",
        "a.three: succeeded",
    ]
    assert result.succeeded


def test_a_failed_step_that_is_gone_on_after_is_a_failure_only_by_its_outcome() -> None:
    result = one_job(
        "name: boom, id: boom, run: x, continue-on-error: true",
        "name: plain, run: x",
        "name: outcome, run: x, if: steps.boom.outcome == 'failure' && steps.boom.conclusion == 'success'",
        "name: failure, run: x, if: failure()",
    )
    assert outcomes(result) == [
        "a: succeeded",
        "a.boom: failed",
        "a.plain: succeeded",
        "a.outcome: succeeded",
        f"a.failure: {NOT_MET}",
    ]
    assert result.jobs["a"].steps[0].error is not None
    assert (result.status, result.error) == ("succeeded", None)


@pytest.mark.parametrize("condition", ["fromJSON(event.text)", "always() && fromJSON(event.text)"])
def test_a_steps_condition_that_goes_wrong_fails_the_step_at_its_place(condition: str) -> None:
    result = one_job(
        "name: one, run: x",
        f"name: two, run: x, if: {condition}",
        "name: three, run: x",
        event={"text": "{"},
    )
    assert outcomes(result) == ["a: failed", "a.one: succeeded", "a.two: failed", f"a.three: {AFTER_FAILURE}"]
    message, line, column = error_of(result) or ("", 0, 0)
    assert message == "the text is not valid JSON (a key in double quotes is missing at its line 1, column 2)"
    assert (line, column) == (6, 33 + condition.index("event"))


def test_a_condition_that_asks_no_status_is_not_evaluated_after_a_failure() -> None:
    result = one_job("name: boom, run: x", "name: s, run: x, if: fromJSON(event.text)", event={"text": "{"})
    assert outcomes(result)[-1] == f"a.s: {AFTER_FAILURE}"
    assert error_of(result) == ("the step 'boom' failed with exit status 1", 5, 9)


# Jobs: `first` has what the row says, `second` needs it and has the condition.


def fate_of_a_job(first: str, condition: str | None, event: object = None) -> str:
    shown = "" if condition is None else f", if: {condition}"
    result = simulate(
        f"name: C\njobs:\n  first: {{{first}}}\n  second: {{needs: first{shown}, steps: [{{name: s, run: x}}]}}\n",
        NullRunner(FAILS),
        event=event,
    )
    fate = next(line for line in outcomes(result) if line.startswith("second:"))
    ran = result.jobs["second"].steps != ()
    assert ran == (fate == "second: succeeded")
    return fate.removeprefix("second: ")


WELL = "steps: [{run: x}]"
FAILED = "steps: [{name: boom, run: x}]"
SKIPPED = "if: false, steps: [{run: x}]"
TOLERATED = "continue-on-error: true, steps: [{name: boom, run: x}]"
NEED_FAILED = "skipped, the job 'first', which it needs, failed"
NEED_SKIPPED = "skipped, the job 'first', which it needs, was skipped"


@pytest.mark.parametrize(
    ("condition", "well", "failed", "skipped", "tolerated"),
    [
        (None, "succeeded", NEED_FAILED, NEED_SKIPPED, "succeeded"),
        ("true", "succeeded", NEED_FAILED, NEED_SKIPPED, "succeeded"),
        ("false", NOT_MET, NOT_MET, NOT_MET, NOT_MET),
        ("success()", "succeeded", NOT_MET, NOT_MET, "succeeded"),
        ("failure()", NOT_MET, "succeeded", NOT_MET, NOT_MET),
        ("always()", "succeeded", "succeeded", "succeeded", "succeeded"),
        ("cancelled()", NOT_MET, NOT_MET, NOT_MET, NOT_MET),
        ("1 == 1", "succeeded", NEED_FAILED, NEED_SKIPPED, "succeeded"),
        ("always() && needs.first.result == 'success'", "succeeded", NOT_MET, NOT_MET, "succeeded"),
        ("always() && needs.first.result == 'failure'", NOT_MET, "succeeded", NOT_MET, NOT_MET),
        ("always() && needs.first.result == 'skipped'", NOT_MET, NOT_MET, "succeeded", NOT_MET),
        ("always() && jobs.first.status == 'failed'", NOT_MET, "succeeded", NOT_MET, "succeeded"),
        ("needs.first.result == 'failure'", NOT_MET, NEED_FAILED, NEED_SKIPPED, NOT_MET),
        ("always() && job.status == 'skipped'", NOT_MET, NOT_MET, "succeeded", NOT_MET),
        ("event.go && always()", "succeeded", "succeeded", "succeeded", "succeeded"),
    ],
)
def test_a_jobs_condition_decides_by_what_it_needs(
    condition: str | None, well: str, failed: str, skipped: str, tolerated: str
) -> None:
    event = {"go": True}
    found = [fate_of_a_job(first, condition, event) for first in (WELL, FAILED, SKIPPED, TOLERATED)]
    assert found == [well, failed, skipped, tolerated]


def test_failure_sees_through_jobs_that_were_skipped_after_it_and_success_sees_no_further_than_the_needs() -> None:
    result = simulate(
        """\
        name: C
        jobs:
          broken: {steps: [{name: boom, run: x}]}
          between: {needs: broken, steps: [{name: s, run: x}]}
          report: {needs: between, if: failure(), steps: [{name: s, run: x}]}
          whatever: {needs: between, if: always(), steps: [{name: s, run: x}]}
          after: {needs: whatever, steps: [{name: s, run: x}]}
        """,
        NullRunner(FAILS),
    )
    assert outcomes(result) == [
        "broken: failed",
        "broken.boom: failed",
        "between: skipped, the job 'broken', which it needs, failed",
        "report: succeeded",
        "report.s: succeeded",
        "whatever: succeeded",
        "whatever.s: succeeded",
        "after: succeeded",
        "after.s: succeeded",
    ]
    assert (result.status, error_of(result)) == ("failed", ("the step 'boom' failed with exit status 1", 3, 20))


def test_failure_sees_through_jobs_that_ran_after_it_all_the_same() -> None:
    result = simulate(
        """\
        name: C
        jobs:
          broken: {steps: [{name: boom, run: x}]}
          tidy: {needs: broken, if: always(), steps: [{name: s, run: x}]}
          left: {needs: tidy, if: false, steps: [{name: s, run: x}]}
          report: {needs: tidy, if: failure(), steps: [{name: s, run: x}]}
          further: {needs: [report, left], if: failure(), steps: [{name: s, run: x}]}
          well: {needs: tidy, if: success(), steps: [{name: s, run: x}]}
          either: {needs: tidy, if: "!success() && !failure()", steps: [{name: s, run: x}]}
        """,
        NullRunner(FAILS),
    )
    jobs = {name: str(job.status) for name, job in result.jobs.items()}
    ran = dict.fromkeys(["tidy", "report", "further", "well"], "succeeded")
    assert jobs == {"broken": "failed", **ran, "left": "skipped", "either": "skipped"}


def test_failure_does_not_see_a_failure_that_was_gone_on_after_nor_one_of_a_job_that_it_does_not_need() -> None:
    result = simulate(
        """\
        name: C
        jobs:
          tolerated: {continue-on-error: true, steps: [{name: boom, run: x}]}
          other: {steps: [{name: boom, run: x}]}
          between: {needs: tolerated, steps: [{name: s, run: x}]}
          report: {needs: between, if: failure(), steps: [{name: s, run: x}]}
        """,
        NullRunner(FAILS),
    )
    assert outcomes(result)[-1] == f"report: {NOT_MET}"


def test_what_waits_for_a_failure_further_back_still_runs_when_that_failure_ends_the_others() -> None:
    result = simulate(
        """\
        name: C
        jobs:
          broken: {steps: [{name: boom, run: x}]}
          tidy: {needs: broken, if: always(), steps: [{name: s, run: x}]}
          report: {needs: tidy, if: failure(), steps: [{name: s, run: x}]}
          after: {needs: tidy, steps: [{name: s, run: x}]}
          alone: {needs: other, if: failure(), steps: [{name: s, run: x}]}
          other: {steps: [{name: slow, run: x}]}
        """,
        NullRunner({**FAILS, "slow": Act(seconds=10)}),
        on_failure="fail-fast",
    )
    ended = "cancelled, the job 'broken' failed"
    assert [line for line in outcomes(result) if "." not in line.partition(":")[0]] == [
        "broken: failed",
        "tidy: succeeded",
        "report: succeeded",
        f"after: {ended}",
        f"alone: {ended}",
        f"other: {ended}",
    ]


def test_a_job_that_needs_several_is_told_the_first_that_stood_in_its_way() -> None:
    result = simulate(
        """\
        name: C
        jobs:
          well: {steps: [{name: s, run: x}]}
          left: {if: false, steps: [{name: s, run: x}]}
          broken: {steps: [{name: boom, run: x}]}
          last: {needs: [well, left, broken], steps: [{name: s, run: x}]}
          mixed: {needs: [well, left, broken], if: failure(), steps: [{name: s, run: x}]}
        """,
        NullRunner(FAILS),
    )
    assert outcomes(result)[5:] == [
        "last: skipped, the job 'left', which it needs, was skipped",
        "mixed: succeeded",
        "mixed.s: succeeded",
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("env.MODE == 'fast'", "succeeded"),
        ("env.OWN == 'fast-job'", "succeeded"),
        ("env.mode == 'slow'", NOT_MET),
        ('toJSON(env) == toJSON(fromJSON(\'{"MODE":"fast","OWN":"fast-job"}\'))', "succeeded"),
        ("variables.where == 'here'", "succeeded"),
        ("job.id == 'a' && job.name == 'The job'", "succeeded"),
        ("pipeline.name == 'C' && run.id != ''", "succeeded"),
    ],
)
def test_a_jobs_condition_sees_the_variables_of_the_pipeline_and_its_own(condition: str, expected: str) -> None:
    pipeline = {
        "name": "C",
        "env": {"MODE": "fast"},
        "variables": {"where": "here"},
        "jobs": {
            "a": {
                "name": "The job",
                "if": condition,
                "env": {"OWN": "${{ env.MODE }}-job"},
                "steps": [{"name": "s", "run": "x"}],
            }
        },
    }
    result = simulate(json.dumps(pipeline), NullRunner())
    assert outcomes(result)[0] == f"a: {expected}"


def test_a_variable_that_needs_the_jobs_place_is_an_error_only_where_a_condition_asks_for_it() -> None:
    text = """\
        name: C
        env: {MODE: fast, HERE: "${{ machine.os }}"}
        jobs:
          a: {if: env.MODE == 'slow', steps: [{name: s, run: x}]}
          b: {if: env.HERE == 'Linux', steps: [{name: s, run: x}]}
        """
    result = simulate(text, NullRunner())
    assert outcomes(result) == [f"a: {NOT_MET}", "b: failed"]
    message, line, column = error_of(result) or ("", 0, 0)
    assert message.startswith("unknown context 'machine'; known here: env, event, ")
    assert (line, column) == (2, 30)


@pytest.mark.parametrize("condition", ["fromJSON(event.text)", "always() && fromJSON(event.text)"])
def test_a_jobs_condition_that_goes_wrong_fails_the_job_at_its_place_and_no_other(condition: str) -> None:
    result = simulate(
        f"name: C\njobs:\n  a: {{if: {condition}, steps: [{{run: x}}]}}\n  b: {{steps: [{{name: s, run: x}}]}}\n",
        NullRunner(),
        event={"text": "{"},
    )
    assert outcomes(result) == ["a: failed", "b: succeeded", "b.s: succeeded"]
    message, line, column = error_of(result) or ("", 0, 0)
    assert message == "the text is not valid JSON (a key in double quotes is missing at its line 1, column 2)"
    assert (line, column) == (3, 11 + condition.index("event"))


def test_data_that_nests_too_deep_for_a_condition_fails_the_job_or_the_step() -> None:
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    result = simulate(
        """\
        name: C
        jobs:
          a: {if: "toJSON(event.deep) != ''", steps: [{name: s, run: x}]}
          b: {steps: [{name: s, run: x, if: "toJSON(event.deep) != ''"}]}
          c: {steps: [{name: s, run: x}]}
        """,
        NullRunner(),
        event={"deep": deep},
    )
    assert [line for line in outcomes(result) if not line.endswith("succeeded")] == [
        "a: failed",
        "b: failed",
        "b.s: failed",
    ]


@pytest.mark.parametrize("condition", ["hashFiles('*') == ''", "${{ hashFiles('*') == '' }}", "HASHFILES('*') == ''"])
def test_a_steps_condition_may_look_at_the_files_of_its_job(condition: str) -> None:
    assert outcomes(one_job(f'name: s, run: x, if: "{condition}"'))[-1] == "a.s: succeeded"


def test_a_step_whose_condition_looks_at_files_outlives_a_cancellation_that_it_waits_for() -> None:
    result = simulate(
        "name: C\njobs: {a: {steps: [{name: s, run: x, if: always() && hashFiles('*.lock') == ''}]}}\n",
        NullRunner({"s": Act(seconds=10)}),
        at={5: Run.cancel},
    )
    assert outcomes(result) == ["a: succeeded", "a.s: succeeded"]
