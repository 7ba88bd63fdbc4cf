"""Events as lines of JSON."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import cast

from attrs import NOTHING, AttrsInstance, fields, has

from datatorch_pipelines.diagnostics import NOT_RECORDED
from datatorch_pipelines.results.events import EVENTS_VERSION, Event

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def encode_event(event: Event) -> bytes:
    """An event as one line of JSON, with its ``type`` and the form's version ``v``."""
    plain = {"v": EVENTS_VERSION, "type": event.type, **_fields(event)}
    try:
        text = _ENCODER.encode(plain)
    except ValueError:  # a number of thousands of digits, which Python won't write
        text = _ENCODER.encode(_writable(plain))
    return text.encode("ascii") + b"\n"


def _writable(value: object) -> object:
    """Plain data whose numbers of too many digits are texts, in hexadecimal digits."""
    if isinstance(value, dict):
        return {key: _writable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_writable(item) for item in value]
    return f"{value:#x}" if type(value) is int and value.bit_length() > _MOST_BITS else value


_MOST_BITS = 10_000
"""Of a number that is written in decimal digits, which takes a time that grows faster than they do."""


@functools.cache
def _names(kind: type) -> tuple[tuple[str, bool], ...]:
    """The names of an attrs class's fields, those that are recorded, and whether each has to be there."""
    return tuple(
        (field.name, field.default is NOTHING)
        for field in fields(cast(type[AttrsInstance], kind))
        if not field.metadata.get(NOT_RECORDED)
    )


def _fields(item: object) -> dict[str, object]:
    """The fields of an attrs object that are not at their empty default."""
    kept: dict[str, object] = {}
    kind: type = type(item)
    for name, needed in _names(kind):
        value = getattr(item, name)
        if needed or (value is not None and value != () and value != {}):
            kept[name] = value if type(value) in _AS_THEY_ARE else plain_data(value)
    return kept


_AS_THEY_ARE = frozenset((str, int, bool, type(None)))


def plain_data(value: object) -> object:
    """Data as the record has it, which is what JSON can say: what it has no word for becomes text.

    >>> plain_data({"size": (1, 2), "loss": float("nan")})
    {'size': [1, 2], 'loss': 'nan'}
    """
    if type(value) is dict:  # first what large data is made of, without a call for each leaf
        return {
            key if type(key) is str else str(key): item if type(item) in _AS_THEY_ARE else plain_data(item)
            for key, item in value.items()
        }
    if type(value) is list:
        return [item if type(item) in _AS_THEY_ARE else plain_data(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such numbers
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain_data(item) for item in value]
    if has(type(value)):
        return _fields(value)
    return str(value)
