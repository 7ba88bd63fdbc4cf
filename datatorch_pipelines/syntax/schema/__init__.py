"""The format's JSON Schemas (draft 7): what validates a file, and what editors are given."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

NAMES = ("pipeline", "job", "step", "action")
"""The parts of the format that have a schema."""


def source(name: str) -> dict[str, Any]:
    """The schema of one part as it is written; a part inside it is a reference to that part's file."""
    text = resources.files(__name__).joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def published(name: str) -> dict[str, Any]:
    """The schema of ``pipeline`` or ``action`` in one piece, as editors want it. Raises ``ValueError`` for another.

    >>> sorted(published("pipeline")["definitions"])
    ['job', 'step']
    """
    if name not in ("pipeline", "action"):
        raise ValueError(f"no schema of {name!r}; there is one of pipeline and of action")
    schema = source(name)
    definitions = {part: source(part) for part in NAMES if f"{part}.schema.json" in _references(schema, name)}
    for part in definitions.values():
        part.pop("$schema")
        part.pop("$id")
    whole: dict[str, Any] = _pointing_inside(schema)
    if definitions:
        whole["definitions"] = _pointing_inside(definitions)
    return whole


def _references(schema: object, name: str) -> set[str]:
    """The names of the files that a schema refers to, and those that these refer to."""
    found: set[str] = set()
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            part = reference.removesuffix(".schema.json")
            found = {reference} | (_references(source(part), part) if part != name else set())
        for value in schema.values():
            found |= _references(value, name)
    return found


def _pointing_inside(schema: Any) -> Any:
    """A schema whose references to files became references to its own definitions."""
    if isinstance(schema, list):
        return [_pointing_inside(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"#/definitions/{value.removesuffix('.schema.json')}" if key == "$ref" else _pointing_inside(value)
        for key, value in schema.items()
    }
