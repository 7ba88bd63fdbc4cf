"""Types from an action's declaration, a matrix and a job's outputs to the inputs that they are given to."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.checks import check_pipeline
from datatorch_pipelines.checks.context_types import DECLARED
from datatorch_pipelines.checks.fitting import ODD, can_convert, part_in_the_way, usually_converts
from datatorch_pipelines.checks.matrices import matrix_names, matrix_types
from datatorch_pipelines.errors import InputError
from datatorch_pipelines.expressions import parse
from datatorch_pipelines.expressions.types import Type, scalar_kind, type_of
from datatorch_pipelines.model import Action, Input, Job, Output, Pipeline, Runs, Step, Strategy, ValueType
from datatorch_pipelines.model.conversion import convert, fits

RUNS = Runs(using="python", main="x.py")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from(["1", "true"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
TYPES = st.sampled_from(ValueType)


def converts(value: object, declared: ValueType) -> bool:
    try:
        convert(value, declared)
    except InputError:
        return False
    return True


@settings(deadline=None, max_examples=500)
@given(JSON, TYPES)
def test_where_a_value_converts_its_kind_can_convert(value: object, declared: ValueType) -> None:
    exact = type_of(value)
    kind = Type(exact.kinds)
    if converts(value, declared):
        assert can_convert(kind, declared)
        assert can_convert(exact, declared)
        odd = ODD.get(scalar_kind(value), ()) if value is None or isinstance(value, bool | int | float) else ()
        assert usually_converts(kind, declared) or value in odd
    elif exact.values:
        assert not can_convert(exact, declared)


@settings(deadline=None, max_examples=300)
@given(JSON, TYPES)
def test_what_an_output_is_declared_as_holds_the_values_that_fit(value: object, declared: ValueType) -> None:
    if fits(value, declared) and value is not None and not (declared is ValueType.INTEGER and isinstance(value, float)):
        assert type_of(value).kinds <= DECLARED[declared].kinds


READABLE = {
    ValueType.INTEGER: st.from_regex(r"\s?[+-]?[0-9]{1,5}\s?", fullmatch=True),
    ValueType.FLOAT: st.from_regex(r"\s?[+-]?[0-9]{1,3}(\.[0-9]{1,3})?([eE][+-]?[0-9])?\s?", fullmatch=True),
    ValueType.NUMBER: st.from_regex(r"\s?[+-]?\.[0-9]{1,3}\s?", fullmatch=True),
    ValueType.BOOLEAN: st.sampled_from([" true", "True", "FALSE ", "false"]),
    ValueType.ARRAY: st.lists(JSON, max_size=3).map(json.dumps).map("  {}\n".format),
    ValueType.LIST: st.lists(st.text(), max_size=3).map(json.dumps),
    ValueType.OBJECT: st.dictionaries(st.text(), JSON, max_size=3).map(json.dumps).map(" {} ".format),
    ValueType.STRING: st.text(),
}


@pytest.mark.parametrize("declared", ValueType)
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_part_of_a_text_that_converts_is_in_the_way(declared: ValueType, data: st.DataObject) -> None:
    text = data.draw(READABLE[declared])
    if "${{" in text or not converts(text, declared):
        return
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    before, after = text[:start], text[end:]
    template = parse(before + "${{ event.x }}" + after)
    if len(template.expressions) == 1:
        assert part_in_the_way(template, declared) is None


@pytest.mark.parametrize(
    ("text", "declared", "part"),
    [
        ("${{ a }} px", ValueType.INTEGER, " px"),
        ("1.${{ a }}", ValueType.INTEGER, "1."),
        ("1.${{ a }}", ValueType.FLOAT, None),
        ("x${{ a }}", ValueType.NUMBER, "x"),
        ("is ${{ a }}", ValueType.BOOLEAN, "is "),
        ("${{ a }}e", ValueType.BOOLEAN, None),
        ("<${{ a }}>", ValueType.ARRAY, "<"),
        ("[${{ a }}]!", ValueType.LIST, "]!"),
        ("[${{ a }}, ${{ b }}]", ValueType.LIST, None),
        ("[${{ a }}]", ValueType.OBJECT, "["),
        ("anything ${{ a }}", ValueType.STRING, None),
    ],
)
def test_what_is_written_around_an_expression_may_be_in_the_way(
    text: str, declared: ValueType, part: str | None
) -> None:
    assert part_in_the_way(parse(text), declared) == part


TOLD = {
    "string": "",
    "integer": "boolean array list object",
    "float": "boolean array list object",
    "number": "boolean array list object",
    "boolean": "integer float number array list object",
    "array": "integer float number boolean object",
    "list": "integer float number boolean object",
    "object": "integer float number boolean array list",
}
"""For each type of an output, the types of inputs that it is told not to fit."""


@pytest.mark.parametrize("given", list(ValueType))
@pytest.mark.parametrize("wanted", list(ValueType))
def test_an_output_given_to_an_input_is_told_cell_by_cell(given: ValueType, wanted: ValueType) -> None:
    actions = {
        ("a", 0): Action(name="Giver", outputs={"out": Output(type=given)}, runs=RUNS),
        ("a", 1): Action(name="Taker", inputs={"in": Input(type=wanted)}, runs=RUNS),
    }
    steps = [Step(id="x", action="o/g@v1"), Step(action="o/t@v1", inputs={"in": "${{ steps.x.outputs.out }}"})]
    found = check_pipeline(Pipeline(name="P", jobs={"a": Job(steps=steps)}), actions=actions)
    assert [item.code for item in found] == (["DT413"] if wanted in TOLD[given].split() else [])


def test_a_string_of_declared_values_and_an_output_without_a_type_are_silent() -> None:
    actions = {
        ("a", 0): Action(name="Giver", outputs={"out": Output()}, runs=RUNS),
        ("a", 1): Action(name="Taker", inputs={"in": Input(type=ValueType.BOOLEAN), "any": Input()}, runs=RUNS),
    }
    inputs = {"in": "${{ steps.x.outputs.out }}", "any": "${{ steps.x.outputs.more.of.it }}"}
    steps = [Step(id="x", action="o/g@v1"), Step(action="o/t@v1", inputs=inputs)]
    found = check_pipeline(Pipeline(name="P", jobs={"a": Job(steps=steps)}), actions=actions)
    assert [item.code for item in found] == ["DT412"]


def test_the_names_of_a_matrix_are_those_of_its_lists_and_of_what_it_includes() -> None:
    strategy = Strategy(matrix={"a": [1, "x"], "b": "${{ event.b }}", "include": [{"c": None}], "exclude": [{"d": 1}]})
    assert matrix_names(strategy) == ["a", "b", "c"]
    types = matrix_types(strategy)
    assert types is not None
    assert set(types["a"].values) == {1, "x"}
    assert matrix_names(Strategy(matrix="${{ event.x }}")) is None
    assert matrix_names(Strategy(matrix={"a": [1], "include": "${{ event.x }}"})) is None
    assert matrix_names(Strategy(matrix={"a": [1], "include": ["${{ event.x }}"]})) is None


def test_jobs_that_wait_for_each_other_end_the_search_for_types() -> None:
    jobs = {
        "a": Job(
            needs="b", outputs={"x": "${{ needs.b.outputs.x }}"}, steps=[Step(run="e", if_="needs.b.outputs.x.y.z")]
        ),
        "b": Job(needs="a", outputs={"x": "${{ needs.a.outputs.x }}"}, steps=[Step(run="e")]),
    }
    found = [item.code for item in check_pipeline(Pipeline(name="P", jobs=jobs))]
    assert "DT310" not in found


def test_what_follows_from_an_unknown_name_is_not_told() -> None:
    every = Action(name="E", inputs={"n": Input(type=ValueType.INTEGER)}, outputs={"n": Output()}, runs=RUNS)
    steps = [
        Step(id="x", action="o/e@v1"),
        Step(action="o/e@v1", inputs={"n": "${{ evnt.a == 1 }}"}),
        Step(action="o/e@v1", inputs={"n": "${{ steps.y.outputs.z == 'a' }}"}),
        Step(action="o/e@v1", inputs={"n": "${{ lenght(machine.os.x) }}"}),
        Step(action="o/e@v1", inputs={"n": "${{ a b }} px"}),
        Step(run="e", if_="evnt.a || true"),
        Step(run="e", if_="machine.oss.x.y || true || evnt"),
    ]
    actions = {("a", index): every for index in range(5)}
    found = [item.code for item in check_pipeline(Pipeline(name="P", jobs={"a": Job(steps=steps)}), actions=actions)]
    assert sorted(found) == ["DT301", "DT302", "DT303", "DT304", "DT305"]


def test_a_status_function_keeps_a_condition_from_being_dropped() -> None:
    steps = [Step(run="e", if_="always() || true"), Step(run="e", if_="always() && false"), Step(run="e", if_=True)]
    found = check_pipeline(Pipeline(name="P", jobs={"a": Job(steps=steps)}))
    assert [item.message for item in found] == [
        "this condition is always true",
        "this condition is never true, so the step never runs",
    ]


def test_a_constant_expression_is_checked_as_the_value_that_it_gives() -> None:
    action = Action(name="A", inputs={"m": Input(type=ValueType.STRING, options=("a", "b")), "n": Input()}, runs=RUNS)
    steps = [
        Step(action="o/a@v1", inputs={"m": "${{ 'c' }}"}),
        Step(action="o/a@v1", inputs={"m": "${{ lower('A') }}"}),
        Step(action="o/a@v1", inputs={"m": "${{ 'c' }}${{ event.x }}", "n": "${{ 5 }}"}),
    ]
    pipeline = Pipeline(name="P", jobs={"a": Job(steps=steps)})
    found = check_pipeline(pipeline, actions={("a", index): action for index in range(3)})
    assert [item.code for item in found] == ["DT406"]
