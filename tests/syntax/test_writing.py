"""A pipeline written is the pipeline read; and people like to read it too."""

from __future__ import annotations

import json
import math

import jsonschema
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.limits import DEFAULT_LIMITS
from datatorch_pipelines.model import (
    ActionObject,
    AnnotatorButton,
    Event,
    Flow,
    Job,
    Manual,
    Pipeline,
    Retries,
    Schedule,
    Step,
    Strategy,
    Triggers,
    Webhook,
)
from datatorch_pipelines.model.pipeline import can_name_variable
from datatorch_pipelines.syntax import read_pipeline, write_pipeline, write_pipeline_json
from datatorch_pipelines.syntax.schema import published
from datatorch_pipelines.syntax.yaml_reader import read_yaml
from datatorch_pipelines.syntax.yaml_writer import to_yaml

TEXT = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from(" \n\t:#-'\"{}[]$&*!|>%@`?,\r\x85\ufeff10eo.~")),
    max_size=12,
)
PITFALLS = [
    *("yes", "null", "010", "1e3", "~", "<<", "=", "- a", "a: b", "a #b", "---", "...", "12:30", "2001-01-01", "0x1f"),
    *("\n", " x\ny", "x\n", "x\n\n", "y", ".inf", "+.inf", "+.5", "a\n b\n", "a\n\n\tb", "é😀"),
]
WORDS = st.one_of(TEXT, st.sampled_from(PITFALLS))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
SCALARS = st.none() | st.booleans() | NUMBERS | WORDS
IDS = st.from_regex(r"[_a-zA-Z][a-zA-Z0-9_-]{0,6}", fullmatch=True)
EXPRESSIONS = st.just("${{ variables.x }}")
MINUTES = st.none() | st.integers(1, 90) | st.floats(0.1, 90) | EXPRESSIONS
FLAGS = st.booleans() | EXPRESSIONS
ENV = st.dictionaries(WORDS.filter(can_name_variable), SCALARS, max_size=2)
OBJECTS = st.dictionaries(WORDS, DATA, max_size=2)
CONDITIONS = st.none() | st.booleans() | WORDS
SHARED = {
    "name": st.none() | WORDS,
    "inputs": OBJECTS,
    "if_": CONDITIONS,
    "timeout": MINUTES,
    "idle_timeout": MINUTES,
    "env": ENV,
    "continue_on_error": FLAGS,
    "cache": st.none() | st.booleans(),
    "id": st.none() | IDS,
    "working_directory": st.none() | WORDS,
    "retries": st.none()
    | st.builds(
        Retries,
        count=st.integers(0, 5),
        delay=st.floats(0, 9),
        backoff=st.floats(0, 9),
        exit_statuses=st.lists(st.integers(-9, 255), max_size=2),
    ),
}
ACTIONS = st.sampled_from(["a/b@v1", "./x", "docker://alpine:3", "local/tool@1"]) | st.builds(
    ActionObject,
    name=st.just("a/b"),
    tag=st.sampled_from(["v1", "1.0", "010"]),
    git=st.none() | st.just("https://example.org/b.git"),
    file=st.none() | st.just("x.yaml"),
)
STEPS = st.builds(Step, action=ACTIONS, **SHARED) | st.builds(Step, run=WORDS, shell=st.none() | WORDS, **SHARED)
JOBS = st.builds(
    Job,
    steps=st.lists(STEPS, min_size=1, max_size=3),
    name=st.none() | WORDS,
    needs=st.lists(IDS, max_size=2),
    if_=CONDITIONS,
    timeout=MINUTES,
    env=ENV,
    outputs=OBJECTS,
    strategy=st.none()
    | st.builds(
        Strategy,
        matrix=st.dictionaries(WORDS, st.lists(DATA, min_size=1, max_size=3) | EXPRESSIONS, max_size=2) | EXPRESSIONS,
        fail_fast=FLAGS,
        max_parallel=st.none() | st.integers(1, 9) | EXPRESSIONS,
    ),
    continue_on_error=FLAGS,
    runs_on=st.lists(WORDS, max_size=2),
)
TRIGGERS = st.builds(
    Triggers,
    manual=st.none() | st.builds(Manual, role=st.none() | WORDS, form=st.none() | OBJECTS),
    annotator_button=st.none()
    | st.builds(
        AnnotatorButton, name=st.none() | WORDS, icon=st.none() | WORDS, flow=st.none() | st.sampled_from(Flow)
    ),
    schedule=st.lists(st.builds(Schedule, cron=WORDS, timezone=st.none() | WORDS), max_size=2),
    event=st.lists(
        st.builds(Event, type=WORDS, options=OBJECTS.map(lambda o: {k: o[k] for k in o if k != "type"})), max_size=2
    ),
    webhook=st.none() | st.just(Webhook()),
)
PIPELINES = st.builds(
    Pipeline,
    name=WORDS.filter(str.strip),
    jobs=st.dictionaries(IDS, JOBS, min_size=1, max_size=2),
    triggers=st.none() | TRIGGERS,
    project=st.none() | WORDS | st.integers(),
    schema=st.none() | WORDS,
    env=ENV,
    variables=OBJECTS,
    timeout=MINUTES,
)


PUBLISHED = jsonschema.Draft7Validator(published("pipeline"))


@settings(max_examples=30)
@given(PIPELINES)
def test_a_pipeline_written_as_yaml_reads_back_equal(pipeline: Pipeline) -> None:
    assert read_pipeline(write_pipeline(pipeline), "p.yaml") == (pipeline, [])


