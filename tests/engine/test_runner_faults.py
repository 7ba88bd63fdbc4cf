"""Runners and runtimes of other people that fail: what the engine makes of it."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path, PurePath

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import RunnableAction, StepEnvironment
from datatorch_pipelines.engine import Run
from datatorch_pipelines.errors import EnvironmentLost, RunnerUnavailable
from datatorch_pipelines.results import JobStarted
from tests.engine.conftest import ADD
from tests.support.far_runner import FarRunner
from tests.support.null_runner import Act, NullRunner, simulate

TWO = (
    "name: Two\njobs:\n  a:\n    steps:\n      - {name: first, run: 'echo 1'}\n      - {name: second, run: 'echo 2'}\n"
)


class Faulty(dtp.LocalRunner):
    """A local runner that raises what it is told to, at the commands of the given steps."""

    def __init__(self, errors: Mapping[str, list[Exception]]) -> None:
        super().__init__()
        self.errors = errors

    async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
        if self.errors.get(context.step):
            raise self.errors[context.step].pop(0)
        return await super().execute(command, context)


class Nowhere(dtp.LocalRunner):
    """A local runner that can't enter a job, or can't open, or can't close."""

    def __init__(self, where: str, error: Exception) -> None:
        super().__init__()
        self.where, self.error = where, error

    async def open(self) -> None:
        if self.where == "open":
            raise self.error
        await super().open()

    async def aclose(self) -> None:
        await super().aclose()
        if self.where == "close":
            raise self.error

    @contextlib.asynccontextmanager
    async def job(self, job: dtp.JobSpec) -> AsyncIterator[dtp.JobEnvironment]:
        if self.where == "enter":
            raise self.error
        async with super().job(job) as environment:
            yield environment
        if self.where == "leave":
            raise self.error


def test_a_job_whose_environment_is_lost_starts_anew_as_a_whole(project) -> None:
    seen: list[int] = []

    def listen(event: dtp.Event) -> None:
        if isinstance(event, JobStarted):
            seen.append(event.attempt)

    runner = Faulty({"second": [EnvironmentLost("the worker is gone")]})
    result = project.run(TWO, runner=runner, on_event=listen)
    assert result.error is None
    assert seen == [1, 2]
    assert [(step.name, step.log) for step in result.jobs["a"].steps] == [("first", "1\n"), ("second", "2\n")]


def test_a_job_that_has_its_result_does_not_run_again_when_its_place_is_lost_as_it_is_left(project) -> None:
    seen: list[int] = []

    def listen(event: dtp.Event) -> None:
        if isinstance(event, JobStarted):
            seen.append(event.attempt)

    result = project.run(TWO, runner=Nowhere("leave", EnvironmentLost("the worker is gone")), on_event=listen)
    assert (result.status, result.error, seen) == ("succeeded", None, [1])


def test_a_runner_whose_capabilities_are_none_is_refused(project) -> None:
    class Boastful(dtp.LocalRunner):
        capabilities = {"shares_files": True}  # noqa: RUF012  # what is wrong with it

    with pytest.raises(dtp.PipelinesError) as caught:
        project.run(TWO, runner=Boastful())
    assert str(caught.value) == "the capabilities of Boastful are of the type dict; give Capabilities(...)"


def test_a_job_that_keeps_losing_its_environment_fails_in_the_end(project) -> None:
    runner = Faulty({"first": [EnvironmentLost("the worker is gone")] * 5})
    result = project.run(TWO, runner=runner, max_attempts=2)
    assert result.status == "failed"
    assert str(result.error) == f"{project.folder}/pipeline.yaml:3:3: the worker is gone"
    assert len(runner.errors["first"]) == 3
    first, second = result.jobs["a"].steps
    assert (first.name, first.status) == ("first", "failed")
    assert str(first.error) == f"{project.folder}/pipeline.yaml:5:9: the worker is gone"
    assert (second.name, second.status, second.reason) == ("second", "skipped", "the job's environment was lost")


