"""YAML 1.2 read into plain data: what plain text means, anchors, tags, limits, and what both parsers are for."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datatorch_pipelines.codes import Code
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.syntax.decoding import decode
from datatorch_pipelines.syntax.located import Located
from datatorch_pipelines.syntax.scalars import plain, tagged
from datatorch_pipelines.syntax.yaml_reader import read_yaml


def read(text: str, limits: Limits = DEFAULT_LIMITS) -> Located:
    return read_yaml(text, limits)


def problems(text: str, limits: Limits = DEFAULT_LIMITS) -> list[tuple[Code, str, int, int]]:
    return [(p.code, p.message, p.start, p.end) for p in read(text, limits).problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None), ("nULL", "nULL"),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("tRUE", "tRUE"),
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"), ("N", "N"),
        ("0", 0), ("010", 10), ("-7", -7), ("+7", 7), ("0o7", 7), ("0o8", "0o8"), ("0x1f", 31), ("0xg", "0xg"),
        ("0b11", "0b11"), ("1_000", "1_000"), ("12:30", "12:30"), ("-0o7", "-0o7"),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-1.5E-2", -0.015), ("1e", "1e"), ("1.2.3", "1.2.3"),
        ("2001-01-01", "2001-01-01"), ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        (".", "."), ("-", "-"), ("+", "+"), ("..", ".."), ("٣", "٣"), ("1٣", "1٣"), ("²", "²"), ("=", "="),
    ],
)  # fmt: skip
def test_plain_text_has_the_meaning_of_the_core_schema(text: str, value: object) -> None:
    assert (type(plain(text)), plain(text)) == (type(value), value)
    if text not in ("-", ""):
        assert read(f"a: {text}\nb: [{text}]\n").data == {"a": value, "b": [value]}


@pytest.mark.parametrize(
    "text", [".inf", "-.INF", "+.Inf", ".nan", ".NaN", "1e999", "-1e999", "9" * 5000, "0x" + "f" * 5000]
)
def test_a_number_that_json_can_t_hold_is_refused_at_its_place(text: str) -> None:
    (found,) = problems(f"a: 1\nb: {text}\n")
    assert (found[0], found[2:]) == (Code.WRONG_VALUE, (8, 8 + len(text)))


@pytest.mark.parametrize(
    ("text", "tag", "value"),
    [
        ("1", "str", "1"),
        ("1", "int", 1),
        ("1", "float", 1.0),
        ("1.5", "float", 1.5),
        ("true", "bool", True),
        ("", "null", None),
    ],
)
def test_the_core_tags_are_honoured(text: str, tag: str, value: object) -> None:
    result = tagged(text, f"tag:yaml.org,2002:{tag}")
    assert (type(result), result) == (type(value), value)
    assert read(f"a: !!{tag} {text}\n").data == {"a": value}


@pytest.mark.parametrize(("text", "tag"), [("x", "int"), ("1.5", "int"), ("true", "int"), ("1", "bool"), ("x", "null")])
def test_a_text_that_misfits_its_tag_is_refused(text: str, tag: str) -> None:
    assert [found[0] for found in problems(f"a: !!{tag} {text}\n")] == [Code.BAD_TAG]


def test_collections_and_texts_may_have_their_own_tags() -> None:
    assert read("!!map {a: !!seq [! 1], !!str b: ! x}\n").data == {"a": ["1"], "b": "x"}


def test_quoted_and_block_scalars_are_strings() -> None:
    text = "a: '1'\nb: \"true\"\nc: |\n  1\nd: >-\n  null\n'yes': 1\n\"1\": 2\n"
    assert read(text).data == {"a": "1", "b": "true", "c": "1\n", "d": "null", "yes": 1, "1": 2}


def test_an_alias_stands_for_what_its_anchor_names() -> None:
    text = "a: &x {b: [1]}\nc: *x\nd: &y text\ne: [*y, *x]\n&k key: 1\nf: *k\n"
    data = read(text).data
    assert data == {"a": {"b": [1]}, "c": {"b": [1]}, "d": "text", "e": ["text", {"b": [1]}], "key": 1, "f": "key"}


def test_an_anchor_may_be_defined_anew() -> None:
    assert read("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").data == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_a_recursive_alias_is_refused_at_its_place() -> None:
    assert problems("a: &x\n  b: [1, *x]\n") == [(Code.BAD_ALIAS, "the alias 'x' stands inside what it names", 15, 17)]


def test_an_unknown_alias_is_refused_with_the_nearest_name() -> None:
    (problem,) = read("a: &step 1\nb: *stpe\n").problems
    assert (problem.message, problem.hint) == ("no anchor 'stpe' comes before this alias", "did you mean 'step'?")


def test_aliases_that_explode_are_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = problems("\n".join(lines))
    assert [(code, message) for code, message, *_ in found] == [
        (Code.BAD_ALIAS, "the document holds more than 2000000 values")
    ]


def test_a_document_of_too_many_values_is_refused() -> None:
    assert problems("".join(f"- [{n}]\n" for n in range(50)), Limits(max_nodes=20))[0][0] is Code.OVER_LIMIT


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000 + "x", "? " * 100_000, "[" * 60 + "{a: " * 60]
)
def test_a_deep_document_is_refused_and_not_a_crash(text: str) -> None:
    (found,) = problems(text)
    assert found[:2] == (Code.OVER_LIMIT, "nested more than 64 levels deep")


def test_the_depth_that_the_limits_allow_is_read_however_deep_they_say() -> None:
    assert read("[" * 64 + "]" * 64).complete
    assert read("[" * 200 + "]" * 200, Limits(max_depth=10**9)).complete
    assert problems("[" * 201 + "]" * 201, Limits(max_depth=10**9))[0][1] == "nested more than 200 levels deep"


def test_valid_yaml_that_the_c_parser_refuses_is_read_by_the_other() -> None:
    assert read("a: [https://x/a, b]\n").data == {"a": ["https://x/a", "b"]}
    assert read('a: "\\ud83d\\ude00 \\ud83d\\ude00"\n').data == {"a": "😀 😀"}


def test_half_of_a_surrogate_pair_is_refused() -> None:
    assert problems('a: "\\ud83d"\n') == [(Code.INVALID_SYNTAX, r"an escape \u is half of a surrogate pair", 3, 11)]


@pytest.mark.parametrize("char", ["\x85", "\u2028", "\u2029"])
def test_the_line_ends_of_yaml_1_1_are_ordinary_characters(char: str) -> None:
    text = f"a: x{char}y\nb: 'p {char} q'\nc: |\n  l{char}  m\nd: \"\\N\"\n# c{char}e: 1\nf{char}g: h\n"
    expected = {"a": f"x{char}y", "b": f"p {char} q", "c": f"l{char}  m\n", "d": "\x85", f"f{char}g": "h"}
    assert read(text).data == expected
    assert problems(f"a: 1\nb{char}: [\n")[0][2:] == (9, 10)


def test_problems_of_the_document_come_with_the_error_that_ends_it() -> None:
    found = problems("a: 1\na: 2\nb: .nan\nc: 'open\n")
    assert [code for code, *_ in found] == [Code.DUPLICATE_KEY, Code.WRONG_VALUE, Code.INVALID_SYNTAX]


PIECES = [
    *("a", "b: ", "- ", "'", '"', "\n", "  ", "[", "]", "{", "}", ",", ":", "#", "|", ">", "&x ", "*x", "!!int "),
    *("\\", "? ", "%", "\t", "---\n", "é😀", "\x85", "1", "\r"),
]


@settings(max_examples=200)
@example("a\n- \rb: ")
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_no_text_is_ever_a_crash_and_each_problem_is_inside_it(text: str) -> None:
    located = read(text)
    for problem in located.problems:
        assert 0 <= problem.start <= problem.end <= len(text) + 1
        assert problem.message
        assert "\n" not in problem.message
    assert located.complete or located.problems


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_a_scalar_decodes_to_what_the_parser_read(text: str) -> None:
    located = read(f"k: {text}\n")
    if located.complete and not located.problems and isinstance(located.data, dict) and "*" not in text:
        value = located.data.get("k")
        start, end, link = located.marks[6:9]
        if isinstance(value, str) and link == 0:
            assert decode(f"k: {text}\n", start, end, lambda: 0).text == value


def test_an_error_at_the_end_of_a_long_text_is_found() -> None:
    text = "".join(f"key-{n}: value\n" for n in range(100_000))
    (found,) = problems(f"{text}  deeper: 1\n")
    message = "'deeper' is indented too deep: the key above has a value already"
    assert found == (Code.INVALID_SYNTAX, message, len(text) + 2, len(text) + 8)
