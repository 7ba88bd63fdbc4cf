"""Literals, operators, comparison and truth, case by case."""

import math

import pytest

from datatorch_pipelines.expressions import evaluate, truthy

LITERALS = [
    ("null", None),
    ("true", True),
    ("false", False),
    ("0", 0),
    ("1", 1),
    ("711", 711),
    ("-9.2", -9.2),
    ("+1", 1),
    ("-1", -1),
    (".5", 0.5),
    ("-.5", -0.5),
    ("+.5", 0.5),
    ("5.", 5.0),
    ("0.0", 0.0),
    ("00", 0),
    ("007", 7),
    ("0xff", 255),
    ("0xFF", 255),
    ("0x0", 0),
    ("0o17", 15),
    ("0o0", 0),
    ("1e3", 1000.0),
    ("1E3", 1000.0),
    ("1.2e+2", 120.0),
    ("1.2E-2", 0.012),
    ("-2.99e-2", -0.0299),
    ("Infinity", math.inf),
    ("+Infinity", math.inf),
    ("-Infinity", -math.inf),
    ("1e999", math.inf),
    ("12345678901234567890", 12345678901234567890),
    ("''", ""),
    ("'a'", "a"),
    ("'It''s'", "It's"),
    ("''''", "'"),
    ("''''''", "''"),
    ("' a '", " a "),
    ("'a\nb'", "a\nb"),
    ("'say \"hi\"'", 'say "hi"'),
    ("'}}'", "}}"),
    ("'${{ x }}'", "${{ x }}"),
    ("'\\n'", "\\n"),
    ("'日本'", "日本"),
    ("(1)", 1),
    ("((('x')))", "x"),
    (" \t\n1\r\n ", 1),
]


@pytest.mark.parametrize(("expression", "value"), LITERALS)
def test_a_literal_gives_its_value(expression: str, value: object) -> None:
    found = evaluate("${{" + expression + "}}", {})
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number_that_equals_nothing() -> None:
    value = evaluate("${{ NaN }}", {})
    assert isinstance(value, float)
    assert math.isnan(value)


A = [1, 2]
CONTEXTS: dict[str, object] = {"v": {"list": A, "other": [1, 2], "map": {"a": 1}, "map2": {"a": 1}, "empty": []}}

