"""Events as lines of JSON and back: nothing is lost, and what is no event is refused."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.diagnostics import Diagnostic, Location, Related, Severity
from datatorch_pipelines.errors import RecordError
from datatorch_pipelines.records import open_record
from datatorch_pipelines.records.decoding import BadEvent, NewerRecord, decode_event
from datatorch_pipelines.records.encoding import encode_event
from datatorch_pipelines.results import (
    EVENTS,
    Artifact,
    Event,
    FailedTest,
    Failure,
    LogWritten,
    RunStarted,
    Status,
    StepFinished,
    StepStarted,
    SuiteResult,
)

text = st.text(max_size=8)
count = st.integers(0, 9)
json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
data = st.dictionaries(text, json_data, max_size=3)
location = st.builds(Location, st.none() | text, count, count, count, count)
failure = st.builds(Failure, message=text, location=st.none() | location, snippet=st.none() | text)
file = st.from_regex(r"[a-z]{1,5}(/[a-z.]{0,2}[a-z]){0,2}", fullmatch=True)
artifact = st.builds(Artifact, name=text, file=file, size=count, digest=text)
suite = st.builds(
    SuiteResult,
    passed=count,
    failed=count,
    skipped=count,
    failures=st.lists(st.builds(FailedTest, name=text, text=text), max_size=2).map(tuple),
)
diagnostic = st.builds(
    Diagnostic,
    code=text,
    severity=st.sampled_from(Severity),
    message=text,
    file=st.none() | text,
    line=count,
    column=count,
    end_line=count,
    end_column=count,
    hint=st.none() | text,
    related=st.lists(st.builds(Related, text, location), max_size=2).map(tuple),
    fix=st.none(),
)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "time": st.floats(0, 1e10),
    "instance": st.none() | count,
    "step": count,
    "attempt": count,
    "attempts": count,
    "offset": count,
    "length": count,
    "delay": st.floats(0, 1e6),
    "exit_status": st.none() | st.integers(-64, 255),
    "jobs": st.lists(text, max_size=3).map(tuple),
    "masked": st.lists(text, max_size=3).map(tuple),
    "outputs": data,
    "inputs": data,
    "given": data,
    "settings": data,
    "actions": st.dictionaries(text, st.none() | text, max_size=2),
    "sources": st.dictionaries(text, st.dictionaries(text, text, max_size=2), max_size=2),
    "standing": st.dictionaries(text, st.lists(count, max_size=3).map(tuple), max_size=2),
    "combinations": st.lists(data, max_size=3).map(tuple),
    "diagnostic": diagnostic,
    "status": st.sampled_from(Status),
    "error": st.none() | failure,
    "location": st.none() | location,
    "reason": st.none() | text,
    "id": st.none() | text,
    "file": st.none() | text,
    "folder": st.none() | text,
    "artifacts": st.lists(artifact, max_size=2).map(tuple),
    "tests": st.none() | suite,
    "log": file,
}
SPECIAL = {
    ("log", "step"): st.none() | count,
    ("warning", "step"): st.none() | count,
    ("warning", "job"): st.none() | text,
    ("answer-wanted", "outputs"): st.lists(text, max_size=3).map(tuple),
    ("job-finished", "masked"): st.booleans(),
    ("cancel-requested", "reason"): text,
}


def _events(kind: type[Event]) -> st.SearchStrategy[Event]:
    names = [field.name for field in fields(kind)]
    return st.builds(kind, **{name: SPECIAL.get((kind.type, name), VALUES.get(name, text)) for name in names})


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.type)
@given(source=st.data())
def test_each_kind_of_event_reads_back_as_it_was(kind: type[Event], source: st.DataObject) -> None:
    event = source.draw(_events(kind))
    line = encode_event(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert decode_event(line) == event


def test_what_a_background_child_logs_is_of_no_step_and_reads_back() -> None:
    event = LogWritten(time=1, job="a", step=None, stream="stdout", offset=0, length=5)
    assert json.loads(encode_event(event))["step"] is None
    assert decode_event(encode_event(event)) == event


def test_a_kind_that_this_version_does_not_know_is_passed_over_and_so_are_unknown_keys() -> None:
    assert decode_event(b'{"v":1,"type":"moon-landed","time":1}\n') is None
    line = b'{"v":1,"type":"run-started","time":1,"run_id":"r","pipeline":"P","moon":{"a":1}}\n'
    assert decode_event(line) == RunStarted(time=1, run_id="r", pipeline="P")


STEP = b'{"v":1,"type":"step-started","time":1,"job":"a","step":0,"name":"s","log":"logs/a/1.log"'


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"\x00\xff", "no event of a run: it is no JSON"),
        (b"", "no event of a run: it is no JSON"),
        (b"[" * 100_000, "no event of a run: it is no JSON"),
        (b"[1]", "no event of a run"),
        (b'{"v":1,"type":["x"]}', "no event of a run"),
        (b'{"type":"log"}', "no event of a run: it has no version"),
        (b'{"v":true,"type":"log"}', "no event of a run: it has no version"),
        (b'{"v":1,"type":"run-finished"}', "no event of a run: its values are not those of 'run-finished'"),
        (
            STEP.replace(b'"step":0', b'"step":"0"') + b"}",
            "no event of a run: its values are not those of 'step-started'",
        ),
        (
            STEP.replace(b'"time":1', b'"time":NaN') + b"}",
            "no event of a run: its values are not those of 'step-started'",
        ),
        (
            STEP.replace(b'"time":1', b'"time":1e300') + b"}",
            "no event of a run: its values are not those of 'step-started'",
        ),
        (
            STEP.replace(b'"time":1', b'"time":1' + b"0" * 400) + b"}",
            "no event of a run: its values are not those of 'step-started'",
        ),
        (
            STEP.replace(b'"step":0', b'"step":1' + b"0" * 20) + b"}",
            "no event of a run: its values are not those of 'step-started'",
        ),
        (STEP.replace(b"logs/", b"../") + b"}", "no event of a run: its values are not those of 'step-started'"),
        (STEP.replace(b"logs/", b"/etc/") + b"}", "no event of a run: its values are not those of 'step-started'"),
    ],
)
def test_what_is_no_event_is_refused_with_a_reason(line: bytes, why: str) -> None:
    with pytest.raises(BadEvent) as raised:
        decode_event(line)
    assert str(raised.value) == why


def test_an_event_of_a_newer_form_says_so() -> None:
    with pytest.raises(NewerRecord) as raised:
        decode_event(b'{"v":2,"type":"log"}\n')
    assert str(raised.value) == "an event of the form 2, and this version of the library reads up to 1"


@given(st.binary(max_size=60))
def test_no_bytes_are_more_than_refused(line: bytes) -> None:
    with contextlib.suppress(BadEvent):
        decode_event(line)


def _write(folder: Path, *lines: bytes) -> Path:
    (folder / "events.jsonl").write_bytes(b"".join(lines))
    return folder / "events.jsonl"


STARTED = encode_event(RunStarted(time=1, run_id="r", pipeline="P", jobs=("a",)))


def test_garbage_in_a_record_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    path = _write(tmp_path, STARTED, b"garbage\n", STARTED)
    with pytest.raises(RecordError) as raised:
        open_record(tmp_path)
    assert str(raised.value) == f"{path}:2: this is no event of a run: it is no JSON"


def test_a_record_of_a_newer_version_says_what_to_do(tmp_path: Path) -> None:
    path = _write(tmp_path, STARTED.replace(b'"v":1', b'"v":7'))
    with pytest.raises(RecordError) as raised:
        open_record(tmp_path)
    assert str(raised.value) == (
        f"{path}:1: this is an event of the form 7, and this version of the library reads up to 1; "
        "open it with a newer version"
    )


def test_events_of_kinds_to_come_are_no_obstacle(tmp_path: Path) -> None:
    _write(tmp_path, STARTED, b'{"v":1,"type":"moon-landed","time":2}\n')
    result = open_record(tmp_path)
    assert (result.id, result.status) == ("r", "cancelled")


def test_a_folder_without_a_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as raised:
        open_record(tmp_path)
    assert str(raised.value) == f"there is no record of a run in {str(tmp_path)!r}"


def test_a_log_that_is_gone_is_told_when_it_is_read_and_not_before(tmp_path: Path) -> None:
    step = StepStarted(time=2, job="a", step=0, name="s", log="logs/a/1.log")
    ended = StepFinished(time=3, job="a", step=0, name="s", status=Status.SUCCEEDED, exit_status=0)
    _write(tmp_path, STARTED, encode_event(step), encode_event(ended))
    found = open_record(tmp_path).jobs["a"].steps[0]
    assert found.succeeded
    with pytest.raises(RecordError, match=r"^the log of the step 's' can't be read: No such file or directory$"):
        _ = found.log
