"""When schedules are due, over the changes of clocks; compared with another library that keeps cron's rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.model import Schedule
from datatorch_pipelines.model.cron import Cron, CronError

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",  # left out midnight
    "Asia/Kolkata",
    "Pacific/Apia",  # left out 30 December 2011
    "Africa/Casablanca",
]
EARLY_ZONES = ["America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca"]
"""Where midnight was left out, of which the other library takes times that no clock showed."""
ODD_ZONES = [
    "Australia/Lord_Howe",  # changes its clocks by half an hour
    "America/St_Johns",  # changed them at a minute past midnight
]
FIRST, LAST = datetime.fromisoformat("2009-01-01"), datetime.fromisoformat("2037-01-01")


def moments(*zones: str) -> st.SearchStrategy[datetime]:
    return st.datetimes(FIRST, LAST, timezones=st.sampled_from(zones).map(ZoneInfo))


def item(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    step = st.integers(1, high).map(lambda by: f"*/{by}")
    return st.one_of(st.just("*"), number.map(str), span, step, st.tuples(number, number).map("{0[0]},{0[1]}".format))


EXPRESSIONS = st.tuples(item(0, 59), item(0, 23), item(1, 31), item(1, 12), item(0, 6)).map(" ".join)
OFTEN = st.tuples(item(0, 59), item(0, 23), st.just("*"), st.just("*"), st.just("*")).map(" ".join)


def due(cron: str, zone: str, after: str, count: int = 3) -> list[str]:
    moment = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone))
    times = islice(Schedule(cron=cron, timezone=zone).times_after(moment), count)
    return [time.isoformat(timespec="minutes") for time in times]


@given(st.one_of(EXPRESSIONS, OFTEN), moments(*ZONES))
def test_a_schedule_is_due_when_another_library_says_so(text: str, moment: datetime) -> None:
    try:
        cron = Cron.parse(text)
        theirs = CronSim(text, moment)
    except (CronError, CronSimError):
        return
    if cron.recurring and str(moment.tzinfo) in EARLY_ZONES:
        return
    expected = [time.astimezone(UTC) for time in islice(theirs, 4)]
    # What the other library says of a moment in an hour that comes twice may be before that moment.
    expected = [time for time in expected if time > moment.astimezone(UTC)]
    schedule = Schedule(cron=text, timezone=str(moment.tzinfo))
    found = list(islice(schedule.times_after(moment), len(expected)))
    assert [time.astimezone(UTC) for time in found] == expected


@given(OFTEN, moments(*ZONES, *ODD_ZONES))
def test_a_recurring_schedule_is_due_in_every_minute_that_clocks_show_and_in_no_other(
    text: str, moment: datetime
) -> None:
    cron, zone = Cron.parse(text), moment.tzinfo
    if not cron.recurring:
        return
    found = Schedule(cron=text, timezone=str(zone)).next_after(moment)
    assert found is not None
    assert found > moment
    minute = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute < found:
        shown = minute.astimezone(zone)
        assert not (shown.hour in cron.hours and shown.minute in cron.minutes), shown
        minute += timedelta(minutes=1)
    assert found.hour in cron.hours
    assert found.minute in cron.minutes
    assert found.second == found.microsecond == 0


@given(st.one_of(EXPRESSIONS, OFTEN), moments(*ZONES, *ODD_ZONES))
def test_times_are_in_order_and_the_next_of_each_is_the_one_behind_it(text: str, moment: datetime) -> None:
    try:
        Cron.parse(text)
    except CronError:
        return
    schedule = Schedule(cron=text, timezone=str(moment.tzinfo))
    times = list(islice(schedule.times_after(moment), 4))
    instants = [time.astimezone(UTC) for time in times]
    assert instants == sorted(set(instants))
    assert instants[0] > moment.astimezone(UTC)
    for earlier, later in pairwise(times):
        assert schedule.next_after(earlier) == later
        assert schedule.is_due(later)
        assert schedule.is_due(later.astimezone(UTC) + timedelta(seconds=59))


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # 02:00 to 03:00 is left out.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]),
        ("15,45 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["2026-03-29T03:00+02:00", "2026-03-30T02:15+02:00"]),
        ("0 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00", ["2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"]),
        ("30 * * * *", "Europe/Berlin", "2026-03-29T01:00", ["2026-03-29T01:30+01:00", "2026-03-29T03:30+02:00"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["2026-03-30T02:00+02:00", "2026-03-30T02:30+02:00"]),
        # 02:00 to 03:00 comes twice.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
        ("30 * * * *", "Europe/Berlin", "2026-10-25T02:00", ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-10-25T02:00", ["2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00"]),
        ("30 1 * * *", "America/New_York", "2026-11-01T00:00", ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"]),
        # Half an hour comes twice.
        (
            "*/15 2 * * *",
            "Australia/Lord_Howe",
            "2018-04-01T01:15",
            ["2018-04-01T02:00+10:30", "2018-04-01T02:15+10:30"],
        ),
        ("45 1 * * *", "Australia/Lord_Howe", "2018-04-01T01:00", ["2018-04-01T01:45+11:00", "2018-04-02T01:45+10:30"]),
        # A midnight, and a whole day, are left out.
        ("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00", ["2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"]),
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-29T13:00", ["2011-12-31T00:00+14:00", "2012-12-30T12:00+14:00"]),
        # Days.
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00", ["2028-02-29T00:00+00:00", "2032-02-29T00:00+00:00"]),
        ("0 0 29 2 */7", "UTC", "2072-02-29T00:00", ["2088-02-29T00:00+00:00", "2128-02-29T00:00+00:00"]),
        ("0 0 13 * FRI", "UTC", "2026-02-06T00:00", ["2026-02-13T00:00+00:00", "2026-02-20T00:00+00:00"]),
        ("0 0 31 * *", "UTC", "2026-03-31T00:00", ["2026-05-31T00:00+00:00", "2026-07-31T00:00+00:00"]),
    ],
)
def test_the_rule_where_clocks_are_changed(cron: str, zone: str, after: str, expected: list[str]) -> None:
    assert due(cron, zone, after, 2) == expected


def test_a_moment_in_the_second_of_an_hour_that_comes_twice_has_its_day_behind_it() -> None:
    moment = datetime(2026, 10, 25, 2, 10, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    found = Schedule(cron="30 2 * * *", timezone="Europe/Berlin").next_after(moment)
    assert found is not None
    assert found.isoformat() == "2026-10-26T02:30:00+01:00"


def test_the_zone_is_the_schedules_and_utc_unless_given() -> None:
    moment = datetime(2026, 6, 1, 1, 30, tzinfo=ZoneInfo("Asia/Kolkata"))
    assert str(Schedule(cron="0 3 * * *").next_after(moment)) == "2026-06-01 03:00:00+00:00"
    berlin = Schedule(cron="0 3 * * *", timezone="Europe/Berlin").next_after(moment)
    assert str(berlin) == "2026-06-01 03:00:00+02:00"


def test_seconds_of_a_moment_are_passed_and_the_minute_itself_is_not_after_it() -> None:
    schedule = Schedule(cron="* * * * *")
    assert str(schedule.next_after(datetime(2026, 1, 1, tzinfo=UTC))) == "2026-01-01 00:01:00+00:00"
    just_before = datetime(2026, 1, 1, 0, 0, 59, 999_999, tzinfo=UTC)
    assert str(schedule.next_after(just_before)) == "2026-01-01 00:01:00+00:00"
    # In 1900 Amsterdam's clocks were 19 minutes and 32 seconds ahead.
    old = Schedule(cron="* * * * *", timezone="Europe/Amsterdam").next_after(datetime(1900, 1, 1, tzinfo=UTC))
    assert old is not None
    assert old.second == 0
    assert old > datetime(1900, 1, 1, tzinfo=UTC)


def test_a_schedule_is_due_in_its_minute_alone() -> None:
    schedule = Schedule(cron="30 2 * * *")
    assert schedule.is_due(datetime(2026, 1, 1, 2, 30, 59, tzinfo=UTC))
    assert schedule.is_due(datetime(2026, 1, 1, 3, 30, tzinfo=ZoneInfo("Europe/Berlin")))
    assert not schedule.is_due(datetime(2026, 1, 1, 2, 29, 59, tzinfo=UTC))
    assert not schedule.is_due(datetime(2026, 1, 1, 2, 31, tzinfo=UTC))


@pytest.mark.parametrize("cron", ["* * * * *", "0 0 * * *"])
def test_after_the_last_time_that_there_is_none_comes(cron: str) -> None:
    last = datetime(9999, 12, 31, 23, 59, 30, tzinfo=UTC)
    assert Schedule(cron=cron).next_after(last) is None
    assert Schedule(cron=cron, timezone="Asia/Kolkata").next_after(last) is None
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert Schedule(cron=cron).next_after(first) is not None


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (Schedule(cron="0 0 30 2 *"), "the day 30 never comes in the month 2; choose a day that the month has"),
        (Schedule(cron="@daily"), "a schedule can't be a nickname: five fields are needed; write '0 0 * * *'"),
        (
            Schedule(cron="0 0 * * *", timezone="Europe/Berln"),
            "there is no time zone 'Europe/Berln'; write a name of the IANA database, such as Europe/Berlin or UTC",
        ),
        (
            Schedule(cron="0 0 * * *", timezone="../../etc/passwd"),
            "there is no time zone '../../etc/passwd'; write a name of the IANA database, such as Europe/Berlin or UTC",
        ),
        (
            Schedule(cron="0 0 * * *", timezone="Europe"),
            "there is no time zone 'Europe'; write a name of the IANA database, such as Europe/Berlin or UTC",
        ),
    ],
)
def test_a_schedule_that_is_never_due_says_why(schedule: Schedule, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        schedule.next_after(datetime(2026, 1, 1, tzinfo=UTC))
    assert str(caught.value) == message


def test_a_moment_without_a_zone_is_refused() -> None:
    message = r"the time 2026-01-01 00:00:00 has no time zone; give it one, as in datetime\.now\(UTC\)"
    naive = datetime.fromisoformat("2026-01-01")
    with pytest.raises(ModelError, match=message):
        Schedule(cron="* * * * *").next_after(naive)
    with pytest.raises(ModelError, match=message):
        Schedule(cron="* * * * *").is_due(naive)