class Forgetful(dtp.LocalRunner):
    """Shares no files, and the place of a job's first attempt is gone when a file is to be got from it."""

    capabilities = dtp.Capabilities(shares_files=False)

    @contextlib.asynccontextmanager
    async def job(self, job: dtp.JobSpec) -> AsyncIterator[dtp.JobEnvironment]:
        async with super().job(job) as environment:
            if job.attempt == 1:

                async def gone(path: PurePath, destination: Path, **_more: object) -> None:
                    raise EnvironmentLost("the worker is gone")

                environment.get = gone  # type: ignore[method-assign]  # just this once
            yield environment


@pytest.mark.parametrize(
    "step",
    [
        "{id: s, run: 'echo ::x::1', if: \"hashFiles('*.lock') == ''\"}",
        "{id: s, run: 'echo ::x::1', timeout: \"${{ env.HASH == '' && 1 }}\"}",
        "{id: s, run: 'echo ::x::1', inputs: {hash: \"${{ hashFiles('*.lock') }}\"}}",
        "{id: s, run: 'echo {\\\"x\\\": 1} > $DATATORCH_OUTPUT'}",
    ],
    ids=["if", "timeout", "inputs", "outputs"],
)
def test_a_job_starts_anew_whatever_its_environment_was_asked_for_when_it_was_lost(project, step: str) -> None:
    env = "env: {HASH: \"${{ hashFiles('*.lock') }}\"}, " if "HASH" in step else ""
    seen: list[int] = []
    result = project.run(
        f"name: L\njobs:\n  a: {{{env}outputs: {{x: '${{{{ steps.s.outputs.x }}}}'}}, steps: [{step}]}}\n",
        runner=Forgetful(),
        on_event=lambda event: seen.append(event.attempt) if isinstance(event, JobStarted) else None,
    )
    assert result.error is None
    assert (seen, result.jobs["a"].outputs) == ([1, 2], {"x": 1})


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RunnerUnavailable("the host is down", hint="try later"), "the host is down; try later"),
        (ZeroDivisionError("oops"), "the runner raised ZeroDivisionError: oops"),
    ],
)
def test_what_a_runner_raises_in_a_step_fails_that_step_at_its_place(project, error: Exception, message: str) -> None:
    result = project.run(TWO, runner=Faulty({"first": [error]}))
    first, second = result.jobs["a"].steps
    assert str(first.error) == f"{project.folder}/pipeline.yaml:5:9: {message}"
    assert (first.status, first.exit_status, second.status) == ("failed", None, "skipped")


@pytest.mark.parametrize("where", ["enter", "leave"])
def test_what_a_runner_raises_around_a_job_fails_that_job(project, where: str) -> None:
    result = project.run(TWO, runner=Nowhere(where, ValueError("no place")))
    assert result.status == "failed"
    assert str(result.jobs["a"].error) == (
        f"{project.folder}/pipeline.yaml:3:3: the runner raised ValueError: no place"
    )
    assert [step.status for step in result.jobs["a"].steps] == (["succeeded"] * 2 if where == "leave" else [])


def test_a_runner_that_cant_open_fails_every_job(project) -> None:
    result = project.run(TWO, runner=Nowhere("open", RunnerUnavailable("the cluster is down")))
    assert result.status == result.jobs["a"].status == "failed"
    assert result.error.message == "the cluster is down"


def test_a_runner_that_cant_close_fails_the_run(project) -> None:
    result = project.run(TWO, runner=Nowhere("close", OSError("stuck")))
    assert result.status == "failed"
    assert result.jobs["a"].status == "succeeded"
    assert str(result.error) == "the runner raised OSError: stuck"


