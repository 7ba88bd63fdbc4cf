"""Diagnostics and failures as text."""

from __future__ import annotations

import re

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.diagnostics import Diagnostic, Fix, Location, Related, Severity
from datatorch_pipelines.display import Palette, check_summary, diagnostic_text, failure_text, report_text
from datatorch_pipelines.display.characters import text_width
from datatorch_pipelines.results import Failure


def _diagnostic(
    line: int,
    column: int,
    end_column: int,
    *,
    end_line: int | None = None,
    message: str = "wrong",
    hint: str | None = None,
    related: tuple[Related, ...] = (),
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    place = Location("p.yaml", line, column, end_line or line, end_column)
    return Diagnostic.at(place, "DT202", severity, message, hint=hint, related=related)


def _snippet(text: str, diagnostic: Diagnostic) -> list[str]:
    return diagnostic_text([diagnostic], {"p.yaml": text}).splitlines()[1:]


def test_a_diagnostic_has_its_line_with_carets_its_hint_and_related_places() -> None:
    related = Related("the first one is here", Location("q.yaml", 7, 1, 7, 5))
    diagnostic = _diagnostic(
        2,
        3,
        8,
        message="unknown key 'stesp'",
        hint="did you mean 'steps'?",
        related=(related,),
        severity=Severity.WARNING,
    )
    sources = {"p.yaml": "add:\r\n  stesp: []\r\n", "q.yaml": "\n" * 6 + "stesp: []"}
    assert diagnostic_text([diagnostic], sources) == (
        "p.yaml:2:3: warning: unknown key 'stesp' [DT202]\n"
        "    2 |   stesp: []\n"
        "      |   ^^^^^\n"
        "  hint: did you mean 'steps'?\n"
        "  q.yaml:7:1: note: the first one is here\n"
        "    7 | stesp: []\n"
        "      | ----\n"
    )


def test_without_the_text_there_is_no_snippet() -> None:
    assert diagnostic_text([_diagnostic(2, 3, 8)]) == "p.yaml:2:3: error: wrong [DT202]\n"
    assert diagnostic_text([_diagnostic(9, 1, 1)], {"p.yaml": "short"}) == "p.yaml:9:1: error: wrong [DT202]\n"
    assert diagnostic_text([_diagnostic(2, 1, 1)], {"p.yaml": "a\n\nb"}) == "p.yaml:2:1: error: wrong [DT202]\n"
    assert diagnostic_text([]) == ""


def test_no_diagnostic_can_write_a_line_of_its_own() -> None:
    diagnostic = _diagnostic(1, 1, 2, message="unknown key 'a\nb\x1b[2J'", hint="no\rhint")
    assert diagnostic_text([diagnostic]) == (
        "p.yaml:1:1: error: unknown key 'a\\x0ab\\x1b[2J' [DT202]\n  hint: no\\x0dhint\n"
    )


@pytest.mark.parametrize(
    ("text", "column", "end_column", "lines"),
    [
        ("a: 数据 b", 4, 6, ["    1 | a: 数据 b", "      |    ^^^^"]),
        ("e\u0301e\u0301: x", 3, 5, ["    1 | e\u0301e\u0301: x", "      |  ^"]),
        ("\ta:\tb", 5, 6, ["    1 |     a:  b", "      |         ^"]),
        ("a\x1bb: c", 3, 4, ["    1 | a\\x1bb: c", "      |      ^"]),
        ("abc", 4, 4, ["    1 | abc", "      |    ^"]),
        ("abc", 2, 2, ["    1 | abc", "      |  ^"]),
        ("abc", 99, 120, ["    1 | abc", "      |    ^"]),
        ("abc   ", 1, 3, ["    1 | abc", "      | ^^"]),
    ],
)
def test_carets_stand_below_what_they_mean(text: str, column: int, end_column: int, lines: list[str]) -> None:
    assert _snippet(text, _diagnostic(1, column, end_column)) == lines


@pytest.mark.parametrize(
    ("text", "column", "end", "lines"),
    [
        (
            "a: [1,  \n 2]",
            4,
            (2, 4),
            ["    1 | a: [1,", "      |    ^^^", "    2 |  2]", "      |  ^^"],
        ),
        (
            "a: [1,\n 2,\n\n 数]",
            4,
            (4, 4),
            ["    1 | a: [1,", "      |    ^^^", "  ... |", "    4 |  数]", "      |  ^^^"],
        ),
        ("a: |\n b\n", 4, (3, 1), ["    1 | a: |", "      |    ^", "    2 |  b", "      |  ^"]),
        ("a: b\nc: d", 4, (2, 1), ["    1 | a: b", "      |    ^"]),
        ("a: b\n   c", 4, (2, 3), ["    1 | a: b", "      |    ^"]),
        ("a: b", 4, (9, 9), ["    1 | a: b", "      |    ^"]),
    ],
)
def test_of_a_range_over_several_lines_its_first_and_last_one_show(
    text: str, column: int, end: tuple[int, int], lines: list[str]
) -> None:
    assert _snippet(text, _diagnostic(1, column, end[1], end_line=end[0])) == lines


def test_only_line_ends_of_yaml_count_as_line_ends() -> None:
    text = "a\x85b\u2028c\rd"
    assert _snippet(text, _diagnostic(2, 1, 2)) == ["    2 | d", "      | ^"]


def test_of_a_long_line_what_is_around_the_range_shows() -> None:
    text = "x" * 500 + "WRONG" + "y" * 500
    line, carets = _snippet(text, _diagnostic(1, 501, 506))
    assert line == f"    1 | ...{'x' * 30}WRONG{'y' * 65}..."
    assert carets == f"      | {' ' * 33}^^^^^"
    assert line.index("WRONG") == carets.index("^^^^^")


def test_the_beginning_of_a_long_line_shows_when_the_range_is_near() -> None:
    text = "name: WRONG" + "y" * 500
    assert _snippet(text, _diagnostic(1, 7, 12)) == [f"    1 | name: WRONG{'y' * 89}...", "      |       ^^^^^"]


def test_a_range_longer_than_the_window_is_marked_as_far_as_it_shows() -> None:
    line, carets = _snippet("y" * 500, _diagnostic(1, 1, 501))
    assert line == f"    1 | {'y' * 100}..."
    assert carets == f"      | {'^' * 100}"


def test_colours_are_only_added() -> None:
    diagnostic = _diagnostic(1, 1, 3, hint="do this")
    coloured = diagnostic_text([diagnostic], {"p.yaml": "ab"}, palette=Palette(colours=True))
    assert coloured.splitlines()[0] == ("\x1b[1mp.yaml:1:1:\x1b[0m \x1b[1;31merror:\x1b[0m wrong \x1b[2m[DT202]\x1b[0m")


@pytest.mark.parametrize(
    ("encoding", "lines"),
    [
        ("utf-8", ["    1 | é: 数😀 x", "      |    ^^^^"]),
        ("latin-1", [r"    1 | é: \u6570\U0001f600 x", f"      |    {'^' * 16}"]),
        ("ascii", [r"    1 | \xe9: \u6570\U0001f600 x", f"      |       {'^' * 16}"]),
        ("gb18030", ["    1 | é: 数😀 x", "      |    ^^^^"]),
    ],
)
def test_carets_stand_below_what_a_stream_can_show(encoding: str, lines: list[str]) -> None:
    report = diagnostic_text([_diagnostic(1, 4, 6)], {"p.yaml": "é: 数😀 x"}, palette=Palette(encoding=encoding))
    assert report.splitlines()[1:] == lines
    assert report.encode(encoding, "backslashreplace").decode(encoding) == report


LETTERS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("ab \t数é\u0301\x1b\u202e😀")), max_size=300)


