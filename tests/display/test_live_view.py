"""A run's events as lines."""

from __future__ import annotations

import json

from attrs import evolve

from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity
from datatorch_pipelines.display import JsonLog, LiveView, Palette
from datatorch_pipelines.display.loglines import LONGEST_LINE
from datatorch_pipelines.results import (
    Event,
    Failure,
    JobFinished,
    JobStarted,
    LogWritten,
    MatrixExpanded,
    RunFinished,
    RunStarted,
    Status,
    StepFinished,
    StepRetried,
    StepStarted,
    WarningRaised,
)


def _started(*jobs: str) -> RunStarted:
    return RunStarted(time=0, run_id="r1", pipeline="Add", jobs=jobs)


def _log(job: str = "add", step: int | None = 0, stream: str = "stdout") -> LogWritten:
    return LogWritten(time=1, job=job, step=step, stream=stream, offset=0, length=0)


def _step(job: str = "add", step: int = 0) -> StepStarted:
    return StepStarted(time=1, job=job, step=step, name="Sum", log="logs/x.log")


def _done(job: str = "add", step: int = 0) -> StepFinished:
    return StepFinished(time=3.5, job=job, step=step, name="Sum", status=Status.SUCCEEDED)


def _show(*events: Event | tuple[Event, bytes], view: LiveView | None = None) -> list[str]:
    view = view or LiveView()
    shown = ""
    for item in events:
        event, data = item if isinstance(item, tuple) else (item, b"")
        shown += view.show(event, data)
    assert shown == "" or shown.endswith("\n")
    return shown.splitlines()


def test_a_run_of_one_job_has_no_prefixes() -> None:
    assert _show(
        _started("add"),
        JobStarted(time=0, job="add"),
        _step(),
        (_log(), b"one\ntwo\n"),
        _done(),
        JobFinished(time=4, job="add", name="add", status=Status.SUCCEEDED),
        RunFinished(time=4, status=Status.SUCCEEDED),
    ) == ["run r1: Add", "step 1: Sum", "| one", "| two", "step 1 succeeded in 2.5 s"]


def test_in_a_run_of_several_jobs_each_line_says_whose_it_is() -> None:
    failure = Failure(message="exit status 3", location=Location("p.yaml", 1, 1, 1, 2))
    assert _show(
        _started("add", "数据"),
        _step(),
        _step("数据"),
        (_log(), b"one\n"),
        (_log("数据"), b"two\n"),
        StepFinished(time=2, job="数据", step=0, name="Sum", status=Status.FAILED, exit_status=3, error=failure),
        StepFinished(time=2, job="数据", step=1, name="Next", status=Status.SKIPPED, reason="an earlier step failed"),
        JobFinished(time=2, job="数据", name="数据", status=Status.FAILED),
        JobStarted(time=2, job="add", attempt=2),
    ) == [
        "run r1: Add",
        "add  step 1: Sum",
        "数据 step 1: Sum",
        "add  | one",
        "数据 | two",
        "数据 step 1 failed in 1.0 s: exit status 3",
        "数据 step 2 skipped: an earlier step failed",
        "数据 job failed",
        "add  starts anew (attempt 2)",
    ]


def test_in_a_matrix_each_line_says_which_instance_it_is_of() -> None:
    lines = [
        _started("add"),
        MatrixExpanded(time=0, job="add", combinations=({"n": 1, "m": "ab"}, {"n": 2})),
        evolve(_step(), instance=0),
        evolve(_step(), instance=1, time=2),
        (evolve(_log(), instance=1), b"t"),
        (evolve(_log(), instance=0), b"one\n"),
        (evolve(_log(), instance=1), b"wo\n"),
        StepRetried(time=2, job="add", instance=0, step=0, attempt=1, delay=2.0, exit_status=-9),
        evolve(_done(), instance=0),
        JobFinished(time=4, job="add", instance=0, name="add (1, ab)", status=Status.SUCCEEDED),
        evolve(_done(), instance=1),
        JobFinished(time=4, job="add", name="add", status=Status.SUCCEEDED),
    ]
    assert _show(*lines) == [
        "run r1: Add",
        "add (1, ab) step 1: Sum",
        "add (2)     step 1: Sum",
        "add (1, ab) | one",
        "add (2)     | two",
        "add (1, ab) step 1 failed: signal 9; tried again in 2.0 s",
        "add (1, ab) step 1 succeeded in 2.5 s",
        "add (1, ab) job succeeded",
        "add (2)     step 1 succeeded in 1.5 s",
    ]


