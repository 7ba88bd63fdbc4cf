"""What the format's schema says of a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datatorch_pipelines.diagnostics import PathKey
from datatorch_pipelines.syntax.schema import source


def key_description(part: str, path: Sequence[PathKey]) -> str | None:
    """The description of the key at ``path`` in a ``pipeline`` or an ``action``; ``None`` where there is none.

    >>> key_description("action", ("author",))
    'Who wrote the action.'
    """
    schema: dict[str, Any] = source(part)
    for key in path:
        inside = schema.get("items") if isinstance(key, int) else schema.get("properties", {}).get(key)
        if inside is None and isinstance(key, str):
            inside = schema.get("additionalProperties")
        if not isinstance(inside, dict):
            return None
        reference = inside.get("$ref")
        schema = source(reference.removesuffix(".schema.json")) if isinstance(reference, str) else inside
    description = schema.get("description")
    return description if isinstance(description, str) else None