OPERATORS = [
    # `!` and `not`
    ("!true", False),
    ("!false", True),
    ("!!'a'", True),
    ("! ! 'a'", True),
    ("!null", True),
    ("!0", True),
    ("!-0", True),
    ("!NaN", True),
    ("!''", True),
    ("!'0'", False),
    ("!'false'", False),
    ("!v.empty", False),
    ("!v.map", False),
    ("!-1", False),
    ("not true", False),
    ("not not true", True),
    ("not !true", True),
    ("!not true", True),
    ("not(false)", True),
    # operands come back
    ("1 && 2", 2),
    ("0 && 2", 0),
    ("'' && 2", ""),
    ("null && 2", None),
    ("'a' && 'b' && 'c'", "c"),
    ("'a' && '' && 'c'", ""),
    ("1 || 2", 1),
    ("0 || 2", 2),
    ("0 || ''", ""),
    ("null || false || 'x'", "x"),
    ("1 and 2", 2),
    ("0 or 2", 2),
    ("1 and 0 or 3", 3),
    ("true && 'yes' || 'no'", "yes"),
    ("false && 'yes' || 'no'", "no"),
    ("1||2&&0", 1),
    ("v.list && v.list", A),
    ("false && fromJSON('{')", False),
    ("true || fromJSON('{')", True),
    # precedence
    ("true || false && false", True),
    ("(true || false) && false", False),
    ("!true || true", True),
    ("!(true || true)", False),
    ("1 < 2 == true", True),
    ("1 == 1 && 2 == 2", True),
    ("1 == 2 || 2 == 2", True),
    ("!1 == false", True),
    ("!(1 == false)", True),
    ("not 1 == 2", True),
    ("(not 1) == 2", False),
    ("not 1 == 2 and true", True),
    ("not true or true", True),
    ("not (true or true)", False),
    ("1 == 1 == 1", True),
    ("2 == 2 == 2", False),
    ("3 > 2 > 1", False),
    ("3 > 2 >= 1", True),
    ("1 < 2 < 3", True),
    ("1 != 2 != false", True),
    # equality within a kind
    ("1 == 1.0", True),
    ("0xff == 255", True),
    ("-0 == 0", True),
    ("NaN == NaN", False),
    ("NaN != NaN", True),
    ("Infinity == Infinity", True),
    ("'a' == 'a'", True),
    ("'a' == 'A'", True),
    ("'Ä' == 'ä'", True),
    ("'ß' == 'ẞ'", False),
    ("'ß' == 'SS'", False),
    ("'ς' == 'σ'", True),
    ("'ı' == 'I'", False),
    ("'ſ' == 's'", False),
    ("'a' == 'b'", False),
    ("'a' != 'b'", True),
    ("'' == ''", True),
    ("null == null", True),
    ("true == true", True),
    ("true == false", False),
    ("v.list == v.list", True),
    ("v.list == v.other", False),
    ("v.list != v.other", True),
    ("v.map == v.map", True),
    ("v.map == v.map2", False),
    ("v.map == v.list", False),
    # equality between kinds
    ("null == 0", True),
    ("null == 1", False),
    ("null == ''", True),
    ("null == 'a'", False),
    ("null == false", True),
    ("null == true", False),
    ("null == v.empty", False),
    ("null == v.map", False),
    ("0 == false", True),
    ("1 == true", True),
    ("2 == true", False),
    ("0 == ''", True),
    ("0 == ' '", True),
    ("0 == 'a'", False),
    ("1 == '1'", True),
    ("1 == ' 1 '", True),
    ("1 == '1.0'", True),
    ("1 == '+1'", True),
    ("-1 == '-1'", True),
    ("255 == '0xff'", True),
    ("255 == '0XFF'", False),
    ("8 == '0o10'", True),
    ("1000 == '1e3'", True),
    ("1000 == '1,000'", False),
    ("1000 == '1_000'", False),
    ("1 == '١'", False),
    ("Infinity == 'Infinity'", True),
    ("Infinity == 'infinity'", False),
    ("'true' == true", False),
    ("'1' == true", True),
    ("'' == false", True),
    ("'false' == false", False),
    ("true == 'true'", False),
    ("v.list == 1", False),
    ("v.empty == 0", False),
    ("v.empty == ''", False),
    ("v.empty == false", False),
    ("v.map == 'Object'", False),
    # order
    ("1 < 2", True),
    ("2 < 1", False),
    ("1 < 1", False),
    ("1 <= 1", True),
    ("1 > 0", True),
    ("1 >= 2", False),
    ("1 >= 1", True),
    ("-Infinity < Infinity", True),
    ("NaN < 1", False),
    ("NaN > 1", False),
    ("NaN <= NaN", False),
    ("NaN >= 1", False),
    ("'a' < 'b'", True),
    ("'a' < 'B'", True),
    ("'B' > 'a'", True),
    ("'A' <= 'a'", True),
    ("'A' >= 'a'", True),
    ("'a' < '['", True),
    ("'10' < '9'", True),
    ("'10' < 9", False),
    ("10 > '9'", True),
    ("'abc' < 1", False),
    ("'abc' > 1", False),
    ("false < true", True),
    ("true > false", True),
    ("true < true", False),
    ("true >= true", True),
    ("true > 0", True),
    ("null < 1", True),
    ("null < null", False),
    ("null <= null", True),
    ("null >= 0", True),
    ("null > -1", True),
    ("'' < 1", True),
    ("v.list < 1", False),
    ("v.list > 1", False),
    ("v.list >= 1", False),
    ("v.list < v.other", False),
    ("v.list <= v.list", True),
    ("v.list <= v.other", False),
    ("v.map >= v.map", True),
]


@pytest.mark.parametrize(("expression", "value"), OPERATORS)
def test_operators(expression: str, value: object) -> None:
    found = evaluate("${{ " + expression + " }}", CONTEXTS)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "truth"),
    [
        (None, False),
        (False, False),
        (0, False),
        (0.0, False),
        (-0.0, False),
        (math.nan, False),
        ("", False),
        (True, True),
        (1, True),
        (-1, True),
        (0.1, True),
        (math.inf, True),
        (" ", True),
        ("0", True),
        ("false", True),
        ([], True),
        ({}, True),
        ((), True),
    ],
)
def test_truth(value: object, truth: bool) -> None:
    assert truthy(value) is truth


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("left", ["null", "true", "false", "0", "1", "NaN", "''", "'1'", "'a'", "v.list", "v.map"])
@pytest.mark.parametrize("right", ["null", "true", "false", "0", "1", "NaN", "''", "'1'", "'a'", "v.list", "v.map"])
def test_each_pair_of_kinds_compares_the_same_from_both_sides(left: str, operator: str, right: str) -> None:
    mirrored = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[operator]
    value = evaluate("${{" + f"{left} {operator} {right}" + "}}", CONTEXTS)
    assert type(value) is bool
    assert value is evaluate("${{" + f"{right} {mirrored} {left}" + "}}", CONTEXTS)
