"""Lines of JSON back to events: the inverse of ``encoding.py``."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from cattrs import Converter
from cattrs.errors import BaseValidationError

from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.results.events import EVENTS, EVENTS_VERSION, Event
from datatorch_pipelines.results.status import Status


class BadEvent(ValueError):
    """A line is no event; the text says why, in a few words."""


class NewerRecord(BadEvent):
    """A line was written by a newer version of the library."""


def decode_event(line: bytes) -> Event | None:
    """The event of a line; ``None`` for one of a kind that this version doesn't know.

    Keys that it doesn't know are left out. Raises `BadEvent`.
    """
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadEvent("it is no JSON") from error
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise BadEvent("it is no event")
    version = data.get("v")
    if not isinstance(version, int):
        raise BadEvent("it has no version")
    if version > EVENTS_VERSION:
        raise NewerRecord(f"it is of version {version}, and this library reads up to {EVENTS_VERSION}")
    kind = _kinds().get(data["type"])
    if kind is None:
        return None
    try:
        return _converter().structure(data, kind)
    except (BaseValidationError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadEvent(f"its values are not those of {data['type']!r}") from error


@functools.cache
def _kinds() -> Mapping[str, type[Event]]:
    return {kind.type: kind for kind in EVENTS}


@functools.cache
def _converter() -> Converter:
    converter = Converter(detailed_validation=False)
    converter.register_structure_hook(Status, lambda value, _kind: Status(value))
    converter.register_structure_hook(Severity, lambda value, _kind: Severity(value))
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook_func(lambda kind: kind is object or kind is Any, lambda value, _kind: value)
    return converter


def _exactly(value: object, kind: type) -> object:
    """A value that has to be of the very type: nothing is converted."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _number(value: object, _kind: type) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
