"""Pipelines and actions that are right: every key of the format arrives in the model."""

from __future__ import annotations

import json
import pickle

import pytest

from datatorch_pipelines.limits import DEFAULT_LIMITS
from datatorch_pipelines.model import (
    Action,
    ActionObject,
    AnnotatorButton,
    Event,
    Flow,
    Input,
    Job,
    Manual,
    Output,
    Pipeline,
    Retries,
    Runs,
    Schedule,
    Step,
    Strategy,
    Triggers,
    ValueType,
    Webhook,
)
from datatorch_pipelines.syntax import read_action, read_pipeline, yaml_reader

EVERY_KEY = """\
$schema: https://example.org/pipeline.schema.json
project: ${project}
name: Every key
env: {A: text, B: 1, C: true, D: null}
variables:
  deep: [1, {x: y}]
timeout: 90
triggers:
  manual:
    role: OWNER
    form: {type: object}
  annotatorButton:
    name: DEXTR
    icon: brain
    flow: 4-points
  schedule:
    - cron: "0 5 * * *"
      timezone: Europe/Vienna
    - cron: "* * * * *"
  event:
    - type: file.created
      folder: images
  webhook:
jobs:
  first:
    name: First
    if: ${{ event.x }}
    timeout: ${{ variables.t }}
    env: {E: f}
    outputs:
      sum: ${{ steps.add.outputs.sum }}
    strategy:
      matrix:
        size: [1, 2]
        include: [{size: 3}]
      fail-fast: false
      max-parallel: 2
    continue-on-error: ${{ true }}
    runs-on: [gpu, linux]
    steps:
      - name: Add
        id: add
        action: datatorch/add@v1
        inputs: {a: 1, b: 2.5, c: null, d: [x], e: {f: g}}
        cache: true
        if: always()
        timeout: 1.5
        idle-timeout: 2
        env: {G: h}
        continue-on-error: true
        retries: {count: 3, delay: 1, backoff: 2, exit-statuses: [1, 2]}
      - run: |
          echo one
          echo two
        shell: bash
        retries: 2
        working-directory: sub
      - action: {name: a/b, tag: v1, git: https://example.org/b.git, file: x/action.yaml}
        inputs:
  second:
    needs: first
    if: false
    runs-on: gpu
    strategy:
      matrix: ${{ fromJSON(needs.first.outputs.sizes) }}
      max-parallel: ${{ 2 }}
    steps:
      - action: ./local
"""


def every_key() -> Pipeline:
    first = Job(
        name="First",
        if_="${{ event.x }}",
        timeout="${{ variables.t }}",
        env={"E": "f"},
        outputs={"sum": "${{ steps.add.outputs.sum }}"},
        strategy=Strategy(matrix={"size": [1, 2], "include": [{"size": 3}]}, fail_fast=False, max_parallel=2),
        continue_on_error="${{ true }}",
        runs_on=["gpu", "linux"],
        steps=[
            Step(
                name="Add",
                id="add",
                action="datatorch/add@v1",
                inputs={"a": 1, "b": 2.5, "c": None, "d": ["x"], "e": {"f": "g"}},
                cache=True,
                if_="always()",
                timeout=1.5,
                idle_timeout=2,
                env={"G": "h"},
                continue_on_error=True,
                retries=Retries(count=3, delay=1, backoff=2, exit_statuses=(1, 2)),
            ),
            Step(run="echo one\necho two\n", shell="bash", retries=2, working_directory="sub"),
            Step(action=ActionObject(name="a/b", tag="v1", git="https://example.org/b.git", file="x/action.yaml")),
        ],
    )
    second = Job(
        needs=["first"],
        if_=False,
        runs_on="gpu",
        strategy=Strategy(matrix="${{ fromJSON(needs.first.outputs.sizes) }}", max_parallel="${{ 2 }}"),
        steps=[Step(action="./local")],
    )
    return Pipeline(
        schema="https://example.org/pipeline.schema.json",
        project="${project}",
        name="Every key",
        env={"A": "text", "B": 1, "C": True, "D": None},
        variables={"deep": [1, {"x": "y"}]},
        timeout=90,
        triggers=Triggers(
            manual=Manual(role="OWNER", form={"type": "object"}),
            annotator_button=AnnotatorButton(name="DEXTR", icon="brain", flow=Flow.FOUR_POINTS),
            schedule=[Schedule(cron="0 5 * * *", timezone="Europe/Vienna"), Schedule(cron="* * * * *")],
            event=[Event(type="file.created", options={"folder": "images"})],
            webhook=Webhook(),
        ),
        jobs={"first": first, "second": second},
    )


def test_every_key_of_a_pipeline_arrives() -> None:
    assert read_pipeline(EVERY_KEY, "p.yaml") == (every_key(), [])


def test_the_same_pipeline_as_json_is_equal() -> None:
    from ruamel.yaml import YAML

    data = YAML(typ="safe", pure=True).load(EVERY_KEY)
    assert read_pipeline(json.dumps(data), "p.json") == (every_key(), [])
    assert read_pipeline(json.dumps(data), "p.yaml") == (every_key(), [])