def test_a_runtime_of_ones_own_runs_actions_of_its_kind_and_its_faults_are_named(project, logged) -> None:
    class Shout(dtp.Runtime):
        def command(
            self, action: RunnableAction, inputs: Mapping[str, object], environment: StepEnvironment
        ) -> dtp.Command:
            return dtp.Command(argv=("echo", str(inputs["text"]).upper()))

    project.action("shout", {"action-datatorch.yaml": "name: S\ninputs: {text: {}}\nruns: {using: shout}\n"})
    text = "name: S\njobs: {s: {steps: [{action: ./shout, inputs: {text: '${{ event.text }}'}}]}}"
    assert logged(project.run(text, runtimes={"shout": Shout()}, event={"text": "hey"})) == ["HEY"]

    class Broken(Shout):
        async def prepare(self, action: RunnableAction, environment: StepEnvironment) -> None:
            raise KeyError("lost")

    result = project.run(text, runtimes={"shout": Broken()}, event={"text": "hey"})
    assert result.error.message == "the runtime 'shout' raised KeyError: 'lost'"


def test_a_resolver_of_ones_own_that_breaks_is_a_refusal_at_the_action(project) -> None:
    class Broken(dtp.Resolver):
        def matches(self, reference: dtp.ActionReference) -> bool:
            return True

        async def resolve(self, reference: dtp.ActionReference, context: object) -> dtp.ResolvedAction:
            raise RuntimeError("no idea")

    (line,) = project.refusal("name: R\njobs:\n  a:\n    steps:\n      - action: a/b@v1\n", resolvers=[Broken()])
    assert line == "pipeline.yaml:5:17: error: Broken failed on a/b@v1: RuntimeError: no idea [DT402]"


def test_a_runner_that_takes_one_job_at_once_gets_one(project) -> None:
    running, most = 0, 0

    class One(dtp.LocalRunner):
        capabilities = dtp.Capabilities(shares_files=True, max_jobs=1)

        async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                return await super().execute(command, context)
            finally:
                running -= 1

    jobs = "".join(f"  j{number}: {{steps: [{{run: 'true'}}]}}\n" for number in range(5))
    assert project.run(f"name: M\njobs:\n{jobs}", runner=One()).status == "succeeded"
    assert most == 1


@pytest.mark.parametrize("given", ["nope", "Local"])
def test_an_unknown_runner_is_refused_by_name(project, given: str) -> None:
    pipeline = dtp.load(project.write(TWO))
    with pytest.raises(dtp.PipelinesError, match=f"there is no runner '{given}'; use one of dask, docker, local"):
        pipeline.run(runner=given)


def test_two_runs_at_once_keep_apart(project) -> None:
    pipeline = dtp.load(
        project.write("name: W\njobs: {w: {steps: [{run: 'echo $INPUT_N', inputs: {n: '${{ inputs.n }}'}}]}}")
    )
    handles = [pipeline.start(inputs={"n": number}, directory=project.runs) for number in range(6)]
    results = [handle.wait() for handle in handles]
    assert [result.jobs["w"].steps[0].log for result in results] == [f"{number}\n" for number in range(6)]
    assert len({result.id for result in results}) == 6


@pytest.mark.parametrize("name", ["max_parallel", "max_attempts"])
def test_a_count_below_one_is_refused(project, name: str) -> None:
    pipeline = dtp.load(project.write(TWO))
    with pytest.raises(dtp.PipelinesError, match=f"{name} is 0; give a whole number from 1 on"):
        pipeline.run(**{name: 0})


