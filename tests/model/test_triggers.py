"""What starts a pipeline: events that match, calls that are signed, and what is refused of them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.errors import EventRefused, ModelError, PipelinesError, SignatureRefused
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model import AnnotatorButton, Event, Flow, Manual, Schedule, Triggers, Webhook

WEBHOOK = Webhook()
FORM = " send 'sha256=' and 64 hexadecimal digits, as GitHub's X-Hub-Signature-256 has them"

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=4), JSON, max_size=4)


@pytest.mark.parametrize(
    ("options", "event", "unmatched"),
    [
        ({}, {"type": "added"}, ()),
        ({}, {"type": "added", "more": 1}, ()),
        ({}, {"type": "Added"}, ("type",)),
        ({}, {}, ("type",)),
        ({"a": 1}, {"type": "added", "a": 1.0}, ()),
        ({"a": 1}, {"type": "added", "a": True}, ("a",)),
        ({"a": 1}, {"type": "added", "a": "1"}, ("a",)),
        ({"a": 1, "b": 2}, {"type": "added", "a": 2}, ("a", "b")),
        ({"a": [1, "x"]}, {"type": "added", "a": "x"}, ()),
        ({"a": [1, "x"]}, {"type": "added", "a": [1, "x"]}, ("a",)),
        ({"a": [[1, 2]]}, {"type": "added", "a": 2}, ()),
        ({"a": []}, {"type": "added", "a": 1}, ("a",)),
        ({"a": None}, {"type": "added"}, ()),
        ({"a": None}, {"type": "added", "a": None}, ()),
        ({"a": None}, {"type": "added", "a": 0}, ("a",)),
        ({"a": {"b": 1}}, {"type": "added", "a": {"b": 1, "c": 2}}, ()),
        ({"a": {"b": 1, "c": {"d": [2]}}}, {"type": "added", "a": {"c": {"d": 3}}}, ("a.b", "a.c.d")),
        ({"a": {"b": 1}}, {"type": "added", "a": 3}, ("a",)),
        ({"a": [{"b": 1}, {"b": 2}]}, {"type": "added", "a": {"b": 2, "c": 3}}, ()),
    ],
)
def test_an_event_matches_by_type_and_keys(
    options: Mapping[str, object], event: Mapping[str, object], unmatched: tuple[str, ...]
) -> None:
    trigger = Event(type="added", options=options)
    assert trigger.unmatched(event) == unmatched
    assert trigger.matches(event) == (not unmatched)


@given(OBJECTS, OBJECTS)
def test_an_event_with_more_in_it_matches_what_it_matched(wanted: dict[str, Any], more: dict[str, Any]) -> None:
    # A list wants one of its items, so that it is not what it wants.
    wanted = {key: value for key, value in wanted.items() if "[" not in json.dumps(value) and key != "type"}
    trigger = Event(type="t", options=wanted)
    assert trigger.matches({**more, **wanted, "type": "t"})


def test_an_event_that_holds_itself_matches_nothing_and_ends() -> None:
    endless: dict[str, object] = {"type": "t"}
    endless["a"] = endless
    assert not Event(type="t", options={"a": endless}).matches(endless)


def test_triggers_of_a_kind_and_those_that_an_event_starts() -> None:
    cats, all_files = Event(type="added", options={"dataset": "cats"}), Event(type="added")
    button = AnnotatorButton(name="DEXTR", flow=Flow.FOUR_POINTS)
    nightly = Schedule(cron="0 3 * * *")
    triggers = Triggers(event=[cats, all_files], annotator_button=button, schedule=[nightly])
    assert triggers.of("event") == (cats, all_files)
    assert triggers.of("schedule") == (nightly,)
    assert triggers.of("manual") == triggers.of("webhook") == ()
    assert triggers.matching("event", {"type": "added", "dataset": "cats"}) == (cats, all_files)
    assert triggers.matching("event", {"type": "added", "dataset": "dogs"}) == (all_files,)
    assert triggers.matching("annotatorButton", {"flowData": {"points": [1, 2, 3, 4]}}) == (button,)
    assert triggers.matching("webhook", {}) == ()
    with pytest.raises(ModelError) as caught:
        triggers.of("cron")
    assert str(caught.value) == (
        "there is no kind of trigger 'cron'; it is one of manual, annotatorButton, schedule, event, webhook"
    )
    with pytest.raises(ModelError) as caught:
        triggers.matching("schedule", {})
    assert str(caught.value) == "a schedule is started by the clock, and by no event; ask it by next_after"


@pytest.mark.parametrize(
    ("flow", "event", "matches"),
    [
        (Flow.TWO_POINTS, {"flowData": {"points": [[1, 2], [3, 4]]}}, True),
        (Flow.TWO_POINTS, {"flowData": {"points": [[1, 2]]}}, False),
        (Flow.FOUR_POINTS, {"flowData": {"points": [1, 2, 3, 4, 5]}}, False),
        (Flow.FOUR_POINTS, {"flowData": {"points": "1234"}}, False),
        (Flow.FOUR_POINTS, {"fileId": 7}, True),
        (Flow.FOUR_POINTS, {"flowData": 3}, True),
        (Flow.SEGMENTATION, {"flowData": {"points": [1]}}, True),
        (Flow.WHOLE_FILE, {}, True),
        (None, {"flowData": {"points": [1]}}, True),
    ],
)
def test_a_button_has_as_many_points_as_its_flow_asks_for(flow: Flow | None, event: Any, matches: bool) -> None:
    assert AnnotatorButton(flow=flow).matches(event) is matches


def test_a_form_accepts_an_event_with_its_defaults_or_says_what_does_not_fit() -> None:
    manual = Manual(form={"required": ["a"], "properties": {"a": {"type": "integer"}, "b": {"default": 2}}})
    assert manual.accepted({"a": 1, "c": 3}) == {"a": 1, "b": 2, "c": 3}
    assert manual.matches({"a": 1})
    assert not manual.matches({"b": 1})
    with pytest.raises(EventRefused) as caught:
        manual.accepted({"a": "x"})
    assert str(caught.value) == "the event's key 'a' is a string, not an integer"
    with pytest.raises(EventRefused, match=r"^the event lacks the key 'a' \(and 1 more\)$"):
        Manual(form={"required": ["a", "b"]}).accepted({})
    assert Manual().accepted({"a": 1}) == {"a": 1}
    with pytest.raises(ModelError) as wrong:
        Manual(form={"type": "strng"}).matches({})
    assert str(wrong.value) == (
        "the form is wrong: type is no type of JSON Schema, nor a list of some; "
        "write one of integer, number, string, boolean, array, object, null"
    )


def test_githubs_own_example_of_a_signature_is_right() -> None:
    body, secret = b"Hello, World!", "It's a Secret to Everybody"
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    WEBHOOK.verify(body, signature, secret)
    WEBHOOK.verify(body, signature.upper().replace("SHA", "sha"), secret.encode())
    assert WEBHOOK.signature(body, secret) == signature


@given(st.binary(max_size=300), st.text(min_size=1, max_size=20), st.binary(max_size=300), st.text(min_size=1))
def test_a_body_is_signed_by_its_own_secret_alone(body: bytes, secret: str, other: bytes, another: str) -> None:
    signature = WEBHOOK.signature(body, secret)
    key = secret.encode("utf-8", "surrogatepass")
    assert signature == "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
    WEBHOOK.verify(body, signature, secret)
    if other != body:
        with pytest.raises(SignatureRefused, match="is not that of its body"):
            WEBHOOK.verify(other, signature, secret)
    # A key of HMAC is filled up with zero bytes.
    if another.rstrip("\0") != secret.rstrip("\0"):
        with pytest.raises(SignatureRefused, match="is not that of its body"):
            WEBHOOK.verify(body, signature, another)


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        (None, "the call is not signed;" + FORM),
        ("", "the call is not signed;" + FORM),
        ("sha1=" + "0" * 40, "the signature of the call is of the wrong form;" + FORM),
        ("sha256=" + "0" * 63, "the signature of the call is of the wrong form;" + FORM),
        ("sha256=" + "0" * 64 + "\n", "the signature of the call is of the wrong form;" + FORM),
        ("sha256=" + "٠" * 64, "the signature of the call is of the wrong form;" + FORM),
        ("0" * 64, "the signature of the call is of the wrong form;" + FORM),
        (b"sha256=" + b"0" * 64, "the signature of the call is of the wrong form;" + FORM),
        ("sha256=" + "0" * 64, "the signature of the call is not that of its body; sign it with the same secret"),
    ],
)
def test_a_call_without_the_right_signature_is_refused(signature: Any, message: str) -> None:
    with pytest.raises(SignatureRefused) as caught:
        WEBHOOK.verify(b"{}", signature, "s3cret")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("body", "secret", "message"),
    [
        (b"{}", "", "the secret of a webhook is empty, or no text; give the one that the sender has"),
        (b"{}", None, "the secret of a webhook is empty, or no text; give the one that the sender has"),
        ("{}", "s", "the body is of the type str; give the bytes as they arrived"),
    ],
)
def test_a_call_can_not_be_verified_without_a_secret_or_its_bytes(body: Any, secret: Any, message: str) -> None:
    with pytest.raises(PipelinesError) as caught:
        WEBHOOK.verify(body, "sha256=" + "0" * 64, secret)
    assert not isinstance(caught.value, EventRefused)
    assert str(caught.value) == message


@given(OBJECTS)
def test_a_body_reads_back_as_its_event(event: dict[str, Any]) -> None:
    assert WEBHOOK.event(json.dumps(event).encode()) == event


@given(st.one_of(st.binary(max_size=60), st.text('{}[]":,0eE-.\\ud8tn', max_size=40).map(str.encode)))
def test_any_body_is_an_event_or_is_refused(body: bytes) -> None:
    try:
        event = WEBHOOK.event(body)
    except EventRefused as error:
        message = str(error)
    else:
        message = ""
        json.dumps(event, allow_nan=False).encode()
    assert "\n" not in message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is no JSON: a value is missing, at line 1, column 1; send JSON"),
        (b'{"a": 1,\n "b" 2}', "the body is no JSON: a ':' is missing, at line 2, column 6; send JSON"),
        (b"[1]", 'the body is JSON, but no object; send {"key": value}'),
        (b'{"a": "\xff"}', "the body is not UTF-8 text, at byte 8; send JSON"),
        (b'{"a": NaN}', "the body has NaN, which is no number of JSON; send null"),
        (b'{"a": -Infinity}', "the body has -Infinity, which is no number of JSON; send null"),
        (b'{"a": 1e999}', "the body is no JSON that can be read: a number in it is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "the body is no JSON that can be read: a number in it is too large"),
        (b'{"a": {"b": 1, "b": 2}}', "the body names a key twice in one object; send each key once"),
        (
            b'{"a": "\\ud83d"}',
            "the body is no JSON that can be used: a text in it has half a character; "
            "send both halves of each \\ud800-\\udfff",
        ),
        (b'{"a":' * 100_000, "the body nests deeper than 64 levels"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "the body nests deeper than 64 levels"),
    ],
)
def test_a_body_that_is_no_event_is_refused_without_being_shown(body: bytes, message: str) -> None:
    with pytest.raises(EventRefused) as caught:
        WEBHOOK.event(body)
    assert str(caught.value) == message


def test_the_size_of_a_body_is_bounded() -> None:
    limits = Limits(max_event_bytes=1000)
    body = json.dumps({"a": "x" * 992}).encode()
    with pytest.raises(EventRefused, match=r"^the body has more than 1,000 bytes$"):
        WEBHOOK.event(body + b" ", limits=limits)
    deep = b'{"a":' * 64 + b"1" + b"}" * 64
    assert WEBHOOK.event(deep)
    assert WEBHOOK.event(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}