@settings(max_examples=30)
@given(PIPELINES)
def test_a_pipeline_written_as_json_reads_back_equal(pipeline: Pipeline) -> None:
    text = write_pipeline_json(pipeline)
    assert read_pipeline(text, "p.json") == (pipeline, [])
    assert json.loads(text)["name"] == pipeline.name


@settings(max_examples=60)
@given(PIPELINES)
def test_the_published_schema_accepts_every_pipeline(pipeline: Pipeline) -> None:
    data = read_yaml(write_pipeline(pipeline), DEFAULT_LIMITS).data
    assert [error.message for error in PUBLISHED.iter_errors(data)] == []


@settings(max_examples=150)
@given(DATA)
@example({"a\x85b": "c\u2028d", "x" * 2000: ["y" * 2000]})
@example(["  lead\nx", "a\n  \nb", "\n", "a\n\n\n", "a\r\nb\n", [[], {}], [[1], [[2]]], [{"a": {"b": []}}]])
def test_data_written_as_yaml_is_the_same_to_every_reader(data: object) -> None:
    text = to_yaml(data)
    located = read_yaml(text, DEFAULT_LIMITS)
    if data is not None:
        assert not located.problems
        assert located.data == data
    # A reader of YAML 1.1 agrees, except where its numbers or its line ends differ.
    if not any(char in text for char in "eE\x85\u2028\u2029"):
        assert yaml.safe_load(text) == data


def test_what_is_written_is_as_people_write_it() -> None:
    pipeline = Pipeline(
        name="Count: files",
        project=7,
        env={"MODE": "on", "VERSION": "1.10"},
        triggers=Triggers(annotator_button=AnnotatorButton(name="DEXTR", flow=Flow.FOUR_POINTS), webhook=Webhook()),
        jobs={
            "count": Job(
                needs=["first"],
                if_="always()",
                timeout=10,
                strategy=Strategy(matrix={"size": [1, 2]}, fail_fast=False, max_parallel=2),
                runs_on="gpu",
                outputs={"total": "${{ steps.count.outputs.total }}"},
                continue_on_error=True,
                steps=[
                    Step(
                        name="Count Files",
                        id="count",
                        action=ActionObject("a/b", "v1"),
                        inputs={
                            "path": "${{ event.path }}",
                            "since": "2001-01-01",
                            "none": None,
                            "list": [1, {"x": []}],
                        },
                        idle_timeout=2,
                        retries=2,
                    ),
                    Step(run="echo one\necho two\n", working_directory="sub"),
                    Step(run="a\nb", retries=Retries(count=1, exit_statuses=(3,))),
                ],
            ),
            "first": Job(steps=[Step(run="true")]),
        },
    )
    assert (
        write_pipeline(pipeline)
        == """\
project: 7
name: "Count: files"
triggers:
  annotatorButton:
    name: DEXTR
    flow: 4-points
  webhook: {}
env:
  MODE: "on"
  VERSION: "1.10"
jobs:
  count:
    needs:
      - first
    if: always()
    timeout: 10
    strategy:
      matrix:
        size:
          - 1
          - 2
      fail-fast: false
      max-parallel: 2
    continue-on-error: true
    runs-on:
      - gpu
    outputs:
      total: ${{ steps.count.outputs.total }}
    steps:
      - name: Count Files
        id: count
        action:
          name: a/b
          tag: v1
        inputs:
          path: ${{ event.path }}
          since: "2001-01-01"
          none: null
          list:
            - 1
            - x: []
        idle-timeout: 2
        retries: 2
      - run: |
          echo one
          echo two
        working-directory: sub
      - run: |-
          a
          b
        retries:
          count: 1
          exit-statuses:
            - 3
  first:
    steps:
      - run: "true"
"""
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.inf, "inf can't be written"),
        (math.nan, "nan can't be written"),
        ({1: 2}, "the key 1 is not a string"),
        ("\ud800", "a text holds half of a surrogate pair"),
        ([{1, 2}], "a value of type set can't be written"),
        (b"x", "a value of type bytes can't be written"),
        (10**4000, "a whole number of too many digits can't be written"),
        (-(10**3999), "a whole number of too many digits can't be written"),
        ([10**5000], "a whole number of too many digits can't be written"),
    ],
)
def test_a_value_that_no_file_can_hold_is_refused(value: object, message: str) -> None:
    pipeline = Pipeline(name="x", jobs={"a": Job(steps=[Step(action="a/b@v1", inputs={"x": value})])})
    for write in (write_pipeline, write_pipeline_json):
        with pytest.raises(ModelError) as caught:
            write(pipeline)
        assert caught.value.message == message


@pytest.mark.parametrize("number", [10**4000 - 1, -(10**3999) + 1])
def test_the_longest_numbers_read_back_equal(number: int) -> None:
    pipeline = Pipeline(name="x", jobs={"a": Job(steps=[Step(action="a/b@v1", inputs={"x": number})])})
    for write, name in ((write_pipeline, "x.yaml"), (write_pipeline_json, "x.json")):
        assert read_pipeline(write(pipeline), name)[0] == pipeline


def test_data_that_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    pipeline = Pipeline(name="x", jobs={"a": Job(steps=[Step(action="a/b@v1", inputs={"x": loop})])})
    with pytest.raises(ModelError, match="nested too deep, or holds itself"):
        write_pipeline(pipeline)
