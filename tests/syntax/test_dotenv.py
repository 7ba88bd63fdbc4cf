"""Files of KEY=VALUE lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.syntax.dotenv import DotenvError, parse_dotenv


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# only a comment\n\n   \n", {}),
        ("A=1\nB=2", {"A": "1", "B": "2"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("  export  A = 1  ", {"A": "1"}),
        ("A=", {"A": ""}),
        ("A= # nothing", {"A": ""}),
        ("A=a b # comment", {"A": "a b"}),
        ("A=a#b", {"A": "a#b"}),
        ("A=a=b==", {"A": "a=b=="}),
        ("A='a # b' # comment", {"A": "a # b"}),
        (r"A='a\n$HOME'", {"A": r"a\n$HOME"}),
        (r'A="a\n\t\"\\\$HOME \x"', {"A": 'a\n\t"\\$HOME \\x'}),
        ("A=''", {"A": ""}),
        ("A=it's", {"A": "it's"}),
        ("A=$B", {"A": "$B"}),
        ("a.b-c_1=x", {"a.b-c_1": "x"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=one\x85still one", {"A": "one\x85still one"}),
    ],
)
def test_lines_are_read(text: str, values: dict[str, str]) -> None:
    assert parse_dotenv(text) == values


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("A=1\nhunter2", 2, "this is no KEY=VALUE"),
        ("=hunter2", 1, "this is no KEY=VALUE"),
        ("1A=hunter2", 1, "this is no KEY=VALUE"),
        ("A B=hunter2", 1, "this is no KEY=VALUE"),
        ("\n\nA='hunter2", 3, r"the quote does not end with the line; in double quotes \n is a line end"),
        ('A="hunter2\n"', 1, r"the quote does not end with the line; in double quotes \n is a line end"),
        ('A="hunter2" x', 1, r"the quote does not end with the line; in double quotes \n is a line end"),
    ],
)
def test_a_wrong_line_is_told_by_its_number_and_never_shown(text: str, line: int, message: str) -> None:
    with pytest.raises(DotenvError) as caught:
        parse_dotenv(text)
    assert (caught.value.line, str(caught.value)) == (line, message)


@given(st.text(alphabet=st.characters(blacklist_characters="\r\n'", blacklist_categories=["Cs"])))
@settings(deadline=None)
def test_single_quotes_keep_every_text(value: str) -> None:
    assert parse_dotenv(f"A='{value}'") == {"A": value}


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"])))
@settings(deadline=None)
def test_double_quotes_can_say_every_text(value: str) -> None:
    escaped = value
    for character, written in {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r"}.items():
        escaped = escaped.replace(character, written)
    assert parse_dotenv(f'A="{escaped}"') == {"A": value}
