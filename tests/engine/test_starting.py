"""What starts a run is handed to it; a trigger or an event that doesn't fit the pipeline is refused at its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.model import AnnotatorButton, Event, Manual, Schedule, Triggers, Webhook

TEXT = """\
name: Ask
triggers:
  manual:
    role: OWNER
    form:
      type: object
      required: [name]
      additionalProperties: false
      properties:
        name: {type: string, minLength: 2}
        age:
          type: integer
          default: 3
        place:
          properties:
            city: {enum: [Bonn, Rome]}
  schedule:
    - cron: '0 3 * * *'
    - {cron: '0 4 * * *', timezone: Europe/Berlin}
  event:
    - type: file-added
      dataset: [cats, dogs]
      file: {kind: png}
    - type: file-removed
  annotatorButton: {name: Dex, flow: 4-points}
jobs:
  a:
    steps:
      - name: Tell
        env: {TRIGGER: "${{ toJSON(trigger) }}", EVENT: "${{ toJSON(event) }}"}
        run: echo "$TRIGGER" >trigger.json; echo "$EVENT" | tr -d '\\n'; cat trigger.json | tr -d '\\n'
      - name: Say
        env: {TRIGGER: "${{ toJSON(trigger) }}"}
        run: printf '%s' "$TRIGGER"
