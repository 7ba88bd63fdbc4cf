"""Texts shown in messages, and the names that are near to them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 60


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
    found = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return found[0] if found else None


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


def _folded(name: str) -> str:
    return name.replace("-", "").replace("_", "").replace(" ", "").lower()