class Stubborn(NullRunner):
    """A runner that goes on making a job's place although it was told to stop.

    ``left`` counts those that were left, ``in_time`` those of them that were before the runner was closed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.made = self.left = self.in_time = 0

    async def aclose(self) -> None:
        self.in_time = self.left
        await super().aclose()

    def job(self, job: dtp.JobSpec) -> contextlib.AbstractAsyncContextManager[dtp.JobEnvironment]:
        return self._made_all_the_same(job)

    @contextlib.asynccontextmanager
    async def _made_all_the_same(self, job: dtp.JobSpec) -> AsyncIterator[dtp.JobEnvironment]:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        async with super().job(job) as environment:
            self.made += 1
            try:
                yield environment
            finally:
                self.left += 1


@pytest.mark.parametrize("end", [Run.cancel, Run.kill])
def test_a_place_that_a_runner_makes_although_it_was_told_to_stop_is_left_and_nothing_runs_in_it(
    end: Callable[[Run], None],
) -> None:
    runner = Stubborn()
    result = simulate(TWO, runner, at={10: end})
    assert (result.status, result.jobs["a"].status, result.jobs["a"].reason) == (
        "cancelled",
        "cancelled",
        "the run was cancelled",
    )
    assert (runner.made, runner.in_time, runner.spans) == (1, 1, [])


def test_a_runner_that_says_nothing_of_being_killed_runs_no_further_step() -> None:
    class Deaf(NullRunner):
        async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
            with contextlib.suppress(asyncio.CancelledError):
                return await super().execute(command, context)
            return 0

    runner = Deaf({"first": Act(seconds=60)})
    result = simulate(TWO, runner, at={10: Run.kill})
    assert (result.status, [span.step for span in runner.spans]) == ("cancelled", ["first"])
    assert [step.status for step in result.jobs["a"].steps] == ["succeeded", "skipped"]


NO_FOLDER = "No such file or directory; free or change the temporary folder"


@pytest.mark.parametrize(
    ("step", "place", "why"),
    [
        ("{run: 'true'}", "4:9", f"the step's files can't be made: {NO_FOLDER}"),
        ("{run: 'true', if: \"hashFiles('*') == ''\"}", "4:9", f"the step's files can't be made: {NO_FOLDER}"),
    ],
    ids=["files", "hash"],
)
def test_a_step_elsewhere_whose_files_find_no_room_here_fails_in_one_line(
    project, monkeypatch: pytest.MonkeyPatch, step: str, place: str, why: str
) -> None:
    text = f"name: F\njobs:\n  a: {{steps: [\n        {step}]}}\n"
    monkeypatch.setattr(tempfile, "tempdir", str(project.folder / "gone"))
    result = project.run(text, runner=FarRunner())
    assert str(result.error) == f"{project.folder}/pipeline.yaml:{place}: {why}"


def test_what_can_not_be_read_here_or_kept_here_is_told_as_the_file_that_does_not_travel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def travel() -> None:
        spec = dtp.JobSpec(run_id="r", job_id="j", name="J")
        async with FarRunner().job(spec) as environment:
            with pytest.raises(dtp.RunnerError) as caught:
                await environment.put(tmp_path / "gone", "digest")
            assert str(caught.value) == (
                "the folder 'gone' can't be brought to where the job runs: No such file or directory"
            )
            monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
            with pytest.raises(dtp.RunnerError) as caught:
                await environment.get(environment.paths.workspace, tmp_path / "copy")
            assert str(caught.value) == f"files can't be copied from where the job runs: {NO_FOLDER}"

    asyncio.run(travel())


class Broken(FarRunner):
    """A far runner whose places break when a file is to be brought (``put``) or got."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what

    @contextlib.asynccontextmanager
    async def job(self, job: dtp.JobSpec) -> AsyncIterator[dtp.JobEnvironment]:
        async with super().job(job) as environment:

            async def broken(*_given: object, **_more: object) -> None:
                raise KeyError("boom")

            setattr(environment, self.what, broken)
            yield environment


@pytest.mark.parametrize(
    ("what", "step"),
    [
        ("put", "{run: 'true'}"),
        ("put", "{action: ./add, inputs: {a: 1, b: 2}}"),
        ("get", "{run: 'true', if: \"hashFiles('*') == ''\"}"),
        ("get", "{run: 'true', inputs: {x: \"${{ hashFiles('*') }}\"}}"),
    ],
    ids=["files", "action", "if", "inputs"],
)
def test_a_place_that_breaks_while_files_travel_fails_its_step_in_one_line(project, what: str, step: str) -> None:
    project.action("add", ADD)
    result = project.run(f"name: F\njobs:\n  a: {{steps: [\n        {step}]}}\n", runner=Broken(what))
    assert str(result.error) == f"{project.folder}/pipeline.yaml:4:9: the runner raised KeyError: 'boom'"
