"""Patterns of forms: they match what Python's own match, in bounded time, and what can't be is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.model.forms.patterns import PatternError, read_pattern
from datatorch_pipelines.model.forms.values import TooMuch, Work
from tests.support.costs import calls

ATOMS = st.sampled_from(
    ["a", "b", "-", "[ab]", "[^a]", "[a-c1]", "[-a]", ".", r"\d", r"\w", r"\W", r"\.", "^", "$", r"\b"]
)
QUANTIFIERS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repeated = st.tuples(inner.map("(?:{})".format), QUANTIFIERS).map("".join)
    return st.one_of(
        st.lists(inner, max_size=3).map("".join), st.lists(inner, min_size=2, max_size=3).map("|".join), repeated
    )


LEAVES = st.tuples(ATOMS, QUANTIFIERS).filter(lambda pair: not pair[1] or pair[0] not in ("^", "$", r"\b")).map("".join)
PATTERNS = st.recursive(LEAVES, grown, max_leaves=6)


@given(PATTERNS, st.text("ab1-. c", max_size=8))
def test_a_pattern_is_found_where_python_finds_it(pattern: str, text: str) -> None:
    # Python's dollar also stands before a last line end, and its classes hold more letters: there are none here.
    assert read_pattern(pattern).is_found_in(text, Work()) == bool(re.search(pattern, text))


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^a$", "a\n", False),
        (r"^\d$", "٣", False),
        (r"^\w$", "é", False),
        (r"^\s$", "\u00a0", True),
        ("^.$", "\u2028", False),
        ("^.$", "🐈", True),
        (r"^\u0041\x42\t$", "AB\t", True),
        ("^a{,2}$", "a{,2}", True),
        ("^{$", "{", True),
        ("^(?<year>[0-9]{4})$", "2026", True),
        (r"^[\]\-\\]+$", "]-\\", True),
        (r"^[\d-x]$", "-", True),
        ("^[^]$", "a", True),
        ("[]", "a", False),
        ("", "", True),
        ("a|", "x", True),
        ("^(a*)*b$", "aaab", True),
        ("^(|a)+$", "aa", True),
    ],
)
def test_patterns_are_those_of_ecmascript(pattern: str, text: str, found: bool) -> None:
    assert read_pattern(pattern).is_found_in(text, Work()) is found


@pytest.mark.parametrize(
    ("pattern", "offset", "message"),
    [
        ("a(b", 1, "a '(' is not closed; write '\\(' for the character"),
        ("ab)", 2, "a ')' closes nothing; write '\\)' for the character"),
        ("[ab", 0, "a '[' is not closed; write '\\[' for the character"),
        ("*a", 0, "nothing stands before the '*'; write '\\*' for the character"),
        ("a**", 2, "nothing stands before the '*'; write '\\*' for the character"),
        ("a{3,2}", 1, "a repetition runs backwards; write the smaller number first"),
        ("x[b-a]", 3, "a range of characters runs backwards; write the first one first"),
        (r"(a)\1", 3, r"'\1' is not known in a pattern of a form; write it without"),
        (r"\p{L}", 0, r"'\p' is not known in a pattern of a form; write it without"),
        ("\\", 0, r"'\' is not known in a pattern of a form; write it without"),
        ("(?=a)", 0, "a pattern of a form can't look ahead or behind; write it without"),
        ("(?<!a)b", 0, "a pattern of a form can't look ahead or behind; write it without"),
        ("a{99999}", 1, "the pattern is too large; repeat fewer things less often"),
        ("(a{1000}){1000}", 0, "the pattern is too large; repeat fewer things less often"),
        ("((a|){99}){9999}", 0, "the pattern is too large; repeat fewer things less often"),
        ("a" * 1001, 0, "the pattern has more than 1000 characters; write a shorter one"),
        ("(" * 50 + ")" * 50, 41, "the pattern nests too deep; write it with fewer groups"),
    ],
)
def test_what_is_no_pattern_is_told_with_its_place(pattern: str, offset: int, message: str) -> None:
    with pytest.raises(PatternError) as caught:
        read_pattern(pattern)
    assert (caught.value.offset, str(caught.value)) == (offset, message)


@given(st.text("ab()[]{}|*+?^$\\.-,1:<=!dux", max_size=20))
def test_any_text_is_a_pattern_or_is_refused(text: str) -> None:
    offset = 0
    try:
        read_pattern(text).is_found_in("ab1", Work())
    except PatternError as error:
        offset = error.offset
    assert 0 <= offset <= len(text)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(.*a){20}", "^([a-z]+)*!$"])
def test_a_pattern_that_others_take_years_for_is_matched_at_once(pattern: str) -> None:
    work = Work()
    read_pattern(pattern).is_found_in("a" * 60 + "!", work)
    assert work.done < 20_000


def test_a_large_pattern_on_a_long_text_is_given_up() -> None:
    with pytest.raises(TooMuch):
        read_pattern("(?:.?){600}x").is_found_in("a" * 100_000, Work())


@pytest.mark.parametrize("nothing", ["a{0}", "()", "(|)", "(?:)*", "(a{0}|(){7})?"])
def test_what_matches_nothing_costs_nothing_however_often_it_is_repeated(nothing: str) -> None:
    count = 900 // len(nothing)
    once = calls(lambda: read_pattern(f"x({nothing * count})y"))
    assert calls(lambda: read_pattern(f"x({nothing * count}){{999}}y")) < once + 100
    pattern = read_pattern(f"^x({nothing * 3}){{999}}y$")
    assert [pattern.is_found_in(text, Work()) for text in ("xy", "xay", "x", "y")] == [True, False, False, False]