@given(LETTERS, st.text("ab数", min_size=1, max_size=150), LETTERS, st.sampled_from(["utf-8", "ascii", "latin-1"]))
@settings(deadline=None)
def test_marks_begin_where_the_range_does_and_are_as_wide(before: str, marked: str, after: str, encoding: str) -> None:
    before, after = (re.sub(r"[\r\n|]", "", part) for part in (before, after))
    line = f"{before}|{marked}|{after}"  # no other bar is in it, so that what is printed of the range is known
    place = _diagnostic(1, len(before) + 2, len(before) + 2 + len(marked))
    report = diagnostic_text([place], {"p.yaml": line}, palette=Palette(encoding=encoding)).split("\n")[1:-1]
    text, marks = (shown.split(" | ", 1)[1] for shown in report)
    start = text.index("|") + 1
    assert text_width(text[:start]) == len(marks) - len(marks.lstrip())
    printed = text[start : text.index("|", start)] if text.count("|") == 2 else text[start:].removesuffix("...")
    assert text_width(printed) == marks.count("^")


def test_the_texts_of_files_are_split_once() -> None:
    asked: list[str] = []

    class Sources(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            asked.append(name)
            return super().__getitem__(name)

    sources = Sources({"p.yaml": "a: b\n" * 10_000, "q.yaml": "x" * 1_000_000})
    found = [
        Diagnostic.at(
            Location("p.yaml", line, 1, line, 2),
            "DT202",
            Severity.ERROR,
            "wrong",
            related=[Related("here", Location("q.yaml", 1, line * 90, 1, line * 90 + 3))],
        )
        for line in range(1, 10_001)
    ]
    report = report_text(found, sources)
    assert report.count("\n") == 60_000
    assert sorted(asked) == ["p.yaml", "q.yaml"]


def test_the_files_stand_apart_and_each_line_is_a_place_to_click() -> None:
    found = [attrs.evolve(_diagnostic(line, 1, 2), file=file) for file in ("a", "b") for line in (1, 2)]
    assert report_text(found) == (
        "a:1:1: error: wrong [DT202]\na:2:1: error: wrong [DT202]\n\n"
        "b:1:1: error: wrong [DT202]\nb:2:1: error: wrong [DT202]\n"
    )
    assert report_text([]) == ""


def test_another_place_over_several_lines_is_marked_on_its_first() -> None:
    related = (Related("here", Location("p.yaml", 1, 1, 3, 4)),)
    report = diagnostic_text([_diagnostic(3, 1, 4, related=related)], {"p.yaml": "a: |\n  b\n  c\n"})
    assert report.endswith("  p.yaml:1:1: note: here\n    1 | a: |\n      | ----\n")


def test_other_places_have_a_colour_of_their_own() -> None:
    related = (Related("here", Location("p.yaml", 1, 1, 1, 2)),)
    sources = {"p.yaml": "ab"}
    report = diagnostic_text([_diagnostic(1, 2, 3, related=related)], sources, palette=Palette(colours=True))
    assert "\x1b[1;31m^\x1b[0m\n" in report
    assert "\x1b[1;36m-\x1b[0m\n" in report


@pytest.mark.parametrize(
    ("severities", "files", "summary"),
    [
        ("", 1, "no problems in 1 file"),
        ("e", 1, "1 error in 1 file"),
        ("w", 2, "1 warning in 2 files"),
        ("eew", 3, "2 errors, 1 warning in 3 files"),
    ],
)
def test_the_summary_counts(severities: str, files: int, summary: str) -> None:
    kinds = {"e": Severity.ERROR, "w": Severity.WARNING}
    diagnostics = [_diagnostic(1, 1, 2, severity=kinds[letter]) for letter in severities]
    assert check_summary(diagnostics, files) == summary


def test_the_summary_counts_what_can_be_fixed() -> None:
    fix = Fix("write 'a'", [])
    found = [_diagnostic(1, 1, 2), attrs.evolve(_diagnostic(1, 1, 2), fix=fix)]
    assert check_summary(found, 1) == "2 errors in 1 file; 1 can be fixed"
    assert check_summary(found, 1, fixing=" with --fix") == "2 errors in 1 file; 1 can be fixed with --fix"


def test_a_failure_shows_its_own_snippet_or_that_of_the_file() -> None:
    place = Location("p.yaml", 2, 1, 2, 4)
    expected = "p.yaml:2:1: error: job 'a': exit status 3\n    2 | run: x\n      | ^^^\n"
    assert failure_text(Failure(message="exit status 3", location=place, snippet="run: x"), what="job 'a'") == expected
    without = Failure(message="exit status 3", location=place)
    assert failure_text(without, what="job 'a'", sources={"p.yaml": "\nrun: x"}) == expected
