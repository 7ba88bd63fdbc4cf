"""The conversion table, cell by cell: each kind of given value against each declared type."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.errors import InputError
from datatorch_pipelines.model import Input, ValueType
from datatorch_pipelines.model.conversion import convert, convert_input, fits, value_text

NO = object()
"""The value doesn't fit."""
COLUMNS = ("string", "integer", "float", "number", "boolean", "array", "object")
HUGE = 10**400
TABLE: list[tuple[object, tuple[object, ...]]] = [
    # given        string       integer  float  number  boolean  array    object
    ("text",      ("text",      NO,      NO,    NO,     NO,      NO,      NO)),
    ("",          ("",          NO,      NO,    NO,     NO,      NO,      NO)),
    ("10",        ("10",        10,      10.0,  10,     NO,      NO,      NO)),
    (" 10 ",      (" 10 ",      10,      10.0,  10,     NO,      NO,      NO)),
    ("-3",        ("-3",        -3,      -3.0,  -3,     NO,      NO,      NO)),
    ("+3",        ("+3",        3,       3.0,   3,      NO,      NO,      NO)),
    ("010",       ("010",       10,      10.0,  10,     NO,      NO,      NO)),
    ("3.9",       ("3.9",       NO,      3.9,   3.9,    NO,      NO,      NO)),
    ("10.0",      ("10.0",      NO,      10.0,  10.0,   NO,      NO,      NO)),
    (".5",        (".5",        NO,      0.5,   0.5,    NO,      NO,      NO)),
    ("1e3",       ("1e3",       NO,      1e3,   1e3,    NO,      NO,      NO)),
    ("1_000",     ("1_000",     NO,      NO,    NO,     NO,      NO,      NO)),
    ("0x1f",      ("0x1f",      NO,      NO,    NO,     NO,      NO,      NO)),
    ("٣",         ("٣",         NO,      NO,    NO,     NO,      NO,      NO)),
    ("nan",       ("nan",       NO,      NO,    NO,     NO,      NO,      NO)),
    ("inf",       ("inf",       NO,      NO,    NO,     NO,      NO,      NO)),
    ("1e999",     ("1e999",     NO,      NO,    NO,     NO,      NO,      NO)),
    ("true",      ("true",      NO,      NO,    NO,     True,    NO,      NO)),
    ("False",     ("False",     NO,      NO,    NO,     False,   NO,      NO)),
    (" TRUE ",    (" TRUE ",    NO,      NO,    NO,     True,    NO,      NO)),
    ("yes",       ("yes",       NO,      NO,    NO,     NO,      NO,      NO)),
    ("1",         ("1",         1,       1.0,   1,      NO,      NO,      NO)),
    ("[1,2]",     ("[1,2]",     NO,      NO,    NO,     NO,      [1, 2],  NO)),
    ("[]",        ("[]",        NO,      NO,    NO,     NO,      [],      NO)),
    ('{"a": 1}',  ('{"a": 1}',  NO,      NO,    NO,     NO,      NO,      {"a": 1})),
    ("[NaN]",     ("[NaN]",     NO,      NO,    NO,     NO,      NO,      NO)),
    ("[1e999]",   ("[1e999]",   NO,      NO,    NO,     NO,      NO,      NO)),
    ('{"a": -Infinity}', ('{"a": -Infinity}', NO, NO, NO, NO,    NO,      NO)),
    ("[" * 100_000, ("[" * 100_000, NO,  NO,    NO,     NO,      NO,      NO)),
    ("null",      ("null",      NO,      NO,    NO,     NO,      NO,      NO)),
    (0,           ("0",         0,       0.0,   0,      False,   NO,      NO)),
    (1,           ("1",         1,       1.0,   1,      True,    NO,      NO)),
    (10,          ("10",        10,      10.0,  10,     NO,      NO,      NO)),
    (-1,          ("-1",        -1,      -1.0,  -1,     NO,      NO,      NO)),
    (HUGE,        (str(HUGE),   HUGE,    NO,    HUGE,   NO,      NO,      NO)),
    (0.0,         ("0.0",       0,       0.0,   0.0,    False,   NO,      NO)),
    (1.0,         ("1.0",       1,       1.0,   1.0,    True,    NO,      NO)),
    (3.9,         ("3.9",       NO,      3.9,   3.9,    NO,      NO,      NO)),
    (math.inf,    ("Infinity",  NO,      NO,    NO,     NO,      NO,      NO)),
    (True,        ("true",      NO,      NO,    NO,     True,    NO,      NO)),
    (False,       ("false",     NO,      NO,    NO,     False,   NO,      NO)),
    ([],          ("[]",        NO,      NO,    NO,     NO,      [],      NO)),
    ([1, "a"],    ('[1, "a"]',  NO,      NO,    NO,     NO,      [1, "a"], NO)),
    ((1, 2),      ("[1, 2]",    NO,      NO,    NO,     NO,      [1, 2],  NO)),
    ({},          ("{}",        NO,      NO,    NO,     NO,      NO,      {})),
    ({"a": "é"},  ('{"a": "é"}', NO,     NO,    NO,     NO,      NO,      {"a": "é"})),
    (None,        (None,        None,    None,  None,   None,    None,    None)),
]  # fmt: skip
CELLS = [
    pytest.param(given_value, ValueType(column), expected, id=f"{str(given_value)[:20]!r}-{column}")
    for given_value, row in TABLE
    for column, expected in zip(COLUMNS, row, strict=True)
]


