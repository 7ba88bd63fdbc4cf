"""Lines of JSON back to events: the inverse of ``encoding.py``."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import Any

from cattrs import Converter
from cattrs.errors import BaseValidationError

from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.records.layout import is_inside
from datatorch_pipelines.results.events import EVENTS, EVENTS_VERSION, Event, StepFinished, StepStarted
from datatorch_pipelines.results.status import Status

_LATEST = 253_402_300_799.0
"""The last second of the year 9999: later times are no times to Python."""


_LARGEST = 2**63 - 1
"""No count, and no place in a file, is larger."""


class BadEvent(ValueError):
    """A line is no event; the text says why, in a few words that go on after "this is"."""


class NewerRecord(BadEvent):
    """A line was written by a newer version of the library."""


def decode_event(line: bytes) -> Event | None:
    """The event of a line; ``None`` for one of a kind that this version doesn't know.

    Keys that it doesn't know are left out. Raises `BadEvent`.
    """
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadEvent("no event of a run: it is no JSON") from error
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise BadEvent("no event of a run")
    version = data.get("v")
    if type(version) is not int:
        raise BadEvent("no event of a run: it has no version")
    if version > EVENTS_VERSION:
        raise NewerRecord(
            f"an event of the form {version}, and this version of the library reads up to {EVENTS_VERSION}"
        )
    kind = _kinds().get(data["type"])
    if kind is None:
        return None
    try:
        event = _converter().structure(data, kind)
    except (
        BaseValidationError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise BadEvent(f"no event of a run: its values are not those of {data['type']!r}") from error
    if not 0 <= event.time <= _LATEST or not all(map(is_inside, _files(event))):
        raise BadEvent(f"no event of a run: its values are not those of {data['type']!r}")
    return event


def _files(event: Event) -> tuple[str, ...]:
    """The files of the run's folder that an event names."""
    if isinstance(event, StepStarted):
        return (event.log,)
    return tuple(artifact.file for artifact in event.artifacts) if isinstance(event, StepFinished) else ()


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
    if type(value) is not kind or (isinstance(value, int) and abs(value) > _LARGEST):
        raise TypeError(f"this is no {kind.__name__}")
    return value


def _number(value: object, _kind: type) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("this is no number")
    return float(value)
