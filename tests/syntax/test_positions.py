"""Positions: a marker planted anywhere in a scalar is found again at its place in the text."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datatorch_pipelines.diagnostics import Location
from datatorch_pipelines.limits import DEFAULT_LIMITS
from datatorch_pipelines.syntax.json_reader import read_json
from datatorch_pipelines.syntax.locator import TextLocator
from datatorch_pipelines.syntax.yaml_reader import read_yaml

WORDS = st.text(st.sampled_from("abc漢ключé̈😀'\"\\:#-,[]{}%@!&*|>$ \t\x85\u2028\ufeff"), max_size=12)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
MARKER = "§"


def located(text: str, *, as_json: bool = False) -> tuple[object, TextLocator]:
    read = read_json(text, DEFAULT_LIMITS) if as_json else read_yaml(text, DEFAULT_LIMITS)
    assert read.complete, read.problems
    assert not read.problems
    return read.data, TextLocator("f.yaml", text, read.marks)


def slice_of(text: str, place: Location) -> str:
    """The characters of a range, found by lines and columns alone."""
    lines, start = [0], 0
    while start < len(text):
        if text[start : start + 2] == "\r\n":
            start += 2
            lines.append(start)
        elif text[start] in "\r\n":
            start += 1
            lines.append(start)
        else:
            start += 1
    return text[lines[place.line - 1] + place.column - 1 : lines[place.end_line - 1] + place.end_column - 1]


def check_marker(text: str, path: tuple[str | int, ...] = ("key",), *, as_json: bool = False) -> None:
    """The marker's offset in the decoded value leads to the marker in the text."""
    data, locator = located(text, as_json=as_json)
    value = data
    for key in path:
        value = value[key]  # type: ignore[index]  # the document was written so
    assert isinstance(value, str)
    assert value.count(MARKER) == 1
    at = value.index(MARKER)
    place = locator.value(path, at, at + 1)
    assert slice_of(text, place) == MARKER
    # The whole scalar, character by character: places only ever move forward.
    before = (0, 0)
    for index in range(len(value)):
        found = locator.value(path, index, index + 1)
        assert (found.line, found.column) >= before
        before = (found.end_line, found.end_column)


@settings(max_examples=100)
@given(WORDS, WORDS, st.lists(st.sampled_from(["", " ", "   "]), max_size=3), LINE_ENDS)
def test_a_marker_in_single_quotes_is_found(before: str, after: str, blank: list[str], line_end: str) -> None:
    fold = line_end + "".join(f"{spaces}{line_end}" for spaces in blank) + "  " if blank else " "
    content = f"x{before}x{fold}y{MARKER}y{fold}{after}z".replace("'", "''")
    check_marker(f"other: 1{line_end}key: '{content}'{line_end}last: 2{line_end}")


ESCAPES = ["\\n", "\\t", "\\x41", "\\u00e9", "\\U0001F600", "\\ud83d\\ude00", "\\\\", '\\"', "\\/", "\\N", "\\L", "\\e"]


@settings(max_examples=100)
@given(
    st.lists(st.one_of(st.sampled_from(ESCAPES), st.sampled_from("ab é漢'#:")), max_size=8),
    st.sampled_from(["", " ", "\n  ", "\n\n  ", " \\\n   ", "\\\n\n  \\  ", "\r\n\t"]),
    st.lists(st.sampled_from(ESCAPES), max_size=4),
)
def test_a_marker_in_double_quotes_is_found(before: list[str], fold: str, after: list[str]) -> None:
    check_marker(f'a: [1, 2]\nkey: "x{"".join(before)}{fold}{MARKER}{fold}y{"".join(after)}"\nb: {{c: d}}\n')


PLAIN = st.text(st.sampled_from("abé漢😀'\"$()/.;=+~\x85\u2029"), max_size=6)


@settings(max_examples=100)
@given(st.lists(PLAIN, min_size=1, max_size=5), st.integers(0, 4), LINE_ENDS, st.integers(1, 4), st.booleans())
def test_a_marker_in_a_plain_scalar_is_found(
    words: list[str], where: int, line_end: str, indent: int, flow: bool
) -> None:
    where = min(where, len(words) - 1)
    words[where] += MARKER
    fold = f" {line_end}{line_end}{' ' * indent}" if len(words) % 2 else f"{line_end}{' ' * indent}"
    content = f"x{fold.join(f'w{word}' for word in words)}"
    if flow:
        check_marker(f"top: [1, {{key: {content}}}]{line_end}", ("top", 1, "key"))
    else:
        check_marker(f"é: 1{line_end}key: {content} # comment{line_end}last: 2{line_end}")


