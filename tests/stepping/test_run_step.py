"""One step that is resolved already, as an agent runs it."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import Question
from datatorch_pipelines.results import LogWritten, RunStarted

ADD = """\
name: Add
inputs:
  a: {type: integer, required: true}
  b: {type: integer, default: 10}
  note: {type: string, default: "of ${{ pipeline.name }}"}
outputs:
  sum: {type: integer}
runs:
  using: cmd
  command: echo ${{ run.id }} "$INPUT_NOTE"; echo "::sum::$((INPUT_A + INPUT_B))"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch) -> Path:
    """The current folder, with the action ``./add``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "add").mkdir()
    (tmp_path / "add" / "action-datatorch.yaml").write_text(ADD)
    return tmp_path


def _lines(error: pytest.ExceptionInfo[dtp.PipelinesError]) -> list[str]:
    return str(error.value).splitlines()


def test_a_step_of_an_action_gives_its_outputs(here) -> None:
    result = dtp.run_step({"name": "Add", "action": "./add"}, {"a": 2, "b": "3"}, directory=here / "runs")
    assert (result.name, result.status, result.exit_status) == ("Add", dtp.Status.SUCCEEDED, 0)
    assert (dict(result.outputs), dict(result.inputs)["b"]) == ({"sum": 5}, 3)
    assert result.log_path is not None
    assert result.log_path.is_relative_to(here / "runs")


def test_a_step_may_be_a_model(here) -> None:
    step = dtp.Step(action="./add", inputs={"a": 1, "b": 1})
    assert dtp.run_step(step, {"b": 5}).outputs == {"sum": 6}
    assert step.inputs == {"a": 1, "b": 1}


def test_an_action_may_be_an_object_with_a_name_and_a_tag(here) -> None:
    (here / "local" / "add").mkdir(parents=True)
    (here / "add").rename(here / "local" / "add" / "v1")
    step = {"action": {"name": "local/add", "tag": "v1"}, "inputs": {"a": 1}}
    assert dtp.run_step(step, local_actions=[here / "local"]).outputs == {"sum": 11}


HOSTILE = "${{ secrets.TOKEN }} ${{ fromJSON('[' }} $(id) `id`"


def test_inputs_and_variables_are_never_evaluated(here) -> None:
    step = {
        "name": "Show",
        "run": 'printf "%s\\n" "$INPUT_A" "$INPUT_B" "$C"',
        "inputs": {"a": HOSTILE},
        "env": {"C": HOSTILE},
    }
    result = dtp.run_step(step, {"b": ["x", {"${{ k }}": HOSTILE}]}, secrets={"TOKEN": "s3cret-value"})
    shown = result.log.splitlines()
    assert result.succeeded
    assert (shown[0], shown[2]) == (HOSTILE, HOSTILE)
    assert json.loads(shown[1]) == ["x", {"${{ k }}": HOSTILE}]


def test_an_input_that_looks_like_an_expression_gets_its_type_all_the_same(here) -> None:
    result = dtp.run_step({"action": "./add"}, {"a": "${{ 1 }}"})
    assert result.error is not None
    assert result.error.message.startswith("the input 'a': a string is not an integer")
    assert str(result.error.location) == "<step>.yaml:3:6"


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        (
            {"run": "echo ${{ run.id }} and more"},
            [
                "<step>.yaml:1:11: error: an expression in 'run', and the step is resolved already [DT306]; "
                "write what it stands for; inputs and env take data as it is"
            ],
        ),
        (
            {"run": "true", "if": "success()"},
            [
                "<step>.yaml:2:5: error: 'if' is an expression, and the step is resolved already [DT306]; "
                "leave it out, or write true or false"
            ],
        ),
        (
            {"run": "true", "timeout": "${{ 1 }}", "working-directory": "a/${{ secrets.x"},
            [
                "<step>.yaml:2:10: error: an expression in 'timeout', and the step is resolved already [DT306]; "
                "write what it stands for; inputs and env take data as it is",
                "<step>.yaml:3:22: error: an expression in 'working-directory', and the step is resolved already "
                "[DT306]; write what it stands for; inputs and env take data as it is",
            ],
        ),
    ],
)
def test_an_expression_that_is_no_data_is_refused(here, step: dict[str, object], lines: list[str]) -> None:
    with pytest.raises(dtp.PlanError) as refused:
        dtp.run_step(step)
    assert _lines(refused) == lines


@pytest.mark.parametrize(
    ("step", "start"),
    [
        ({}, "<step>.yaml:1:1: error: a step needs 'action' or 'run' [DT207]"),
        ({"run": "true", "action": "a/b@v1"}, "<step>.yaml:1:1: error: a step has both 'action' and 'run' [DT207]"),
        ({"run": "true", "tiemout": 1}, "<step>.yaml:2:1: error: unknown key 'tiemout'"),
        ({"run": "true", "inputs": 5}, "<step>.yaml:2:9: error: inputs must be a mapping, not an integer [DT203]"),
        ({"action": "no action"}, "<step>.yaml:1:9: error: "),
        ({"action": {"name": "a/b"}}, "<step>.yaml:1:1: error: "),
    ],
)
def test_a_step_of_the_wrong_form_is_told_at_its_place(here, step: dict[str, object], start: str) -> None:
    with pytest.raises(dtp.PipelineSyntaxError) as refused:
        dtp.run_step(step)
    assert _lines(refused)[0].startswith(start)


def test_everything_that_stands_in_the_way_is_told_before_anything_runs(here) -> None:
    with pytest.raises(dtp.PlanError) as refused:
        dtp.run_step({"name": "Add", "action": "./add"}, {"b": "many"}, directory=here / "runs")
    assert [line.split(" error")[0] for line in _lines(refused)] == ["<step>.yaml:2:9:", "<step>.yaml:4:6:"]
    assert not (here / "runs").exists()


def test_an_action_that_is_not_there_is_told_at_its_place(here) -> None:
    with pytest.raises(dtp.PlanError) as refused:
        dtp.run_step({"action": "./none"})
    assert _lines(refused)[0].startswith("<step>.yaml:1:9: error: ./none")


@pytest.mark.parametrize(
    ("step", "inputs", "message"),
    [
        (5, {}, "a step is a Step or a mapping, not of the type int"),
        ({"run": {1}}, {}, "the step can't be used: a value of type set can't be written; use plain data"),
        ({"run": "true"}, [], "inputs are a mapping, not of the type list"),
        ({"run": "true"}, {1: 2}, "the name of an input is a text, not '1'"),
        ({"run": "true"}, {"a": float("nan")}, "the input 'a': nan can't be written; JSON has no such number"),
        ({"run": "true"}, {"a": object()}, "the input 'a': a value of type object can't be written; use plain data"),
    ],
)
def test_what_is_no_data_is_refused(here, step, inputs, message: str) -> None:
    with pytest.raises(dtp.PipelinesError) as refused:
        dtp.run_step(step, inputs)
    assert str(refused.value) == message


def test_a_large_or_deep_input_is_passed_on_whole(here) -> None:
    deep: object = "end"
    for _ in range(150):
        deep = [deep]
    given = {"numbers": list(range(200_000)), "text": "x" * 1_000_000, "deep": deep}
    script = "python3 -c \"import json, os; d = json.load(open(os.environ['DATATORCH_INPUTS'])); "
    script += "print(len(d['numbers']), len(d['text']), str(d['deep']).count('['))\""
    result = dtp.run_step({"run": script}, given)
    assert result.stdout == "200000 1000000 150\n"


def test_inputs_that_are_no_mapping_are_told_of_though_others_are_given(here) -> None:
    with pytest.raises(dtp.PipelineSyntaxError, match="inputs must be a mapping"):
        dtp.run_step({"run": "true", "inputs": 5}, {"a": 1})


def test_secrets_are_a_mapping(here) -> None:
    with pytest.raises(dtp.PipelinesError, match=r"^the secrets of a step are no mapping; give each secret by a name"):
        dtp.run_step({"run": "true"}, secrets=lambda name: "x")


def test_an_unknown_argument_is_refused(here) -> None:
    with pytest.raises(TypeError, match=r"^unexpected argument 'worksapce'; did you mean 'workspace'\?$"):
        dtp.run_step({"run": "true"}, worksapce=here)  # type: ignore[call-arg]  # what is tested
    with pytest.raises(TypeError, match=r"^unexpected argument 'up_to'"):
        dtp.run_step({"run": "true"}, up_to="a")  # type: ignore[call-arg]  # what is tested


def test_a_step_that_fails_is_told_by_its_result(here) -> None:
    result = dtp.run_step({"name": "Fail", "run": "echo no; exit 3"})
    assert (result.status, result.exit_status, result.log) == (dtp.Status.FAILED, 3, "no\n")
    assert result.error is not None
    assert result.error.message == "the step 'Fail' failed with exit status 3"
    with pytest.raises(dtp.RunFailed):
        result.raise_for_status()


def test_time_outs_and_retries_hold_as_in_a_pipeline(here) -> None:
    step = {"run": 'echo x >> "$COUNT"; exit 1', "retries": 2, "env": {"COUNT": str(here / "count")}}
    assert dtp.run_step(step).attempts == 3
    assert (here / "count").read_text() == "x\nx\nx\n"
    result = dtp.run_step({"name": "Long", "run": "sleep 100", "timeout": 0.001})
    assert result.error is not None
    assert result.error.message == "the step 'Long' timed out after 0.001 minutes"


def test_a_step_that_is_not_to_run_is_skipped(here) -> None:
    result = dtp.run_step({"run": "exit 1", "if": False})
    assert (result.status, result.reason) == (dtp.Status.SKIPPED, "its condition does not hold")


def test_secrets_are_masked_wherever_they_stand(here) -> None:
    step = {"run": 'echo "$INPUT_TOKEN $T"; echo "::token::\\"$INPUT_TOKEN\\""', "env": {"T": "s3cret-value"}}
    result = dtp.run_step(
        step, {"token": "s3cret-value"}, secrets={"TOKEN": "s3cret-value"}, directory=here / "runs", run_id="r1"
    )
    assert result.log == '*** ***\n::token::"***"\n'
    assert (result.inputs, result.outputs) == ({"token": "***"}, {"token": "***"})
    files = [path for path in (here / "runs").rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert not any(b"s3cret" in path.read_bytes() for path in files)


def test_the_steps_of_a_run_have_their_records_side_by_side(here) -> None:
    results = [
        dtp.run_step(
            {"action": "./add"},
            {"a": 1},
            run_id="run-7",
            job="train",
            pipeline_facts={"name": "Nightly"},
            directory=here / "runs",
        )
        for _ in range(2)
    ]
    assert [result.log.splitlines()[0] for result in results] == ["run-7 of Nightly", "run-7 of Nightly"]
    records = sorted((here / "runs" / "run-7").iterdir())
    assert len(records) == 2
    paths = [result.log_path for result in results]
    assert all(path and path.parent.name == "train" and path.parents[2] in records for path in paths)


def test_without_a_folder_the_records_are_in_the_users(here) -> None:
    result = dtp.run_step({"run": "true"}, run_id="run-7")
    assert result.log_path is not None
    assert result.log_path.is_relative_to(Path(os.environ["DATATORCH_PIPELINES_HOME"]) / "state" / "steps" / "run-7")


@pytest.mark.parametrize("run_id", ["", "..", ".", "../x", "a/b", "a\0b", "a\n", "-" * 129, ".hidden", 5])
def test_a_run_id_leads_nowhere_else(here, run_id) -> None:
    with pytest.raises(dtp.PipelinesError, match=r"^the run id .* can't name a folder; use letters, digits, "):
        dtp.run_step({"run": "true"}, run_id=run_id, directory=here / "runs")
    assert not (here / "runs").exists()


def test_a_job_id_of_the_wrong_form_is_refused(here) -> None:
    with pytest.raises(dtp.PipelinesError, match=r"^'1/2' is no job id; use letters, digits, '_' and '-'"):
        dtp.run_step({"run": "true"}, job="1/2")


def test_what_the_run_is_told_is_in_the_contexts_of_the_action(here) -> None:
    action = ADD.replace("of ${{ pipeline.name }}", "${{ pipeline.name }} ${{ pipeline.id }} ${{ event.file }}")
    (here / "add" / "action-datatorch.yaml").write_text(action)
    facts = {"name": "Train", "id": "p1"}
    result = dtp.run_step({"action": "./add"}, {"a": 1}, run_id="r7", pipeline_facts=facts, event={"file": "x.png"})
    assert result.log.splitlines()[0] == "r7 Train p1 x.png"


def test_a_workspace_outlives_the_step_for_the_next_one(here) -> None:
    workspace = here / "work" / "job-1"
    first = dtp.run_step({"run": "pwd; echo kept > file"}, workspace=workspace)
    second = dtp.run_step({"run": "cat file; mkdir -p sub"}, workspace="work/job-1")
    third = dtp.run_step({"run": "pwd", "working-directory": "sub"}, workspace=workspace)
    assert (first.log, second.log, third.log) == (f"{workspace}\n", "kept\n", f"{workspace}/sub\n")
    assert dtp.run_step({"run": "cat file"}).status is dtp.Status.FAILED


def test_a_workspace_that_is_a_file_is_refused(here) -> None:
    (here / "file").write_text("")
    with pytest.raises(dtp.PipelinesError) as refused:
        dtp.run_step({"run": "true"}, workspace=here / "file")
    assert str(refused.value).startswith(f"the workspace '{here}"[:60])
    assert str(refused.value).endswith("' can't be made: File exists")


class _Elsewhere(dtp.Runner):
    capabilities = dtp.Capabilities(shares_files=False)

    async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
        raise AssertionError("nothing runs")


class _OwnFolders(dtp.LocalRunner):
    def job(self, job: dtp.JobSpec):
        from attrs import evolve

        return super().job(evolve(job, workspace=None))


def test_a_runner_that_can_not_use_a_workspace_is_refused(here) -> None:
    with pytest.raises(dtp.PipelinesError, match=r"^_Elsewhere does not share files, so that its steps can't work in "):
        dtp.run_step({"run": "true"}, workspace=here / "w", runner=_Elsewhere())
    result = dtp.run_step({"run": "true"}, workspace=here / "w", runner=_OwnFolders())
    assert result.error is not None
    assert result.error.message == "the runner made a workspace of its own where one was given"


def test_a_child_in_the_background_ends_with_the_step_though_the_workspace_stays(here) -> None:
    os.mkfifo(here / "alive")
    reader = os.open(here / "alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        result = dtp.run_step({"run": "exec 3> ../alive; sleep 1000 & echo started"}, workspace=here / "w")
        assert result.log == "started\n"
        os.set_blocking(reader, True)
        assert os.read(reader, 1) == b""  # nobody holds the writing end any more
    finally:
        os.close(reader)


def test_a_handle_gives_the_log_as_it_is_written_and_cancels(here) -> None:
    os.mkfifo(here / "alive")
    reader = os.open(here / "alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        script = 'exec 3> "$ALIVE"; sleep 1000 & echo started; wait'
        handle = dtp.start_step({"name": "Long", "run": script, "env": {"ALIVE": str(here / "alive")}})
        for event in handle:
            if isinstance(event, LogWritten):
                break
        assert not handle.done
        with pytest.raises(TimeoutError):
            handle.wait(0)
        started = time.monotonic()
        handle.cancel()
        result = handle.wait()
        assert (result.status, result.log) == (dtp.Status.CANCELLED, "started\n")
        os.set_blocking(reader, True)
        assert os.read(reader, 1) == b""
        assert handle.done
        assert time.monotonic() - started < 60
        assert handle.directory.is_dir()
    finally:
        os.close(reader)


def test_a_handle_can_be_iterated_in_a_loop(here) -> None:
    async def types() -> list[str]:
        handle = dtp.start_step({"run": "echo hello"})
        return [event.type async for event in handle]

    found = asyncio.run(types())
    assert (found[0], found[-1]) == ("run-started", "run-finished")
    assert "log" in found


def test_a_listener_is_told_of_every_event(here) -> None:
    events: list[dtp.Event] = []
    dtp.run_step({"run": "echo hello"}, on_event=events.append)
    (first,) = [event for event in events if isinstance(event, RunStarted)]
    assert (first.pipeline, first.jobs) == ("echo hello", ("job",))


def test_an_agent_that_is_asynchronous_awaits_a_step(here) -> None:
    async def both() -> list[Mapping[str, object]]:
        work = [dtp.run_step_async({"action": "./add"}, {"a": a}, run_id="r") for a in (1, 2)]
        return [result.outputs for result in await asyncio.gather(*work)]

    assert asyncio.run(both()) == [{"sum": 11}, {"sum": 12}]


def test_a_cancelled_task_ends_its_step(here) -> None:
    os.mkfifo(here / "alive")
    reader = os.open(here / "alive", os.O_RDONLY | os.O_NONBLOCK)

    async def main() -> None:
        written = asyncio.Event()
        loop = asyncio.get_running_loop()

        def heard(event: dtp.Event) -> None:
            if isinstance(event, LogWritten):
                loop.call_soon_threadsafe(written.set)

        script = 'exec 3> "$ALIVE"; sleep 1000 & echo started; wait'
        step = {"run": script, "env": {"ALIVE": str(here / "alive")}}
        task = asyncio.create_task(dtp.run_step_async(step, on_event=heard))
        await written.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    try:
        asyncio.run(main())
        os.set_blocking(reader, True)
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)


def test_a_step_may_ask_a_person(here) -> None:
    (here / "ask").mkdir()
    action = "name: Ask\noutputs: {ok: {type: boolean}}\nruns: {using: human}\n"
    (here / "ask" / "action-datatorch.yaml").write_text(action)
    asked: list[Question] = []
    answer: Callable[[Question], Mapping[str, object]] = lambda question: asked.append(question) or {"ok": "true"}  # type: ignore[func-returns-value]  # noqa: E731  # short
    assert dtp.run_step({"action": "./ask"}, human=answer, job="review").outputs == {"ok": True}
    assert (asked[0].job, asked[0].step) == ("review", "./ask")
    with pytest.raises(dtp.PlanError, match=r"^<step>\.yaml:1:9: error: the action \./ask asks a person, and nobody"):
        dtp.run_step({"action": "./ask"})


def test_it_works_from_within_a_running_loop(here) -> None:
    async def main() -> dtp.StepResult:
        return dtp.run_step({"run": "echo hello"})

    assert asyncio.run(main()).log == "hello\n"


def test_many_steps_run_side_by_side(here) -> None:
    results: list[dtp.StepResult] = []
    threads = [
        threading.Thread(target=lambda a=a: results.append(dtp.run_step({"action": "./add"}, {"a": a}, run_id="r")))
        for a in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(str(result.outputs["sum"])) for result in results) == [10, 11, 12, 13]