def test_instances_with_long_values_are_numbered() -> None:
    expanded = MatrixExpanded(time=0, job="add", combinations=({"n": "x" * 30}, {"n": "y\x1b"}))
    assert _show(_started("add"), expanded, evolve(_step(), instance=1)) == ["run r1: Add", "add #2 step 1: Sum"]


def test_a_job_that_is_skipped_says_why_also_where_it_is_alone() -> None:
    skipped = JobFinished(time=4, job="add", name="add", status=Status.SKIPPED, reason="its condition is false")
    assert _show(_started("add"), skipped) == ["run r1: Add", "job skipped: its condition is false"]


def test_a_line_that_comes_in_pieces_shows_once_it_is_whole() -> None:
    view = LiveView()
    assert _show(_started("add"), _step(), (_log(), b"hal"), view=view) == ["run r1: Add", "step 1: Sum"]
    assert _show((_log(stream="stderr"), b"other\n"), view=view) == ["| other"]
    assert _show((_log(), "f \N{SNOWMAN}".encode()[:-1]), view=view) == []
    assert _show((_log(), "\N{SNOWMAN}".encode()[-1:] + b"\r\nrest"), view=view) == ["| half \N{SNOWMAN}"]
    assert _show(_done(), view=view) == ["| rest", "step 1 succeeded in 2.5 s"]


def test_what_was_held_shows_at_the_end_of_the_run() -> None:
    assert _show((_log(step=None), b"late"), RunFinished(time=9, status=Status.SUCCEEDED)) == ["| late"]


def test_no_log_line_can_pass_for_one_of_ours() -> None:
    assert _show(_started("add"), (_log(), b"\x1b[1A\rstep 1 succeeded in 0.0 s\n")) == [
        "run r1: Add",
        "| step 1 succeeded in 0.0 s",
    ]


def test_bytes_that_are_no_text_show_as_replacement_characters() -> None:
    assert _show((_log(), b"\xff\xfe!\n")) == ["| \ufffd\ufffd!"]


def test_of_a_very_long_line_the_beginning_shows() -> None:
    chunk = b"x" * (LONGEST_LINE // 2)
    lines = _show(*[(_log(), chunk)] * 5, (_log(), b"\nnext\n"))
    more = 3 * len(chunk)
    assert lines == [f"| {'x' * LONGEST_LINE} ... ({more} more bytes are in the log)", "| next"]


def test_of_an_endless_progress_bar_the_last_state_shows() -> None:
    bar = b"".join(b"\r%6d" % number for number in range(LONGEST_LINE))
    assert _show((_log(), bar), (_log(), b"\n")) == [f"| {LONGEST_LINE - 1:6d}"]


def test_colours_of_a_step_stay_only_where_ours_are() -> None:
    red = b"\x1b[31mred\n"
    assert _show((_log(), red)) == ["| red"]
    assert _show((_log(), red), view=LiveView(palette=Palette(colours=True))) == ["\x1b[2m|\x1b[0m \x1b[31mred\x1b[0m"]


def test_a_warning_shows_with_its_line() -> None:
    place = Location("p.yaml", 1, 1, 1, 5)
    warning = Diagnostic.at(place, "DT401", Severity.WARNING, "no tag", hint="add @v1")
    view = LiveView(sources={"p.yaml": "name: Add"})
    assert _show(WarningRaised(time=0, diagnostic=warning), view=view) == [
        "p.yaml:1:1: warning: no tag [DT401]",
        "    1 | name: Add",
        "      | ^^^^",
        "  hint: add @v1",
    ]


def test_the_json_log_has_an_event_a_line_and_the_text_of_logs() -> None:
    log = JsonLog()
    first = log.show(_log(), "a\n☃".encode()[:-1])
    second = log.show(_log(), "☃".encode()[-1:])
    last = log.show(_done())
    assert [json.loads(line)["text"] for line in (first, second)] == ["a\n", "☃"]
    assert first == (
        '{"v":1,"type":"log","time":1,"job":"add","step":0,"stream":"stdout","offset":0,"length":0,"text":"a\\n"}\n'
    )
    assert json.loads(last)["type"] == "step-finished"
