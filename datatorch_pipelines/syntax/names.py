"""Texts shown in messages, and the names that are near to them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from datatorch_pipelines._masking import star_credentials

_LONGEST = 60
_NEAR = 0.6
"""From which likeness on (`difflib`: 1 for equal texts, 0 for those that have nothing in common) a name is near."""


def shown(text: str) -> str:
    """A text for a message: quoted, on one line, not too long, without the user and password of a URL.

    >>> shown("steps"), shown("x" * 80)[-6:]
    ("'steps'", "xx...'")
    """
    text = star_credentials(text)
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


def named(name: str) -> str:
    """A name for a message: as it is where that can't mislead, else quoted.

    >>> named("env"), named("a\\nb")
    ('env', "'a\\\\nb'")
    """
    name = star_credentials(name)
    return name if name.isprintable() and name.strip() == name != "" and len(name) <= _LONGEST else shown(name)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of the known names that was probably meant.

    >>> nearest("stesp", ["steps", "name"])
    'steps'
    """
    if not name or len(name) > _LONGEST:
        return None
    names = list(known)
    folded = _folded(name)
    for candidate in names:
        if _folded(candidate) == folded:
            return candidate
    found = difflib.get_close_matches(name, names, n=1, cutoff=_NEAR)
    return found[0] if found and _may_mean(name, found[0]) else None


def _may_mean(name: str, candidate: str) -> bool:
    """Whether a name that is like a candidate can be a slip of it, and is not merely made of the same letters.

    >>> _may_mean("retry", "retries"), _may_mean("stage", "strategy"), _may_mean("container", "continue-on-error")
    (True, False, False)
    """
    one, other = _folded(name), _folded(candidate)
    if one in other or other in one or one[:-1] == other[: len(one) - 1]:
        return True
    return _slips(one, other) <= max(2, len(one) // 3)


def only_nearest(name: str, known: Iterable[str]) -> str | None:
    """The one known name that can be meant: a slip of the fingers away from it, and every other one is farther.

    ``None`` where there is no such name, two are as near, or only digits differ.

    >>> only_nearest("stesp", ["steps", "name"])
    'steps'
    >>> only_nearest("call", ["ball", "tall"]), only_nearest("step3", ["step1"])
    (None, None)
    """
    names = list(dict.fromkeys(known))
    found = nearest(name, names)
    if found is None or _digits(found) != _digits(name):
        return None
    if _folded(found) == _folded(name):
        return found if sum(_folded(other) == _folded(name) for other in names) == 1 else None
    most = max(1, (max(len(name), len(found)) + 1) // 4)
    slips = {other: _slips(name.lower(), other.lower()) for other in names if abs(len(other) - len(name)) <= most}
    least = min(slips.values(), default=most + 1)
    nearest_ones = [other for other, count in slips.items() if count == least]
    return nearest_ones[0] if least <= most and len(nearest_ones) == 1 and nearest_ones == [found] else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The hint that offers the nearest name; ``None`` where none is near.

    >>> did_you_mean("stesp", ["steps", "name"])
    "did you mean 'steps'?"
    """
    name_meant = nearest(name, known)
    return f"did you mean {str(name_meant)!r}?" if name_meant else None


def listed(names: Iterable[str], last: str = "or") -> str:
    """Names in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b or c'
    """
    items = list(names)
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else "".join(items)


def type_name(value: object) -> str:
    """A value's type for a message.

    >>> type_name([]), type_name(None), type_name(True)
    ('a list', 'null', 'a boolean')
    """
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "an integer", float: "a float", str: "a string", list: "a list"}
    return names.get(type(value), "a mapping")


def _slips(one: str, other: str) -> int:
    """How many letters were left out, added, mistaken or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, wanted in enumerate(other, 1):
            cost = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, last = last, current
    return last[-1]


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def _folded(name: str) -> str:
    return name.replace("-", "").replace("_", "").replace(" ", "").lower()
