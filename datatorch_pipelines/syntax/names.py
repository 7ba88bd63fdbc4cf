"""Texts shown in messages, and the names that are near to them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 60
_NEAR = 0.6
"""From which likeness on (`difflib`: 1 for equal texts, 0 for those that have nothing in common) a name is near."""
_CLEARLY = 0.15
"""By how much the nearest name is nearer than the next, where only one of them can be meant."""


def shown(text: str) -> str:
    """A text for a message: quoted, on one line, not too long.

    >>> shown("steps"), shown("x" * 80)[-6:]
    ("'steps'", "xx...'")
    """
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


def named(name: str) -> str:
    """A name for a message: as it is where that can't mislead, else quoted.

    >>> named("env"), named("a\\nb")
    ('env', "'a\\\\nb'")
    """
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
    return found[0] if found else None


def only_nearest(name: str, known: Iterable[str]) -> str | None:
    """The one known name that can be meant: ``None`` where two are about as near, or only digits differ.

    >>> only_nearest("stesp", ["steps", "name"])
    'steps'
    >>> only_nearest("step3", ["step1", "step2"]), only_nearest("step3", ["step1"])
    (None, None)
    """
    names = list(dict.fromkeys(known))
    found = nearest(name, names)
    if found is None or _digits(found) != _digits(name):
        return None
    if _folded(found) == _folded(name):
        others = [other for other in names if _folded(other) == _folded(name)]
        return found if len(others) == 1 else None
    likeness = difflib.SequenceMatcher(b=name)
    likeness.set_seq1(found)
    bound = likeness.ratio() - _CLEARLY
    for other in names:
        likeness.set_seq1(other)
        if other != found and likeness.quick_ratio() > bound and likeness.ratio() > bound:
            return None
    return found


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


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def _folded(name: str) -> str:
    return name.replace("-", "").replace("_", "").replace(" ", "").lower()
