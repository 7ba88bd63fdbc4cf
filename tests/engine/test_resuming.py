"""Runs that go on: what stands, what runs again, and what it runs with."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.records import read_record
from datatorch_pipelines.results import Event, RunResumed, RunStarted, StepInputs
from tests.support.git_servers import commit_files, git, make_repository
from tests.support.outcomes import outcomes

Write = Callable[..., Path]

# Each job notes that it ran; "b" fails until there is a file "ok".
CHAIN = """\
name: Chain
jobs:
  a:
    outputs: {n: "${{ steps.s.outputs.n }}"}
    steps:
      - {id: s, run: 'echo a >> $HOME_OF/ran; echo "::n::[1, {\\"x\\": 2.5}]"', env: &e {HOME_OF: "${{ inputs.home }}"}}
  b:
    needs: a
    steps:
      - {run: 'echo b >> $HOME_OF/ran; test -e $HOME_OF/ok', env: *e, inputs: {got: "${{ needs.a.outputs.n }}"}}
  c: {needs: b, steps: [{run: 'echo c >> $HOME_OF/ran', env: *e}]}
  d: {steps: [{run: 'echo d >> $HOME_OF/ran', env: *e}]}
"""


@pytest.fixture
def begin(tmp_path: Path) -> Callable[..., dtp.RunResult]:
    """Runs a text's pipeline, whose steps see the folder as ``inputs.home``."""

    def run(text: str, *, name: str = "p.yaml", **arguments: object) -> dtp.RunResult:
        file = tmp_path / name
        file.write_text(text)
        inputs = {"home": str(tmp_path)}
        return dtp.run(file, directory=tmp_path / "runs", inputs=inputs, **arguments)  # type: ignore[arg-type]

    return run


Begin = Callable[..., dtp.RunResult]


def _ran(folder: Path) -> dict[str, int]:
    return dict(sorted(Counter((folder / "ran").read_text().split()).items()))


def _kinds(result: dtp.RunResult) -> list[str]:
    return [event.type for event in read_record(result.directory).events]


def test_a_failed_run_goes_on_with_what_did_not_succeed_in_the_same_record(begin: Begin, tmp_path: Path) -> None:
    failed = begin(CHAIN)
    assert [str(job.status) for job in failed.jobs.values()] == ["succeeded", "failed", "skipped", "succeeded"]
    (tmp_path / "ok").touch()
    result = dtp.resume(failed)
    assert result.succeeded
    assert (result.id, result.directory, result.started) == (failed.id, failed.directory, failed.started)
    assert _ran(tmp_path) == {"a": 1, "b": 2, "c": 1, "d": 1}
    assert result.jobs["b"].steps[0].inputs == {"got": [1, {"x": 2.5}]}
    assert result.jobs["a"] == failed.jobs["a"]
    assert dtp.open_run(failed.id, tmp_path / "runs") == result
    assert len(dtp.runs(tmp_path / "runs")) == 1
    assert _kinds(result).count("run-started") == _kinds(result).count("run-resumed") == 1
    assert _kinds(result).count("run-finished") == 2
    (resumed,) = [event for event in read_record(result.directory).events if isinstance(event, RunResumed)]
    assert (resumed.attempt, resumed.jobs, resumed.standing) == (2, ("b", "c"), {})


def test_the_logs_of_each_time_stay_beside_each_other(begin: Begin, tmp_path: Path) -> None:
    text = "name: P\njobs: {a: {steps: [{name: s, run: 'echo $RANDOM; exit 1', shell: bash}]}}"
    first = begin(text)
    second = dtp.resume(first)
    third = dtp.resume(second)
    paths = [result.jobs["a"].steps[0].log_path for result in (first, second, third)]
    assert [path.name for path in paths if path] == ["001-s.log", "001-s.2.log", "001-s.3.log"]
    assert all(path is not None and path.read_text() for path in paths)


def test_a_run_that_fails_again_can_be_resumed_again(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN)
    result = dtp.resume(result)
    assert (result.status, _ran(tmp_path)) == ("failed", {"a": 1, "b": 2, "d": 1})
    (tmp_path / "ok").touch()
    result = dtp.resume(result)
    assert (result.status, _ran(tmp_path)) == ("succeeded", {"a": 1, "b": 3, "c": 1, "d": 1})
    attempts = [event.attempt for event in read_record(result.directory).events if isinstance(event, RunResumed)]
    assert attempts == [2, 3]


