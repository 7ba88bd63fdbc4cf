"""When a schedule is due: five cron fields (POSIX ``crontab``, with the names and steps that GitHub Actions takes)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from datatorch_pipelines.errors import ModelError

if TYPE_CHECKING:
    import datetime

_NICKNAMES: Mapping[str, str] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ITEM = re.compile(r"(?P<first>\*|[0-9]{1,4}|[A-Za-z]+)(?:-(?P<last>[0-9]{1,4}|[A-Za-z]+))?(?:/(?P<step>[0-9]{1,9}))?")
_LONGEST = 1_000


@frozen
class _Field:
    """One of the five: what it is called, its bounds, and its names with the number of the first."""

    title: str
    first: int
    last: int
    names: Sequence[str] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _WEEKDAYS),
)


class CronError(ModelError):
    """A cron expression is wrong; ``start`` and ``end`` are the offsets of the part that is."""

    def __init__(self, message: str, start: int, end: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.start = start
        self.end = end


@frozen(kw_only=True)
class Cron:
    """The minutes, hours, days, months and weekdays (0 is Sunday) at which a schedule is due.

    Where both ``days`` and ``weekdays`` are restricted (``either_day``), it is due on a day that is one of either, as
    POSIX has it. One whose minute or hour begins with an asterisk is ``recurring``: it goes by the time that passes,
    where others go by what clocks show.

    >>> sorted(Cron.parse("*/20 3 * * MON-FRI").minutes)
    [0, 20, 40]
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool = field(default=False)
    recurring: bool = field(default=False)

    @classmethod
    def parse(cls, text: str) -> Cron:
        """The schedule that five fields stand for. Raises `CronError` for anything else, and for what never comes.

        Nicknames such as ``@daily`` are refused, as GitHub does; a schedule that never comes (31 February) is no better
        than one that can't be read: it starts nothing.
        """
        parts = list(_parts(text))
        sets = [_values(part, start, kind) for (part, start), kind in zip(parts, _FIELDS, strict=True)]
        minutes, hours, days, months, weekdays = sets
        # As cron has it, a field that begins with an asterisk restricts nothing.
        restricted = [not part.startswith("*") for part, _ in parts]
        either = restricted[2] and restricted[4]
        if not either and not any(min(days) <= _DAYS_IN_MONTH[month - 1] for month in months):
            (day, start), (month, month_start) = parts[2], parts[3]
            message = f"the day {day} never comes in the month {month}"
            raise CronError(message, start, month_start + len(month), "choose a day that the month has")
        weekdays = frozenset(day % 7 for day in weekdays)
        return cls(
            minutes=minutes,
            hours=hours,
            days=days,
            months=months,
            weekdays=weekdays,
            either_day=either,
            recurring=not (restricted[0] and restricted[1]),
        )

    def is_on(self, date: datetime.date) -> bool:
        """Whether it is due at some time of a day."""
        if date.month not in self.months:
            return False
        day, weekday = date.day in self.days, date.isoweekday() % 7 in self.weekdays
        return (day or weekday) if self.either_day else (day and weekday)


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """The five fields and where each begins."""
    words = [] if len(text) > _LONGEST else [(found.group(), found.start()) for found in re.finditer(r"[^ \t]+", text)]
    if len(words) == len(_FIELDS):
        yield from words
        return
    if len(words) == 1 and words[0][0].startswith("@"):
        plain = _NICKNAMES.get(words[0][0].lower())
        hint = f"write '{plain}'" if plain else "write five fields, such as '0 3 * * *'"
        raise CronError("a schedule can't be a nickname: five fields are needed", 0, len(text), hint)
    count = f"{len(words)} field{'' if len(words) == 1 else 's'}"
    hint = "write minute, hour, day of the month, month and day of the week, such as '0 3 * * *'"
    if len(words) in (6, 7):
        hint = "leave out the seconds and the year: minute, hour, day of the month, month, day of the week"
    message = f"the cron expression has {count}, not 5" if len(text) <= _LONGEST else "the cron expression is too long"
    raise CronError(message, 0, len(text), hint)


def _values(part: str, start: int, kind: _Field) -> frozenset[int]:
    values: set[int] = set()
    for item in part.split(","):
        values |= _item(item, start, kind)
        start += len(item) + 1
    return frozenset(values)


def _item(item: str, start: int, kind: _Field) -> set[int]:
    end = start + max(len(item), 1)
    found = _ITEM.fullmatch(item)
    if found is None or (found["first"] == "*" and found["last"]):
        message = f"{item!r} is no {kind.title}" if item else f"a {kind.title} is missing before or after a comma"
        raise CronError(message, start, end, f"write {_example(kind)}")
    if found["first"] == "*":
        first, last = kind.first, kind.last
    else:
        first = _number(found["first"], start, kind)
        last = first
        if found["last"]:
            last = _number(found["last"], start + found.start("last"), kind)
        elif found["step"]:
            last = kind.last
    if last < first:
        raise CronError(
            f"the range {item!r} runs backwards", start, end, "write the smaller number first, or two ranges"
        )
    step = int(found["step"]) if found["step"] else 1
    if step == 0:
        raise CronError(f"the step of {item!r} is 0", start, end, "a step is 1 or more")
    return set(range(first, last + 1, step))


def _number(word: str, start: int, kind: _Field) -> int:
    names = {name: index for index, name in enumerate(kind.names, kind.first)}
    if word.upper() in names:
        return names[word.upper()]
    if not word.isdecimal():
        hint = f"write {_example(kind)}"
        raise CronError(f"{word!r} is no {kind.title}", start, start + len(word), hint)
    if not kind.first <= int(word) <= kind.last:
        message = f"the {kind.title} {int(word)} is not in {kind.first}-{kind.last}"
        raise CronError(message, start, start + len(word), f"write {_example(kind)}")
    return int(word)


def _example(kind: _Field) -> str:
    names = f", {kind.names[0]}-{kind.names[-1]}" if kind.names else ""
    return f"{kind.first}-{kind.last}{names}, '*', a list, a range or a step"
