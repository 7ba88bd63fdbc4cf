"""What an untrusted expression may not do: nest, grow, run on."""

import json
import math
import tracemalloc
from collections.abc import Callable

import pytest

from datatorch_pipelines.expressions import ExpressionError, evaluate, evaluate_condition, parse
from datatorch_pipelines.limits import Limits

DEEP: list[tuple[str, Callable[[int], str]]] = [
    ("not", lambda n: "!" * n + "true"),
    ("words", lambda n: "not " * n + "true"),
    ("groups", lambda n: "(" * n + "1" + ")" * n),
    ("calls", lambda n: "string(" * n + "1" + ")" * n),
    ("properties", lambda n: "x" + ".y" * n),
    ("indices", lambda n: "x" + "[1]" * n),
    ("stars", lambda n: "x" + ".*" * n),
    ("nested indices", lambda n: "x[" * n + "1" + "]" * n),
    ("filters", lambda n: "1" + " | string" * n),
    ("comparisons", lambda n: "1" + " == 1" * n),
    ("or in groups", lambda n: "(1 || " * n + "1" + ")" * n),
]


@pytest.mark.parametrize(("name", "build"), DEEP, ids=[name for name, _ in DEEP])
def test_fifty_levels_are_allowed_and_not_more(name: str, build: Callable[[int], str]) -> None:
    evaluate("${{ " + build(49) + " }}", {"x": {}}, strict=False)
    for count in (51, 5000):
        with pytest.raises(ExpressionError, match="the expression nests deeper than 50 levels"):
            evaluate("${{ " + build(count) + " }}", {"x": {}}, limits=Limits(max_expression_length=10**6))


@pytest.mark.parametrize(("name", "build"), DEEP, ids=[name for name, _ in DEEP])
def test_generous_limits_are_no_crash(name: str, build: Callable[[int], str]) -> None:
    limits = Limits(max_expression_depth=10**6, max_expression_length=10**6)
    try:
        evaluate("${{ " + build(20_000) + " }}", {"x": {}}, strict=False, limits=limits)
    except ExpressionError as error:
        assert "deep" in error.message  # noqa: PT017 -- that it evaluates is as good


def test_operators_in_a_row_are_no_depth() -> None:
    assert evaluate("${{ " + " && ".join(["1"] * 1000) + " }}", {}) == 1
    assert evaluate("${{ " + " || ".join(["''"] * 1000) + " }}", {}) == ""
    assert evaluate("${{ " + " || ".join(["1 && 0"] * 1000) + " }}", {}) == 0


@pytest.mark.parametrize("number", ["9" * 1001, "0x" + "f" * 5000, "0o" + "7" * 5000])
def test_a_number_of_too_many_digits_is_infinite(number: str) -> None:
    assert evaluate("${{ " + number + " }}", {}) == math.inf
    assert evaluate("${{ event.x == Infinity }}", {"event": {"x": number}}) is True


def test_an_expression_that_is_too_long_is_refused() -> None:
    text = "a ${{ '" + "x" * 21_000 + "' }}"
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.message == "an expression of 21004 characters; at most 21000 are allowed"
    assert (caught.value.column, caught.value.end_column) == (6, len(text) - 1)
    assert evaluate("x" * 50_000, {}) == "x" * 50_000
    with pytest.raises(ExpressionError, match="at most 10 are allowed"):
        evaluate_condition("true || false", {}, limits=Limits(max_expression_length=10))


SMALL = Limits(max_expression_result=1000)
BOMBS = [
    "format('" + "{0}" * 11 + "', x.text)",
    "join(x.list, x.text)",
    "toJSON(x.wide)",
    "string(x.wide)",
    "upper(x.long)",
    "fromJSON(x.json)",
    "x.wide.*",
    "format('{0}{1}', toJSON(x.half), toJSON(x.half))",
    "fromJSON(toJSON(x.half))",
]
DATA: dict[str, object] = {
    "x": {
        "text": "a" * 100,
        "list": [1] * 12,
        "wide": [0] * 1001,
        "half": [0] * 125,
        "long": "a" * 1001,
        "json": json.dumps([0] * 1000),
    }
}


