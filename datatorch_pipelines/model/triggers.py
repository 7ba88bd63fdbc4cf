"""What starts a pipeline: people, buttons, schedules, events, calls from outside."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

from attrs import field, frozen


class Flow(enum.StrEnum):
    """What the annotator asks for before it starts a pipeline (DataTorch documentation, "Triggers")."""

    TWO_POINTS = "2-points"
    FOUR_POINTS = "4-points"
    SEGMENTATION = "segmentation"
    WHOLE_FILE = "whole-file"


@frozen(kw_only=True)
class Manual:
    """Started by a person: ``role`` may start it, ``form`` is the JSON Schema of what is asked."""

    role: str | None = None
    form: Mapping[str, object] | None = None


@frozen(kw_only=True)
class AnnotatorButton:
    """A button in the annotator."""

    name: str | None = None
    icon: str | None = None
    flow: Flow | None = field(default=None)


@frozen(kw_only=True)
class Schedule:
    """Started by the clock: ``cron`` in five fields, ``timezone`` by its IANA name (UTC unless given)."""

    cron: str
    timezone: str | None = None


@frozen(kw_only=True)
class Event:
    """Started by an event of the platform; ``options`` holds the keys beside ``type``."""

    type: str
    options: Mapping[str, object] = field(factory=dict)


@frozen(kw_only=True)
class Webhook:
    """Started by a call from outside."""


def _schedules(value: Iterable[Schedule]) -> tuple[Schedule, ...]:
    return tuple(value)


def _events(value: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Triggers:
    """All that starts a pipeline; what is ``None`` or empty doesn't."""

    manual: Manual | None = None
    annotator_button: AnnotatorButton | None = None
    schedule: tuple[Schedule, ...] = field(default=(), converter=_schedules)
    event: tuple[Event, ...] = field(default=(), converter=_events)
    webhook: Webhook | None = None


Trigger = Manual | AnnotatorButton | Schedule | Event | Webhook
"""One thing that starts a pipeline."""
