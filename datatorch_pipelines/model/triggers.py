"""What starts a pipeline: people, buttons, schedules, events, calls from outside."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

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
    """Started by the clock: ``cron`` in five fields, ``timezone`` by its IANA name (UTC unless given).

    Its times are those of cron. Where clocks are changed, a schedule whose minute or hour begins with an asterisk is
    due whenever they show a time of it. Any other is due once a day for each of its times: one that is left out comes
    when the clocks go on, and of one that comes twice the first counts.

    >>> from datetime import UTC, datetime
    >>> Schedule(cron="0 3 * * MON").next_after(datetime(2026, 11, 30, 12, tzinfo=UTC)).isoformat()
    '2026-12-07T03:00:00+00:00'
    """

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
