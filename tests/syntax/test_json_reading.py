"""Strict JSON with positions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.codes import Code
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.syntax.json_reader import read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100)
@given(VALUES, st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_what_json_writes_is_read_the_same(value: object, ascii_only: bool, indent: int | str | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    located = read_json(text, DEFAULT_LIMITS)
    assert not located.problems
    assert located.data == value


@settings(max_examples=200)
@given(st.text(st.sampled_from("{}[]\",:\\u0d8 1-.etrufalsn\n\t/'")))
def test_what_is_read_is_what_python_reads(text: str) -> None:
    located = read_json(text, DEFAULT_LIMITS)
    try:
        expected = json.loads(text, parse_constant=lambda _: None)
    except ValueError:
        assert located.problems
    else:
        codes = {problem.code for problem in located.problems}
        assert located.data == expected or codes & {Code.DUPLICATE_KEY, Code.INVALID_SYNTAX, Code.WRONG_VALUE}


@pytest.mark.parametrize(
    ("text", "start", "end", "message", "hint"),
    [
        ("{'a': 1}", 1, 2, "a key without double quotes", 'write "key": value'),
        ("{a: 1}", 1, 2, "a key without double quotes", 'write "key": value'),
        ("{1: 1}", 1, 2, "a key without double quotes", 'write "key": value'),
        ("['a']", 1, 2, "a text in single quotes", 'JSON wants double quotes: "text"'),
        ("[1,]", 2, 3, "a ',' before ']'", "JSON has no comma after the last item"),
        ('{"a": 1,}', 7, 8, "a ',' before '}'", "JSON has no comma after the last item"),
        ("[1 2]", 3, 4, "',' or ']' is missing", "add ',' or ']'"),
        ('{"a" 1}', 5, 6, "':' after the key is missing", "add ':' after the key"),
        ("[1", 0, 1, "the '[' that stands here is never closed", "add a closing ']'"),
        ('{"a": "x', 6, 7, "the string that starts here is never closed", 'add a closing "'),
        ('"a\nb"', 0, 1, "the string that starts here is never closed", 'add a closing "'),
        (
            '"a\\u12g4"',
            2,
            6,
            r"'\\u12' is half an escape",
            r"give \u four hexadecimal digits, or write \\ for a backslash",
        ),
        ('"\\u', 1, 3, r"'\\u' is half an escape", r"give \u four hexadecimal digits, or write \\ for a backslash"),
        ('"\\q"', 1, 3, r"'\\q' is no escape in JSON", "write \\\\ for a backslash"),
        ("[NaN]", 1, 4, "'NaN' is no JSON value", "JSON has no such number; write null or a text"),
        ("[True]", 1, 5, "'True' is no JSON value", "write true"),
        ("[yes]", 1, 4, "'yes' is no JSON value", 'put a text in double quotes: "text"'),
        ("[01]", 1, 3, "'01' is no JSON value", "a number begins with no 0"),
        ("[1,,2]", 3, 4, "a value is missing before ','", "write a value, or drop the comma"),
        ("[1] c", 4, 5, "text follows the end of the document", "a JSON file holds one value"),
        ("[1] // c", 4, 5, "JSON has no comments", "drop it, or name the file .yaml and write # comments"),
        ("[1, # c\n2]", 4, 5, "JSON has no comments", "drop it, or name the file .yaml and write # comments"),
        ('"a\tb"', 2, 3, r"'\t' stands in a string", "write it as an escape such as \\t"),
        ('["\\ud800x"]', 1, 10, r"an escape \u is half of a surrogate pair", "write both halves"),
        ('{"a": 1, "a": 2}', 9, 12, "the key 'a' is there twice", "keep one of them"),
        ("[1e999]", 1, 6, "the number '1e999' is too large", "quote it if text is meant"),
        ("", 0, 0, "the file is empty", None),
        ("[" * 100_000, 64, 65, "nested more than 64 levels deep", "nest it less"),
    ],
)
def test_a_mistake_is_told_at_its_place(text: str, start: int, end: int, message: str, hint: str | None) -> None:
    (problem,) = read_json(text, DEFAULT_LIMITS).problems
    assert (problem.start, problem.end, problem.message, problem.hint) == (start, end, message, hint)


def test_surrogate_pairs_are_joined() -> None:
    assert read_json('["\\ud83d\\ude00"]', DEFAULT_LIMITS).data == ["😀"]


def test_too_many_values_are_refused() -> None:
    (problem,) = read_json("[[1],[2],[3]]", Limits(max_nodes=3)).problems
    assert problem.code is Code.OVER_LIMIT
