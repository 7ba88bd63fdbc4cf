"""How large data is that expressions hand on: what is named twice is there twice as soon as it is written down."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import Any

_DEEPEST = 250
"""How deep data may nest: more than any output does, and less than what masks and records data can follow."""
_OF_A_VALUE, _OF_A_HOLDER = 8, 32
"""What a value, and a list or mapping of some, count as beside the characters of a text."""


class Boundless(ValueError):
    """Data is too large or too deep; the text says which, in a few words."""


def refuse_boundless(value: object, most: int) -> None:
    """Raises `Boundless` for data of more than ``most`` characters, or that nests too deep.

    Ten jobs that each hand on twice what they got make a thousand of one value. A value that is no list and no mapping
    has any size. Takes time as the data that is looked at, and no more than the bound lets it.
    """
    pending: list[tuple[Any, int]] = [(value, 0)] if isinstance(value, dict | list | tuple | Mapping) else []
    size = 0
    while pending:
        holder, depth = pending.pop()
        if depth >= _DEEPEST:
            raise Boundless("is nested too deep")
        if isinstance(holder, Mapping):
            items: Collection[Any] = holder.values()
            with contextlib.suppress(TypeError):  # a key that is no text, which JSON has none of
                size += sum(map(len, holder))
        else:
            items = holder
        size += _OF_A_HOLDER + _OF_A_VALUE * len(items)
        for item in items:
            kind = type(item)
            if kind is str:
                size += len(item)
            elif kind not in _LEAVES and isinstance(item, dict | list | tuple | Mapping):
                pending.append((item, depth + 1))
        if size > most:
            raise Boundless(f"is larger than {most} characters")


_LEAVES = frozenset((int, float, bool, type(None)))
