"""`dtp.report`: one report in every form, as the command prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import datatorch_pipelines as dtp

TEXT = "name: A\njobs:\n  a:\n    stesp: [{run: a}]\n"
SHOWN = (
    "p.yaml:4:5: error: unknown key 'stesp' [DT202]\n"
    "    4 |     stesp: [{run: a}]\n"
    "      |     ^^^^^\n"
    "  hint: did you mean 'steps'?\n"
    "1 error in 1 file; 1 can be fixed"
)


@pytest.fixture
def found() -> list[dtp.Diagnostic]:
    return dtp.check_text(TEXT, filename="p.yaml")


def test_the_files_are_read_unless_their_texts_are_given(
    found: list[dtp.Diagnostic], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    without = SHOWN.replace("    4 |     stesp: [{run: a}]\n      |     ^^^^^\n", "")
    assert dtp.report(found) == without
    (tmp_path / "p.yaml").write_text(TEXT)
    assert dtp.report(found) == SHOWN
    assert dtp.report(found, sources={}) == without
    assert dtp.report(found, sources={"p.yaml": TEXT.replace("stesp", "STESP")}) == SHOWN.replace(
        "    stesp", "    STESP"
    )


def test_diagnostics_are_sorted_and_told_once(found: list[dtp.Diagnostic]) -> None:
    first = dtp.Diagnostic.at(dtp.Location("a.yaml", 9, 1, 9, 2), "DT101", dtp.Severity.WARNING, "odd")
    assert dtp.report([*found, first, *found], sources={"p.yaml": TEXT}) == (
        "a.yaml:9:1: warning: odd [DT101]\n\n" + SHOWN.replace("1 error in 1 file", "1 error, 1 warning in 2 files")
    )


def test_nothing_found_is_a_report_too() -> None:
    assert dtp.report([]) == "no problems"
    assert dtp.report([], "github") == "no problems"
    assert json.loads(dtp.report([], "json")) == {"version": 1, "diagnostics": []}
    assert json.loads(dtp.report([], "sarif"))["runs"][0]["results"] == []


def test_an_iterator_will_do(found: list[dtp.Diagnostic]) -> None:
    assert dtp.report(iter(found), sources={"p.yaml": TEXT}) == SHOWN


def test_colours_are_for_those_who_ask(found: list[dtp.Diagnostic]) -> None:
    assert "\x1b[1;31merror:\x1b[0m" in dtp.report(found, colours=True)


def test_the_json_has_the_keys_that_programs_rely_on(found: list[dtp.Diagnostic]) -> None:
    [item] = json.loads(dtp.report(found, "json"))["diagnostics"]
    assert list(item) == [
        "code", "severity", "message", "file", "line", "column", "end_line", "end_column", "hint", "related",
    ]  # fmt: skip


def test_there_is_no_other_form(found: list[dtp.Diagnostic]) -> None:
    message = r"no such form of a report: 'xml'; give one of text, json, sarif, github"
    with pytest.raises(ValueError, match=message):
        dtp.report(found, "xml")  # type: ignore[arg-type]
