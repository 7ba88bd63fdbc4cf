"""Which runner a job runs on: by its labels, mixed in one run, and refused where there is none."""

from __future__ import annotations

import threading
from typing import ClassVar

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import Capabilities, Command, JobSpec, StepContext
from datatorch_pipelines.errors import RunnerUnavailable
from datatorch_pipelines.runners import ThreadRunner
from tests.support.null_runner import Act, NullRunner, simulate

MIXED = """\
name: M
jobs:
  usual: {steps: [{name: u, run: x}]}
  gpu: {runs-on: gpu, steps: [{name: g, run: x}]}
  both: {runs-on: [gpu, linux], steps: [{name: b, run: x}]}
"""


class Counted(NullRunner):
    """Tells how often it was opened and closed."""

    def __init__(self, acts: dict[str, Act] | None = None) -> None:
        super().__init__(acts)
        self.calls: list[str] = []

    async def open(self) -> None:
        self.calls.append("open")
        await super().open()

    async def aclose(self) -> None:
        self.calls.append("aclose")
        await super().aclose()


class One(NullRunner):
    capabilities: ClassVar[Capabilities] = Capabilities(max_jobs=1)


class Cluster(NullRunner):
    capabilities: ClassVar[Capabilities] = Capabilities(takes_labels=True)


def test_each_job_runs_on_the_runner_of_its_labels_in_one_run() -> None:
    usual, gpu, idle = Counted(), Counted(), Counted()
    result = simulate(MIXED, usual, runners={"gpu": gpu, "linux": gpu, "other": idle})
    assert result.succeeded
    assert usual.jobs == ["usual"]
    assert gpu.jobs == ["gpu", "both"]
    assert usual.calls == gpu.calls == ["open", "aclose"]
    assert idle.calls == []  # what no job needs is not opened


def test_a_runner_that_is_named_twice_is_one() -> None:
    plan = dtp.loads("name: N\njobs:\n  a: {steps: [{run: x}]}\n  b: {runs-on: [c, d], steps: [{run: x}]}\n").plan(
        runners={"c": "local", "d": "local"}
    )
    assert len(plan.runners()) == 1


def test_a_runner_that_takes_labels_is_given_those_that_nobody_has(tmp_path) -> None:
    cluster = Cluster()
    assert simulate(MIXED, cluster).succeeded
    assert cluster.jobs == ["usual", "gpu", "both"]


@pytest.mark.parametrize(
    ("runners", "said"),
    [
        (
            {},
            [
                "m.yaml:4:18: error: no runner is given for the label 'gpu' [DT209]; "
                "give one: runners={'gpu': ...} or, on the command line, --runs-on gpu=NAME",
                "m.yaml:5:20: error: no runner is given for the label 'gpu' [DT209]; "
                "give one: runners={'gpu': ...} or, on the command line, --runs-on gpu=NAME",
                "m.yaml:5:25: error: no runner is given for the label 'linux' [DT209]; "
                "give one: runners={'linux': ...} or, on the command line, --runs-on linux=NAME",
            ],
        ),
        (
            {"gpu": "local", "linus": "local"},
            [
                "m.yaml:5:25: error: no runner is given for the label 'linux' [DT209]; "
                "did you mean 'linus'? give one: runners={'linux': ...} or, on the command line, --runs-on linux=NAME",
            ],
        ),
        (
            {"gpu": NullRunner(), "linux": NullRunner()},
            [
                "m.yaml:5:25: error: the labels 'gpu' and 'linux' stand for two runners, and a job has one [DT209]; "
                "take one of them out, or give one runner for both",
            ],
        ),
    ],
)
def test_a_label_without_its_runner_is_refused_at_its_place(runners: dict[str, object], said: list[str]) -> None:
    with pytest.raises(dtp.PlanError) as refused:
        dtp.loads(MIXED, filename="m.yaml").run(runners=runners)  # type: ignore[arg-type]
    assert [str(item) for item in refused.value.diagnostics] == said


