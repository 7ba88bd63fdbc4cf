"""A job with a matrix, run: its instances, what one means for the others, and what the whole gives."""

from __future__ import annotations

import json
import math

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.engine import Run
from tests.support.null_runner import Act, NullRunner, simulate
from tests.support.outcomes import error_of, outcomes

OTHER = "another instance of the matrix failed"


def acting(**by_job: Act) -> NullRunner:
    """A runner whose jobs' steps ``s`` do as told; ``j_2`` is the second instance of ``j``."""

    def act(context: dtp.StepContext) -> Act:
        named = by_job.get(context.job.job_id.replace(".", "_"), Act(seconds=10))
        return named if context.step == "s" else Act()

    return NullRunner(act)


def test_the_first_failure_ends_the_other_instances_unless_told_not_to() -> None:
    text = """\
        name: M
        jobs:
          j:
            strategy: {matrix: {n: [1, 2, 3, 4]}, max-parallel: 3}
            steps: [{name: s, run: x}, {name: clean, run: x, if: always()}]
        """
    acts = {"j_2": Act(seconds=2, exit_status=3)}
    result = simulate(text, acting(**acts))
    assert [line for line in outcomes(result) if "clean" not in line] == [
        "j: failed",
        f"j(1): cancelled, {OTHER}",
        f"j(1).s: cancelled, {OTHER}",
        "j(2): failed",
        "j(2).s: failed",
        f"j(3): cancelled, {OTHER}",
        f"j(3).s: cancelled, {OTHER}",
        f"j(4): cancelled, {OTHER}",
    ]
    assert [step.status for instance in result.jobs["j"].instances for step in instance.steps[1:]] == ["succeeded"] * 3
    assert (result.status, error_of(result)) == ("failed", ("the step 's' failed with exit status 3", 5, 13))

    kept = simulate(text.replace("max-parallel: 3", "fail-fast: false"), acting(**acts))
    assert [instance.status for instance in kept.jobs["j"].instances] == ["succeeded", "failed"] + ["succeeded"] * 2
    assert (kept.status, kept.jobs["j"].status) == ("failed", "failed")


def test_a_failure_that_is_gone_on_after_ends_no_other_instance() -> None:
    result = simulate(
        """\
        name: M
        jobs:
          j:
            continue-on-error: ${{ matrix.n == 2 }}
            strategy: {matrix: {n: [1, 2, 3]}}
            steps: [{name: s, run: x}]
          after: {needs: j, steps: [{name: s, run: x}]}
        """,
        acting(j_2=Act(seconds=5, exit_status=1)),
    )
    assert [instance.status for instance in result.jobs["j"].instances] == ["succeeded", "failed", "succeeded"]
    assert (result.status, result.jobs["after"].status) == ("succeeded", "succeeded")


def test_as_many_instances_run_at_once_as_both_bounds_allow() -> None:
    text = "name: M\njobs: {j: {strategy: {matrix: {n: [1, 2, 3, 4, 5]}%s}, steps: [{name: s, run: x}]}}\n"
    for bound, at_once, end in (("", 4, 20.0), (", max-parallel: 2", 2, 30.0), (", max-parallel: 9", 4, 20.0)):
        runner = NullRunner({"s": Act(seconds=10)})
        result = simulate(text % bound, runner, max_parallel=4)
        assert (runner.most, result.finished.timestamp()) == (at_once, end)


def test_what_needs_a_matrix_gets_its_outputs_in_the_order_of_the_matrix() -> None:
    says = {f"j_{n}": Act(seconds=40 - 10 * n, says=f"::x::{n}\n".encode()) for n in (1, 2, 3)}
    runner = acting(**says)
    simulate(
        """\
        name: M
        jobs:
          j:
            strategy: {matrix: {n: [a, b, c]}}
            outputs: {x: "${{ steps.s.outputs.x }}", n: "${{ matrix.n }}"}
            steps: [{id: s, run: x}]
          after:
            needs: j
            steps: [{name: s, run: x, inputs: {all: "${{ needs.j.outputs }}", second: "${{ needs.j.outputs[1].n }}"}}]
        """,
        runner,
    )
    command = next(span.command for span in runner.spans if span.job == "after")
    assert command is not None
    assert json.loads(command.env["INPUT_ALL"]) == [{"x": 1, "n": "a"}, {"x": 2, "n": "b"}, {"x": 3, "n": "c"}]
    assert command.env["INPUT_SECOND"] == "b"


@pytest.mark.parametrize("matrix", ["{n: '${{ fromJSON(event.values) }}'}", "{n: [1], exclude: [{n: 1}]}"])
def test_an_empty_matrix_skips_its_job_and_what_needs_it(matrix: str) -> None:
    result = simulate(
        f"""\
        name: M
        jobs:
          j: {{strategy: {{matrix: {matrix}}}, steps: [{{name: s, run: x}}]}}
          after: {{needs: j, steps: [{{name: s, run: x}}]}}
          whatever: {{needs: j, if: always(), steps: [{{name: s, run: x}}]}}
        """,
        NullRunner(),
        event={"values": "[]"},
    )
    assert outcomes(result) == [
        "j: skipped, its matrix is empty",
        "after: skipped, the job 'j', which it needs, was skipped",
        "whatever: succeeded",
        "whatever.s: succeeded",
    ]
    assert result.status == "succeeded"


def test_a_matrix_may_come_from_what_another_job_gave() -> None:
    runner = NullRunner({"find": Act(says=b'::found::["x", {"y": 1}]\n')})
    result = simulate(
        """\
        name: M
        jobs:
          find:
            outputs: {found: "${{ steps.find.outputs.found }}"}
            steps: [{id: find, run: x}]
          each:
            needs: find
            strategy: {matrix: {part: "${{ needs.find.outputs.found }}"}}
            steps: [{name: s, run: x}]
        """,
        runner,
    )
    assert [instance.matrix for instance in result.jobs["each"].instances] == [{"part": "x"}, {"part": {"y": 1}}]
    assert runner.jobs == ["find", "each.1", "each.2"]


def test_an_instance_that_waits_when_the_run_is_cancelled_says_so_also_when_another_fails_then() -> None:
    result = simulate(
        """\
        name: M
        jobs:
          j:
            strategy: {matrix: {n: [1, 2]}, max-parallel: 1}
            timeout: 1
            steps: [{name: s, run: x}, {name: slow, run: x, if: always()}]
        """,
        NullRunner({"s": Act(seconds=math.inf), "slow": Act(seconds=30)}),
        at={70: Run.cancel},
    )
    first, second = result.jobs["j"].instances
    assert (first.status, first.error.message if first.error else "") == ("failed", "the job timed out after 1 minute")
    assert (second.status, second.reason) == ("cancelled", "the run was cancelled")
    assert result.status == "cancelled"