def test_where_nothing_is_left_to_do_the_run_is_given_back_as_it_is(begin: Begin, tmp_path: Path) -> None:
    text = "name: P\njobs: {a: {steps: [{run: echo}]}, b: {needs: a, if: failure(), steps: [{run: echo}]}}"
    result = begin(text)
    assert result.succeeded
    before = read_record(result.directory)
    assert dtp.resume(result) == result
    assert dtp.start_resume(result) is None
    assert asyncio.run(dtp.resume_async(result)) == result
    assert read_record(result.directory) == before


def test_what_ran_in_spite_of_a_failure_runs_again_with_what_failed(begin: Begin, tmp_path: Path) -> None:
    text = """\
name: P
jobs:
  a: {steps: [{run: 'test -e $HOME_OF/ok', env: &e {HOME_OF: "${{ inputs.home }}"}}]}
  tell:
    needs: a
    if: always()
    steps: [{run: 'echo $INPUT_HOW >> $HOME_OF/ran', env: *e, inputs: {how: "${{ needs.a.result }}"}}]
  other: {steps: [{run: 'echo other >> $HOME_OF/ran', env: *e}]}
"""
    result = begin(text)
    assert result.jobs["tell"].status == "succeeded"
    (tmp_path / "ok").touch()
    assert dtp.resume(result).succeeded
    assert _ran(tmp_path) == {"failure": 1, "other": 1, "success": 1}


def test_a_cancelled_run_goes_on(tmp_path: Path) -> None:
    text = CHAIN.replace("test -e $HOME_OF/ok", "test -e $HOME_OF/ok || { echo waits; sleep 60; }")
    handle = dtp.loads(text).start(directory=tmp_path / "runs", inputs={"home": str(tmp_path)})
    for event in handle:
        if event.type == "log" and event.job == "b":  # type: ignore[attr-defined]
            handle.cancel()
    result = handle.wait(30)
    assert result.status == "cancelled"
    (tmp_path / "ok").touch()
    assert dtp.resume(result).succeeded
    assert _ran(tmp_path) == {"a": 1, "b": 2, "c": 1, "d": 1}


def test_a_run_that_goes_on_is_not_resumed(tmp_path: Path) -> None:
    handle = dtp.loads("name: P\njobs: {a: {steps: [{run: echo go; sleep 60}]}}").start(directory=tmp_path)
    next(event for event in handle if event.type == "log")
    try:
        with pytest.raises(dtp.RecordError) as raised:
            dtp.resume(handle.directory)
        assert str(raised.value) == f"the run {handle.run_id!r} is still going on; wait for its end, or cancel it"
        code = f"import datatorch_pipelines as dtp; dtp.resume({str(handle.directory)!r})"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert other.stderr.splitlines()[-1] == f"datatorch_pipelines.errors.RecordError: {raised.value}"
    finally:
        handle.cancel()
        handle.wait(30)


TWICE = """
import sys
import datatorch_pipelines as dtp
print("ready", flush=True)
sys.stdin.readline()
try:
    print(dtp.resume(sys.argv[1]).status)
except dtp.RecordError as error:
    print(error)
"""


def test_of_processes_that_resume_a_run_at_once_one_does(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN)
    (tmp_path / "ok").touch()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TWICE, result.directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert "succeeded" in told
    others = {line for line in told if line != "succeeded"}
    still = f"the run {result.id!r} is still going on; wait for its end, or cancel it"
    went_on = f"the run {result.id!r} went on meanwhile; look what came of it"
    assert others <= {still, went_on}
    assert _ran(tmp_path) == {"a": 1, "b": 2, "c": 1, "d": 1}
    assert dtp.open_run(result.directory).succeeded


MATRIX = """\
name: Matrix
jobs:
  m:
    strategy: {matrix: {v: [x, y, z]}, fail-fast: false}
    outputs: {v: "${{ matrix.v }}"}
    env: {HOME_OF: "${{ inputs.home }}"}
    steps:
      - run: echo $INPUT_V >> $HOME_OF/ran; test $INPUT_V != y || test -e $HOME_OF/ok
        inputs: {v: "${{ matrix.v }}"}
  all:
    needs: m
    env: {HOME_OF: "${{ inputs.home }}"}
    steps: [{run: 'echo all >> $HOME_OF/ran', inputs: {got: "${{ needs.m.outputs }}"}}]
"""