def test_whole_floats_are_counts() -> None:
    text = '{"name": "x", "jobs": {"a": {"steps": [{"run": "x", "retries": 2.0}]}}}'
    pipeline, _ = read_pipeline(text, "p.json")
    assert pipeline is not None
    assert repr(pipeline.jobs["a"].steps[0].retries) == "Retries(count=2, delay=0.0, backoff=1.0, exit_statuses=())"


def test_a_trigger_that_is_named_without_a_value_is_there() -> None:
    text = "name: x\ntriggers:\n  manual:\n  webhook: {}\njobs: {a: {steps: [{run: x}]}}\n"
    pipeline, _ = read_pipeline(text, "p.yaml")
    assert pipeline is not None
    assert pipeline.triggers == Triggers(manual=Manual(), webhook=Webhook())


def test_a_pipeline_knows_where_its_parts_stand_and_survives_pickling() -> None:
    pipeline, _ = read_pipeline(EVERY_KEY, "p.yaml")
    copy = pickle.loads(pickle.dumps(pipeline))
    assert copy == pipeline
    for each in (pipeline, copy):
        place = each.source.value(("jobs", "first", "steps", 0, "action"))
        assert str(place) == "p.yaml:43:17"
        assert each.source.line_text(43) == "        action: datatorch/add@v1"


EVERY_ACTION_KEY = """\
$schema: https://example.org/action.schema.json
name: Every key
description: >
  Folded
  text.
author: Somebody
cache: true
inputs:
  a:
    type: integer
    required: true
    description: First
    deprecationMessage: use b
    options: [1, 2]
  b:
    type: string
    default: null
    multiline: true
  c:
outputs:
  sum: {type: number, description: The sum, options: [x], multiline: true}
  other:
env:
  TOKEN: {description: Why}
  HOME:
runs:
  using: docker
  image: alpine:3
  entrypoint: /bin/sh
  args: [-c, "true"]
"""


def test_every_key_of_an_action_arrives() -> None:
    action = Action(
        schema="https://example.org/action.schema.json",
        name="Every key",
        description="Folded text.\n",
        author="Somebody",
        cache=True,
        inputs={
            "a": Input(
                type=ValueType.INTEGER,
                required=True,
                description="First",
                deprecation_message="use b",
                options=(1, 2),
            ),
            "b": Input(type=ValueType.STRING, multiline=True),
            "c": Input(),
        },
        outputs={
            "sum": Output(type=ValueType.NUMBER, description="The sum", options=("x",), multiline=True),
            "other": Output(),
        },
        env={"TOKEN": "Why", "HOME": None},
        runs=Runs(using="docker", image="alpine:3", entrypoint="/bin/sh", args=("-c", "true")),
    )
    assert read_action(EVERY_ACTION_KEY, "action-datatorch.yaml") == (action, [])


@pytest.mark.parametrize(
    "runs",
    [
        "{using: python, main: a.py}",
        "{using: node, main: a.js}",
        "{using: cmd, command: echo}",
        "{using: commandline, command: echo}",
        "{using: script, script: echo}",
        "{using: script, main: a.sh}",
        "{using: shell, script: echo}",
        "{using: docker, image: alpine}",
        "{using: human}",
        "{using: julia, main: a.jl}",
    ],
)
def test_every_way_to_run_is_known(runs: str) -> None:
    action, diagnostics = read_action(f"name: x\nruns: {runs}\n", "a.yaml", extra_using=frozenset({"julia"}))
    assert not diagnostics
    assert action is not None


def test_an_unknown_way_to_run_offers_the_extra_ones() -> None:
    _, (found,) = read_action("name: x\nruns: {using: jluia}\n", "a.yaml", extra_using=frozenset({"julia"}))
    assert str(found) == "a.yaml:2:15: error: no runtime is called 'jluia' [DT204]; did you mean 'julia'?"


def test_an_action_with_unknown_keys_loads_with_warnings() -> None:
    text = "name: x\nbranding: {icon: y}\nruns: {using: human, pre: z}\n"
    action, diagnostics = read_action(text, "a.yaml")
    assert action is not None
    assert [(d.code, d.severity, d.line, d.column) for d in diagnostics] == [
        ("DT202", "warning", 2, 1),
        ("DT202", "warning", 3, 22),
    ]


def test_an_error_in_an_aliased_step_is_told_once() -> None:
    text = "name: x\njobs:\n  a: &job\n    steps:\n      - &s {run: x, bad: 1}\n      - *s\n  b: *job\n"
    pipeline, diagnostics = read_pipeline(text, "p.yaml")
    assert pipeline is None
    assert [(d.code, d.line, d.column) for d in diagnostics] == [("DT202", 5, 21)]


@pytest.mark.parametrize("text", [EVERY_KEY, EVERY_KEY.replace("\n", "\r\n"), EVERY_ACTION_KEY])
def test_without_the_c_parser_data_and_positions_are_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = yaml_reader.read_yaml(text, DEFAULT_LIMITS)
    monkeypatch.setattr(yaml_reader, "HAS_FAST_PARSER", False)
    slow = yaml_reader.read_yaml(text, DEFAULT_LIMITS)
    assert slow.data == fast.data
    assert slow.marks[2::3] == fast.marks[2::3]
    # Where nothing is written, the parsers disagree on where it is not.
    for at in range(0, len(fast.marks), 3):
        assert slow.marks[at] == fast.marks[at] or fast.marks[at] == fast.marks[at + 1]