@pytest.mark.parametrize("expression", BOMBS)
def test_a_result_that_is_too_large_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("${{" + expression + "}}", DATA, limits=SMALL)
    assert (caught.value.code, caught.value.message) == ("DT308", "the result is larger than 1000 characters")


def test_the_text_of_many_expressions_is_bounded_as_a_whole() -> None:
    assert len(str(evaluate("${{ x.text }}" * 10, DATA, limits=SMALL))) == 1000
    with pytest.raises(ExpressionError) as caught:
        evaluate("${{ x.text }}" * 11, DATA, limits=SMALL)
    assert caught.value.column == 13 * 10 + 5


def test_what_is_only_passed_on_is_not_bounded() -> None:
    assert evaluate("${{ x.long }}", DATA, limits=SMALL) == "a" * 1001


def test_bombs_stop_before_they_take_memory() -> None:
    data = {"x": {"text": "a" * 2**20}}
    inner = "format('" + "{0}" * 40 + "', x.text)"
    expression = "format('" + "{0}" * 1000 + "', " + inner + ", " + inner + ")"
    tracemalloc.start()
    try:
        with pytest.raises(ExpressionError, match="the result is larger than"):
            evaluate("${{ " + expression + " }}", data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * 2**20


def test_json_that_nests_too_deeply_is_refused() -> None:
    assert evaluate("${{ fromJSON(x) }}", {"x": "[" * 64 + "]" * 64}) is not None
    for text in ("[" * 65 + "]" * 65, "[" * 200_000, '{"a":' * 100_000):
        with pytest.raises(ExpressionError, match="the JSON text nests deeper than 64 levels"):
            evaluate("${{ fromJSON(x) }}", {"x": text})
    brackets = json.dumps(["[" * 100, '"[{' * 100, "\\" * 99])
    assert evaluate("${{ fromJSON(x) }}", {"x": brackets}) == ["[" * 100, '"[{' * 100, "\\" * 99]


def test_data_of_any_depth_is_written() -> None:
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    assert evaluate("=${{ x }}", {"x": deep}) == "=" + "[" * 100_000 + "1" + "]" * 100_000


def test_data_that_holds_itself_ends_at_the_bound() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(ExpressionError, match="the result is larger than 1000 characters"):
        evaluate("${{ toJSON(x) }}", {"x": loop}, limits=SMALL)


def test_numbers_of_absurd_length_are_refused_or_infinite() -> None:
    assert evaluate("${{ x == 1 }}", {"x": "9" * 20_000}) is False
    assert evaluate("${{ " + "9" * 20_000 + " }}", {}) == float("inf")
    with pytest.raises(ExpressionError, match="a number of too many digits"):
        evaluate("=${{ x }}", {"x": 10**5000})
    with pytest.raises(ExpressionError, match="the text is not valid JSON"):
        evaluate("${{ fromJSON(x) }}", {"x": "9" * 20_000})
    with pytest.raises(ExpressionError, match=r"float\(\) can't hold so large a number"):
        evaluate("${{ float(x) }}", {"x": 10**400})


def test_data_with_strange_keys_or_values_has_no_json() -> None:
    with pytest.raises(ExpressionError, match="a mapping whose keys are not all text has no JSON form"):
        evaluate("=${{ x }}", {"x": {1: 2}})
    with pytest.raises(ExpressionError, match="a Python value of type 'set' has no place in an expression"):
        evaluate("=${{ x }}", {"x": [set()]})


def test_lone_surrogates_survive_json() -> None:
    value = {"a": ["\ud800", "\ud83d\ude00", "😀"]}
    text = evaluate("${{ toJSON(x) }}", {"x": value})
    assert isinstance(text, str)
    text.encode()
    assert json.loads(text)["a"][0] == "\ud800"


def test_a_search_among_many_keys_is_quick() -> None:
    keys = {f"key{number}" * 30: number for number in range(200_000)}
    with pytest.raises(ExpressionError, match="finds nothing"):
        evaluate("${{ x." + "kex7" * 30 + " }}", {"x": keys})