@pytest.mark.parametrize(("value", "declared", "expected"), CELLS)
def test_a_value_becomes_what_the_table_says(value: object, declared: ValueType, expected: object) -> None:
    if expected is NO:
        with pytest.raises(InputError) as caught:
            convert(value, declared)
        assert caught.value.code == "DT404"
        assert len(str(caught.value)) < 200, "the value itself is never told: it may be a secret"
    else:
        result = convert(value, declared)
        assert (type(result), result) == (type(expected), expected)
    if declared is ValueType.ARRAY:
        assert (expected is NO) == _refused(value, ValueType.LIST)


def _refused(value: object, declared: ValueType) -> bool:
    try:
        convert(value, declared)
    except InputError:
        return True
    return False


@pytest.mark.parametrize("value", [None, 1, "x", [1], {"a": 1}, True])
def test_a_value_without_a_declared_type_stays(value: object) -> None:
    assert convert(value, None) is value


@pytest.mark.parametrize(
    ("value", "declared", "message"),
    [
        ("abc", ValueType.INTEGER, "a string is not an integer; write a whole number"),
        (3.9, ValueType.INTEGER, "a float is not an integer; write a whole number"),
        (True, ValueType.FLOAT, "a boolean is not a float; write a number"),
        ("x", ValueType.NUMBER, "a string is not a number; write a number"),
        (HUGE, ValueType.FLOAT, "an integer is not a float; the number is too large"),
        ("maybe", ValueType.BOOLEAN, "a string is not a boolean; write true or false"),
        ({"a": 1}, ValueType.ARRAY, "an object is not an array; write a list, or its JSON"),
        ([1], ValueType.OBJECT, "an array is not an object; write a mapping, or its JSON"),
        ("{{ x }}", ValueType.INTEGER, "a string is not an integer; an expression is written ${{ ... }}"),
    ],
)
def test_a_misfit_says_what_to_write_and_not_the_value(value: object, declared: ValueType, message: str) -> None:
    with pytest.raises(InputError) as caught:
        convert(value, declared)
    assert str(caught.value) == message


def test_null_means_the_default() -> None:
    assert convert_input("a", None, Input(type=ValueType.INTEGER, default="5")) == 5
    assert convert_input("a", None, Input(type=ValueType.INTEGER)) is None
    assert convert_input("a", 0, Input(type=ValueType.INTEGER, default=5)) == 0


def test_a_required_input_needs_a_value() -> None:
    with pytest.raises(InputError) as caught:
        convert_input("a", None, Input(required=True))
    assert (str(caught.value), caught.value.code) == ("the input 'a' is required; give a a value", "DT403")
    assert convert_input("a", None, Input(required=True, default=1)) == 1


def test_a_misfit_names_its_input() -> None:
    with pytest.raises(InputError) as caught:
        convert_input("a", "x", Input(type=ValueType.INTEGER))
    assert str(caught.value) == "the input 'a': a string is not an integer; write a whole number"


def test_a_value_must_be_one_of_the_options_after_conversion() -> None:
    declared = Input(type=ValueType.INTEGER, options=[1, 2])
    assert convert_input("a", "2", declared) == 2
    with pytest.raises(InputError) as caught:
        convert_input("a", 3, declared)
    assert (str(caught.value), caught.value.code) == (
        "the input 'a' is not one of its options; use one of 1, 2",
        "DT406",
    )


@pytest.mark.parametrize("declared", ValueType)
@pytest.mark.parametrize(("value", "_row"), TABLE[30:-1])
def test_what_already_fits_is_what_conversion_leaves_as_it_is(declared: ValueType, value: object, _row: object) -> None:
    if fits(value, declared) and value != math.inf and not (value == HUGE and declared is ValueType.FLOAT):
        result = convert(value, declared)
        assert result == (list(value) if isinstance(value, tuple) else value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60)
@given(JSON)
def test_a_value_s_text_converts_back(value: object) -> None:
    text = value_text(value)
    if isinstance(value, str):
        assert text == value
    elif value is not None:
        assert json.loads(text) == value
        kind = {bool: "boolean", int: "integer", float: "float", list: "array", dict: "object"}[type(value)]
        if kind != "integer" or len(text) < 4000:
            assert convert(text, ValueType(kind)) == value


@settings(max_examples=100)
@given(JSON | st.text(), st.sampled_from(ValueType))
def test_conversion_is_idempotent_and_raises_nothing_else(value: object, declared: ValueType) -> None:
    try:
        once = convert(value, declared)
    except InputError:
        return
    assert convert(once, declared) == once
    assert fits(once, declared)
