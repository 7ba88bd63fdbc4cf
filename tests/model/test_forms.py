"""Events held against forms: the same verdict as a whole validator of JSON Schema, and messages that name the key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.model.forms import form_mistakes, misfits, with_defaults
from tests.support.costs import calls

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, -2.0]),
    st.sampled_from(["", "a", "ab", "b1"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=5,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
COUNTS = st.integers(0, 3)
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "type": st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=2, unique=True)),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "minimum": st.integers(-2, 2),
    "maximum": st.sampled_from([-1, 0.5, 2]),
    "exclusiveMinimum": st.integers(-2, 2),
    "exclusiveMaximum": st.integers(-2, 2),
    "multipleOf": st.integers(1, 3),
    "minLength": COUNTS,
    "maxLength": COUNTS,
    "pattern": st.sampled_from(["a", "^a", "b?1$", "^[ab]+$"]),
    "minItems": COUNTS,
    "maxItems": COUNTS,
    "uniqueItems": st.booleans(),
    "required": st.lists(NAMES, max_size=2, unique=True),
    "minProperties": COUNTS,
    "maxProperties": COUNTS,
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
    "$ref": st.sampled_from(["#/$defs/text", "#/$defs/few"]),
    "format": st.just("email"),
    "title": st.just("T"),
}


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=2)
    keywords = {
        **SIMPLE,
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "patternProperties": st.dictionaries(st.sampled_from(["a", "[bc]"]), inner, max_size=2),
        "propertyNames": inner,
        "items": inner,
        "contains": inner,
        "additionalProperties": inner,
        "prefixItems": several,
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }
    chosen = st.lists(st.sampled_from(sorted(keywords)), max_size=3, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: keywords[name] for name in names}))


SCHEMAS = st.recursive(st.one_of(st.booleans(), st.just({})), schemas, max_leaves=6)
DEFINITIONS = {"text": {"type": "string"}, "few": {"type": ["array", "object"], "maxItems": 1, "maxProperties": 1}}


@given(SCHEMAS, st.one_of(VALUES, st.dictionaries(NAMES, VALUES, max_size=3)))
def test_a_value_fits_where_a_whole_validator_says_so(schema: Any, value: Any) -> None:
    form = {"properties": {"value": schema}, "$defs": DEFINITIONS}
    expected = jsonschema.Draft202012Validator(form).is_valid({"value": value})
    assert [mistake.message for mistake in form_mistakes(form)] == []
    assert (misfits(form, {"value": value}) == []) == expected


FORM = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 10, "pattern": "^[A-Z]"},
        "age": {"type": "integer", "minimum": 1, "exclusiveMaximum": 150},
        "size": {"enum": ["small", "large", 3, None]},
        "kind": {"const": "cat"},
        "ratio": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1.5, "multipleOf": 0.1},
        "points": {
            "type": "array",
            "minItems": 2,
            "maxItems": 3,
            "uniqueItems": True,
            "contains": {"required": ["x"]},
            "items": {"type": "object", "properties": {"x": {"type": "number"}}},
        },
        "place": {
            "minProperties": 1,
            "maxProperties": 2,
            "propertyNames": {"maxLength": 3},
            "dependentRequired": {"a": ["b"]},
        },
        "way": {"anyOf": [{"type": "string"}, {"type": "boolean"}], "not": {"const": "no"}},
        "one": {"oneOf": [{"minimum": 1}, {"minimum": 2}]},
        "never": False,
        "odd": {"if": {"type": "string"}, "then": {"minLength": 3}, "else": {"type": "integer"}},
    },
}


@pytest.mark.parametrize(
    ("event", "messages"),
    [
        ({"name": "Tom", "age": 7}, []),
        ({}, []),
        ({"age": 7.5}, ["the event's key 'age' is a float, not an integer"]),
        ({"age": "7"}, ["the event's key 'age' is a string, not an integer"]),
        ({"age": True}, ["the event's key 'age' is a boolean, not an integer"]),
        ({"name": "Tom", "age": 0}, ["the event's key 'age' is less than 1"]),
        ({"name": "Tom", "age": 150}, ["the event's key 'age' is not less than 150"]),
        (
            {"name": "t", "age": 1},
            [
                "the event's key 'name' has fewer than 2 characters",
                "the event's key 'name' does not match the pattern '^[A-Z]'",
            ],
        ),
        ({"name": "T" * 11, "age": 1}, ["the event's key 'name' has more than 10 characters"]),
        ({"size": "huge"}, ["the event's key 'size' is not one of 'small', 'large', 3, null"]),
        ({"kind": "dog"}, ["the event's key 'kind' is not 'cat'"]),
        ({"ratio": "x"}, ["the event's key 'ratio' is a string, not a number or null"]),
        ({"ratio": 0}, ["the event's key 'ratio' is not more than 0"]),
        ({"ratio": 1.6}, ["the event's key 'ratio' is more than 1.5"]),
        ({"ratio": 0.3}, []),
        ({"ratio": 0.35}, ["the event's key 'ratio' is no multiple of 0.1"]),
        ({"ratio": float("nan")}, ["the event's key 'ratio' is no number of JSON"]),
        (
            {"points": [{"x": "1"}]},
            [
                "the event's key 'points' has fewer than 2 items",
                "the event's key 'points[0].x' is a string, not a number",
            ],
        ),
        (
            {"points": [{}, {}, {}, 3]},
            [
                "the event's key 'points' has more than 3 items",
                "the event's key 'points' has an item twice",
                "the event's key 'points[3]' is an integer, not a mapping",
            ],
        ),
        ({"points": [{}, {"y": 1}]}, ["the event's key 'points' has no item of those that the form wants"]),
        ({"place": {}}, ["the event's key 'place' has fewer than 1 key"]),
        (
            {"place": {"a": 1, "long": 2, "c": 3}},
            [
                "the event's key 'place' lacks the key 'b', which 'a' needs",
                "the event's key 'place' has more than 2 keys",
                "the event's key 'place' has a key 'long' whose name the form does not allow",
            ],
        ),
        ({"way": 1}, ["the event's key 'way' fits none of the form's 2 alternatives"]),
        ({"way": "no"}, ["the event's key 'way' is what the form rules out"]),
        ({"one": 3}, ["the event's key 'one' fits more than one of the form's alternatives, of which one may hold"]),
        ({"never": 1}, ["the event's key 'never' is not wanted"]),
        ({"odd": "ab"}, ["the event's key 'odd' has fewer than 3 characters"]),
        ({"odd": []}, ["the event's key 'odd' is a list, not an integer"]),
        ({"other": 1}, ["the event has a key 'other' that the form does not have"]),
        ({"size": {1, 2}}, ["the event's key 'size' is of the type set, which JSON doesn't have"]),
    ],
)
def test_what_does_not_fit_is_told_with_its_key(event: Mapping[str, object], messages: list[str]) -> None:
    assert [found.message for found in misfits(FORM, event)] == messages


def test_each_key_that_is_missing_is_told() -> None:
    form = {"required": ["name", "age"], "properties": {"place": {"required": ["city"]}}}
    assert [found.message for found in misfits(form, {"age": 1, "place": {}})] == [
        "the event lacks the key 'name'",
        "the event's key 'place' lacks the key 'city'",
    ]


def test_a_misfit_leads_to_what_the_form_says() -> None:
    form = {"properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"allOf": [{"type": "integer"}]}}}
    assert [found.path for found in misfits(form, {"a": "x"})] == [("$defs", "n", "allOf", 0, "type")]


@pytest.mark.parametrize(
    "form",
    [
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#/properties/a"}}},
        {"$defs": {"x": {"allOf": [{"$ref": "#/$defs/x"}] * 9}}, "$ref": "#/$defs/x"},
        {"properties": {"a": {"items": {"pattern": "(a?){300}b"}}}},
    ],
)
def test_a_form_that_leads_nowhere_or_takes_too_long_is_given_up(form: dict[str, Any]) -> None:
    assert [mistake.message for mistake in form_mistakes(form)] == []
    told = [found.message for found in misfits(form, {"a": ["a" * 50_000] * 50})]
    assert told == ["the event is too large, or the form too intricate, to hold one against the other"]


def test_many_misfits_are_not_all_told() -> None:
    form = {"properties": {"a": {"items": {"type": "string"}}}}
    assert len(misfits(form, {"a": [1] * 1000})) == 50


def test_defaults_fill_in_what_is_missing_within_mappings_too() -> None:
    form = {
        "properties": {
            "size": {"default": 3},
            "place": {"default": {}, "properties": {"city": {"default": "Bonn"}, "zip": {"type": "string"}}},
            "tags": {"default": ["a"]},
        }
    }
    event = {"size": None, "more": 1}
    assert with_defaults(form, event) == {"size": None, "more": 1, "place": {"city": "Bonn"}, "tags": ["a"]}
    assert event == {"size": None, "more": 1}
    filled = with_defaults(form, {})
    assert filled["tags"] is not form["properties"]["tags"]["default"]  # type: ignore[index]  # a plain literal
    assert with_defaults({"properties": 3}, {"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("form", "mistakes"),
    [
        ({"JSON": None}, [(("JSON",), "unknown keyword 'JSON' in a form", "JSON")]),
        ({"requird": ["a"]}, [(("requird",), "unknown keyword 'requird' in a form", "requird")]),
        ({"type": "string"}, [(("type",), "the form asks for no mapping, which an event is", None)]),
        ({"type": "strng"}, [(("type",), "type is no type of JSON Schema, nor a list of some", None)]),
        ({"type": []}, [(("type",), "type is no type of JSON Schema, nor a list of some", None)]),
        ({"properties": ["a"]}, [(("properties",), "properties maps no names to schemas", None)]),
        (
            {"properties": {"a": 3}},
            [(("properties", "a"), "this is no schema: a mapping is needed, or true or false", None)],
        ),
        (
            {"properties": {"a": {"minimum": "3", "required": True, "exclusiveMinimum": True}}},
            [
                (("properties", "a", "minimum"), "minimum is no number", None),
                (("properties", "a", "required"), "required is no list of names", None),
                (("properties", "a", "exclusiveMinimum"), "exclusiveMinimum is a boolean, not a number", None),
            ],
        ),
        ({"minProperties": -1}, [(("minProperties",), "minProperties is no whole number from 0 on", None)]),
        ({"allOf": []}, [(("allOf",), "allOf is no list of schemas", None)]),
        ({"enum": []}, [(("enum",), "enum is no list of values", None)]),
        ({"multipleOf": 0}, [(("multipleOf",), "multipleOf is no number above 0", None)]),
        ({"properties": {"a": {"pattern": "(a"}}}, [(("properties", "a", "pattern"), "a '(' is not closed", None)]),
        ({"patternProperties": {"[": {}}}, [(("patternProperties", "["), "a '[' is not closed", None)]),
        ({"items": [{}]}, [(("items",), "items is a list of schemas", None)]),
        (
            {"dependencies": {}},
            [(("dependencies",), "the keyword dependencies is not carried out by this version", None)],
        ),
        (
            {"dependentRequired": {"a": "b"}},
            [(("dependentRequired",), "dependentRequired maps no names to lists of names", None)],
        ),
        ({"$ref": "https://example.org/x.json"}, [(("$ref",), "a form can't refer to what is elsewhere", None)]),
        ({"$ref": "file:///etc/passwd"}, [(("$ref",), "a form can't refer to what is elsewhere", None)]),
        (
            {"$ref": "#/examples/0", "examples": [{"type": 3}]},
            [(("$ref",), "the form has no schema at '#/examples/0'", None)],
        ),
        ({"$ref": "#/$defs/b", "$defs": {"a": {}}}, [(("$ref",), "the form has no schema at '#/$defs/b'", None)]),
        ({"uniqueItems": "yes"}, [(("uniqueItems",), "uniqueItems is neither true nor false", None)]),
    ],
)
def test_what_is_wrong_with_a_form_is_told_with_its_place(form: Any, mistakes: list[Any]) -> None:
    found = [(found.path, found.message, found.keyword) for found in form_mistakes(form)]
    assert found == mistakes


@given(
    st.dictionaries(
        st.sampled_from(sorted({*SIMPLE, "properties", "items", "allOf", "not", "x"} - {"format", "title"})), VALUES
    )
)
def test_a_form_in_which_nothing_is_wrong_is_a_json_schema(form: dict[str, Any]) -> None:
    if any(True for _ in form_mistakes(form)):
        return
    jsonschema.Draft202012Validator.check_schema(form)
    misfits(form, {"a": 1})


def test_an_event_of_a_great_many_values_is_too_large_to_be_held_against_a_form() -> None:
    form = {"properties": {"a": {"items": {"type": "integer"}}}}
    assert misfits(form, {"a": [1] * 100_000}) == []
    [found] = misfits(form, {"a": [1] * 300_000})
    assert found.message == "the event is too large, or the form too intricate, to hold one against the other"


def test_as_many_references_more_cost_as_much_more() -> None:
    def form(count: int) -> dict[str, object]:
        return {
            "$defs": {f"d{n}": {"type": "string"} for n in range(count)},
            "properties": {f"p{n}": {"$ref": f"#/$defs/d{n}"} for n in range(count)},
        }

    def work(count: int) -> int:
        return calls(lambda: list(form_mistakes(form(count))))

    assert work(240) - work(160) < 1.05 * (work(160) - work(80))
