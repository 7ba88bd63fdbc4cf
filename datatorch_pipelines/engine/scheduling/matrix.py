"""What a matrix stands for: its combinations, by GitHub Actions' rules for ``include`` and ``exclude``."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence

from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

_LONGEST_NAME = 100

Combination = dict[str, object]


class MatrixError(PipelinesError):
    """Values that can't be a matrix; ``path`` leads from the matrix to what is wrong."""

    def __init__(self, message: str, path: Sequence[str | int] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.path = tuple(path)


def combinations(matrix: Mapping[str, object], limits: Limits = DEFAULT_LIMITS) -> list[Combination]:
    """The combinations of a matrix whose values are known, in order: the first name varies slowest.

    ``exclude`` takes out each combination that has all that one of its entries names. Then ``include``: an entry is
    added to every combination of which it changes no value of the matrix itself; where there is none, it is one of its
    own. Raises `MatrixError` for anything that is no matrix, and for more combinations than ``limits.max_instances``.

    >>> combinations({"os": ["a", "b"], "exclude": [{"os": "a"}], "include": [{"os": "b", "fast": True}]})
    [{'os': 'b', 'fast': True}]
    """
    names = [name for name in matrix if name not in ("include", "exclude")]
    values = [_values(matrix, name) for name in names]
    include, exclude = _entries(matrix, "include"), _entries(matrix, "exclude")
    count = math.prod(map(len, values)) if names else 0
    if count + len(include) > limits.max_instances:
        raise MatrixError(
            f"the matrix has {count + len(include)} combinations, more than {limits.max_instances}",
            hint="split the job, or raise Limits.max_instances",
        )
    for index, entry in enumerate(exclude):
        for name in entry:
            if name not in names:
                raise MatrixError(
                    f"{name!r} is no name of the matrix",
                    ("exclude", index, name),
                    "exclude by names that the matrix has",
                )
    found = [dict(zip(names, combination, strict=True)) for combination in itertools.product(*values)] if names else []
    kept = [item for item in found if not any(_has(item, entry) for entry in exclude)]
    originals = [frozenset(item) for item in kept]
    added: list[Combination] = []
    for entry in include:
        fitting = [
            item
            for item, own in zip(kept, originals, strict=True)
            if all(_same(item[name], value) for name, value in entry.items() if name in own)
        ]
        if fitting and kept:
            for item in fitting:
                item.update(entry)
        else:
            added.append(dict(entry))
    return [*kept, *added]


def _values(matrix: Mapping[str, object], name: str) -> Sequence[object]:
    values = matrix[name]
    if not isinstance(values, list | tuple):
        raise MatrixError(f"{name!r} of a matrix is no list of values", (name,), "give it a list")
    return values


def _entries(matrix: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    entries = matrix.get(name)
    if entries is None:
        return []
    if not isinstance(entries, list | tuple):
        raise MatrixError(f"{name!r} of a matrix is no list", (name,), "give it a list of mappings")
    for index, entry in enumerate(entries):
        if not isinstance(entry, Mapping) or not entry:
            raise MatrixError(f"an entry of {name!r} is no mapping of names to values", (name, index))
    return list(entries)


def _has(item: Mapping[str, object], entry: Mapping[str, object]) -> bool:
    return all(name in item and _same(item[name], value) for name, value in entry.items())


def _same(one: object, other: object) -> bool:
    """Whether two JSON values are equal; ``true`` is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


def instance_name(name: str, combination: Mapping[str, object]) -> str:
    """What a person calls an instance: the job's name, and the values that make it what it is.

    >>> instance_name("train", {"size": 3, "model": {"layers": [1, 2]}, "fast": True})
    'train (3, 1, 2, true)'
    """
    text = f"{name} ({', '.join(_texts(combination))})"
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 4]}...)"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield " ".join(value.split())
    else:
        yield json.dumps(value)
