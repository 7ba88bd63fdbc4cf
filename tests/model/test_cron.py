"""Cron expressions: what each field may hold, where a wrong one is wrong, and the same answers as another library."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.model.cron import Cron, CronError

BOUNDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]


def number(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low - 1, high + 2).map(lambda value: str(max(value, 0)))


def item(low: int, high: int) -> st.SearchStrategy[str]:
    plain = number(low, high)
    span = st.tuples(plain, plain).map("-".join)
    start = st.one_of(st.just("*"), plain, span)
    # The other library takes `5-5/2` for `5/2`.
    several = st.tuples(plain, plain).filter(lambda ends: ends[0] != ends[1]).map("-".join)
    return st.one_of(start, st.tuples(st.one_of(st.just("*"), several), st.integers(0, 40).map(str)).map("/".join))


def part(low: int, high: int) -> st.SearchStrategy[str]:
    return st.lists(item(low, high), min_size=1, max_size=3).map(",".join)


def parsed(text: str) -> Cron | CronError:
    try:
        return Cron.parse(text)
    except CronError as error:
        return error


EXPRESSIONS = st.tuples(*(part(*bounds) for bounds in BOUNDS)).map(" ".join)


@given(EXPRESSIONS)
def test_it_takes_what_another_library_takes_and_means_the_same(text: str) -> None:
    try:
        theirs = CronSim(text, datetime(2024, 1, 1, tzinfo=UTC))
    except CronSimError:
        theirs = None
    ours = parsed(text)
    if isinstance(ours, CronError):
        # A day that never comes is taken there, and would never be reached.
        assert theirs is None or "never comes" in ours.message
        return
    assert theirs is not None
    assert ours.minutes == set(theirs.minutes)
    assert ours.hours == set(theirs.hours)
    assert ours.days == set(theirs.days)
    assert ours.months == set(theirs.months)
    assert ours.weekdays == {day % 7 for day in theirs.weekdays}


@given(st.text("0123456789*/,-@ \tMONabc٣", max_size=30))
def test_an_error_has_its_place_in_the_text(text: str) -> None:
    error = parsed(text)
    if isinstance(error, CronError):
        assert 0 <= error.start <= error.end <= max(len(text), error.start + 1)
        assert "\n" not in error.message


@pytest.mark.parametrize(
    ("text", "wrong", "message"),
    [
        ("0 3 * * 1,8", "8", "the day of the week 8 is not in 0-7"),
        ("0 3 * * mon,funday", "funday", "'funday' is no day of the week"),
        ("0 3 * JAN-13 *", "13", "the month 13 is not in 1-12"),
        ("0 3  30  FEB *", "30  FEB", "the day 30 never comes in the month FEB"),
        ("1-2-3 * * * *", "1-2-3", "'1-2-3' is no minute"),
        ("*-5 * * * *", "*-5", "'*-5' is no minute"),
        ("0 ٣ * * *", "٣", "'٣' is no hour"),
        ("0 3 L * *", "L", "'L' is no day of the month"),
        ("0 3 * * 1#2", "1#2", "'1#2' is no day of the week"),
        ("99999999999 3 * * *", "99999999999", "'99999999999' is no minute"),
    ],
)
def test_a_wrong_part_is_told_exactly(text: str, wrong: str, message: str) -> None:
    with pytest.raises(CronError, match=f"^{re.escape(message)}") as caught:
        Cron.parse(text)
    assert text[caught.value.start : caught.value.end] == wrong


@pytest.mark.parametrize(("text", "hint"), [("@daily", "write '0 0 * * *'"), ("@Hourly", "write '0 * * * *'")])
def test_a_nickname_is_told_what_it_stands_for(text: str, hint: str) -> None:
    with pytest.raises(CronError) as caught:
        Cron.parse(text)
    assert caught.value.hint == hint


def test_an_item_that_is_empty_is_told_at_its_comma() -> None:
    with pytest.raises(CronError, match="a minute is missing before or after a comma") as caught:
        Cron.parse("1,,2 * * * *")
    assert (caught.value.start, caught.value.end) == (2, 3)


def test_day_and_weekday_together_mean_either() -> None:
    assert Cron.parse("0 0 31 2 MON").either_day
    assert not Cron.parse("0 0 */2 * MON").either_day
    assert not Cron.parse("0 0 1 * *").either_day


def test_sunday_is_0_and_7() -> None:
    assert Cron.parse("0 0 * * 7").weekdays == Cron.parse("0 0 * * sun").weekdays == {0}


def test_an_endless_expression_is_refused_at_once() -> None:
    with pytest.raises(CronError, match="the cron expression is too long"):
        Cron.parse("0," * 500_000 + "0 * * * *")
