"""What starts a pipeline: people, buttons, schedules, events, calls from outside."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from attrs import field, frozen

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from datetime import datetime


class Flow(enum.StrEnum):
    """What the annotator asks for before it starts a pipeline (DataTorch documentation, "Triggers")."""

    TWO_POINTS = "2-points"
    FOUR_POINTS = "4-points"
    SEGMENTATION = "segmentation"
    WHOLE_FILE = "whole-file"


@frozen(kw_only=True)
class Manual:
    """Started by a person: ``role`` may start it, ``form`` is the JSON Schema of what is asked.

    Who has a role is known to whoever embeds the library, and it is for them to let start it only those who have.

    >>> Manual(form={"properties": {"age": {"type": "integer"}}}).matches({"age": "7"})
    False
    """

    kind: ClassVar[str] = "manual"
    role: str | None = None
    form: Mapping[str, object] | None = None

    def matches(self, event: Mapping[str, object]) -> bool:
        """Whether an event fits the form. Raises `ModelError` for a form that is wrong."""
        from datatorch_pipelines.errors import EventRefused

        try:
            self.accepted(event)
        except EventRefused:
            return False
        return True

    def accepted(self, event: Mapping[str, object]) -> dict[str, object]:
        """The event with the form's defaults for the keys that it lacks, as a run has it.

        Raises `EventRefused` with the key of an event that doesn't fit, and `ModelError` for a form that is wrong.
        """
        from datatorch_pipelines.model.matching import accepted

        return accepted(self.form, event)


@frozen(kw_only=True)
class AnnotatorButton:
    """A button in the annotator."""

    kind: ClassVar[str] = "annotatorButton"
    name: str | None = None
    icon: str | None = None
    flow: Flow | None = field(default=None)

    def matches(self, event: Mapping[str, object]) -> bool:
        """Whether the points of an event, ``flowData.points``, are as many as the flow asks for, where it has some."""
        from datatorch_pipelines.model.matching import points_misfit

        return points_misfit(self.flow, event) is None


@frozen(kw_only=True)
class Schedule:
    """Started by the clock: ``cron`` in five fields, ``timezone`` by its IANA name (UTC unless given).

    Its times are those of cron. Where clocks are changed, a schedule whose minute or hour begins with an asterisk is
    due whenever they show a time of it. Any other is due once a day for each of its times: one that is left out comes
    when the clocks go on, and of one that comes twice the first counts.

    >>> from datetime import UTC, datetime
    >>> Schedule(cron="0 3 * * MON").next_after(datetime(2026, 11, 30, 12, tzinfo=UTC)).isoformat()
    '2026-12-07T03:00:00+00:00'
    """

    kind: ClassVar[str] = "schedule"
    cron: str
    timezone: str | None = None

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after ``moment`` at which it is due, in its own zone.

        ``None`` where that is later than the year 9999. Raises `ModelError` for a cron expression that can't be read or
        never comes (30 February), for a zone that there is none of, and for a ``moment`` without a time zone.
        """
        return next(self.times_after(moment), None)

    def times_after(self, moment: datetime) -> Iterator[datetime]:
        """All times after ``moment`` at which it is due, in order; raises what `next_after` does."""
        from datatorch_pipelines.model.cron import Cron
        from datatorch_pipelines.model.due import times_after, zone_of

        return times_after(Cron.parse(self.cron), moment, zone_of(self.timezone))

    def is_due(self, moment: datetime) -> bool:
        """Whether it is due in the minute of ``moment``, for who looks once a minute; raises what `next_after` does."""
        from datetime import UTC, timedelta

        second = timedelta(seconds=1)
        for due in self.times_after(moment.astimezone(UTC) - 60 * second if moment.tzinfo else moment):
            return due.astimezone(UTC) <= moment
        return False


