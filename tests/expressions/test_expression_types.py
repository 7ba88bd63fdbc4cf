"""What kind of value an expression gives, told without evaluating it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from datatorch_pipelines.expressions import Expression, ExpressionError, Template, known_functions
from datatorch_pipelines.expressions.functions import FUNCTIONS, arity_problem
from datatorch_pipelines.expressions.inference import (
    constant_condition,
    constant_truth,
    infer,
    infer_found,
    is_constant,
    problems,
)
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
)
from datatorch_pipelines.expressions.parser import parse_expression
from datatorch_pipelines.expressions.signatures import SIGNATURES
from datatorch_pipelines.expressions.types import (
    ANY,
    ARRAY,
    BOOLEAN,
    INTEGER,
    NOTHING,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    Kind,
    Type,
    array_of,
    contains,
    deciding,
    describe,
    object_of,
    scalar_kind,
    truth,
    type_of,
    union,
)
from datatorch_pipelines.expressions.values import truthy

NAMES = st.sampled_from(["a", "B", "output", "outputs", "0"])
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 2.0, "", "0", "text", "true", "a"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
COMPARISONS = [operator for operator in Operator if operator not in (Operator.AND, Operator.OR)]


@st.composite
def calls(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Call:
    name = draw(st.sampled_from([name for name in known_functions() if name != "hashFiles"]))
    arguments = tuple(draw(st.lists(inner, max_size=4)))
    assume(arity_problem(FUNCTIONS[name.lower()], len(arguments)) is None)
    return Call(name, arguments)


def trees(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    target = inner.filter(lambda node: not isinstance(node, Literal))
    return st.one_of(
        st.builds(Property, target, NAMES),
        st.builds(Index, target, inner),
        st.builds(Wildcard, target),
        calls(inner),
        st.builds(Not, inner),
        st.builds(Comparison, st.sampled_from(COMPARISONS), inner, inner),
        st.builds(
            Logical, st.sampled_from([Operator.AND, Operator.OR]), st.lists(inner, min_size=2, max_size=3).map(tuple)
        ),
    )


LEAVES = st.builds(Literal, SCALARS) | st.builds(Context, st.sampled_from(["x", "y", "steps"]))
TREES = st.recursive(LEAVES, trees, max_leaves=8)


def evaluated(node: Node, contexts: dict[str, object], *, strict: bool = False) -> object:
    template = Template("", (Expression(node, 0, 0),))
    try:
        return template.evaluate(contexts, strict=strict)
    except ExpressionError:
        assume(False)


def inferred(text: str, **contexts: Type) -> Type:
    return infer(parse_expression(text)[0], contexts)


@settings(deadline=None, max_examples=600)
@given(TREES, VALUES, VALUES, st.sampled_from(["exact", "wider", "any"]))
def test_what_an_expression_gives_is_always_in_its_type(node: Node, x: object, y: object, known: str) -> None:
    contexts = {"x": x, "y": y, "steps": {"a": {"outputs": x}, "B": y}}
    exact = {name: type_of(value) for name, value in contexts.items()}
    types = {
        "exact": exact,
        "wider": {name: union([type_, type_of(y)]) for name, type_ in exact.items()},
        "any": {},
    }[known]
    value = evaluated(node, contexts)
    assert contains(infer(node, types), value)


@settings(deadline=None, max_examples=200)
@example(parse_expression("steps.*.output")[0], None, None)
@example(parse_expression("steps[*]['output'].a")[0], {"a": 1}, {"outputs": {"a": "x"}})
@given(TREES, VALUES, VALUES)
def test_a_whole_expression_is_in_the_type_of_what_it_finds(node: Node, x: object, y: object) -> None:
    contexts = {"x": x, "y": y, "steps": {"a": {"outputs": x}, "B": y}}
    types = {name: type_of(value) for name, value in contexts.items()}
    assert contains(infer_found(node, types), evaluated(node, contexts, strict=True))


@settings(deadline=None, max_examples=400)
@given(TREES, VALUES, VALUES)
def test_a_truth_that_is_constant_is_that_of_the_value(node: Node, x: object, y: object) -> None:
    contexts = {"x": x, "y": y, "steps": {"a": {"outputs": x}, "B": y}}
    for types in ({name: type_of(value) for name, value in contexts.items()}, {}):
        expected = constant_truth(node, types)
        if expected is not None:
            assert truthy(evaluated(node, contexts)) is expected
        whole = constant_condition(node, types)
        if whole is not None:
            assert truthy(evaluated(node, contexts, strict=True)) is whole


@settings(deadline=None, max_examples=300)
@given(VALUES, VALUES)
def test_a_value_is_in_its_own_type_and_in_every_union_with_it(x: object, y: object) -> None:
    assert contains(type_of(x), x)
    assert contains(union([type_of(x), type_of(y)]), x)
    assert contains(union([type_of(y), type_of(x)]), x)
    assert contains(ANY, x)
    assert not contains(NOTHING, x)
    assert truth(type_of(x)) is truthy(x)
    for counting in (True, False):
        kept = deciding(union([type_of(x), type_of(y)]), counting=counting)
        assert contains(kept, x) or truthy(x) is not counting


@settings(deadline=None, max_examples=300)
@given(TREES, VALUES, VALUES)
def test_a_comparison_that_is_told_gives_the_same_for_all_values(node: Node, x: object, y: object) -> None:
    contexts = {"x": x, "y": y, "steps": {"a": {"outputs": x}, "B": y}}
    types = {name: type_of(value) for name, value in contexts.items()}
    if isinstance(node, Comparison) and problems(node, types) and not problems(node.left, types):
        assume(not problems(node.right, types))
        assert evaluated(node, contexts) is (node.operator is Operator.NOT_EQUAL)


SAMPLES: dict[Kind, list[object]] = {
    Kind.NULL: [None],
    Kind.BOOLEAN: [True, False],
    Kind.INTEGER: [0, 5],
    Kind.FLOAT: [0.5, 7.0],
    Kind.STRING: ["text", "5"],
    Kind.ARRAY: [[], ["a"]],
    Kind.OBJECT: [{}, {"a": 1}],
}
REST: list[object] = ["{0}", "x", "x"]


def gives_nothing(name: str, value: object, result: object) -> bool:
    """Whether what a call gives says nothing about the value."""
    if name == "format":
        return result in ("Array", "Object", "x")
    return result is False or result == "" or (name == "join" and not isinstance(value, list | dict))


@pytest.mark.parametrize("name", [name for name in known_functions() if name != "hashFiles"])
@pytest.mark.parametrize("kind", Kind)
def test_an_argument_of_a_kind_that_is_not_wanted_fails_or_gives_nothing(name: str, kind: Kind) -> None:
    function, signature = FUNCTIONS[name.lower()], SIGNATURES[name.lower()]
    for count in range(function.least, 4 if function.most is None else function.most + 1):
        for index in range(count):
            if arity_problem(function, count) or kind in signature.wants(index, count):
                continue
            for value in SAMPLES[kind]:
                arguments = [*REST[:index], value, *REST[index + 1 : count]]
                if name == "case":
                    arguments = [False if place < index else item for place, item in enumerate(arguments)]
                if name == "join" and index == 1:
                    continue  # the list is there, only what stands between its items is not
                node = Call(name, tuple(Property(Context("x"), f"v{place}") for place in range(count)))
                contexts = {"x": {f"v{place}": item for place, item in enumerate(arguments)}}
                try:
                    result = Template("", (Expression(node, 0, 0),)).evaluate(contexts)
                except ExpressionError as error:
                    assert error.code == "DT308"  # noqa: PT017 -- giving nothing is fine too
                else:
                    assert gives_nothing(name, value, result), (arguments, result)


def test_each_function_has_a_signature_and_there_is_none_without_a_function() -> None:
    assert set(SIGNATURES) == set(FUNCTIONS)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("1", type_of(1)),
        ("'a'", type_of("a")),
        ("x", INTEGER),
        ("X.y", ANY),
        ("nosuch.y", ANY),
        ("x == 1", BOOLEAN),
        ("!x", BOOLEAN),
        ("contains(x, 1)", BOOLEAN),
        ("toJSON(x)", STRING),
        ("x | string", STRING),
        ("length(x)", INTEGER),
        ("fromJSON(x)", ANY),
        ("int(x, null)", union([INTEGER, NULL])),
        ("float(x)", Type(frozenset({Kind.FLOAT}))),
        ("case(x == 1, x, 'a')", union([INTEGER, type_of("a")])),
        ("x == 1 && x || 'none'", union([INTEGER, type_of("none")])),
        ("'a' || x", type_of("a")),
        ("null && x", NULL),
        ("list[0]", union([STRING, NULL])),
        ("list.a", NULL),
        ("list.*", array_of(STRING)),
        ("map.A", union([INTEGER, NULL])),
        ("map['a']", union([INTEGER, NULL])),
        ("map.b", NULL),
        ("map.*", array_of(INTEGER)),
        ("maps.*.a", array_of(INTEGER)),
        ("nosuchfunction(x)", ANY),
    ],
)
def test_each_form_of_expression_has_its_type(text: str, type_: Type) -> None:
    mapping = object_of({"a": INTEGER}, NOTHING)
    contexts = {"x": INTEGER, "list": array_of(STRING), "map": mapping, "maps": array_of(mapping)}
    expected = ANY if text == "X.y" else type_
    found = inferred(text, **({} if text == "X.y" else contexts))
    assert (found.kinds, set(found.values)) == (expected.kinds, set(expected.values))
    if found.items is not None or type_.items is not None:
        assert found.items is not None
        assert type_.items is not None
        assert found.items.kinds == type_.items.kinds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "an integer"),
        ("x == 1 && 'a' || 5", "an integer or text"),
        ("float(1)", "a float"),
        ("int(1) || float(2)", "a number"),
        ("null", "null"),
        ("list[0] || null", "text"),
        ("list || x == 1", "a list"),
    ],
)
def test_a_type_is_told_in_words(text: str, words: str) -> None:
    assert describe(inferred(text, x=INTEGER, list=array_of(STRING))) == words


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("1 == 1", True),
        ("format('{0}', 'a') == 'a'", True),
        ("always()", False),
        ("hashFiles('x')", False),
        ("x", False),
        ("nosuch(1)", False),
        ("fromJSON('[1]')[0]", True),
    ],
)
def test_what_depends_on_nothing_is_constant(text: str, constant: bool) -> None:
    assert is_constant(parse_expression(text)[0]) is constant


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("event.a || 'none'", True),
        ("event.a && false", False),
        ("!(event.a || true)", False),
        ("event.a", None),
        ("event.a == 1", None),
        ("always() || event.a", None),
        ("always() || true", True),
        ("event.a && 'x'", None),
        ("list", True),
        ("length(list)", None),
    ],
)
def test_a_truth_that_depends_on_nothing_is_found(text: str, answer: bool | None) -> None:
    assert constant_truth(parse_expression(text)[0], {"list": ARRAY}) is answer


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        ("n.x", "an integer has no property 'x'", "x"),
        ("n['x']", "an integer has no items", "'x'"),
        ("s.*", "text has no items", "*"),
        ("list.length", "a list has no property 'length'", "length"),
        ("list['a']", "a list has no property 'a'", "'a'"),
        ("flag == 'True'", "a boolean is never equal to the text 'True'", "flag == 'True'"),
        ("map < 3", "a mapping and an integer have no order, so this is never true", "map < 3"),
        ("'x' != list", "a list is never equal to text, so this is always true", "'x' != list"),
        ("upper(list)", "upper() wants a single value, not a list", "list"),
        ("length(n.x)", "an integer has no property 'x'", "x"),
        ("join(n.x) == 5", "an integer has no property 'x'", "x"),
    ],
)
def test_what_gives_nothing_is_told_once_at_its_place(text: str, message: str, marked: str) -> None:
    types = {"n": INTEGER, "s": STRING, "list": ARRAY, "map": OBJECT, "flag": BOOLEAN, "number": NUMBER}
    (found,) = problems(parse_expression(text)[0], types)
    assert (found.message, text[found.start : found.end]) == (message, marked)


@pytest.mark.parametrize(
    "text",
    [
        "event.a.b.c[0]",
        "list[0].x",
        "list['0']",
        "map.x.y",
        "n == '5'",
        "n == ''",
        "flag == '1'",
        "s == 5",
        "list == list",
        "event.a == list",
        "map.x == list",
        "map.a == null",
        "1 == 'a'",
        "length(event)",
        "contains(list, n)",
        "default(map.x, list)",
    ],
)
def test_what_may_give_something_is_not_told(text: str) -> None:
    types = {"n": INTEGER, "s": STRING, "list": ARRAY, "map": OBJECT, "flag": BOOLEAN}
    assert problems(parse_expression(text)[0], types) == []


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "a", float("nan")])
def test_a_scalar_has_one_kind(value: Any) -> None:
    assert contains(Type(frozenset({scalar_kind(value)})), value)
    assert contains(type_of(value), value)


def test_many_values_of_a_kind_are_the_whole_kind() -> None:
    few, many = type_of(list(range(32))), type_of([*range(33), "a"])
    assert few.items is not None
    assert many.items is not None
    assert few.items.values == tuple(range(32))
    assert many.items.values == ("a",)
    assert contains(many, [99, "a"])
    assert not contains(many, ["b"])
