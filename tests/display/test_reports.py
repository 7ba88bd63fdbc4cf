"""Diagnostics and failures as text."""

from __future__ import annotations

import pytest

from datatorch_pipelines.diagnostics import Diagnostic, Location, Related, Severity
from datatorch_pipelines.display import Palette, check_summary, diagnostic_text, failure_text
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


def test_a_failure_shows_its_own_snippet_or_that_of_the_file() -> None:
    place = Location("p.yaml", 2, 1, 2, 4)
    expected = "p.yaml:2:1: error: job 'a': exit status 3\n    2 | run: x\n      | ^^^\n"
    assert failure_text(Failure(message="exit status 3", location=place, snippet="run: x"), what="job 'a'") == expected
    without = Failure(message="exit status 3", location=place)
    assert failure_text(without, what="job 'a'", sources={"p.yaml": "\nrun: x"}) == expected