def test_the_instances_of_a_matrix_that_succeeded_stand(begin: Begin, tmp_path: Path) -> None:
    failed = begin(MATRIX)
    (tmp_path / "ok").touch()
    result = dtp.resume(failed)
    assert _ran(tmp_path) == {"all": 1, "x": 1, "y": 2, "z": 1}
    assert outcomes(result)[:7] == [
        "m: succeeded",
        "m(x): succeeded",
        *outcomes(result)[2:3],
        "m(y): succeeded",
        *outcomes(result)[4:5],
        "m(z): succeeded",
        *outcomes(result)[6:7],
    ]
    assert result.jobs["m"].instances[0] == failed.jobs["m"].instances[0]
    assert result.jobs["all"].steps[0].inputs == {"got": [{"v": "x"}, {"v": "y"}, {"v": "z"}]}
    assert dtp.open_run(result.directory) == result
    (resumed,) = [event for event in read_record(result.directory).events if isinstance(event, RunResumed)]
    assert resumed.standing == {"m": (0, 2)}


def test_a_matrix_that_is_retried_runs_whole_and_so_does_what_needs_it(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "ok").touch()
    result = begin(MATRIX)
    result = dtp.retry(result, "m")
    assert result.succeeded
    assert _ran(tmp_path) == {"all": 2, "x": 2, "y": 2, "z": 2}
    assert dtp.retry(result, ["all"]).succeeded
    assert _ran(tmp_path) == {"all": 3, "x": 2, "y": 2, "z": 2}


def test_a_matrix_behind_a_job_that_is_retried_runs_whole(begin: Begin, tmp_path: Path) -> None:
    text = MATRIX.replace("  m:\n", "  first: {steps: [{run: 'true'}]}\n  m:\n    needs: first\n")
    (tmp_path / "ok").touch()
    result = begin(text)
    assert dtp.retry(result, "first").succeeded
    assert _ran(tmp_path) == {"all": 2, "x": 2, "y": 2, "z": 2}


def test_a_job_that_is_retried_runs_again_with_what_needs_it_and_no_other(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "ok").touch()
    result = begin(CHAIN)
    assert _ran(tmp_path) == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert dtp.retry(result, "b").succeeded
    assert _ran(tmp_path) == {"a": 1, "b": 2, "c": 2, "d": 1}
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.retry(result, "x")
    assert str(raised.value) == "the run had no job 'x'; it had a, b, c, d"


def test_a_run_goes_on_with_what_it_was_given_although_its_file_is_gone(tmp_path: Path) -> None:
    text = """\
name: P
triggers: {manual: {}}
variables: {level: 1, colour: red}
jobs:
  a:
    steps:
      - run: 'test -e "$INPUT_OK"'
        inputs:
          ok: "${{ inputs.ok }}"
          event: "${{ event }}"
          variables: "${{ variables }}"
          trigger: "${{ trigger.type }}"
          facts: "${{ pipeline.id }} ${{ run.config.x }}"
"""
    file = tmp_path / "p.yaml"
    file.write_text(text)
    result = dtp.run(
        file,
        directory=tmp_path / "runs",
        inputs={"ok": str(tmp_path / "ok")},
        event={"file": {"id": "ü", "points": [1, 2.5, None]}},
        variables={"level": 3},
        trigger="manual",
        pipeline_facts={"id": 7},
        run_facts={"config": {"x": True}},
    )
    assert result.status == "failed"
    file.write_text("name: Another\njobs: {z: {steps: [{run: exit 9}]}}")
    (tmp_path / "ok").touch()
    again = dtp.resume(result)
    assert again.succeeded
    assert again.pipeline == "P"
    assert again.jobs["a"].steps[0].inputs == result.jobs["a"].steps[0].inputs
    assert again.jobs["a"].steps[0].inputs["event"] == {"file": {"id": "ü", "points": [1, 2.5, None]}}
    file.unlink()
    assert dtp.retry(result, "a").succeeded


def test_what_a_run_was_given_can_t_be_given_otherwise(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN)
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.resume(result, inputs={"home": "elsewhere"})
    assert str(raised.value) == "a run that goes on has the inputs that it began with; leave inputs out, or run anew"
    with pytest.raises(TypeError, match=r"^unexpected argument 'job'$"):
        dtp.resume(result, job="a")  # type: ignore[call-arg]


