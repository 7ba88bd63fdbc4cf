"""Positions: a marker planted anywhere in a scalar is found again at its place in the text."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.diagnostics import Location
from datatorch_pipelines.limits import DEFAULT_LIMITS
from datatorch_pipelines.syntax import decode_text
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


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: x\n  y§z\n\n  w\n", ("a",)),
        ("a: x   \n  y§ \t \n  z  # c\n", ("a",)),
        ('a: "x \\\n    y§ \\\n\n   z\\\n  \\ w"\n', ("a",)),
        ('a: "x  \t\n\n  \t y§"\n', ("a",)),
        ("a: 'x\n\n\n  y§''z'\n", ("a",)),
        ("- - x§\n  - y\n", (0, 0)),
        ("- - |\n    x§\n  - y\n", (0, 0)),
        ("- - |1\n    x§\n  - y\n", (0, 0)),
        ("? |\n  k\n: v§\n", ("k\n",)),
        ("? a\n: |2\n   v§\n", ("a",)),
        ("- ? a\n  : |1\n    v§\n", (0, "a")),
        ("a: [x, {b: 'y§'}]\n", ("a", 1, "b")),
        ("a: [x,\n  {b: y\n     z§, c}]\n", ("a", 1, "b")),
        ("a: [x: y§, z]\n", ("a", 0, "x")),
        ('a: {"x":y§}\n', ("a", "x")),
        ("---\na: x§\n", ("a",)),
        ("--- |\n  x§\n", ()),
        ("--- >1\n  x§\n", ()),
        ("--- x§\n", ()),
        ("%YAML 1.2\n--- # c\na: >-\n\n  x\n   y§\n", ("a",)),
        ("a: # c\n  # d\n  x§\n", ("a",)),
        ("a: &b # c\n  x§\n", ("a",)),
        ("a: !!str\n  x§\n", ("a",)),
        ("a: !!str &b |\n  x§\n", ("a",)),
        ("a: &b !!str >+2\n    x§\n\n", ("a",)),
        ("a: !<tag:yaml.org,2002:str> x§\n", ("a",)),
        ("a: |\n\n   \n   x§\n", ("a",)),
        ("a: |\n   \n\n   x\n    §y\n", ("a",)),
        ("a: >\n  x\n    y§\n  z\n\n  w\n", ("a",)),
        ("a: >\n  x\n  \ty§\n  z\n", ("a",)),
        ("a:\n- |\n x§\n- y\n", ("a", 0)),
        ("a:\n- |1\n  x§\n", ("a", 0)),
        ("a: 1\r\n# x\r\nb: |\r\n  x§\r\n", ("b",)),
        ("a: >\r  x\r  y§\r", ("a",)),
        ("a: |\n  x§", ("a",)),
        ("a: |-\n  x§", ("a",)),
        ("a: &q x§\nb: *q\n", ("b",)),
        ("a: &q {c: x§}\nb: *q\n", ("b", "c")),
        ("a: é́§ 漢\n", ("a",)),
        ('a: "\\ud83d\\ude00§"\n', ("a",)),
        ("a:\nb: x§\n", ("b",)),
        ("a:\n-\n- x§\n", ("a", 1)),
        ("a:\n  -\n    - x§\n", ("a", 0, 0)),
        ("-\n  |\n  x§\n", (0,)),
        ('a: ["x\n  y§",\n  z]\n', ("a", 0)),
        ("a: x§\n...\n", ("a",)),
        ("a: |\n  x§\n...\n", ("a",)),
        ("a: |\n  x§\n # c\nb: 1\n", ("a",)),
        ("a: |+\n  x§\n\n # c\nb: 1\n", ("a",)),
        ("a: b:c§:d\n", ("a",)),
        ("a: b#c§\n", ("a",)),
        ("'a''b' : x§\n", ("a'b",)),
        ('"a\\tb": x§\n', ("a\tb",)),
        ("a: ~\nb: x§\n", ("b",)),
        ("a:\tx§\n", ("a",)),
        ("a: 'x\x85§'\n", ("a",)),
        ("a: x\ufeff§\n", ("a",)),
    ],
)
def test_a_marker_is_found_there_and_back(text: str, path: tuple[str | int, ...]) -> None:
    """In every layout that YAML has: folding, escaped line ends, explicit keys, properties, comments in between."""
    check_marker(text, path)
    data, locator = located(text)
    value = data
    for key in path:
        value = value[key]  # type: ignore[index]  # the document was written so
    assert isinstance(value, str)
    place = locator.span(text.index(MARKER), text.index(MARKER) + 1)
    assert locator.character_at(path, place.line, place.column) == value.index(MARKER)
    spot = locator.path_at(place.line, place.column)
    assert not spot.is_key
    if "*q" not in text:
        assert spot.path == path


@pytest.mark.parametrize(
    ("text", "line", "column", "path", "is_key"),
    [
        ("a: {b: [x, y]}\n", 1, 1, ("a",), True),
        ("a: {b: [x, y]}\n", 1, 2, ("a",), True),
        ("a: {b: [x, y]}\n", 1, 4, ("a",), False),
        ("a: {b: [x, y]}\n", 1, 5, ("a", "b"), True),
        ("a: {b: [x, y]}\n", 1, 9, ("a", "b", 0), False),
        ("a: {b: [x, y]}\n", 1, 11, ("a", "b"), False),
        ("a: {b: [x, y]}\n", 1, 12, ("a", "b", 1), False),
        ("a:\n  - b: 1\n\n  - c: *x\n".replace("*x", "2"), 3, 1, ("a",), False),
        ("a: 1\nb: 2\n", 9, 9, (), False),
        ("a: &x 1\nb: *x\n", 1, 5, ("a",), False),
        ("a: &x 1\nb: *x\n", 2, 5, ("b",), False),
    ],
)
def test_a_place_has_a_path(text: str, line: int, column: int, path: tuple[str | int, ...], is_key: bool) -> None:
    _, locator = located(text)
    spot = locator.path_at(line, column)
    assert (spot.path, spot.is_key) == (path, is_key)


KEYS = st.text(st.sampled_from("abc漢é́😀'\"\\:#-, \t"), min_size=1, max_size=8)


@settings(max_examples=100)
@given(KEYS, KEYS, st.sampled_from(["'", '"']), st.sampled_from(["", "&a ", "!!str ", "? "]), LINE_ENDS, st.booleans())
def test_a_key_is_found_as_it_is_written(
    key: str, other: str, quote: str, before: str, line_end: str, as_json: bool
) -> None:
    if key == other or "\t" in key + other:
        return
    written = json.dumps(key) if quote == '"' or as_json else "'" + key.replace("'", "''") + "'"
    value = json.dumps(f"{other}{MARKER}", ensure_ascii=False)
    if as_json:
        text = f'{{"top": [{{{json.dumps(other)}: 1,{line_end} {written} : {value}}}]}}'
    else:
        second = f"{line_end}  " if before == "? " else ""
        text = f"top:{line_end}- {json.dumps(other)}: 1{line_end}  {before}{written}{second}: {value} # c{line_end}"
    path = ("top", 0, key)
    check_marker(text, path, as_json=as_json)
    _, locator = located(text, as_json=as_json)
    place = locator.key(path)
    assert slice_of(text, place) == written
    assert locator.path_at(place.line, place.column) == locator.path_at(place.end_line, place.end_column)
    assert locator.path_at(place.line, place.column).path == path


AROUND = st.text(st.sampled_from("abé漢😀é́ ."), max_size=6).map(lambda text: f"x{text}x")


@settings(max_examples=150)
@given(
    AROUND,
    AROUND,
    st.sampled_from(
        ["plain", "single", "double", "literal", "folded", "literal indented", "flow", "json", "folded plain"]
    ),
    LINE_ENDS,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
)
def test_a_name_in_an_expression_is_located_to_the_character(
    before: str, after: str, style: str, line_end: str, encoding: str
) -> None:
    expression = f"{before}${{{{ evnt.x }}}}{after}"
    escaped = json.dumps(before)[1:-1] + "${{ evnt.x }}" + json.dumps(after)[1:-1]
    nl = line_end + " " * 12
    value = {
        "plain": expression,
        "single": f"'it''s {expression}'",
        "double": f'"\\u00e9 {escaped}\\n"',
        "literal": f"| # why{nl}{before}{nl}  {expression}{nl}{after}",
        "folded": f">-{nl}{before}{nl}{expression}{nl}{nl}{after}",
        "literal indented": f"|2+{nl}{before}{nl} {expression}",
        "flow": f"{{b: [c, {json.dumps(expression, ensure_ascii=False)}]}}",
        "json": "",
        "folded plain": f"{before}{nl}{expression}{nl}{after}",
    }[style]
    name = "p.yaml"
    head = f"name: x{line_end}jobs:{line_end}  a:{line_end}    steps:{line_end}      - run: x{line_end}"
    text = f"{head}        inputs:{line_end}          A: {value}{line_end}"
    if style == "json":
        name = "p.json"
        data = {"name": "x", "jobs": {"a": {"steps": [{"run": "x", "inputs": {"A": "§"}}]}}}
        text = json.dumps(data, indent=2, ensure_ascii=False).replace("§", escaped).replace("\n", line_end)
    whole = decode_text((("\ufeff" if encoding == "utf-16-be" else "") + text).encode(encoding), name)
    (found,) = dtp.check_text(whole, filename=name)
    assert found.code == "DT302"
    assert slice_of(text, found.location) == "evnt"
