"""Events as lines of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import cast

from attrs import AttrsInstance, fields, has

from datatorch_pipelines.results.events import EVENTS_VERSION, Event


def encode_event(event: Event) -> bytes:
    """An event as one line of JSON, with its ``type`` and the form's version ``v``."""
    plain = {"v": EVENTS_VERSION, "type": event.type, **_fields(event)}
    return json.dumps(plain, separators=(",", ":")).encode("ascii") + b"\n"


def _fields(item: object) -> dict[str, object]:
    """The fields of an attrs object that are not at their empty default."""
    names = (field.name for field in fields(cast(type[AttrsInstance], type(item))))
    values = ((name, getattr(item, name)) for name in names)
    return {name: _plain(value) for name, value in values if value is not None and value != () and value != {}}


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