SECRET = """\
name: P
jobs:
  a:
    outputs: {key: "${{ steps.s.outputs.key }}", open: "1"}
    steps:
      - id: s
        run: 'echo a >> $HOME_OF/ran; echo "::key::\\"$INPUT_KEY\\""'
        inputs: {key: "${{ secrets.KEY }}"}
        env: &e {HOME_OF: "${{ inputs.home }}"}
  between: {needs: a, steps: [{run: 'echo between >> $HOME_OF/ran', env: *e}]}
  b:
    needs: between
    steps:
      - run: echo b >> $HOME_OF/ran; test -e $HOME_OF/ok && test ${#INPUT_GOT} = 8
        inputs: {got: "${{ jobs.a.outputs.key }}"}
        env: *e
  c: {steps: [{run: 'echo c >> $HOME_OF/ran', env: *e}]}
"""


def test_secrets_are_given_again_and_a_job_whose_needed_outputs_held_one_runs_again(
    begin: Begin, tmp_path: Path
) -> None:
    result = begin(SECRET, secrets={"KEY": "hunter22"})
    assert result.jobs["a"].outputs == {"key": "***", "open": "1"}
    (tmp_path / "ok").touch()
    with pytest.raises(dtp.PlanError) as raised:
        dtp.resume(result)
    assert "the secret 'KEY' is not given" in str(raised.value)
    assert _ran(tmp_path) == {"a": 1, "b": 1, "between": 1, "c": 1}
    assert dtp.resume(result, secrets={"KEY": "hunter22"}).succeeded
    assert _ran(tmp_path) == {"a": 2, "b": 2, "between": 1, "c": 1}
    for file in result.directory.rglob("*"):
        assert not file.is_file() or b"hunter22" not in file.read_bytes(), file


def test_a_job_whose_outputs_held_a_secret_stands_where_nobody_needs_them(begin: Begin, tmp_path: Path) -> None:
    text = SECRET.replace("needs: between", "needs: c").replace("${{ jobs.a.outputs.key }}", "an octet")
    result = begin(text, secrets={"KEY": "hunter22"})
    (tmp_path / "ok").touch()
    assert dtp.resume(result, secrets=lambda _name: "hunter22").succeeded
    assert _ran(tmp_path) == {"a": 1, "b": 2, "between": 1, "c": 1}


def test_of_what_a_run_was_given_that_held_a_secret_is_given_again(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN, secrets={"KEY": "hunter22"}, event={"token": "hunter22"}, variables={"v": 1})
    (tmp_path / "ok").touch()
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.resume(result, secrets={"KEY": "hunter22"})
    assert str(raised.value) == (
        "the record does not have the event of the run, which held a secret or more than JSON can; give event again"
    )
    assert dtp.resume(result, event={"token": "hunter22"}).succeeded


def test_a_number_of_thousands_of_digits_is_given_again(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN, event={"n": 10**5000}, variables={"v": 1})
    assert dtp.open_run(result.directory) == result
    (tmp_path / "ok").touch()
    with pytest.raises(dtp.PipelinesError, match=r"give event again$"):
        dtp.resume(result)
    assert dtp.resume(result, event={"n": 1}).succeeded


def test_a_trigger_is_not_given_again_where_its_event_held_a_secret(begin: Begin, tmp_path: Path) -> None:
    text = CHAIN.replace("jobs:\n", "triggers: {manual: {}}\njobs:\n", 1)
    result = begin(text, trigger="manual", secrets={"KEY": "hunter22"}, event={"token": "hunter22"})
    (tmp_path / "ok").touch()
    assert dtp.resume(result, event={"token": "hunter22"}).succeeded


def test_a_pipeline_that_held_a_secret_goes_on_with_its_file_as_long_as_that_is_as_it_was(
    begin: Begin, tmp_path: Path
) -> None:
    text = CHAIN + "  e: {steps: [{run: echo hunter22}]}\n"
    result = begin(text, secrets={"KEY": "hunter22"})
    assert "hunter22" not in (result.directory / "pipeline.yaml").read_text()
    file = tmp_path / "p.yaml"
    file.write_text(text + "# changed\n")
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.resume(result, secrets={"KEY": "hunter22"})
    assert str(raised.value) == (
        f"the pipeline held a secret, which its record does not have, and {str(file)!r} is not as it was; "
        "give the same secrets and restore the file, or run the pipeline anew"
    )
    file.write_text(text)
    (tmp_path / "ok").touch()
    assert dtp.resume(result, secrets={"KEY": "hunter22"}).succeeded


