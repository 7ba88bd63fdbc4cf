"""What a plan says of a run, and that nothing runs for it."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import Command, JobSpec
from tests.support.null_runner import NullRunner


class Untouched(NullRunner):
    """A runner that fails the test when it is used for anything."""

    async def open(self) -> None:
        raise AssertionError("the runner was opened")

    def job(self, job: JobSpec) -> NoReturn:
        raise AssertionError("a job was begun")

    async def execute(self, command: Command, context: dtp.StepContext) -> int:
        raise AssertionError("a command was started")


PIPELINE = """\
name: Train
jobs:
  fetch:
    steps:
      - action: ./add
        inputs: {a: "10", b: "${{ event.b }}", more: [1]}
  train:
    needs: [fetch, other]
    strategy: {matrix: {size: [1, 2, 3], mode: [a, b], exclude: [{size: 1, mode: b}]}}
    steps: [{run: echo, env: {T: "${{ secrets.TOKEN }}"}}]
  other:
    steps: [{run: echo}]
"""


def test_a_plan_says_what_would_run_and_runs_nothing(project, monkeypatch: pytest.MonkeyPatch) -> None:
    home = project.folder / "home"
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(home))
    runner = Untouched()
    plan = dtp.load(project.write(PIPELINE)).plan(runner=runner, max_parallel=3, directory=project.runs)
    assert plan.levels() == (("fetch", "other"), ("train",))
    assert [(job.id, job.needs, job.instances) for job in plan.jobs] == [
        ("fetch", (), 1),
        ("train", ("fetch", "other"), 5),
        ("other", (), 1),
    ]
    assert (plan.runner, plan.max_parallel, plan.ready) == ("Untouched", 3, False)
    assert [(item.code, item.line) for item in plan.missing] == [("DT417", 10)]
    [step] = plan.jobs[0].steps
    assert step.inputs == {"a": 10, "b": "${{ event.b }}", "more": [1]}
    assert not project.runs.exists()
    assert not home.exists()
    assert (runner.jobs, runner.spans) == ([], [])


def test_a_plan_knows_the_runner_by_the_name_that_it_was_given(project) -> None:
    path = project.write("name: P\njobs: {a: {steps: [{run: echo}]}}\n")
    assert dtp.load(path).plan().runner == "local"
    assert dtp.load(path).plan(runner="local").runner == "local"
    assert dtp.load(path).plan(runner=dtp.LocalRunner()).runner == "LocalRunner"


def test_a_plan_of_some_jobs_says_what_they_need_beside(project) -> None:
    plan = dtp.load(project.write(PIPELINE)).plan(job="train")
    [job] = plan.jobs
    assert (job.needs, job.unmet, plan.levels()) == ((), ("fetch", "other"), (("train",),))


def test_a_given_secret_is_no_more_missing_and_shows_nowhere(project) -> None:
    plan = dtp.load(project.write(PIPELINE)).plan(secrets={"token": "hunter2"})
    assert plan.ready
    assert "hunter2" not in repr(plan)


def test_how_many_instances_an_expression_makes_is_not_known(project) -> None:
    text = "name: P\njobs: {a: {strategy: {matrix: {n: '${{ event.n }}'}}, steps: [{run: echo}]}}\n"
    assert dtp.load(project.write(text)).plan().jobs[0].instances is None


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (
            "{n: [1], exclude: [{m: 1}]}",
            "pipeline.yaml:3:45: error: 'm' is no name of the matrix [DT308]; exclude by names that the matrix has",
        ),
        (
            "{n: [1], include: [{}]}",
            "pipeline.yaml:3:41: error: an entry of 'include' is no mapping of names to values [DT308]; "
            "write each as name: value",
        ),
    ],
)
def test_a_matrix_that_is_written_out_and_wrong_is_told_before_anything_runs(project, matrix: str, said: str) -> None:
    text = f"name: P\njobs: {{a: {{steps: [{{run: echo}}],\n  strategy: {{matrix: {matrix}}}}}}}\n"
    assert project.refusal(text) == [said]


def test_a_matrix_of_a_job_that_does_not_run_is_not_looked_at(project) -> None:
    text = (
        "name: P\njobs:\n  a: {strategy: {matrix: {n: [1], exclude: [{m: 1}]}}, steps: [{run: echo}]}\n"
        "  b: {steps: [{run: echo}]}\n"
    )
    assert [job.id for job in dtp.load(project.write(text)).plan(job="b").jobs] == ["b"]


@given(st.lists(st.lists(st.integers(0, 30), max_size=4), min_size=1, max_size=30))
def test_a_job_is_one_level_behind_the_last_that_it_needs(wanted: list[list[int]]) -> None:
    needs = {f"j{index}": [f"j{other}" for other in some if other < index] for index, some in enumerate(wanted)}
    step = dtp.Step(run="echo")
    plan = dtp.Pipeline(name="P", jobs={name: dtp.Job(steps=[step], needs=of) for name, of in needs.items()}).plan()
    levels = plan.levels()
    level = {job: number for number, jobs in enumerate(levels) for job in jobs}
    assert sorted(job for jobs in levels for job in jobs) == sorted(needs)
    assert all(level[job] == max((level[name] + 1 for name in of), default=0) for job, of in needs.items())


def test_defaults_and_what_does_not_fit_before_a_run(project) -> None:
    project.action(
        "opts",
        {
            "action-datatorch.yaml": """\
                name: Opts
                inputs:
                  n: {type: integer, default: "3"}
                  at: {default: "${{ pipeline.name }}"}
                  none: {type: string}
                  list: {type: array, default: [1]}
                runs: {using: cmd, command: echo}
                """
        },
    )
    plan = dtp.load(project.write("name: P\njobs: {a: {steps: [{action: ./opts, inputs: {list: '[2]'}}]}}\n")).plan()
    assert plan.jobs[0].steps[0].inputs == {"n": 3, "at": "${{ pipeline.name }}", "list": [2]}
    assert Path(plan.jobs[0].steps[0].action.resolved.directory).name == "opts"


@pytest.mark.parametrize(
    "steps",
    [
        "[{action: ./nowhere}]",
        "[{run: 'echo ${{ event.x }}'}]",
        "[{action: ./add, inputs: {a: x, b: 1}}]",
        "[{run: echo, if: 'evnt.x'}]",
        "[{run: echo, env: {T: '${{ secrets.TOKEN }}'}}]",
    ],
)
def test_a_run_is_refused_for_what_its_plan_says_and_for_nothing_else(project, steps: str) -> None:
    pipeline = dtp.load(project.write(f"name: P\njobs: {{a: {{steps: {steps}}}}}\n"))
    with pytest.raises(dtp.PlanError) as refused:
        pipeline.run(runner=Untouched(), directory=project.runs)
    try:
        told = pipeline.plan(runner=Untouched()).missing
    except dtp.PlanError as error:
        told = error.diagnostics
    assert told == refused.value.diagnostics
    assert not project.runs.exists()
