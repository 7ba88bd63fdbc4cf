"""``check`` as a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import datatorch_pipelines

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
    assert done.stdout.splitlines()[-1] == "4 errors in 3 files; 1 can be fixed with --fix"


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


@pytest.mark.parametrize("arguments", [[], ["--format", "json"], ["--format", "sarif"], ["--format", "github"]])
def test_each_form_ends_with_one_line_end_and_the_status_of_what_was_found(here, write: Write, arguments) -> None:
    write("good.yaml", GOOD)
    write("loose.yaml", UNPINNED)
    write("bad.yaml", BAD)
    for file, lenient, strict in (("good.yaml", 0, 0), ("loose.yaml", 0, 1), ("bad.yaml", 1, 1)):
        assert here("check", *arguments, file).status == lenient
        done = here("check", *arguments, "--strict", file)
        assert (done.status, done.stderr) == (strict, "")
        assert done.stdout.endswith("\n")
        assert not done.stdout.endswith("\n\n")


def test_the_sarif_report_has_a_result_for_each_diagnostic(here, write: Write) -> None:
    write("p/bad é.yaml", BAD)
    done = here("check", "--format", "sarif", "p/bad é.yaml")
    assert (done.status, done.stderr) == (1, "")
    log = json.loads(done.stdout)
    results = log["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["DT202", "DT205", "DT203"]
    places = [result["locations"][0]["physicalLocation"] for result in results]
    assert {place["artifactLocation"]["uri"] for place in places} == {"p/bad%20%C3%A9.yaml"}
    assert places[0]["region"] == {"startLine": 4, "startColumn": 5, "endLine": 4, "endColumn": 11}
    [change] = results[0]["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": "steps"}
    assert log["runs"][0]["tool"]["driver"]["version"] == datatorch_pipelines.__version__


def test_a_report_names_no_folder_of_this_machine(here, write: Write, folder: Path) -> None:
    write("bad.yaml", BAD)
    for form in ("text", "json", "sarif", "github"):
        assert str(folder) not in here("check", "--format", form, "./bad.yaml").stdout


def test_the_github_report_is_commands_and_a_line_that_counts(here, write: Write) -> None:
    write("bad.yaml", "name: Bad\njobs:\n  a:\n    stepps: []\n    steps: [{run: x}]\n")
    done = here("check", "--format", "github", "bad.yaml")
    assert (done.status, done.stderr) == (1, "")
    assert done.stdout == (
        "::error file=bad.yaml,line=4,col=5,endLine=4,endColumn=11,title=DT202::unknown key 'stepps';"
        " 'steps' is there already: take one of them out\n1 error in 1 file\n"
    )


@pytest.mark.parametrize("name", ["a\n::error::b.yaml", "c\x1b[2J,line=1.yaml", b"d\xff.yaml"])
def test_the_name_of_a_file_forges_no_line(
    folder: Path, environment: dict[str, str], cli: list[str], name: str | bytes
) -> None:
    path = os.fsencode(folder) + b"/" + os.fsencode(name)
    Path(os.fsdecode(path)).write_text("jobs: {}\n", encoding="utf-8")
    for form, starts in (("text", (b" ",)), ("github", (b"::error file=",))):
        done = subprocess.run(
            [*map(os.fsencode, cli), b"check", b"--format", form.encode(), os.fsencode(name)],
            cwd=folder, env={**environment, "LC_ALL": "C.UTF-8"}, capture_output=True, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (1, b"")
        *lines, last = done.stdout.splitlines()
        assert last == b"2 errors in 1 file" + (b"; 1 can be fixed with --fix" if b"can be" in last else b"")
        places = (*starts, os.fsencode(name)[:1])
        assert all(line.startswith(places) for line in lines), lines
        assert b"\x1b" not in done.stdout


def test_marks_stand_below_what_is_printed_also_where_the_stream_has_no_such_letters(command, write: Write) -> None:
    write("bad.yaml", "name: Bad\njobs: {a: {é数: 1, steps: [{run: x}]}}\n")
    done = command("check", "bad.yaml", env={"PYTHONIOENCODING": "ascii"})
    _, line, marks, *_ = done.stdout.splitlines()
    assert line == r"    2 | jobs: {a: {\xe9\u6570: 1, steps: [{run: x}]}}"
    assert marks == f"      | {' ' * 11}{'^' * 10}"


def test_colours_are_asked_for_by_the_environment(here, write: Write) -> None:
    write("bad.yaml", BAD)
    plain = here("check", "bad.yaml").stdout
    coloured = here("check", "bad.yaml", env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert coloured.count("\x1b[") > 20
    assert here("check", "--format", "github", "bad.yaml").stdout.count("\x1b") == 0
    assert here("check", "bad.yaml", env={"NO_COLOR": "1"}).stdout == plain


def test_the_files_of_a_report_stand_apart(here, write: Write) -> None:
    write("a.yaml", UNPINNED)
    write("b.yaml", UNPINNED.replace("Loose", "Other"))
    assert here("check", "b.yaml", "a.yaml").stdout == (
        "a.yaml:5:17: warning: the action 'owner/repo' has no tag: it follows the default branch [DT401]\n"
        "    5 |       - action: owner/repo\n"
        "      |                 ^^^^^^^^^^\n"
        "  hint: pin it: owner/repo@TAG\n"
        "\n"
        "b.yaml:5:17: warning: the action 'owner/repo' has no tag: it follows the default branch [DT401]\n"
        "    5 |       - action: owner/repo\n"
        "      |                 ^^^^^^^^^^\n"
        "  hint: pin it: owner/repo@TAG\n"
        "2 warnings in 2 files\n"
    )


def test_settings_are_found_from_the_folder_upward_or_named(here, write: Write) -> None:
    write("loose.yaml", UNPINNED)
    write("other.toml", "check.severity.DT401 = 'error'\n")
    assert here("check", "--config", "other.toml", "loose.yaml").status == 1
    write(".datatorch-pipelines.toml", "check.ignore = ['DT401']\n")
    assert here("check", "loose.yaml").stdout == "no problems in 1 file\n"
    assert here("check", "--config", "other.toml", "loose.yaml").status == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("check.ignroe = []\n", "datatorch-pipelines: wrong.toml:1:7: "),
        ("check = [\n", "datatorch-pipelines: wrong.toml:"),
        (None, "datatorch-pipelines: wrong.toml:1:1: no such file"),
    ],
)
def test_settings_that_are_wrong_are_told_in_one_line(here, write: Write, settings, message: str) -> None:
    write("good.yaml", GOOD)
    if settings is not None:
        write("wrong.toml", settings)
    done = here("check", "--config", "wrong.toml", "good.yaml")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
@pytest.mark.parametrize(("text", "status"), [(GOOD, 1), (BAD, 1)])
def test_a_report_that_can_not_be_written_is_a_failure(
    folder: Path, environment: dict[str, str], cli: list[str], write: Write, form: str, text: str, status: int
) -> None:
    write("p.yaml", text)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*cli, "check", "--format", form, "p.yaml"],
            cwd=folder, env=environment, stdout=full, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip
    message = b"datatorch-pipelines: the result can't be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (status, message)


@pytest.mark.parametrize("call", [["--help"], ["--version"], ["pin", "--help"], ["schema", "action"]])
def test_what_can_not_be_printed_is_a_failure(environment: dict[str, str], cli: list[str], call: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*cli, *call], env=environment, stdout=full, stderr=subprocess.PIPE, timeout=60)
    message = b"datatorch-pipelines: the result can't be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, message)


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_the_password_of_a_url_in_a_key_is_not_shown(here, write: Write, form: str) -> None:
    write("p.yaml", "name: P\njobs: {a: {steps: [{run: echo, 'https://me:geheim@host': 1}]}}\n")
    ended = here("check", "--format", form, "p.yaml")
    assert "unknown key 'https://*********@host'" in ended.stdout
    assert "geheim" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(("text", "status"), [(GOOD, 0), (BAD, 1)])
def test_a_reader_who_goes_away_changes_nothing(
    folder: Path, environment: dict[str, str], cli: list[str], write: Write, text: str, status: int
) -> None:
    write("p.yaml", text)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*cli, "check", "p.yaml"], cwd=folder, env=environment, stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (status, b"")


def test_an_empty_name_is_a_wrong_call(here) -> None:
    done = here("check", "")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == (
        "datatorch-pipelines: invalid value for PATH...: an empty text names no file;"
        " see 'datatorch-pipelines check --help'\n"
    )


def test_one_file_in_two_spellings_is_checked_once(here, write: Write) -> None:
    write("good.yaml", GOOD)
    assert here("check", "./good.yaml", "good.yaml", ".//good.yaml").stdout == "no problems in 1 file\n"


@pytest.mark.parametrize("name", ["pipeline", "action"])
def test_a_schema_is_printed_as_editors_want_it(here, name: str) -> None:
    done = here("schema", name)
    assert (done.status, done.stderr) == (0, "")
    schema = json.loads(done.stdout)
    assert schema == datatorch_pipelines.schema(name)
    assert (schema["$schema"], schema["title"]) == ("http://json-schema.org/draft-07/schema#", f"DataTorch {name}")


def test_there_is_no_schema_of_another_name(here) -> None:
    done = here("schema", "step")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith("datatorch-pipelines: invalid value for 'pipeline|action': 'step' is not one of")
    with pytest.raises(ValueError, match=r"no schema of 'step'; there is one of pipeline and of action"):
        datatorch_pipelines.schema("step")


def test_several_processes_find_the_same(here, write: Write) -> None:
    names = [f"{number}.yaml" for number in range(12)]
    for number, name in enumerate(names):
        write(name, f"name: P{number % 5}\njobs: {{a: {{steps: [{{action: acme/add}}]}}}}\n")
    alone = here("check", "--processes", "1", *names)
    assert alone.stdout.endswith("19 warnings in 12 files\n")
    assert here("check", "--processes", "2", *names) == alone
    wrong = here("check", "--processes", "0", *names)
    assert (wrong.status, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("datatorch-pipelines: invalid value for '--processes': 0 is not in the range x>=1;")


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_defect_is_told_at_its_file_and_its_traceback_where_that_is_asked_for(
    here, write: Write, monkeypatch: pytest.MonkeyPatch, debug: str
) -> None:
    write("p.yaml", "name: P\njobs: {a: {steps: [{run: echo}]}}\n")
    write("q.yaml", "name: Q\njobs: {}\n")

    def broken(*arguments: object, **named: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("datatorch_pipelines.checking.one.check_pipeline", broken)
    ended = here("check", "p.yaml", "q.yaml", env={"DATATORCH_PIPELINES_DEBUG": debug})
    assert ended.status == 1
    assert ended.stdout.startswith("p.yaml:1:1: error: internal error: KeyError: 'x' [DT199]\n")
    assert "\nq.yaml:2:1: error: a pipeline needs at least one job [DT205]\n" in ended.stdout
    if debug:
        assert ended.stderr.startswith("Traceback (most recent call last):\n")
        assert ended.stderr.endswith("\nKeyError: 'x'\n")
    else:
        assert ended.stderr == ""