def test_the_jobs_that_were_selected_are_those_of_the_resumed_run(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN, up_to="b")
    (tmp_path / "ok").touch()
    result = dtp.resume(result)
    assert result.succeeded
    assert list(result.jobs) == ["a", "b"]
    assert _ran(tmp_path) == {"a": 1, "b": 2}


def test_the_settings_of_a_run_hold_for_it_when_it_goes_on(begin: Begin, tmp_path: Path) -> None:
    text = "name: P\njobs: {a: {steps: [{run: exit 1}]}, b: {steps: [{run: echo b}]}}"
    result = begin(text, max_parallel=1, on_failure="fail-fast")
    assert [str(job.status) for job in result.jobs.values()] == ["failed", "cancelled"]
    (started,) = [event for event in read_record(result.directory).events if isinstance(event, RunStarted)]
    assert started.settings == {"max_parallel": 1, "on_failure": "fail-fast"}
    again = dtp.resume(result)
    assert [str(job.status) for job in again.jobs.values()] == ["failed", "cancelled"]
    again = dtp.resume(result, on_failure="keep-going")
    assert [str(job.status) for job in again.jobs.values()] == ["failed", "succeeded"]


class OwnRunner(dtp.LocalRunner):
    """A runner that a caller made."""


def test_a_runner_that_was_made_in_python_is_given_again(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN, runner=OwnRunner())
    (tmp_path / "ok").touch()
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.resume(result)
    assert str(raised.value) == ("the run began with the runner OwnRunner, which was made in Python; give runner again")
    assert dtp.resume(result, runner="local").succeeded


@pytest.mark.parametrize("argument", [{"nice": 1}, {"inherit": ["PATH"]}, {"grace": 3}, {"memory": 2**40}])
def test_what_a_local_runner_was_made_with_is_not_lost(
    begin: Begin, tmp_path: Path, argument: dict[str, object]
) -> None:
    result = begin(CHAIN, runner=dtp.LocalRunner(**argument))  # type: ignore[arg-type]  # parametrize gives objects
    (tmp_path / "ok").touch()
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.resume(result)
    assert str(raised.value) == (
        "the run began with the runner LocalRunner, which was made in Python; give runner again"
    )


def test_a_local_runner_that_was_made_without_arguments_is_the_usual_one(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN, runner=dtp.LocalRunner())
    (tmp_path / "ok").touch()
    assert dtp.resume(result).succeeded


def test_the_runners_of_labels_hold_by_name_and_are_given_again_where_they_were_made(
    begin: Begin, tmp_path: Path
) -> None:
    text = CHAIN.replace("  b:\n", "  b:\n    runs-on: gpu\n")
    result = begin(text, runners={"gpu": "local", "cpu": dtp.LocalRunner()})
    assert dtp.resume(result).status == "failed"
    made = begin(text, name="made.yaml", runners={"gpu": OwnRunner()})
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.resume(made)
    assert str(raised.value) == (
        "the run began with the runner OwnRunner, which was made in Python; give runners again"
    )
    (tmp_path / "ok").touch()
    assert dtp.resume(made, runners={"gpu": "local"}).succeeded


def test_a_local_action_that_changed_is_refused_at_its_place(begin: Begin, tmp_path: Path) -> None:
    action = tmp_path / "act" / "action-datatorch.yaml"
    action.parent.mkdir()
    action.write_text("name: A\nruns: {using: cmd, command: exit 1}\n")
    result = begin("name: P\njobs:\n  a:\n    steps:\n      - action: ./act\n")
    before = read_record(result.directory)
    action.write_text("name: A\nruns: {using: cmd, command: exit 0}\n")
    with pytest.raises(dtp.PlanError) as raised:
        dtp.resume(result)
    assert str(raised.value) == (
        f"{tmp_path}/p.yaml:5:17: error: the action ./act is not what it was when the run began [DT416]; "
        "restore it, or run the pipeline anew"
    )
    assert read_record(result.directory) == before


ACTION = "name: A\nruns: {using: cmd, command: 'echo VERSION; exit STATUS'}\n"


