"""What a form fills in where an event has no value."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from datatorch_pipelines.model.forms.values import Path

_DEEPEST = 64


def with_defaults(form: Mapping[str, object], event: Mapping[str, object], depth: int = 0) -> dict[str, object]:
    """The event with the defaults of the form's ``properties`` where it lacks their keys, in mappings within it too.

    What else a form says (``anyOf``, ``$ref``) fills in nothing, since it may hold or not. What is no JSON Schema does
    nothing.

    >>> with_defaults({"properties": {"size": {"default": 3}}}, {"name": "a"})
    {'name': 'a', 'size': 3}
    """
    filled = dict(event)
    properties = form.get("properties")
    if not isinstance(properties, Mapping) or depth >= _DEEPEST:
        return filled
    for key, schema in properties.items():
        if not isinstance(schema, Mapping):
            continue
        if key not in filled and "default" in schema:
            filled[key] = copy.deepcopy(schema["default"])
        value = filled.get(key)
        if isinstance(value, Mapping):
            filled[key] = with_defaults(schema, value, depth + 1)
    return filled


def defaults_of(form: Mapping[str, object], path: Path = ()) -> list[tuple[Path, object]]:
    """Each default that `with_defaults` would fill in, with its path in the form."""
    found: list[tuple[Path, object]] = []
    properties = form.get("properties")
    if not isinstance(properties, Mapping) or len(path) >= 2 * _DEEPEST:
        return found
    for key, schema in properties.items():
        if isinstance(schema, Mapping):
            at = (*path, "properties", key)
            if "default" in schema:
                found.append(((*at, "default"), schema["default"]))
            found += defaults_of(schema, at)
    return found
