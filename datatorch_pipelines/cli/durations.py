"""How long ago, as an option says it."""

from __future__ import annotations

import re
from datetime import timedelta

import click

_FORM = re.compile(r"([0-9]{1,9})([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LONGEST = timedelta(days=36_525)


def parse_duration(option: str, text: str) -> timedelta:
    """A duration such as ``90m``, ``12h``, ``30d``, ``2w`` or ``0``.

    Raises ``click.BadParameter`` for any other text, and for more than a hundred years.

    >>> parse_duration("--older-than", "2w")
    datetime.timedelta(days=14)
    """
    if text == "0":
        return timedelta()
    found = _FORM.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no duration: write 90m, 12h, 30d, 2w or 0", param_hint=option)
    count, unit = int(found[1]), _UNITS[found[2]]
    if count > _LONGEST // unit:
        raise click.BadParameter(f"{text!r} is more than a hundred years", param_hint=option)
    return count * unit
