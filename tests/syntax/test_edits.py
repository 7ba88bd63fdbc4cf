"""Edits change what they name, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.diagnostics import Edit, Location
from datatorch_pipelines.syntax import read_pipeline
from datatorch_pipelines.syntax.edits import apply_edits, renamed


def place_of(text: str, start: int, end: int) -> Location:
    def at(offset: int) -> tuple[int, int]:
        before = text[:offset].replace("\r\n", " \n").replace("\r", "\n")
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    (line, column), (end_line, end_column) = at(start), at(end)
    return Location(None, line, column, end_line, end_column)


@given(st.text("ab \n\r字\u2028\x85", max_size=30), st.data())
def test_an_edit_leaves_every_other_character_as_it_was(text: str, data: st.DataObject) -> None:
    text = re.sub("\r+\n", "\n", text)  # between the two characters of one line end there is no place
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    new = data.draw(st.text("xy\n", max_size=4))
    assert apply_edits(text, [Edit(place_of(text, start, end), new)]) == text[:start] + new + text[end:]


def test_edits_are_told_where_they_stand_before_any_of_them_is_made() -> None:
    edits = [
        Edit(Location(None, 2, 1, 2, 2), "long"),
        Edit(Location(None, 1, 1, 1, 2), ""),
        Edit(Location(None, 2, 3, 2, 3), "!"),
    ]
    assert apply_edits("a\r\nbcd", edits) == "\r\nlongc!d"


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(Location(None, 1, 1, 1, 3), ""), Edit(Location(None, 1, 2, 1, 4), "")],
        [Edit(Location(None, 3, 1, 3, 1), "")],
        [Edit(Location(None, 1, 1, 1, 9), "")],
    ],
)
def test_edits_that_overlap_or_lie_outside_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(ValueError, match=r"overlap|outside"):
        apply_edits("abcd", edits)


@pytest.mark.parametrize("written", ["stesp", "'stesp'", '"stesp"'])
def test_a_name_is_renamed_inside_its_quotes(written: str) -> None:
    text = f"name: A\njobs: {{a: {{{written}: [{{run: x}}], steps: [{{run: x}}]}}}}\n"
    pipeline, found = read_pipeline(text, "p.yaml")
    assert pipeline is None
    fix = renamed(_Lines(text), found[0].location, "stesp", "steps")
    assert fix is not None
    assert fix.title == "write 'steps'"
    assert apply_edits(text, fix.edits) == text.replace("stesp", "steps")


def test_a_name_that_is_written_with_escapes_is_left_alone() -> None:
    text = '"st\\u0065sp": 1'
    assert renamed(_Lines(text), Location(None, 1, 1, 1, 13), "stesp", "steps") is None
    assert renamed(_Lines("abc"), Location(None, 1, 1, 1, 4), "abc", "a: b") is None


class _Lines:
    file = "p.yaml"

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def line_text(self, line: int) -> str:
        return self._lines[line - 1]

    def value(self, *_: object) -> Location:
        raise NotImplementedError

    def key(self, *_: object) -> Location:
        raise NotImplementedError
