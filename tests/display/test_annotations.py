"""GitHub's annotations: what the runner reads is what was meant, whatever the file holds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity
from datatorch_pipelines.display import github_annotations
from datatorch_pipelines.display.characters import one_line

PLACE = Location("a.yaml", 3, 5, 3, 10)


def _annotation(place: Location, message: str = "wrong", hint: str | None = None) -> str:
    return github_annotations([Diagnostic.at(place, "DT202", Severity.ERROR, message, hint=hint)])


def _read(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner reads a line of a log (actions/runner, ``ActionCommand.TryParseV2``)."""
    line = line.lstrip()
    assert line.startswith("::")
    end = line.index("::", 2)
    name, _, properties = line[2:end].partition(" ")
    pairs = [pair.split("=", 1) for pair in properties.split(",") if pair]

    def decoded(text: str, codes: str) -> str:
        for code in codes.split():
            text = text.replace(f"%{code}", chr(int(code, 16)))
        return text.replace("%25", "%")

    values = {key.strip(): decoded(value, "0D 0A 3A 2C") for key, value in pairs}
    return name, values, decoded(line[end + 2 :], "0D 0A")


def test_each_diagnostic_is_a_command() -> None:
    warning = Diagnostic.at(Location("b.yaml", 1, 1, 1, 2), "DT401", Severity.WARNING, "no tag", hint="add one")
    wrong = Diagnostic.at(PLACE, "DT202", Severity.ERROR, "unknown key 'stesp'")
    assert github_annotations([wrong, warning]) == (
        "::error file=a.yaml,line=3,col=5,endLine=3,endColumn=10,title=DT202::unknown key 'stesp'\n"
        "::warning file=b.yaml,line=1,col=1,endLine=1,endColumn=2,title=DT401::no tag; add one\n"
    )
    assert github_annotations([]) == ""


def test_a_range_over_lines_has_no_columns_as_github_takes_none() -> None:
    assert _annotation(Location("a.yaml", 3, 5, 4, 2)) == "::error file=a.yaml,line=3,endLine=4,title=DT202::wrong\n"


def test_without_a_file_there_is_no_file() -> None:
    assert _annotation(Location(None, 1, 1, 1, 1)).startswith("::error line=1,")


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("a,line=9:.yaml", "a%2Cline=9%3A.yaml"),
        ("a%2C.yaml", "a%252C.yaml"),
        ("a\n::error::.yaml", "a%0A%3A%3Aerror%3A%3A.yaml"),
        ("a\x1b.yaml", r"a\x1b.yaml"),
    ],
)
def test_what_would_end_a_property_is_encoded(file: str, shown: str) -> None:
    line = f"::error file={shown},line=3,col=5,endLine=3,endColumn=10,title=DT202::wrong\n"
    assert _annotation(Location(file, 3, 5, 3, 10)) == line


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("100%0A::error::", "100%250A::error::"),
        ("a\r\n::b", "a%0D%0A::b"),
        ("a,b: c", "a,b: c"),
        ("\u2028\x85", r"\u2028\x85"),
    ],
)
def test_what_would_end_a_message_is_encoded(message: str, shown: str) -> None:
    line = f"::error file=a.yaml,line=3,col=5,endLine=3,endColumn=10,title=DT202::{shown}\n"
    assert _annotation(PLACE, message) == line


PIECES = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("%:,=\r\n 0AD25#[]")), max_size=30)
PRINTED = PIECES.filter(lambda text: one_line(text.replace("\r", "").replace("\n", "")) == re.sub("[\r\n]", "", text))


@given(PIECES, PIECES, PIECES)
@settings(deadline=None)
def test_nothing_in_a_file_makes_a_line_of_its_own(file: str, message: str, hint: str) -> None:
    text = _annotation(Location(file, 3, 5, 3, 10), message, hint)
    assert re.split(r"\r\n|\r|\n|\x85|\u2028|\u2029", text)[1:] == [""]
    name, values, _ = _read(text.removesuffix("\n"))
    assert name == "error"
    assert list(values) == ["file", "line", "col", "endLine", "endColumn", "title"]
    assert (values["line"], values["title"]) == ("3", "DT202")


@given(PRINTED, PRINTED)
@settings(deadline=None)
def test_the_runner_reads_back_what_was_said(file: str, message: str) -> None:
    _, values, data = _read(_annotation(Location(file, 3, 5, 3, 10), message).removesuffix("\n"))
    assert (values["file"], data) == (file, message)
