"""What holds for every text, value and tree."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.expressions import ExpressionError, evaluate, evaluate_condition, known_functions, parse
from datatorch_pipelines.expressions.nodes import (
    Call,
    Comparison,
    Context,
    Index,
    Literal,
    Logical,
    Node,
    Not,
    Operator,
    Property,
    Wildcard,
    walk,
)
from datatorch_pipelines.expressions.parser import parse_expression
from datatorch_pipelines.expressions.values import number_text, parse_number

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
COMPARISONS = [operator for operator in Operator if operator not in (Operator.AND, Operator.OR)]
NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,8}", fullmatch=True)
ROOTS = NAMES.filter(lambda name: name not in ("true", "false", "null", "NaN", "Infinity", "and", "or", "not"))


def trees(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nodes over smaller ones."""
    target = inner.filter(lambda node: not isinstance(node, Literal))
    return st.one_of(
        st.builds(Property, target, NAMES),
        st.builds(Index, target, inner),
        st.builds(Wildcard, target),
        st.builds(Call, ROOTS.map("x_".__add__), st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
        st.builds(Comparison, st.sampled_from(COMPARISONS), inner, inner),
        st.builds(
            Logical, st.sampled_from([Operator.AND, Operator.OR]), st.lists(inner, min_size=2, max_size=3).map(tuple)
        ),
    )


TREES = st.recursive(
    st.builds(Literal, st.none() | st.booleans() | st.integers() | st.text())
    | st.builds(Literal, st.floats(allow_nan=False).map(abs).filter(lambda number: not number.is_integer()))
    | st.builds(Context, ROOTS),
    trees,
    max_leaves=10,
)


def written(node: Node) -> str:
    """A tree's text, each part that is not simple in its own parentheses."""
    match node:
        case Literal(value=str(text)):
            return "'" + text.replace("'", "''") + "'"
        case Literal(value=float(number)):
            return number_text(number, exact=True)
        case Literal():
            return json.dumps(node.value)
        case Context():
            return node.name
        case Property():
            return f"{inside(node.target)}.{node.name}"
        case Index():
            return f"{inside(node.target)}[{written(node.index)}]"
        case Wildcard():
            return f"{inside(node.target)}.*"
        case Call():
            return f"{node.name}({', '.join(map(written, node.arguments))})"
        case Not():
            return f"!{inside(node.operand)}"
        case Comparison():
            return f"{inside(node.left)} {node.operator} {inside(node.right)}"
        case Logical():
            return f" {node.operator} ".join(map(inside, node.operands))


def inside(node: Node) -> str:
    """A part's text, in parentheses where it holds operators."""
    return f"({written(node)})" if isinstance(node, Not | Comparison | Logical) else written(node)


@settings(deadline=None, max_examples=150)
@given(TREES)
def test_parsing_undoes_writing(tree: Node) -> None:
    text = written(tree)
    parsed, end = parse_expression(text)
    assert parsed == tree
    assert end == len(text)
    for node in walk(parsed):
        assert 0 <= node.start < node.end <= len(text)


@settings(deadline=None, max_examples=100)
@given(st.text())
def test_a_text_without_brackets_is_itself(text: str) -> None:
    if "${{" not in text:
        assert evaluate(text, {}) == text
        assert parse(text).is_literal


@settings(deadline=None, max_examples=100)
@given(JSON)
def test_a_whole_value_keeps_its_type(value: object) -> None:
    found = evaluate("${{ x.y }}", {"x": {"y": value}})
    assert found is value
    assert evaluate("${{ x }}", {"x": value}) is value


@settings(deadline=None, max_examples=100)
@given(JSON)
def test_json_text_and_value_are_inverse(value: object) -> None:
    found = evaluate("${{ fromJSON(toJSON(x)) }}", {"x": value})
    assert found == value
    embedded = evaluate("-${{ x }}", {"x": [value]})
    assert isinstance(embedded, str)
    assert json.loads(embedded[1:]) == [value]


@settings(deadline=None, max_examples=100)
@given(st.text(), st.text())
def test_what_an_expression_gives_is_never_evaluated_again(before: str, value: str) -> None:
    for data in (value, "${{ nope.x }}", "{ nope }}"):
        assert evaluate("$${{ x }}", {"x": data}) == "$" + data
        assert evaluate("${{ format('{0}', x) }}", {"x": data}) == data


@settings(deadline=None, max_examples=100)
@given(st.floats(allow_nan=False))
def test_a_numbers_exact_text_gives_the_number(number: float) -> None:
    assert parse_number(number_text(number, exact=True)) == number


TOKENS = st.sampled_from(
    [
        *known_functions(),
        "x",
        "steps",
        "jobs",
        "input",
        "a-b",
        "Count",
        "Files",
        "output",
        "and",
        "or",
        "not",
        "true",
        "null",
        "NaN",
        "1",
        "-2",
        "0x1f",
        ".5",
        "1e9",
        "'a'",
        "''",
        "'it''s'",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        ".*",
        "[*]",
        "|",
        "||",
        "&&",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "!",
        "${{",
        "}}",
        "{",
        "}",
        "$",
        '"',
        "'",
        "*",
        "-",
        "+",
        "=",
        "&",
        "@",
        "é",
        "\ud800",
        "\0",
        "\n",
        " ",
        "x.y",
        "steps.Count Files.output.total",
    ]
)
CONTEXTS: dict[str, object] = {
    "x": {"y": [1, {"a": "b"}], "a-b": None},
    "steps": {"Count Files": {"outputs": {"total": 1}}},
    "jobs": {},
    "input": {"a": 1.5},
}


@settings(deadline=None, max_examples=300)
@given(st.lists(TOKENS, max_size=12), st.sampled_from(["", " "]), st.booleans())
def test_no_text_raises_anything_but_its_own_error(tokens: list[str], space: str, strict: bool) -> None:
    inner = space.join(tokens)
    for text in (inner, "${{" + inner + "}}", "a ${{ " + inner + " }} b"):
        for run in (evaluate, evaluate_condition):
            try:
                run(text, CONTEXTS, strict=strict)
            except ExpressionError as error:
                assert 1 <= error.column <= error.end_column <= len(text) + 2  # noqa: PT017 -- success is fine too


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet=st.characters(), max_size=30))
def test_no_characters_raise_anything_but_the_own_error(inner: str) -> None:
    try:
        evaluate("${{" + inner + "}}", CONTEXTS)
    except ExpressionError as error:
        assert "\n" not in error.message  # noqa: PT017 -- success is fine too


@pytest.mark.parametrize("name", known_functions())
@settings(deadline=None, max_examples=25)
@given(arguments=st.lists(JSON, max_size=4))
def test_no_argument_makes_a_function_raise_anything_else(name: str, arguments: list[object]) -> None:
    call = f"{name}({', '.join(f'x[{index}]' for index in range(len(arguments)))})"
    try:
        evaluate("${{ " + call + " }}", {"x": arguments})
    except ExpressionError as error:
        assert error.code in ("DT301", "DT308")  # noqa: PT017 -- success is fine too
