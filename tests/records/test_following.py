"""Records that are followed while they are written: each event once, at its place, and read once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.errors import RecordError
from datatorch_pipelines.records import Recorder, follow_events, reading
from datatorch_pipelines.records.decoding import decode_event
from datatorch_pipelines.results import CancelRequested, Event, RunStarted

STARTED = RunStarted(time=1, run_id="r", pipeline="P", jobs=("a",))


def later(number: int) -> Event:
    return CancelRequested(time=float(number), reason="x" * 100)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(tmp_path, Masker(), now=lambda: 5.0)
    yield recorder
    recorder.close()


def test_each_event_is_read_once_however_long_the_record_is(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[bytes] = []

    def counted(line: bytes) -> Event | None:
        lines.append(line)
        return decode_event(line)

    monkeypatch.setattr(reading, "decode_event", counted)
    recorder.emit(STARTED)
    followed = follow_events(recorder.directory, pause=0)
    assert next(followed) == STARTED
    for number in range(200):
        recorder.emit(later(number))
        assert next(followed) == later(number)
    recorder.close()
    assert list(followed) == []
    assert len(lines) == 201


def test_an_event_that_is_half_written_is_waited_for(recorder: Recorder) -> None:
    recorder.emit(STARTED)
    followed = follow_events(recorder.directory, pause=0)
    assert next(followed) == STARTED
    line = b'{"v":1,"type":"cancel-requested","time":2,"reason":"because"}\n'
    with (recorder.directory / "events.jsonl").open("ab", buffering=0) as file:
        recorder.emit(later(1))
        file.write(line[:20])
        assert next(followed) == later(1)
        file.write(line[20:])
    recorder.close()
    assert list(followed) == [CancelRequested(time=2, reason="because")]


def test_garbage_that_comes_is_told_with_its_line_in_the_whole_record(recorder: Recorder) -> None:
    recorder.emit(STARTED)
    recorder.emit(later(1))
    followed = follow_events(recorder.directory, pause=0)
    assert [next(followed), next(followed)] == [STARTED, later(1)]
    path = recorder.directory / "events.jsonl"
    with path.open("ab") as file:
        file.write(b"garbage\n")
    with pytest.raises(RecordError) as caught:
        next(followed)
    assert str(caught.value) == f"{path}:3: this is no event of a run: it is no JSON"


def test_a_record_that_is_deleted_as_its_run_goes_on_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "20260301-000000-00000000"
    folder.mkdir()
    first = Recorder(folder, Masker(), now=lambda: 5.0)
    first.emit(STARTED)
    first.close()
    earlier = reading.read_record(folder)

    def deleted_first(_descriptor: int) -> bool:
        """Gets the lock when who deletes the record lets go of it."""
        os.rename(folder, tmp_path / "aside")  # noqa: PTH104  # as somebody else does
        return True

    monkeypatch.setattr("datatorch_pipelines.records.recorder.own", deleted_first)
    with pytest.raises(RecordError) as caught:
        Recorder(folder, Masker(), now=lambda: 5.0, earlier=earlier)
    assert str(caught.value) == f"the run {folder.name!r} was deleted meanwhile; run its pipeline anew"
    assert not folder.exists()