@pytest.mark.parametrize("ref", ["v1", "main", None])
def test_a_tag_or_branch_that_moved_changes_nothing(
    ref: str | None, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "git" / "act"
    first = ACTION.replace("VERSION", "one").replace("STATUS", "1")
    commit = make_repository(repository, {"action-datatorch.yaml": first}, tags=["v1"])
    tag = ref or "latest"
    text = f"name: P\njobs: {{a: {{steps: [{{action: {{name: act, tag: {tag}, git: '{repository.as_uri()}'}}}}]}}}}\n"
    result = begin(text)
    assert (result.status, result.jobs["a"].steps[0].log) == ("failed", "one\n")
    second = ACTION.replace("VERSION", "two").replace("STATUS", "0")
    commit_files(repository, {"action-datatorch.yaml": second})
    git("tag", "--force", "v1", cwd=repository)
    for again in (dtp.resume(result), dtp.resume(result, offline=True)):
        assert (again.status, again.jobs["a"].steps[0].log) == ("failed", "one\n")
        assert again.jobs["a"].steps[0].log_path != result.jobs["a"].steps[0].log_path
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(tmp_path / "another"))  # an empty store: fetched as it was
    again = dtp.resume(result)
    assert again.jobs["a"].steps[0].log == "one\n"
    assert commit in (result.directory / "actions.lock").read_text()
    assert begin(text).succeeded  # a new run has the new one


def test_a_commit_that_is_gone_is_told_at_its_place(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "git" / "act"
    files = {"action-datatorch.yaml": ACTION.replace("STATUS", "1")}
    make_repository(repository, files, tags=["v1"])
    result = begin(
        f"name: P\njobs:\n  a:\n    steps:\n      - action: {{name: act, tag: v1, git: '{repository.as_uri()}'}}\n"
    )
    shutil.rmtree(repository)
    make_repository(repository, {**files, "other": "x"}, tags=["v1"])
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(tmp_path / "another"))
    with pytest.raises(dtp.PlanError) as raised:
        dtp.resume(result)
    told = str(raised.value)
    assert told.startswith(f"{tmp_path}/p.yaml:5:17: error: the commit that act@v1 was locked to can't be had: ")
    assert told.endswith("; restore it, or run the pipeline anew")


def test_a_run_goes_on_from_another_folder_with_the_actions_beside_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = tmp_path / "act" / "action-datatorch.yaml"
    action.parent.mkdir()
    action.write_text('name: A\ninputs: {ok: {type: string}}\nruns: {using: cmd, command: test -e "$INPUT_OK"}\n')
    (tmp_path / "p.yaml").write_text("name: P\njobs: {a: {steps: [{action: ./act, inputs: {ok: '${{ inputs.ok }}'}}]}}")
    monkeypatch.chdir(tmp_path)
    result = dtp.run("p.yaml", directory="runs", inputs={"ok": str(tmp_path / "ok")})
    assert result.error is not None
    assert result.error.location is not None
    assert result.error.location.file == "p.yaml"
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    again = dtp.resume(result)
    assert again.error is not None
    assert again.error.location is not None
    assert again.error.location.file == str(tmp_path / "p.yaml")
    (tmp_path / "ok").touch()
    assert dtp.resume(result).succeeded


def test_a_pipeline_in_json_and_one_from_python_go_on(tmp_path: Path) -> None:
    command = f"test -e {tmp_path}/ok"
    (tmp_path / "p.json").write_text(json.dumps({"name": "J", "jobs": {"a": {"steps": [{"run": command}]}}}))
    built = dtp.Pipeline(name="B", jobs={"a": dtp.Job(steps=[dtp.Step(run=command)])})
    results = [dtp.run(each, directory=tmp_path / "runs") for each in (tmp_path / "p.json", built)]
    (tmp_path / "ok").touch()
    assert [dtp.resume(result).status for result in results] == ["succeeded", "succeeded"]


def test_an_action_alone_and_a_step_of_an_agent_go_on(tmp_path: Path) -> None:
    (tmp_path / "act").mkdir()
    (tmp_path / "act" / "action-datatorch.yaml").write_text(
        'name: A\ninputs: {ok: {type: string}}\nruns: {using: cmd, command: test -e "$INPUT_OK"}\n'
    )
    ok = str(tmp_path / "ok")
    dtp.run_action(tmp_path / "act", {"ok": ok}, directory=tmp_path / "one")
    dtp.run_step({"run": 'test -e "$INPUT_OK"'}, {"ok": ok}, directory=tmp_path / "two")
    (tmp_path / "ok").touch()
    for folder in ("one", "two"):
        assert dtp.resume("latest", directory=tmp_path / folder).succeeded


