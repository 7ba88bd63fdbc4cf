"""Records of real runs: each reads back as the result that it was, also when a crash cut it short."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.records import read_record
from datatorch_pipelines.results import Event, RunFinished

SHAPES: Mapping[str, str] = {
    "one step": "name: P\njobs: {a: {steps: [{run: echo hi}]}}",
    "failing": """
        name: P
        jobs:
          a: {steps: [{run: exit 3}, {run: echo never}]}
          b: {needs: a, steps: [{run: echo never}]}
          c: {needs: a, if: always(), steps: [{run: echo yes}]}
        """,
    "outputs": """
        name: P
        jobs:
          a:
            outputs: {all: "${{ steps.s.outputs }}"}
            steps:
              - {id: s, run: "echo '::x::{\\"deep\\": [1, 2.5, null, \\"ü\\"]}'", inputs: {n: 1, t: [a, {b: c}]}}
          b: {needs: a, steps: [{run: "true", inputs: {got: "${{ needs.a.outputs.all }}"}}]}
        """,
    "matrix": """
        name: P
        jobs:
          m:
            strategy: {matrix: {v: [0, 1, 2]}, fail-fast: false}
            outputs: {v: "${{ matrix.v }}"}
            steps: [{run: "exit $INPUT_V", inputs: {v: "${{ matrix.v }}"}}]
          fast: {strategy: {matrix: {v: [1, 2]}, max-parallel: 1}, steps: [{run: exit 1}]}
          none: {strategy: {matrix: {v: "${{ fromJSON('[]') }}"}}, steps: [{run: exit 1}]}
        """,
    "retries": """
        name: P
        jobs:
          a: {steps: [{run: "echo try; test -e done || { touch done; exit 1; }", retries: 2}]}
          b: {steps: [{run: exit 1, retries: 1, continue-on-error: true}]}
        """,
    "skipped": """
        name: P
        jobs:
          a: {if: false, steps: [{run: echo}]}
          b: {steps: [{run: echo, if: failure()}, {run: echo}]}
        """,
    "background": """
        name: P
        jobs: {a: {steps: [{run: "(sleep 0.1; echo late) & echo hi"}, {run: sleep 0.4}]}}
        """,
    "warnings": """
        name: P
        jobs: {a: {steps: [{id: s, run: echo one}, {id: s, run: echo two}]}}
        """,
}


def _run(text: str, folder: Path, **arguments: object) -> dtp.RunResult:
    return dtp.loads(textwrap.dedent(text)).run(directory=folder, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_run_reads_back_as_the_result_that_it_was(shape: str, tmp_path: Path) -> None:
    result = _run(SHAPES[shape], tmp_path)
    assert dtp.open_run(result.directory) == result
    assert dtp.open_run(result.id, tmp_path) == result
    assert [step.log for step in _steps(result)] == [step.log for step in _steps(dtp.open_run(result.directory))]


def _steps(result: dtp.RunResult) -> list[dtp.StepResult]:
    jobs = [unit for job in result.jobs.values() for unit in (job, *job.instances)]
    return [step for job in jobs for step in job.steps]


def test_a_run_with_secrets_reads_back_masked(tmp_path: Path) -> None:
    text = """
        name: P
        jobs:
          a:
            outputs: {o: "${{ steps.s.outputs.x }}"}
            steps: [{id: s, run: 'echo "::x::\\"$INPUT_KEY\\""', inputs: {key: "${{ secrets.KEY }}"}}]
        """
    result = _run(text, tmp_path, secrets={"KEY": "hunter22"}, variables={"v": "a hunter22 b"})
    assert result.succeeded
    assert result.jobs["a"].outputs == {"o": "***"}
    assert dtp.open_run(result.directory) == result
    for file in result.directory.rglob("*"):
        assert not file.is_file() or b"hunter22" not in file.read_bytes(), file


def test_a_run_in_which_a_person_answered_reads_back(tmp_path: Path) -> None:
    (tmp_path / "ask").mkdir()
    (tmp_path / "ask" / "action-datatorch.yaml").write_text(
        "name: Ask\noutputs: {label: {type: string}}\nruns: {using: human}\n"
    )
    pipeline = dtp.loads("name: P\njobs: {a: {steps: [{name: Q, action: ./ask}]}}", filename=str(tmp_path / "p.yaml"))
    result = pipeline.run(directory=tmp_path / "runs", human=lambda _question: {"label": "cat"})
    assert result.jobs["a"].steps[0].outputs == {"label": "cat"}
    assert dtp.open_run(result.directory) == result


def test_a_run_that_was_cancelled_reads_back(tmp_path: Path) -> None:
    handle = dtp.loads(
        "name: P\njobs:\n  a: {steps: [{run: echo go; sleep 60}, {if: always(), run: echo bye}]}\n"
        "  b: {needs: a, steps: [{run: echo}]}\n"
    ).start(directory=tmp_path)
    for event in handle:
        if event.type == "log":
            handle.cancel()
            break
    result = handle.wait(30)
    assert result.status == "cancelled"
    assert dtp.open_run(result.directory) == result


def test_a_tuple_that_a_caller_gave_is_a_list_to_the_record_and_to_the_result(tmp_path: Path) -> None:
    text = "name: P\njobs: {a: {steps: [{run: 'true', inputs: {x: '${{ inputs.x }}'}}]}}"
    result = _run(text, tmp_path, inputs={"x": {"at": (1, 2)}})
    assert result.succeeded
    assert result.jobs["a"].steps[0].inputs == {"x": {"at": [1, 2]}}
    assert dtp.open_run(result.directory) == result


def test_a_record_cut_at_any_byte_loses_at_most_the_event_that_was_being_written(tmp_path: Path) -> None:
    result = _run(SHAPES["failing"], tmp_path)
    path = result.directory / "events.jsonl"
    data, whole = path.read_bytes(), read_record(result.directory).events
    ends = [index + 1 for index, byte in enumerate(data) if byte == 0x0A]
    assert len(ends) == len(whole)
    for length in range(len(data) + 1):
        path.write_bytes(data[:length])
        written = sum(end <= length for end in ends)
        if written == 0:
            with pytest.raises(dtp.RecordError) as raised:
                dtp.open_run(result.directory)
            assert str(raised.value) == f"the run in {str(result.directory)!r} never began; run its pipeline again"
            assert dtp.runs(tmp_path) == []
            continue
        found = read_record(result.directory)
        assert (found.events, found.length) == (whole[:written], ends[written - 1])
        opened = dtp.open_run(result.directory)
        assert opened.status == ("failed" if written == len(whole) else "cancelled")
        assert list(opened.jobs) == ["a", "b", "c"]
    assert dtp.open_run(result.directory) == result


def test_zeros_that_a_power_cut_left_at_the_end_are_no_event(tmp_path: Path) -> None:
    result = _run(SHAPES["one step"], tmp_path)
    path = result.directory / "events.jsonl"
    path.write_bytes(path.read_bytes() + b"\0" * 4096)
    assert dtp.open_run(result.directory) == result
    (summary,) = dtp.runs(tmp_path)
    assert summary.status == "succeeded"


def test_runs_are_listed_with_the_newest_first_whatever_their_state(tmp_path: Path) -> None:
    first = _run(SHAPES["one step"], tmp_path)
    handle = dtp.loads("name: Long\njobs: {a: {steps: [{run: echo go; sleep 60}]}}").start(directory=tmp_path)
    next(event for event in handle if event.type == "log")
    (tmp_path / "no run").mkdir()
    try:
        long, short = dtp.runs(tmp_path)
        assert (short.id, short.pipeline, short.status, short.running, short.jobs) == (
            first.id,
            "P",
            "succeeded",
            False,
            1,
        )
        assert (short.started, short.finished, short.directory) == (first.started, first.finished, first.directory)
        assert (long.id, long.status, long.running, long.finished) == (handle.run_id, None, True, None)
        assert dtp.open_run(handle.run_id, tmp_path).status == "cancelled"
    finally:
        handle.cancel()
        handle.wait(30)
    assert [run.status for run in dtp.runs(tmp_path)] == ["cancelled", "succeeded"]
    assert [run.running for run in dtp.runs(tmp_path)] == [False, False]
    assert dtp.runs(tmp_path, limit=1) == dtp.runs(tmp_path)[:1]
    assert dtp.runs(tmp_path / "nothing") == []


def test_many_who_look_whether_a_run_goes_on_don_t_keep_it_from_being_resumed(tmp_path: Path) -> None:
    import threading

    from datatorch_pipelines.records import is_owned

    result = _run("name: P\njobs: {a: {steps: [{run: exit 1}]}}", tmp_path)
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            is_owned(result.directory)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            dtp.resume(result)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert [event.type for event in read_record(result.directory).events].count("run-resumed") == 3


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ("x", "there is no run 'x' in '{root}'; the latest is {second}; see 'runs list' or dtp.runs()"),
        ("2", "'2' begins the names of 2 runs; say more of one of {second}, {first}"),
        ("", "there is no run '' in '{root}'; the latest is {second}; see 'runs list' or dtp.runs()"),
        ("..", "there is no record of a run in '{parent}'"),
        ("./x", "there is no record of a run in '{cwd}/x'"),
        ("x\0", "there is no run 'x\\x00': no name holds such a character"),
    ],
)
def test_a_run_that_is_not_there_is_told_in_one_line(
    run: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "runs"
    for name in ("20260101-000000-00000001", "20260101-000000-00000002"):
        (root / name).mkdir(parents=True)
    with pytest.raises(dtp.RecordError) as raised:
        dtp.open_run(run, root)
    places = {"root": root, "first": "20260101-000000-00000001", "second": "20260101-000000-00000002"}
    told = told.format(**places, parent=f"{tmp_path}/..", cwd=tmp_path)
    assert str(raised.value) == told


def test_a_run_is_named_by_a_beginning_of_its_id_its_folder_or_as_the_latest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(SHAPES["one step"], tmp_path / "runs")
    result = _run(SHAPES["one step"], tmp_path / "runs")
    monkeypatch.chdir(result.directory.parent)
    for run in (result.id, result.directory, str(result.directory), f"./{result.id}"):
        assert dtp.open_run(run) == result
    assert dtp.open_run(result.id[:-1], tmp_path / "runs") == result
    assert dtp.open_run("latest", tmp_path / "runs") == result
    assert dtp.open_run(result.id) == result  # a folder here
    with pytest.raises(dtp.RecordError, match=r"^there are no runs in "):
        dtp.open_run("latest")


FULL = """
import resource, sys
import datatorch_pipelines as dtp
pipeline = dtp.loads(
    "name: P\\njobs:\\n  a: {steps: [{run: echo one}, {run: 'yes 0123456789 | head -c 20000'}]}\\n"
    "  b: {needs: a, steps: [{run: echo}]}"
)
resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))
result = pipeline.run(directory=sys.argv[1])
print(result.status, result.error)
print(*[job.reason for job in result.jobs.values() if job.status == "cancelled"], sep="\\n")
"""


def test_a_run_whose_record_can_t_grow_fails_with_a_clear_sentence_and_stays_readable(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.returncode) == ("", 0)
    told, *reasons = done.stdout.splitlines(keepends=True)
    assert told == "failed the run's record can't be written: File too large; free the disk and run again\n"
    assert set(reasons) == {"the run's record can't be written\n"}  # and nobody is said to have cancelled it
    (summary,) = dtp.runs(tmp_path)
    result = dtp.open_run(summary.directory)
    assert (result.jobs["a"].steps[0].status, result.jobs["a"].steps[0].log) == ("succeeded", "one\n")
    assert len(result.jobs["a"].steps[1].log) <= 8000
    assert dtp.resume(result).succeeded


def test_a_record_that_can_t_be_begun_is_one_line_and_nothing_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(dtp.RecordError) as raised:
        _run("name: P\njobs: {a: {steps: [{run: touch ran}]}}", tmp_path / "file")
    told = str(raised.value)
    assert told.startswith(f"the run's folder '{tmp_path}/file/")
    assert told.endswith(" can't be made: File exists; free the disk or choose another folder")


def test_a_folder_of_runs_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(dtp.RecordError) as raised:
        dtp.runs(tmp_path / "file")
    assert str(raised.value) == f"the folder '{tmp_path}/file' can't be read: Not a directory"


def test_a_recorder_may_be_closed_twice(tmp_path: Path) -> None:
    from datatorch_pipelines._masking import Masker
    from datatorch_pipelines.records import Recorder

    recorder = Recorder(tmp_path, Masker(), now=lambda: 1.0)
    recorder.emit(RunFinished(time=1, status=dtp.Status.SUCCEEDED))
    recorder.close()
    recorder.close()
    assert recorder.failure is None
    assert [path.name for path in tmp_path.iterdir()] == ["events.jsonl"]


def test_the_events_of_a_handle_are_those_of_the_record(tmp_path: Path) -> None:
    handle = dtp.loads("name: P\njobs: {a: {steps: [{run: echo hi}]}}").start(directory=tmp_path)
    seen: list[Event] = list(handle)
    result = handle.wait(30)
    assert tuple(seen) == read_record(result.directory).events