def test_labels_of_jobs_that_are_not_selected_need_no_runner() -> None:
    assert simulate(MIXED, NullRunner(), job="usual").succeeded


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"runners": ["local"]}, "runners is of the type list; give a Runner, or its name, by label"),
        ({"runners": {"gpu": "moon"}}, "there is no runner 'moon'; use one of "),
        ({"runners": {"gpu": 1}}, "a runner is of the type int; give a Runner, or its name"),
        ({"runner": ["local"]}, "a runner is of the type list; give a Runner, or its name"),
    ],
)
def test_what_is_no_runner_is_told(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(dtp.PipelinesError) as refused:
        dtp.loads(MIXED).run(**arguments)  # type: ignore[arg-type]
    assert str(refused.value).startswith(said)


def test_a_full_runner_holds_up_none_of_the_others() -> None:
    jobs = "".join(f"  one{n}: {{runs-on: one, steps: [{{name: s, run: x}}]}}\n" for n in range(3))
    jobs += "".join(f"  any{n}: {{steps: [{{name: s, run: x}}]}}\n" for n in range(4))
    one, usual = One({"s": Act(seconds=10)}), NullRunner({"s": Act(seconds=10)})
    result = simulate(f"name: L\njobs:\n{jobs}", usual, runners={"one": one}, max_parallel=3)
    assert result.succeeded
    assert (one.most, usual.most) == (1, 2)
    assert [span.began for span in one.spans] == [0, 10, 20]
    assert [span.began for span in usual.spans] == [0, 0, 10, 10]


def test_a_runner_that_can_not_be_opened_closes_those_that_were() -> None:
    class Broken(NullRunner):
        async def open(self) -> None:
            raise RunnerUnavailable("no cluster there", hint="start it")

    first = Counted()
    result = simulate(MIXED, first, runners={"gpu": Broken(), "linux": first}, job=["usual", "gpu"])
    assert result.error is not None
    assert result.error.message == "no cluster there; start it"
    assert first.calls == ["open", "aclose"]
    assert {job.status for job in result.jobs.values()} == {dtp.Status.FAILED}


def test_local_processes_and_functions_of_python_do_one_run_together(tmp_path) -> None:
    from datatorch_pipelines.runners import ThreadRunner

    told: list[str] = []

    def work(command: Command, context: StepContext) -> int:
        told.append(f"{context.job.job_id} {context.job.runs_on}")
        context.log("stdout", b"::from::" + f'"{threading.current_thread() is not None}"'.encode() + b"\n")
        return 0

    result = dtp.loads("""
        name: T
        jobs:
          here: {steps: [{id: s, run: "echo ::pid::1"}], outputs: {pid: "${{ steps.s.outputs.pid }}"}}
          there: {needs: here, runs-on: fn, steps: [{id: s, run: x, inputs: {pid: "${{ needs.here.outputs.pid }}"}}]}
        """).run(runners={"fn": ThreadRunner(work)}, directory=tmp_path)
    assert result.succeeded
    assert told == ["there ('fn',)"]
    assert result.jobs["there"].steps[0].outputs == {"from": "True"}
    assert result.jobs["there"].steps[0].inputs == {"pid": 1}


def test_a_job_spec_has_the_labels() -> None:
    assert JobSpec(run_id="r", job_id="j", name="J", runs_on=("gpu",)).runs_on == ("gpu",)


def test_a_runner_that_looks_at_labels_itself_is_told_those_that_no_runner_stands_for() -> None:
    told: list[tuple[str, tuple[str, ...]]] = []

    def tell(_command: Command, context: StepContext) -> int:
        told.append((context.job.job_id, context.job.runs_on))
        return 0

    class Cluster(ThreadRunner):
        capabilities: ClassVar[Capabilities] = Capabilities(takes_labels=True)

    jobs = "{a: {runs-on: [far, gpu], steps: [{run: x}]}, b: {runs-on: [gpu], steps: [{run: x}]}}"
    pipeline = dtp.loads(f"{{name: L, jobs: {jobs}}}")
    assert pipeline.run(runner=Cluster(tell), runners={"far": Cluster(tell)}).succeeded
    assert sorted(told) == [("a", ("gpu",)), ("b", ("gpu",))]
    told.clear()
    far = ThreadRunner(tell)
    assert pipeline.run(runners={"far": far, "gpu": far}, job="a").succeeded
    assert told == [("a", ("far", "gpu"))]