"""
FILE_ADDED = {"type": "file-added", "dataset": "cats", "file": {"kind": "png", "size": 3}}


def seen(project: Any, **arguments: object) -> dict[str, Any]:
    """The context ``trigger`` of a run."""
    result = project.run(TEXT, **arguments)
    assert result.succeeded, result.error
    found: dict[str, Any] = json.loads(result.jobs["a"].step("Say").stdout)
    return found


@pytest.mark.parametrize(
    ("trigger", "event", "context"),
    [
        ("manual", {"name": "Tom"}, {"type": "manual", "role": "OWNER", "event": {"name": "Tom", "age": 3}}),
        (
            {"type": "manual", "user": "ada"},
            {"name": "Tom", "age": 9},
            {"type": "manual", "role": "OWNER", "user": "ada", "event": {"name": "Tom", "age": 9}},
        ),
        ("schedule", None, {"type": "schedule", "event": {}}),
        (
            {"type": "schedule", "cron": "0 4 * * *"},
            None,
            {"type": "schedule", "cron": "0 4 * * *", "timezone": "Europe/Berlin", "event": {}},
        ),
        (
            Schedule(cron="0 3 * * *"),
            None,
            {"type": "schedule", "cron": "0 3 * * *", "timezone": "UTC", "event": {}},
        ),
        (
            "event",
            FILE_ADDED,
            {
                "type": "event",
                "name": "file-added",
                "options": {"dataset": ["cats", "dogs"], "file": {"kind": "png"}},
                "event": FILE_ADDED,
            },
        ),
        (
            Event(type="file-removed"),
            {"type": "file-removed"},
            {"type": "event", "name": "file-removed", "options": {}, "event": {"type": "file-removed"}},
        ),
        (
            "annotatorButton",
            {"flowData": {"points": [1, 2, 3, 4]}},
            {
                "type": "annotatorButton",
                "name": "Dex",
                "icon": None,
                "flow": "4-points",
                "event": {"flowData": {"points": [1, 2, 3, 4]}},
            },
        ),
        (None, {"name": 7}, {}),
        ({}, {"name": 7}, {}),
    ],
)
def test_a_run_is_handed_what_started_it(project, trigger: Any, event: Any, context: dict[str, Any]) -> None:
    assert seen(project, trigger=trigger, event=event) == context


def test_the_event_of_a_run_has_the_defaults_of_the_form(project) -> None:
    result = project.run(TEXT, trigger="manual", event={"name": "Tom"})
    assert json.loads(result.jobs["a"].step("Tell").stdout.split("}{")[0] + "}") == {"name": "Tom", "age": 3}


def test_each_key_that_does_not_fit_the_form_is_told_at_the_place_that_says_so(project) -> None:
    event = {"age": "secret", "nme": 1, "place": {"city": "secret"}}
    assert project.refusal(TEXT, trigger="manual", event=event) == [
        "pipeline.yaml:7:17: error: the event lacks the key 'name' [DT222]",
        "pipeline.yaml:8:29: error: the event has a key 'nme' that the form does not have [DT222]; "
        "did you mean 'name'?",
        "pipeline.yaml:12:17: error: the event's key 'age' is a string, not an integer [DT222]",
        "pipeline.yaml:16:26: error: the event's key 'place.city' is not one of 'Bonn', 'Rome' [DT222]",
    ]


def test_an_event_that_its_trigger_does_not_wait_for_is_refused_with_its_keys(project) -> None:
    event = {"type": "file-added", "dataset": "cows", "file": {"kind": "gif"}}
    assert project.refusal(TEXT, trigger="event", event=event) == [
        "pipeline.yaml:22:16: error: the event's key 'dataset' is not what the trigger waits for [DT222]; "
        "it waits for 'cats' or 'dogs'",
        "pipeline.yaml:23:20: error: the event's key 'file.kind' is not what the trigger waits for [DT222]",
    ]
    assert project.refusal(TEXT, trigger=Event(type="file-removed"), event={}) == [
        "pipeline.yaml:24:13: error: the event's key 'type' is not what the trigger waits for [DT222]; "
        "it waits for 'file-removed'",
    ]
    assert project.refusal(TEXT, trigger="event", event={"type": "file-changed"}) == [
        "pipeline.yaml:20:3: error: the event fits none of the pipeline's 2 triggers of the kind event [DT222]; "
        "they wait for 'file-added', 'file-removed'",
    ]


def test_the_points_of_a_button_are_as_many_as_its_flow_asks_for(project) -> None:
    event = {"flowData": {"points": [[1, 2]]}}
    assert project.refusal(TEXT, trigger="annotatorButton", event=event) == [
        "pipeline.yaml:25:38: error: the event's key 'flowData.points' has 1 point, not 4 [DT222]; "
        "the flow 4-points asks for them"
    ]


@pytest.mark.parametrize(
    ("trigger", "message"),
    [
        (
            "webhook",
            "2:1: error: the pipeline has no trigger webhook [DT221]; "
            "it has manual, annotatorButton, schedule and event",
        ),
        (
            Webhook(),
            "2:1: error: the pipeline has no trigger webhook [DT221]; "
            "it has manual, annotatorButton, schedule and event",
        ),
        (
            {"type": "schedule", "cron": "0 5 * * *"},
            "17:3: error: the pipeline has no trigger schedule with the cron '0 5 * * *' [DT221]; "
            "it has '0 3 * * *' or '0 4 * * *'",
        ),
        (
            Schedule(cron="0 4 * * *"),
            "17:3: error: the pipeline has no trigger schedule with the timezone 'UTC' [DT221]; it has 'Europe/Berlin'",
        ),
        (
            Manual(role="USER"),
            "3:3: error: the pipeline has no trigger manual with the role 'USER' [DT221]; it has 'OWNER'",
        ),
        (
            AnnotatorButton(name="Dex"),
            "25:3: error: the pipeline has no trigger annotatorButton with the flow null [DT221]; it has '4-points'",
        ),
    ],
)
def test_a_trigger_that_the_pipeline_does_not_have_is_refused_where_its_triggers_are(
    project, trigger: Any, message: str
) -> None:
    assert project.refusal(TEXT, trigger=trigger, event={"name": "Tom"}) == [f"pipeline.yaml:{message}"]


def test_a_pipeline_without_triggers_is_refused_at_its_name(project) -> None:
    text = "project: 3\nname: None\njobs: {a: {steps: [{run: 'true'}]}}\n"
    assert project.refusal(text, trigger="manual") == [
        "pipeline.yaml:2:7: error: the pipeline has no trigger manual [DT221]; "
        "write 'triggers: {manual: ...}', or leave trigger out"
    ]
    assert project.run(text).succeeded


@pytest.mark.parametrize(
    ("trigger", "message"),
    [
        ("manuel", "there is no kind of trigger 'manuel'; did you mean 'manual'?"),
        (
            "cron",
            "there is no kind of trigger 'cron'; it is one of manual, annotatorButton, schedule, event or webhook",
        ),
        (
            3,
            "trigger is of the type int; give a trigger of the pipeline, one of manual, annotatorButton, schedule, "
            "event or webhook, or a mapping with 'type'",
        ),
        (
            {"cron": "0 3 * * *"},
            "trigger is a mapping without 'type'; give a trigger of the pipeline, one of manual, annotatorButton, "
            "schedule, event or webhook, or a mapping with 'type'",
        ),
        ({"type": "manual", "event": {}}, "trigger has a key 'event'; give the event by itself, as event"),
    ],
)
def test_what_is_no_trigger_at_all_is_refused(project, trigger: Any, message: str) -> None:
    with pytest.raises(dtp.PipelinesError) as caught:
        project.run(TEXT, trigger=trigger)
    assert str(caught.value) == message
    assert not project.runs.exists()


def test_a_pipeline_that_is_built_in_python_is_held_to_its_form_as_well() -> None:
    form = {"properties": {"n": {"maximum": 5}}}
    pipeline = dtp.Pipeline(
        name="Built",
        jobs={"a": dtp.Job(steps=[dtp.Step(run="true")])},
        triggers=Triggers(manual=Manual(form=form), webhook=Webhook()),
    )
    with pytest.raises(dtp.PlanError) as caught:
        pipeline.plan(trigger=Manual(form=form), event={"n": 6})
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("DT222", "the event's key 'n' is more than 5")
    assert found.location.line > 1
    assert pipeline.plan(trigger="webhook", event={"n": 6}).jobs


def test_a_form_that_is_wrong_is_told_and_no_event_is_held_against_it(project) -> None:
    text = "name: W\ntriggers: {manual: {form: {required: name}}}\njobs: {a: {steps: [{run: 'true'}]}}\n"
    assert project.refusal(text, trigger="manual", event={}) == [
        "pipeline.yaml:2:38: error: required is no list of names [DT220]; "
        "write the names of the keys that are needed, in the mapping that has the keys"
    ]


def test_a_run_that_goes_on_has_the_trigger_and_the_event_that_it_began_with(project) -> None:
    text = (
        TEXT
        + "      - run: test -e ../../../../go || test -e $GO\n        env: {GO: '"
        + str(project.folder / "go")
        + "'}\n"
    )
    first = project.run(text, trigger={"type": "manual", "user": "ada"}, event={"name": "Tom"})
    assert not first.succeeded
    (project.folder / "go").touch()
    again = dtp.resume(first)
    assert again.succeeded
    assert json.loads(again.jobs["a"].step("Say").stdout) == {
        "type": "manual",
        "role": "OWNER",
        "user": "ada",
        "event": {"name": "Tom", "age": 3},
    }
