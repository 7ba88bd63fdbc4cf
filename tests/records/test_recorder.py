"""The record on disk: one line an event, one file a step, nothing secret, nothing half-written."""

from __future__ import annotations

import errno
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity
from datatorch_pipelines.errors import RecordError
from datatorch_pipelines.records import Recorder, make_run_directory, new_run_id, result_of
from datatorch_pipelines.records.encoding import encode_event
from datatorch_pipelines.records.layout import log_name
from datatorch_pipelines.records.recorder import AppendFile
from datatorch_pipelines.results import (
    Failure,
    JobFinished,
    JobStarted,
    LogWritten,
    RunFinished,
    RunResumed,
    RunStarted,
    Status,
    StepFinished,
    StepStarted,
    WarningRaised,
)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path, Masker(["hunter2"]), now=lambda: 5.0)


def test_an_event_is_one_line_of_json_without_its_empty_fields() -> None:
    place = Location("p.yaml", 1, 2, 3, 4)
    event = StepFinished(
        time=1.5,
        job="a",
        step=0,
        name="ü\n",
        status=Status.FAILED,
        exit_status=0,
        outputs={"x": [1, None, {"y": True}]},
        error=Failure(message="m", location=place),
    )
    line = encode_event(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "v": 1,
        "type": "step-finished",
        "time": 1.5,
        "job": "a",
        "step": 0,
        "name": "ü\n",
        "status": "failed",
        "exit_status": 0,
        "attempts": 1,
        "outputs": {"x": [1, None, {"y": True}]},
        "error": {
            "message": "m",
            "location": {"file": "p.yaml", "line": 1, "column": 2, "end_line": 3, "end_column": 4},
        },
    }


def test_a_log_is_masked_across_chunks_and_its_events_tell_where_each_stream_wrote(recorder: Recorder) -> None:
    log = recorder.open_log("job", 0, "Say it")
    for stream, data in (("stdout", b"a hunt"), ("stderr", b"err\n"), ("stdout", b"er2 b\n"), ("stdout", b"hunter")):
        log.write(stream, data)
    log.close()
    log.close()
    log.write("stdout", b"too late")
    recorder.close()
    assert log.name == "logs/job/001-Say_it-d08ee90704.log"
    content = (recorder.directory / log.name).read_bytes()
    assert content == b"a err\n*** b\nhunter"
    parts = [(e.stream, e.offset, e.length) for e in recorder.journal if isinstance(e, LogWritten)]
    assert parts == [("stdout", 0, 2), ("stderr", 2, 4), ("stdout", 6, 6), ("stdout", 12, 6)]
    lines = (recorder.directory / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["offset"] for line in lines] == [0, 2, 6, 12]


def test_what_only_its_owner_may_read_is_so(recorder: Recorder, tmp_path: Path) -> None:
    recorder.keep_pipeline("name: hunter2\n")
    log = recorder.open_log("job", 0, "x")
    log.close()
    recorder.close()
    assert (recorder.directory / "pipeline.yaml").read_text() == "name: ***\n"
    for file in recorder.directory.rglob("*"):
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    made = make_run_directory("r1", tmp_path / "runs")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_full_disk_is_told_once_and_leaves_whole_lines(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full")
    (tmp_path / "events.jsonl").symlink_to(full)
    told: list[str] = []
    recorder = Recorder(tmp_path, Masker(), now=lambda: 0.0)
    recorder.on_failure = lambda: told.append("told")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "ftruncate", lambda *_: None)  # a device can't be cut short as a file is
        recorder.emit(RunFinished(time=0, status=Status.SUCCEEDED))
        recorder.emit(RunFinished(time=1, status=Status.SUCCEEDED))
    assert told == ["told"]
    assert str(recorder.failure) == (
        f"the run's record can't be written: {os.strerror(errno.ENOSPC)}; free the disk and run again"
    )
    assert len(recorder.journal.snapshot()) == 2


def test_a_folder_that_cant_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match=r"the run's folder '.*file/r1' can't be made: (Not a directory|File exists)"):
        make_run_directory("r1", tmp_path / "file")


def test_run_ids_sort_by_time_and_are_never_the_same() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    ids = {new_run_id(moment) for _ in range(50)}
    assert len(ids) == 50
    assert all(name.startswith("20260102-030405-") for name in ids)


@settings(max_examples=200)
@given(st.text(max_size=30), st.text(max_size=100), st.integers(0, 5))
def test_no_name_of_a_job_or_a_step_leads_out_of_the_logs(job: str, label: str, step: int) -> None:
    path = Path(log_name(job, step, label))
    assert path.parts[0] == "logs"
    assert len(path.parts) == 3
    assert ".." not in path.parts
    assert path.name.isascii()
    assert len(path.name) < 100