@settings(max_examples=100)
@given(
    st.lists(st.text(st.sampled_from("ab é漢: #'\"\t$"), max_size=8), max_size=6),
    st.integers(0, 6),
    st.sampled_from("|>"),
    st.sampled_from(["", "-", "+"]),
    st.booleans(),
    st.integers(1, 4),
    LINE_ENDS,
    st.sampled_from(["map", "list", "deep", "tagged"]),
)
@example(["", " a", ""], 1, ">", "+", True, 2, "\n", "deep")
def test_a_marker_in_a_block_scalar_is_found(
    lines: list[str], where: int, style: str, chomp: str, explicit: bool, indent: int, line_end: str, around: str
) -> None:
    lines.insert(min(where, len(lines)), f"m{MARKER}")
    if not explicit:  # the first line with content gives the indentation
        lines.insert(0, "first")
    header = f"{style}{indent if explicit else ''}{chomp} # why"
    column, opening, path = {
        "map": (0, "key: ", ("key",)),
        "list": (0, "- ", (0,)),
        "deep": (4, f"top:{line_end}  - - x{line_end}    - ", ("top", 0, 1)),
        "tagged": (2, f"top: &anchor{line_end}  key: &b !!str ", ("top", "key")),
    }[around]
    body = "".join(f"{' ' * (column + indent)}{line}{line_end}" if line else line_end for line in lines)
    closing = {"map": "last: 1", "list": "- 1", "deep": "  - 1", "tagged": "  last: 1"}[around]
    check_marker(f"{opening}{header}{line_end}{body}{closing}{line_end}", path)


@settings(max_examples=100)
@given(st.text(max_size=12), st.text(max_size=12), st.booleans())
def test_a_marker_in_a_json_string_is_found(before: str, after: str, ascii_only: bool) -> None:
    before, after = (part.encode("utf-8", "ignore").decode().replace(MARKER, "") for part in (before, after))
    content = (
        json.dumps(before, ensure_ascii=ascii_only)[1:-1] + MARKER + json.dumps(after, ensure_ascii=ascii_only)[1:-1]
    )
    text = f'{{"a": [1, {{"key": "{content}"}}],\r\n\t"b": null}}'
    check_marker(text, ("a", 1, "key"), as_json=True)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("a: 1\nb: two\n", ("b",), (2, 4, 2, 7)),
        ("a: 1\nb: 'two'\n", ("b",), (2, 4, 2, 9)),
        ("a:\n  - x\n  - y: 1\n    z: 2\n", ("a", 1), (3, 5, 4, 9)),
        ("a:\n  - x\n  - y: 1\n    z: 2\n", ("a",), (2, 3, 4, 9)),
        ("a: [1, [2, 3]]\n", ("a", 1, 0), (1, 9, 1, 10)),
        ("a: [1, [2, 3]]\n", ("a", 1), (1, 8, 1, 14)),
        ("a: {b: 1} # c\n", ("a",), (1, 4, 1, 10)),
        ("a: |\n  x\n  y\n\n\nb: 1\n", ("a",), (1, 4, 3, 4)),
        ("a: &n !!str  x\n", ("a",), (1, 14, 1, 15)),
        ("a: &n\n  b: 1\nc: *n\n", ("a",), (2, 3, 2, 7)),
        ("a: &n\n  b: 1\nc: *n\n", ("c",), (3, 4, 3, 6)),
        ("a: &n\n  b: 1\nc: *n\n", ("c", "b"), (2, 6, 2, 7)),
        ("a:\nb: 1\n", ("a",), (1, 3, 1, 3)),
        ("漢字: 'é́x'\n", ("漢字",), (1, 5, 1, 10)),
        ("a: 1\rb: 2\r\nc: 3\n", ("c",), (3, 4, 3, 5)),
        ("a: x\x85y\nb: 'p\u2028q'\n", ("b",), (2, 4, 2, 9)),
        ("a: 1\n", ("a", "b", 3), (1, 4, 1, 5)),
        ("a: 1\n", ("nowhere",), (1, 1, 1, 5)),
        ("- a\n-   b\n", (1,), (2, 5, 2, 6)),
        ("a: []\nb: {}\n", ("b",), (2, 4, 2, 6)),
    ],
)
def test_a_value_is_located(text: str, path: tuple[str | int, ...], expected: tuple[int, int, int, int]) -> None:
    _, locator = located(text)
    place = locator.value(path)
    assert (place.line, place.column, place.end_line, place.end_column) == expected


def test_a_key_is_located_and_an_item_stands_for_its_own_key() -> None:
    _, locator = located('a:\n  "b\\u0063": [x, y]\n')
    assert locator.key(("a", "bc")) == Location("f.yaml", 2, 3, 2, 12)
    assert locator.key(("a", "bc", 1)) == Location("f.yaml", 2, 18, 2, 19)
    assert locator.key(()) == locator.value(())
    assert locator.key(("a", "missing")) == locator.value(("a",))


def test_a_range_of_characters_ends_where_its_last_one_does() -> None:
    text = "a: 'it''s\n  here'\n"
    _, locator = located(text)
    assert slice_of(text, locator.value(("a",), 0, 4)) == "it''s"
    assert slice_of(text, locator.value(("a",), 2, 4)) == "''s"
    assert slice_of(text, locator.value(("a",), 5, 9)) == "here"
    assert locator.value(("a",), 3, 3) == Location("f.yaml", 1, 9, 1, 9)
    assert slice_of(text, locator.value(("a",), 5, 999)) == "here"


def test_a_line_s_text_has_no_line_end() -> None:
    _, locator = located("a: 1\r\nb: 2\rc: 3\n")
    assert [locator.line_text(line) for line in range(6)] == ["", "a: 1", "b: 2", "c: 3", "", ""]


def test_a_locator_survives_pickling() -> None:
    _, locator = located("a: {b: 1}\n")
    copy = pickle.loads(pickle.dumps(locator))
    assert copy.value(("a", "b")) == locator.value(("a", "b"))
    assert copy.file == "f.yaml"
