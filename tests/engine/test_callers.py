"""What the caller of a run does at odd moments, or gives wrongly."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import tempfile
import threading
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import ResolveContext
from datatorch_pipelines.records import is_owned
from datatorch_pipelines.results import RunStarted, StepStarted

HELLO = "name: Hello\njobs: {a: {steps: [{name: says, run: echo hello}]}}\n"


def test_a_run_that_is_cancelled_as_soon_as_it_starts_has_a_result(project) -> None:
    pipeline = dtp.loads(HELLO)
    for _ in range(20):
        handle = pipeline.start(directory=project.runs)
        handle.cancel()
        handle.cancel()
        result = handle.wait(30)
        assert (result.status, [job.status for job in result.jobs.values()]) == ("cancelled", ["cancelled"])


def test_listeners_may_all_wait_for_the_run(project) -> None:
    handles: list[dtp.RunHandle] = []
    known = threading.Event()
    seen: list[str] = []

    def listen(event: dtp.Event) -> None:
        if isinstance(event, RunStarted):
            known.wait()
            seen.append(handles[0].wait().status)

    handles.append(dtp.loads(HELLO).start(directory=project.runs, on_event=[listen, listen]))
    known.set()
    assert handles[0].wait(30).status == "succeeded"
    assert seen == ["succeeded", "succeeded"]


def test_to_wait_for_a_while_ends_in_time_though_a_listener_does_not(project) -> None:
    go_on = threading.Event()
    handle = dtp.loads(HELLO).start(directory=project.runs, on_event=lambda event: go_on.wait())
    for _ in handle:
        pass
    with pytest.raises(TimeoutError):
        handle.wait(0.01)
    go_on.set()
    assert handle.wait(30).status == "succeeded"


def test_a_task_cancelled_again_and_again_still_ends_everything_first(project) -> None:
    text = "name: H\njobs: {a: {steps: [{run: 'trap : TERM; echo $$ > %s; while :; do sleep 0.05; done'}]}}\n"
    number = project.folder / "number"

    async def main() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def listen(event: dtp.Event) -> None:
            if isinstance(event, StepStarted):
                loop.call_soon_threadsafe(begun.set)

        pipeline = dtp.loads(text % number)
        task = asyncio.ensure_future(pipeline.run_async(directory=project.runs, on_event=listen))
        await begun.wait()
        while not number.exists() or not number.read_text():  # noqa: ASYNC110  # another process writes it
            await asyncio.sleep(0.01)
        for _ in range(5):
            task.cancel()
            await asyncio.sleep(0.02)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not Path(f"/proc/{number.read_text().strip()}").exists()
    (record,) = project.runs.iterdir()
    last = (record / "events.jsonl").read_text().splitlines()[-1]
    assert '"type":"run-finished"' in last
    assert '"status":"cancelled"' in last


def _process() -> dict[str, object]:
    """What of this process a library could change for its user."""
    root = logging.getLogger()
    os.umask(mask := os.umask(0o077))
    return {
        "signals": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        "logging": (root.level, list(root.handlers), logging.raiseExceptions, logging.lastResort),
        "folder": Path.cwd(),
        "environment": dict(os.environ),
        "umask": mask,
        "hooks": (sys.excepthook, threading.excepthook, sys.unraisablehook),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
    }


def test_a_run_leaves_the_process_as_it_is(project, monkeypatch) -> None:
    pipeline = dtp.load(
        project.write(
            "name: Tidy\n"
            "env: {TIDY_LEVEL: job}\n"
            "jobs: {a: {steps: [{run: 'cd /; umask 0; export TIDY_X=1; kill $$'}, {run: exit 1, if: always()}]}}\n"
        )
    )
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # the one thing that others change
    before = _process()
    assert pipeline.run(directory=project.runs).status == "failed"
    handle = pipeline.start(directory=project.runs)
    handle.cancel()
    handle.wait()
    dtp.resume(handle.directory)
    assert dtp.run_step({"run": "exit 4"}, directory=project.runs).exit_status == 4
    assert asyncio.run(pipeline.run_async(directory=project.runs)).status == "failed"
    assert _process() == before


def test_what_a_step_does_to_its_environment_and_its_folder_does_not_pass_on(project) -> None:
    result = dtp.load(
        project.write(
            """\
            name: Apart
            jobs:
              a:
                steps:
                  - {run: "export PASSED=1; cd /; umask 0", shell: bash}
                  - {run: 'echo "${PASSED-unset} $(test "$PWD" = / || echo elsewhere)"'}
            """
        )
    ).run(directory=project.runs)
    assert result.jobs["a"].steps[1].stdout == "unset elsewhere\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"secret": {"A": "x"}}, "unexpected argument 'secret'; did you mean 'secrets'?"),
        ({"b": 1}, "unexpected argument 'b'"),
    ],
)
def test_an_argument_that_there_is_none_of_is_refused(arguments: dict[str, object], message: str) -> None:
    for call in (dtp.loads(HELLO).run, dtp.loads(HELLO).plan):
        with pytest.raises(TypeError) as refused:
            call(**arguments)  # type: ignore[arg-type]
        assert str(refused.value) == message


def test_a_secret_that_is_no_text_is_refused() -> None:
    with pytest.raises(dtp.PipelinesError) as refused:
        dtp.loads(HELLO).run(secrets={"TOKEN": None})  # type: ignore[dict-item]
    assert str(refused.value) == "the secret 'TOKEN' is no text but of the type NoneType"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_parallel": "3"}, "max_parallel is '3'; give a whole number from 1 on"),
        ({"max_parallel": 2.5}, "max_parallel is 2.5; give a whole number from 1 on"),
        ({"max_attempts": True}, "max_attempts is True; give a whole number from 1 on"),
        ({"cleanup_seconds": "5"}, "cleanup_seconds is '5'; give a number of seconds from 0 on"),
        ({"cleanup_seconds": float("nan")}, "cleanup_seconds is nan; give a number of seconds from 0 on"),
        ({"event": [1]}, "event is of the type list; give a mapping"),
        ({"inputs": "a=1"}, "inputs is of the type str; give a mapping"),
        ({"variables": 1}, "variables is of the type int; give a mapping"),
        ({"pipeline_facts": []}, "pipeline_facts is of the type list; give a mapping"),
        ({"run_facts": ()}, "run_facts is of the type tuple; give a mapping"),
    ],
)
def test_an_argument_of_the_wrong_type_is_refused_in_one_line(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(dtp.PipelinesError) as refused:
        dtp.loads(HELLO).run(**arguments)  # type: ignore[arg-type]  # what a caller may get wrong
    assert str(refused.value) == message


def test_a_single_folder_of_local_actions_is_taken_whole(project) -> None:
    project.action("local/add/v1", {"action-datatorch.yaml": "name: A\nruns: {using: cmd, command: echo hello}\n"})
    text = "name: L\njobs: {a: {steps: [{action: local/add@v1}]}}\n"
    assert project.run(text, local_actions=str(project.folder / "local")).status == "succeeded"


class Answers(dtp.LocalRunner):
    def __init__(self, status: object) -> None:
        super().__init__()
        self.status = status

    async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
        return self.status  # type: ignore[return-value]  # what somebody's runner may do


@pytest.mark.parametrize("status", [None, "0", True, 0.0])
def test_a_runner_that_gives_no_exit_status_fails_the_step(project, status: object) -> None:
    result = project.run(HELLO, runner=Answers(status))
    assert result.status == "failed"
    assert result.error is not None
    assert result.error.message == (
        f"the runner gave {status!r} where an exit status belongs; execute returns a number"
    )


class FarAnswers(Answers):
    capabilities = dtp.Capabilities(shares_files=False)

    def job(self, job: dtp.JobSpec) -> AbstractAsyncContextManager[dtp.JobEnvironment]:
        return dtp.Runner.job(self, job)


def test_a_runner_without_the_engines_files_that_gives_no_exit_status_is_told_of_that_and_not_of_files(project) -> None:
    result = project.run(HELLO, runner=FarAnswers(None))
    assert result.error is not None
    assert result.error.message == "the runner gave None where an exit status belongs; execute returns a number"


def test_a_runner_takes_at_least_one_job() -> None:
    with pytest.raises(ValueError, match="max_jobs"):
        dtp.Capabilities(max_jobs=-1)


def test_a_blocking_call_in_the_engines_own_thread_is_refused_and_not_waited_for(project) -> None:
    said: list[str] = []
    handles: list[dtp.RunHandle] = []
    known = threading.Event()

    class Nests(dtp.LocalRunner):
        async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
            known.wait()
            for call in (dtp.loads(HELLO).run, handles[0].wait):
                with pytest.raises(dtp.PipelinesError) as refused:
                    call()
                said.append(str(refused.value))
            return 0

    handles.append(dtp.loads(HELLO).start(directory=project.runs, runner=Nests()))
    known.set()
    assert handles[0].wait(30).status == "succeeded"
    assert set(said) == {
        "a blocking call can't be made from a runner, runtime or resolver of a run: it would wait for ever; "
        "await run_async instead"
    }


def test_what_a_runner_raises_is_told_in_one_line(project) -> None:
    class Raises(dtp.LocalRunner):
        async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
            raise self.error

        error: Exception

    runner = Raises()
    for runner.error, told in ((TimeoutError(), "TimeoutError"), (OSError("two\nlines"), "OSError: two lines")):
        result = project.run(HELLO, runner=runner)
        assert result.error is not None
        assert result.error.message == f"the runner raised {told}"


class Resolves(dtp.Resolver):
    def __init__(self, match: bool, answer: object) -> None:
        self.match, self.answer = match, answer

    def matches(self, reference: dtp.ActionReference) -> bool:
        if not self.match:
            raise KeyError("broken")
        return True

    async def resolve(self, reference: dtp.ActionReference, context: ResolveContext) -> dtp.ResolvedAction:
        return self.answer  # type: ignore[return-value]  # what somebody's resolver may do


@pytest.mark.parametrize(
    ("resolver", "message"),
    [
        (Resolves(False, None), "Resolves failed on o/r@v1: KeyError: 'broken'"),
        (Resolves(True, None), "a resolver gave None for o/r@v1 where a ResolvedAction belongs"),
    ],
)
def test_a_resolver_that_is_broken_refuses_the_plan_at_the_reference(resolver: Resolves, message: str) -> None:
    pipeline = dtp.loads("name: R\njobs: {a: {steps: [{action: o/r@v1}]}}\n")
    with pytest.raises(dtp.PlanError) as refused:
        pipeline.plan(resolvers=[resolver])
    assert str(refused.value) == f"pipeline.yaml:2:29: error: {message} [DT402]"


def test_without_a_folder_for_temporary_files_the_job_says_so(project, monkeypatch) -> None:
    pipeline = dtp.loads(HELLO)
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(project.folder / "missing"))
    result = pipeline.run(directory=project.runs)
    assert result.error is not None
    assert result.error.message == (
        "the job's folders can't be made: No such file or directory; free or change the temporary folder"
    )


def test_a_value_that_raises_when_it_is_looked_at_ends_the_run_for_all_who_follow_it(project) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("not to be looked at")

    handle = dtp.loads(HELLO).start(directory=project.runs, inputs={"odd": Odd()})
    assert list(handle) == []
    with pytest.raises(RuntimeError, match=r"^not to be looked at$"):
        handle.wait(30)
    assert dtp.runs(project.runs) == []
    assert not is_owned(handle.directory)
