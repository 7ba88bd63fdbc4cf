"""Texts as far as they can be read: every error of form in one pass, and the good parts beside them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.expressions import ExpressionError, parse, parse_condition, read, read_condition
from datatorch_pipelines.expressions.lexer import is_reserved
from datatorch_pipelines.expressions.nodes import Node, walk
from datatorch_pipelines.expressions.parser import parse_expression
from datatorch_pipelines.limits import Limits


def told(text: str, *, condition: bool = False) -> tuple[list[str], list[str]]:
    """What is marked as wrong, and the expressions that could be read."""
    reading = read_condition(text) if condition else read(text)
    marked = [text[error.column - 1 : error.end_column - 1] for error in reading.errors]
    return marked, [text[part.start : part.end] for part in reading.template.expressions]


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        ("a", [], []),
        ("${{ a }}", [], ["${{ a }}"]),
        ("${{ a b }} ${{ c }} ${{ d e }}", ["b", "e"], ["${{ c }}"]),
        ("${{ }} ${{ c }}", ["${{ }}"], ["${{ c }}"]),
        ("${{ c }} ${{ d", ["${{"], ["${{ c }}"]),
        ("${{ a ${{ b }} ${{ c }}", ["$"], ["${{ c }}"]),
        ("${{ 'it's }} ${{ c }}", ["s"], ["${{ c }}"]),
        ("${{ 'a }} ${{ c }}", ["'a }} ${{ c }}"], ["${{ c }}"]),
        ("${{ 'a }}' b }} ${{ c }}", ["b"], ["${{ c }}"]),
        ('${{ "a" }} ${{ c }}', ['"'], ["${{ c }}"]),
        ("${{ a + '}}' }} ${{ c }}", ["+"], ["${{ c }}"]),
        ("${{ upper(1, 2) }}${{ a. }}${{ c }}", ["upper(1, 2)", "}}"], ["${{ c }}"]),
        ("${{ a\n b }}\n${{ c }}", ["b"], ["${{ c }}"]),
    ],
)
def test_each_expression_that_can_not_be_read_is_told_and_the_others_are_read(
    text: str, wrong: list[str], right: list[str]
) -> None:
    assert told(text) == (wrong, right)


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        ("a == 1", [], ["a == 1"]),
        (" ${{ a }} ", [], ["${{ a }}"]),
        ("a b", ["b"], []),
        ("${{ a b }}", ["b"], []),
        ("${{ a b }} == ${{ c }}", ["b", "== ${{ c }}"], ["${{ c }}"]),
        ("${{ a }} == ${{ c d }}", ["d", "== ${{ c d }}"], ["${{ a }}"]),
        ("a == ${{ c }}", ["a =="], ["${{ c }}"]),
        ("a == ${{ c d }} x ${{ e }}", ["a ==", "d"], ["${{ e }}"]),
        ("contains(a, '${{')", [], ["contains(a, '${{')"]),
    ],
)
def test_a_condition_is_read_as_far_as_it_can_be(text: str, wrong: list[str], right: list[str]) -> None:
    assert told(text, condition=True) == (wrong, right)


PIECES = st.sampled_from(
    ["${{", "}}", " ", "a.b", "a", "'", "'x'", "==", "(", ")", "1", "text", "$", "\n", "steps.A b.c", "upper", ","]
)


@settings(deadline=None, max_examples=400)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_a_text_without_errors_is_what_is_parsed_and_the_first_error_is_the_one_that_is_raised(text: str) -> None:
    for lenient, strict in ((read, parse), (read_condition, parse_condition)):
        reading = lenient(text)
        assert all(1 <= error.column <= error.end_column <= len(text) + 2 for error in reading.errors)
        ends = [0, *(part.end for part in reading.template.expressions)]
        assert ends == sorted(ends)
        if not reading.errors:
            assert strict(text) == reading.template
            continue
        with pytest.raises(ExpressionError) as caught:
            strict(text)
        first = reading.errors[0]
        assert (caught.value.message, caught.value.column) == (first.message, first.column)


def test_an_empty_condition_is_told() -> None:
    for text in ("", "  ", "${{ }}"):
        (error,) = read_condition(text).errors
        assert (error.message, read_condition(text).template.expressions) == ("an empty expression", ())


def offsets(node: Node) -> list[tuple[object, ...]]:
    return [
        (part, part.start, part.end, getattr(part, "name_start", None), part.height, type(part).__name__)
        for part in walk(node)
    ]


WORDS = st.from_regex(r"[a-zA-Z_é][a-zA-Z0-9_-]{0,5}", fullmatch=True) | st.sampled_from(
    ["steps", "and", "or", "not", "true", "null", "NaN", "Infinity", "input"]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(WORDS, min_size=1, max_size=5), st.sampled_from(["", " ", "\n  "]), st.sampled_from(["", " "]))
def test_a_plain_reference_is_read_as_by_the_long_way(names: list[str], before: str, after: str) -> None:
    """A group around it keeps the short way from being taken."""
    name = ".".join(names)
    if is_reserved(names[0]):
        return
    short, _ = parse_expression(f" {before}{name}{after}")
    long, _ = parse_expression(f"({before}{name}{after})")
    assert offsets(short) == offsets(long)


def test_a_plain_reference_keeps_to_the_bounds() -> None:
    assert read("${{ a.b.c }}", limits=Limits(max_expression_depth=3)).errors == ()
    (deep,) = read("${{ a.b.c }}", limits=Limits(max_expression_depth=2)).errors
    assert deep.message == "the expression nests deeper than 2 levels"
    (long,) = read("${{ abc.def }}", limits=Limits(max_expression_length=8)).errors
    assert long.message == "an expression of 9 characters; at most 8 are allowed"


def test_a_name_of_a_step_that_needs_brackets_is_told_how() -> None:
    for text in ("${{ steps.Count (all).outputs.x }}", "${{ steps.Is it?.status }}", "${{ steps.A  (b).status }}"):
        (error,) = read(text).errors
        assert error.hint == "a step's name with other characters goes into brackets: steps['Count (all)']"


def test_after_a_hundred_errors_the_rest_of_a_text_is_left_alone() -> None:
    assert len(read("${{ a b }}" * 99).errors) == 99
    assert len(read("${{ a b }}" * 5000).errors) == 100


def test_a_text_that_never_closes_what_it_opens_is_read_in_steps_that_are_bounded() -> None:
    for text in ("${{ '" * 5000, "${{" * 5000 + "}}", "${{ a '}}" * 5000, ("${{ " + "'}}'" * 20 + " b c") * 500):
        assert 1 <= len(read(text).errors) <= 100
        assert 1 <= len(read_condition(text).errors) <= 101
