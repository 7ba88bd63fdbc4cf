"""Events as lines of JSON."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import cast

from attrs import AttrsInstance, fields, has

from datatorch_pipelines.diagnostics import NOT_RECORDED
from datatorch_pipelines.results.events import EVENTS_VERSION, Event

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def encode_event(event: Event) -> bytes:
    """An event as one line of JSON, with its ``type`` and the form's version ``v``."""
    plain = {"v": EVENTS_VERSION, "type": event.type, **_fields(event)}
    return _ENCODER.encode(plain).encode("ascii") + b"\n"


@functools.cache
def _names(kind: type) -> tuple[str, ...]:
    """The names of an attrs class's fields, those that are recorded."""
    return tuple(
        field.name for field in fields(cast(type[AttrsInstance], kind)) if not field.metadata.get(NOT_RECORDED)
    )


def _fields(item: object) -> dict[str, object]:
    """The fields of an attrs object that are not at their empty default."""
    kept: dict[str, object] = {}
    kind: type = type(item)
    for name in _names(kind):
        value = getattr(item, name)
        if value is not None and value != () and value != {}:
            kept[name] = value if type(value) in _AS_THEY_ARE else _plain(value)
    return kept


_AS_THEY_ARE = frozenset((str, int, bool))


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such numbers
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if has(type(value)):
        return _fields(value)
    return str(value)
