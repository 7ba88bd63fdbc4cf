"""The times at which a schedule is due, over the changes of the clocks in its zone.

The rule is that of cron as Vixie wrote it and Debian keeps it. A schedule whose minute or hour begins with an asterisk
is due whenever its zone's clocks show a time of it: never in an hour that is left out, twice in one that comes twice.
Any other is due once a day for each of its times: one that is left out comes when the clocks go on, and of one that
comes twice the first counts.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.model.cron import Cron

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


def zone_of(name: str | None) -> tzinfo:
    """A time zone by its IANA name; UTC unless given. Raises `ModelError` for one that there is none of."""
    if name is None or name == "UTC":
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = "write a name of the IANA database, such as Europe/Berlin or UTC"
        raise ModelError(f"there is no time zone {name[:60]!r}", hint=hint) from error


def times_after(cron: Cron, moment: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The times after a moment at which a schedule is due, in order and in its zone, until the year 9999.

    Raises `ModelError` for a moment without a time zone.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        hint = "give it one, as in datetime.now(UTC)"
        raise ModelError(f"the time {moment.isoformat(sep=' ')} has no time zone", hint=hint)
    try:
        local = moment.astimezone(zone)
    except OverflowError:  # the first or the last day that there is
        return iter(())
    return _until_the_end(_by_time(cron, local, zone) if cron.recurring else _by_clock(cron, local, zone))


def _until_the_end(times: Iterator[datetime]) -> Iterator[datetime]:
    try:
        yield from times
    except OverflowError:  # no datetime is later
        return


def _by_clock(cron: Cron, moment: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The times that clocks show, each once a day."""
    instant = moment.astimezone(UTC)
    hours, minutes = sorted(cron.hours), sorted(cron.minutes)
    # Where a whole day is left out, its times come on the next one.
    for day in _days(cron, max(moment.date(), date.min + 2 * _DAY) - 2 * _DAY):
        for hour in hours:
            for minute in minutes:
                found = _shown(datetime.combine(day, time(hour, minute)), zone)
                at = found.astimezone(UTC)
                if at > instant:
                    instant = at
                    yield found


def _shown(clock: datetime, zone: tzinfo) -> datetime:
    """When clocks first show a time or, where it is left out, the first minute that they show after it."""
    while True:
        found = clock.replace(tzinfo=zone)
        if found.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == clock:
            return found
        clock += _MINUTE


def _by_time(cron: Cron, moment: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Each minute that passes while clocks show a time of the schedule."""
    local = _whole(moment, zone)
    while True:
        if not cron.is_on(local.date()):
            # No zone is further than a day from UTC.
            first = datetime.combine(next(_days(cron, local.date() + _DAY)), time(), UTC) - _DAY
            if first > local.astimezone(UTC):
                local = _whole((first - _MINUTE).astimezone(zone), zone)
                continue
            local = _later(local, 60 - local.minute, zone)
        elif local.hour not in cron.hours:
            local = _later(local, 60 - local.minute, zone)
        elif local.minute not in cron.minutes:
            following = (minute for minute in cron.minutes if minute > local.minute)
            local = _later(local, min(following, default=60) - local.minute, zone)
        else:
            yield local
            local = _whole(local, zone)


def _whole(local: datetime, zone: tzinfo) -> datetime:
    """The first whole minute after a time; zones have had seconds, so that it is their clocks that count."""
    past = timedelta(seconds=local.second, microseconds=local.microsecond)
    found = (local.astimezone(UTC) + _MINUTE - past).astimezone(zone)
    return found if found.second == 0 else _whole(found, zone)


def _later(local: datetime, minutes: int, zone: tzinfo) -> datetime:
    """The time some minutes later, or the next minute where clocks are changed in between."""
    found = (local.astimezone(UTC) + minutes * _MINUTE).astimezone(zone)
    return found if found.utcoffset() == local.utcoffset() else _whole(local, zone)


def _days(cron: Cron, day: date) -> Iterator[date]:
    """The days from one on at which a schedule is due at some time."""
    while True:
        if cron.is_on(day):
            yield day
        elif day.month not in cron.months:
            # Sets the last day of a month, whose next day is tried.
            day = (day.replace(day=1) + 32 * _DAY).replace(day=1) - _DAY
        day += _DAY