def test_a_run_that_was_interrupted_between_its_last_job_and_its_end_comes_to_its_end(
    begin: Begin, tmp_path: Path
) -> None:
    (tmp_path / "ok").touch()
    result = begin(CHAIN)
    path = result.directory / "events.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert dtp.open_run(result.directory).status == "cancelled"
    again = dtp.resume(result.directory)
    assert again.succeeded
    assert again.jobs == result.jobs
    assert _ran(tmp_path) == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert dtp.open_run(result.directory) == again


def test_a_record_that_was_cut_at_any_event_goes_on_to_the_same_result(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "ok").touch()
    whole = begin(CHAIN.replace("  d:", "  e: {needs: [a, b], steps: [{run: 'true'}]}\n  d:"))
    lines = (whole.directory / "events.jsonl").read_bytes().splitlines(keepends=True)
    for number in range(1, len(lines)):
        (tmp_path / "ran").write_text("")
        copy = tmp_path / f"cut{number}" / whole.id
        shutil.copytree(whole.directory, copy)
        (copy / "events.jsonl").write_bytes(b"".join(lines[:number]) + lines[number][:7])
        stood = {name for name, job in dtp.open_run(copy).jobs.items() if job.status == "succeeded"}
        result = dtp.resume(copy)
        assert result.succeeded
        assert {name: job.outputs for name, job in result.jobs.items()} == {
            name: job.outputs for name, job in whole.jobs.items()
        }
        assert set(_ran(tmp_path)) == {"a", "b", "c", "d"} - stood
        assert dtp.open_run(copy) == result


def test_listeners_and_handles_see_the_whole_history(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN)
    (tmp_path / "ok").touch()
    told: list[Event] = []
    handle = dtp.start_resume(result, on_event=told.append)
    assert handle is not None
    assert (handle.run_id, handle.directory, handle.attempt) == (result.id, result.directory, 2)
    seen = list(handle)
    assert handle.wait(30).succeeded
    assert tuple(seen) == tuple(told) == read_record(result.directory).events
    inputs = [event.inputs for event in seen if isinstance(event, StepInputs)]
    assert inputs == [{"got": [1, {"x": 2.5}]}] * 2


def test_a_run_is_resumed_in_a_running_event_loop_and_awaited(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN)
    (tmp_path / "ok").touch()

    async def notebook() -> dtp.RunResult:
        return dtp.resume(result)

    async def awaited() -> dtp.RunResult:
        return await dtp.resume_async(result.directory, jobs=["c"])

    assert asyncio.run(notebook()).succeeded
    assert asyncio.run(awaited()).succeeded
    assert _ran(tmp_path) == {"a": 1, "b": 2, "c": 2, "d": 1}


def test_a_resumed_run_that_is_cancelled_by_its_task_can_be_resumed(tmp_path: Path) -> None:
    text = "name: P\njobs: {a: {steps: [{run: 'test -e FOLDER/ok || { echo go; sleep 60; }'}]}}"
    first = dtp.loads(text.replace("FOLDER", str(tmp_path))).start(directory=tmp_path / "runs")
    next(event for event in first if event.type == "log")
    first.cancel()
    result = first.wait(30)

    async def cancelled() -> None:
        seen = threading.Event()
        again = [event for event in read_record(result.directory).events if event.type == "log"]

        def look(event: Event) -> None:
            if event.type == "log" and event not in again:
                seen.set()

        task = asyncio.create_task(dtp.resume_async(result, on_event=look))
        await asyncio.to_thread(seen.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    (tmp_path / "ok").touch()
    assert dtp.resume(result).succeeded


def test_a_folder_that_holds_no_pipeline_any_more_is_told(begin: Begin, tmp_path: Path) -> None:
    result = begin(CHAIN)
    (result.directory / "pipeline.yaml").write_text("jobs: [")
    with pytest.raises(dtp.RecordError) as raised:
        dtp.resume(result)
    assert str(raised.value).startswith(
        f"the pipeline of the run in '{result.directory}/pipeline.yaml' can't be used: {tmp_path}/p.yaml:1:"
    )
    (result.directory / "pipeline.yaml").unlink()
    with pytest.raises(dtp.RecordError) as raised:
        dtp.resume(result)
    assert str(raised.value) == f"the pipeline of the run can't be read: '{result.directory}/pipeline.yaml'"