def test_the_time_in_which_nothing_went_on_is_not_how_long_a_run_took(tmp_path: Path) -> None:
    events = [
        RunStarted(time=10, run_id="r", pipeline="P", jobs=("a",)),
        JobStarted(time=11, job="a"),  # here the machine went down
        RunResumed(time=100, attempt=2, jobs=("a",)),
        RunFinished(time=105, status=Status.FAILED),
        RunResumed(time=1000, attempt=3, jobs=("a",)),
        RunFinished(time=1002.5, status=Status.SUCCEEDED),
    ]
    result = result_of(events, tmp_path)
    assert (result.duration, result.paused) == (8.5, 984)
    assert (result.finished - result.started).total_seconds() == 992.5
    set_back = result_of([*events, RunResumed(time=5, attempt=4, jobs=("a",))], tmp_path)
    assert set_back.paused == 984


def test_events_fold_into_the_result(tmp_path: Path) -> None:
    doubt = Diagnostic.at(Location("p", 1, 1, 1, 1), "DT401", Severity.WARNING, "unpinned")
    failure = Failure(message="no")
    events = [
        RunStarted(time=10, run_id="r", pipeline="P", jobs=("a", "b", "c")),
        WarningRaised(time=10, diagnostic=doubt),
        JobStarted(time=11, job="a"),
        StepStarted(time=12, job="a", step=0, name="s", log="logs/a/1.log"),
        LogWritten(time=12, job="a", step=0, stream="stdout", offset=0, length=2),
        LogWritten(time=12, job="a", step=0, stream="stdout", offset=2, length=3),
        LogWritten(time=12, job="a", step=0, stream="stderr", offset=5, length=1),
        LogWritten(time=12, job="a", step=None, stream="stdout", offset=0, length=9),
        StepFinished(time=14.5, job="a", step=0, name="s", id="i", status=Status.FAILED, exit_status=1, error=failure),
        StepFinished(time=15, job="a", step=1, name="t", status=Status.SKIPPED, reason="an earlier step failed"),
        JobFinished(time=16, job="a", name="A", status=Status.FAILED, error=failure),
        JobStarted(time=16, job="b"),
        StepStarted(time=17, job="b", step=0, name="s", log="logs/b/1.log"),
        RunFinished(time=20, status=Status.FAILED, error=failure),
    ]
    result = result_of(events, tmp_path)
    assert (result.id, result.pipeline, result.status, result.duration) == ("r", "P", "failed", 10)
    assert result.diagnostics == (doubt,)
    first, second = result.jobs["a"].steps
    assert first.duration == 2.5
    assert [(part.stream, part.offset, part.length) for part in first.log_parts] == [("stdout", 0, 5), ("stderr", 5, 1)]
    assert first.log_path == tmp_path / "logs/a/1.log"
    assert (second.duration, second.log) == (None, "")
    assert result.jobs["a"].step("i") is first
    assert result.jobs["a"].step("t") is second
    assert result.jobs["b"].status == "cancelled"
    assert result.jobs["b"].steps[0].reason == "the step was interrupted"
    assert (result.jobs["c"].status, result.jobs["c"].steps) == ("cancelled", ())


def test_a_job_that_started_anew_tells_only_of_its_last_attempt(tmp_path: Path) -> None:
    events = [
        RunStarted(time=1, run_id="r", pipeline="P", jobs=("a",)),
        JobStarted(time=1, job="a"),
        StepFinished(time=2, job="a", step=0, name="first", status=Status.SUCCEEDED),
        StepFinished(time=2, job="a", step=1, name="lost", status=Status.FAILED),
        JobStarted(time=3, job="a", attempt=2),
        StepFinished(time=4, job="a", step=0, name="again", status=Status.SUCCEEDED),
        JobFinished(time=5, job="a", name="a", status=Status.SUCCEEDED),
        RunFinished(time=6, status=Status.SUCCEEDED),
    ]
    assert [step.name for step in result_of(events, tmp_path).jobs["a"].steps] == ["again"]


def test_who_becomes_the_owner_of_a_record_knows_what_the_one_before_added(tmp_path) -> None:
    first = AppendFile(tmp_path / "events.jsonl")
    assert first.own()
    second = AppendFile(tmp_path / "events.jsonl")  # opened while the other one still writes
    first.append(b"one line\n")
    first.close()
    assert second.own()
    assert second.size == len(b"one line\n")
    second.close()
