"""Nothing that others wrote can confuse a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.display.characters import log_line, one_line, text_width

ESC = "\x1b"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain", "plain"),
        ("a\tb", "a\tb"),
        ("naïve 数据 👩‍🔬", "naïve 数据 👩‍🔬"),
        ("end\r", "end"),
        ("10%\r55%\r100%", "100%"),
        ("\r", ""),
        (f"{ESC}[31mred{ESC}[0m", "red"),
        (f"{ESC}[2J{ESC}[1;1Hgone", "gone"),
        (f"{ESC}]0;title\x07after", "after"),
        (f"{ESC}]8;;http://x{ESC}\\link{ESC}]8;;{ESC}\\", "link"),
        (f"{ESC}P1$q{ESC}\\dcs", "dcs"),
        (f"{ESC}(0charset", "charset"),
        (f"{ESC}cfull reset", "full reset"),
        (f"{ESC}]0;no end", r"\x1b]0;no end"),
        (f"cut off{ESC}", r"cut off\x1b"),
        (f"cut off{ESC}[3", r"cut off\x1b[3"),
        ("bell\x07 backspace\x08 nul\x00", r"bell\x07 backspace\x08 nul\x00"),
        ("one\x9b31mbyte", r"one\x9b31mbyte"),
        ("next\x85line\u2028sep", r"next\x85line\u2028sep"),
        ("right\u202eleft", r"right\u202eleft"),
        ("a\u200fb\u200ec\u061cd", r"a\u200fb\u200ec\u061cd"),
        ("\ufffd", "\ufffd"),
    ],
)
def test_a_log_line_shows_without_what_moves_the_cursor(written: str, shown: str) -> None:
    assert log_line(written) == shown


def test_colours_stay_where_they_are_wanted_and_end_with_the_line() -> None:
    written = f"{ESC}[1;31mred{ESC}[K{ESC}[38:5:1m text"
    assert log_line(written, colours=True) == f"{ESC}[1;31mred{ESC}[38:5:1m text{ESC}[0m"
    assert log_line("plain", colours=True) == "plain"


@given(st.text())
@settings(deadline=None)
def test_no_text_becomes_a_control_character(text: str) -> None:
    for shown in (log_line(text), one_line(text)):
        assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c != "\t"]


@given(st.text(alphabet=st.sampled_from(f"{ESC}[]m0;1KH\x07\\ab\r")))
@settings(deadline=None)
def test_with_colours_only_colours_pass(text: str) -> None:
    shown = log_line(text, colours=True)
    for sequence in shown.split(ESC)[1:]:
        parameters, end, _rest = sequence.partition("m")
        assert end == "m"
        assert set(parameters) <= set("[0123456789;:")


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("abc", 3),
        ("数据", 4),
        ("e\u0301", 1),
        ("ｆ", 2),
        ("\u200b", 0),
        ("\u1112\u1161\u11ab", 2),
        ("a\xadb", 3),
    ],
)
def test_the_width_of_a_text_is_in_terminal_columns(text: str, width: int) -> None:
    assert text_width(text) == width
