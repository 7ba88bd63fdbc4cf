"""What is known of a job's matrix from its text: the names in it, and the values that they can have."""

from __future__ import annotations

from collections.abc import Mapping

from datatorch_pipelines.checks.walk import strings
from datatorch_pipelines.expressions.types import ANY, Type, type_of, union
from datatorch_pipelines.model import Strategy


def matrix_names(strategy: Strategy) -> list[str] | None:
    """The names that some job of a matrix has; ``None`` where expressions make them."""
    types = matrix_types(strategy)
    return None if types is None else list(types)


def matrix_types(strategy: Strategy) -> dict[str, Type] | None:
    """The types of the names in a matrix; ``None`` where expressions make the names.

    >>> matrix_types(Strategy(matrix={"size": [1, 2], "include": [{"size": 3, "fast": True}]}))["size"].values
    (1, 2, 3)
    """
    matrix = strategy.matrix
    if not isinstance(matrix, Mapping):
        return None
    found: dict[str, list[Type]] = {}
    for name, values in matrix.items():
        if name in ("include", "exclude"):
            continue
        held = list(map(literal_type, values)) if isinstance(values, list | tuple) else [ANY]
        found.setdefault(name, []).extend(held or [ANY])
    include = matrix.get("include") or ()
    if not isinstance(include, list | tuple):
        return None
    for combination in include:
        if not isinstance(combination, Mapping):
            return None
        for name, value in combination.items():
            found.setdefault(str(name), []).append(literal_type(value))
    return {name: union(types) for name, types in found.items()}


def literal_type(value: object) -> Type:
    """The type of a value in the text; one that holds an expression may be anything."""
    return ANY if any("${{" in text for _, text in strings((), value)) else type_of(value)