@frozen(kw_only=True)
class Event:
    """Started by an event of the platform; ``options`` holds the keys beside ``type``.

    >>> Event(type="added", options={"dataset": ["cats", "dogs"]}).matches({"type": "added", "dataset": "cats"})
    True
    """

    kind: ClassVar[str] = "event"
    type: str
    options: Mapping[str, object] = field(factory=dict)

    def matches(self, event: Mapping[str, object]) -> bool:
        """Whether an event is of this type, and has what the options want.

        Each option names a key of the event and the value that it must have. A list gives several, of which one will
        do; a mapping wants what is in it of the event's mapping; null wants null or nothing.
        """
        return not self.unmatched(event)

    def unmatched(self, event: Mapping[str, object]) -> tuple[str, ...]:
        """The keys of an event that are not as wanted, with dots for those in mappings."""
        from datatorch_pipelines.model.matching import unmatched

        return unmatched({"type": self.type, **self.options}, event)


@frozen(kw_only=True)
class Webhook:
    """Started by a call from outside, whose body is the event.

    >>> webhook = Webhook()
    >>> body = b'{"fileId": 7}'
    >>> webhook.verify(body, webhook.signature(body, "secret"), "secret")
    >>> webhook.event(body)
    {'fileId': 7}
    """

    kind: ClassVar[str] = "webhook"

    def matches(self, event: Mapping[str, object]) -> bool:
        """Any call will do: who may call is decided by `verify`."""
        return True

    def verify(self, body: bytes, signature: str | None, secret: str | bytes) -> None:
        """Makes sure that a body comes from who knows the secret.

        ``body`` is what arrived, byte by byte; ``signature`` is a header such as GitHub's ``X-Hub-Signature-256``,
        ``sha256=`` and the HMAC in hexadecimal digits, ``None`` for none. The comparison takes the same time for each.
        Raises `SignatureRefused`, and `PipelinesError` for an empty secret.
        """
        from datatorch_pipelines.model.webhooks import verify

        verify(body, signature, secret)

    def signature(self, body: bytes, secret: str | bytes) -> str:
        """The signature that `verify` wants, for who sends. Raises `PipelinesError` for an empty secret."""
        from datatorch_pipelines.model.webhooks import signature_of

        return signature_of(body, secret)

    def event(self, body: bytes, *, limits: Limits = DEFAULT_LIMITS) -> dict[str, object]:
        """The event in a body: one JSON object in UTF-8. Raises `EventRefused` for anything else."""
        from datatorch_pipelines.model.webhooks import event_in

        return event_in(body, limits)


def _schedules(value: Iterable[Schedule]) -> tuple[Schedule, ...]:
    return tuple(value)


def _events(value: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(value)


Trigger = Manual | AnnotatorButton | Schedule | Event | Webhook
"""One thing that starts a pipeline."""

KINDS = ("manual", "annotatorButton", "schedule", "event", "webhook")
"""The kinds of triggers, as the format calls them."""


@frozen(kw_only=True)
class Triggers:
    """All that starts a pipeline; what is ``None`` or empty doesn't.

    >>> triggers = Triggers(event=[Event(type="file-added"), Event(type="file-removed")])
    >>> triggers.matching("event", {"type": "file-added", "fileId": 7})
    (Event(type='file-added', options={}),)
    """

    manual: Manual | None = None
    annotator_button: AnnotatorButton | None = None
    schedule: tuple[Schedule, ...] = field(default=(), converter=_schedules)
    event: tuple[Event, ...] = field(default=(), converter=_events)
    webhook: Webhook | None = None

    def of(self, kind: str) -> tuple[Trigger, ...]:
        """The triggers of a kind (``"manual"``, ``"annotatorButton"``, ``"schedule"``, ``"event"``, ``"webhook"``).

        Raises `ModelError` for a kind that there is none of.
        """
        if kind not in KINDS:
            raise ModelError(f"there is no kind of trigger {kind!r}", hint=f"it is one of {', '.join(KINDS)}")
        each = (self.manual, self.annotator_button, *self.schedule, *self.event, self.webhook)
        return tuple(trigger for trigger in each if trigger is not None and trigger.kind == kind)

    def matching(self, kind: str, event: Mapping[str, object]) -> tuple[Trigger, ...]:
        """The triggers of a kind that an event starts.

        An event doesn't say whether it came by a button, by a call or from the platform; who got it knows. Raises
        `ModelError` for schedules, which no event starts, and for a form that is wrong.
        """
        if kind == "schedule":
            raise ModelError("a schedule is started by the clock, and by no event", hint="ask it by next_after")
        return tuple(item for item in self.of(kind) if not isinstance(item, Schedule) and item.matches(event))
