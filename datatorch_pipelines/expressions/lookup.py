"""Finding values in lists and mappings: by name, by index, and by ``*``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from datatorch_pipelines.expressions.values import as_list, as_mapping, fold, is_primitive, kind_of, to_number, to_text

_K = TypeVar("_K")

MISSING = object()
"""What a look-up gives that finds nothing."""


class Filtered(list[object]):
    """The list that ``*`` gives: what is looked up on it is looked up on each of its items."""


def index_number(index: object) -> int | None:
    """The position in a list that an index names, ``None`` where it names none."""
    number = to_number(index)
    if not 0 <= number < 2**31:
        return None
    return math.floor(number)


def look_up(target: object, index: object) -> object:
    """The value at an index or name of a list or mapping, or `MISSING`.

    A name is looked up as it is, then without regard to case.

    >>> look_up({"fileId": 7}, "FILEID"), look_up([1, 2], 1), look_up(None, "x") is MISSING
    (7, 2, True)
    """
    if (mapping := as_mapping(target)) is not None:
        key = find_key(mapping, to_text(index)) if is_primitive(index) else None
        return MISSING if key is None else mapping[key]
    if (sequence := as_list(target)) is not None:
        position = index_number(index)
        return MISSING if position is None or position >= len(sequence) else sequence[position]
    return MISSING


def find_key(target: Mapping[_K, object], name: str) -> str | None:
    """The key that a name means: itself, else one that differs in case alone."""
    if name in target:
        return name
    folded = fold(name)
    return next((key for key in target if isinstance(key, str) and fold(key) == folded), None)


def look_up_first(target: object, names: Sequence[object]) -> object:
    """What the first of the names finds that finds anything; on a filter's result, for each of its items."""
    if isinstance(target, Filtered):
        found = (look_up_first(item, names) for item in target)
        return Filtered(value for value in found if value is not MISSING)
    for name in names:
        value = look_up(target, name)
        if value is not MISSING:
            kind_of(value)
            return value
    return MISSING


def items(target: object) -> Iterator[object]:
    """What ``*`` selects: a list's items, a mapping's values; of a filter's result, those of each item."""
    if isinstance(target, Filtered):
        for item in target:
            yield from _items_of(item)
    else:
        yield from _items_of(target)


def _items_of(target: object) -> Iterator[object]:
    if (mapping := as_mapping(target)) is not None:
        yield from (mapping[key] for key in mapping)
    elif (sequence := as_list(target)) is not None:
        yield from sequence
