"""``check`` as a process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

GOOD = "name: Good\njobs:\n  a:\n    steps:\n      - run: echo hello\n"
UNPINNED = "name: Loose\njobs:\n  a:\n    steps:\n      - action: owner/repo\n"
BAD = "name: Bad\njobs:\n  a:\n    stepps: []\n  b: {steps: [foo]}\n"

Write = Callable[[str, str], Path]


def test_all_is_well(command, write: Write) -> None:
    write("good.yaml", GOOD)
    done = command("check", "good.yaml")
    assert (done.status, done.stdout, done.stderr) == (0, "no problems in 1 file\n", "")


def test_every_error_of_every_file_is_told_with_its_place(here, write: Write) -> None:
    write("good.yaml", GOOD)
    write("bad.yaml", BAD)
    done = here("check", "bad.yaml", "good.yaml", "nothere.yaml")
    assert (done.status, done.stderr) == (1, "")
    assert done.stdout.splitlines()[:4] == [
        "bad.yaml:4:5: error: unknown key 'stepps' [DT202]",
        "    4 |     stepps: []",
        "      |     ^^^^^^",
        "  hint: did you mean 'steps'?",
    ]
    assert "bad.yaml:5:15: error:" in done.stdout
    assert "nothere.yaml:1:1: error: no such file [DT102]\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "3 errors in 3 files; 1 can be fixed with --fix"


def test_warnings_count_when_strict(here, write: Write) -> None:
    write("loose.yaml", UNPINNED)
    lenient, strict = here("check", "loose.yaml"), here("check", "--strict", "loose.yaml")
    assert (lenient.status, strict.status) == (0, 1)
    assert lenient.stdout == strict.stdout
    assert lenient.stdout.splitlines()[-1] == "1 warning in 1 file"


def test_a_file_that_is_named_twice_is_checked_once(here, write: Write) -> None:
    write("good.yaml", GOOD)
    done = here("check", "good.yaml", "good.yaml")
    assert (done.status, done.stdout) == (0, "no problems in 1 file\n")


def test_two_pipelines_of_one_name_are_told(here, write: Write) -> None:
    write("one.yaml", GOOD)
    write("two.yaml", GOOD)
    done = here("check", "one.yaml", "two.yaml")
    assert done.status == 0
    assert done.stdout.startswith(
        "two.yaml:1:7: warning: another pipeline of this project is named 'Good' too [DT210]\n"
    )
    assert done.stdout.endswith(
        "\n  one.yaml:1:7: note: the other one\n    1 | name: Good\n      |       ----\n1 warning in 2 files\n"
    )


def test_an_action_file_is_checked_as_an_action(here, write: Write) -> None:
    write("add/action-datatorch.yaml", "name: add\nruns:\n  using: pyhton\n  main: add.py\n")
    done = here("check", "add/action-datatorch.yaml")
    assert done.status == 1
    assert done.stdout.startswith("add/action-datatorch.yaml:3:10: error: ")


def test_a_folder_is_told_as_a_diagnostic(here, write: Write) -> None:
    write("pipelines.yaml/good.yaml", GOOD)
    done = here("check", "pipelines.yaml")
    assert (done.status, done.stderr) == (1, "")
    assert done.stdout.startswith("pipelines.yaml:1:1: error: this is a directory [DT102]\n")


def test_the_json_report_is_one_object(here, write: Write) -> None:
    write("bad.yaml", BAD)
    done = here("check", "--format", "json", "bad.yaml")
    assert (done.status, done.stderr) == (1, "")
    report = json.loads(done.stdout)
    assert list(report) == ["version", "diagnostics"]
    assert report["version"] == 1
    assert report["diagnostics"][0] == {
        "code": "DT202",
        "severity": "error",
        "message": "unknown key 'stepps'",
        "file": "bad.yaml",
        "line": 4,
        "column": 5,
        "end_line": 4,
        "end_column": 11,
        "hint": "did you mean 'steps'?",
        "related": [],
    }


def test_what_the_terminal_can_not_write_shows_as_its_code(command, write: Write) -> None:
    write("bad.yaml", "name: Bad\njobs:\n  数据: {steps: [{run: x}]}\n")
    done = command("check", "bad.yaml", env={"PYTHONIOENCODING": "ascii"})
    assert (done.status, done.stderr) == (1, "")
    assert r"bad.yaml:3:3: error: '\u6570\u636e' is no job id [DT206]" in done.stdout
