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
    made = math.prod(map(len, values)) if names else 0
    for what, count in (("combinations", made + len(include)), ("entries in its exclude", len(exclude))):
        if count > limits.max_instances:
            raise MatrixError(
                f"the matrix has {count} {what}, more than {limits.max_instances}",
                hint="split the job, or raise Limits.max_instances",
            )
    for index, entry in enumerate(exclude):
        for name in entry:
            if name not in names:
                hint = "exclude by names that the matrix has"
                raise MatrixError(f"{name!r} is no name of the matrix", ("exclude", index, name), hint)
    found = [dict(zip(names, item, strict=True)) for item in itertools.product(*values)] if names else []
    by_value = _ByValue(found)
    out = {position for entry in exclude for position in by_value.with_all(entry)}
    kept = [item for position, item in enumerate(found) if position not in out]
    by_value, own = _ByValue(kept), frozenset(names)
    added: list[Combination] = []
    more: dict[int, Combination] = {}
    for entry in include:
        fitting = by_value.with_all({name: value for name, value in entry.items() if name in own})
        for position in fitting:
            more.setdefault(position, {}).update(entry)
        if not fitting:
            added.append(dict(entry))
    # What an entry names of the matrix itself has the same value there: nothing of it is written over.
    return [*(item | more.get(position, {}) | item for position, item in enumerate(kept)), *added]


class _ByValue:
    """Finds the combinations that have given values, without looking at each for each."""

    def __init__(self, items: Sequence[Combination]) -> None:
        self._items = items
        self._numbers: dict[object, int] = {}
        self._seen: dict[int, int] = {}
        self._known: dict[frozenset[str], dict[tuple[int, ...], list[int]]] = {}

    def with_all(self, entry: Mapping[str, object]) -> Sequence[int]:
        """The positions of those that have all values of an entry, whose names they all have."""
        names = frozenset(entry)
        order = sorted(names)
        if names not in self._known:
            known = self._known[names] = {}
            for position, item in enumerate(self._items):
                known.setdefault(tuple(self._own_number(item[name]) for name in order), []).append(position)
        return self._known[names].get(tuple(self._number(entry[name]) for name in order), ())

    def _own_number(self, value: object) -> int:
        """As `_number`, for a value of the combinations: one object is in many of them, and may be large."""
        found = self._seen.get(id(value))
        if found is None:
            found = self._seen[id(value)] = self._number(value)
        return found

    def _number(self, value: object) -> int:
        """A number that equal values have in common."""
        return self._numbers.setdefault(_frozen(value), len(self._numbers))


def _frozen(value: object) -> object:
    """Something hashable that is equal for equal JSON values; ``true`` is not 1, and a list no mapping."""
    if isinstance(value, Mapping):
        return "mapping", frozenset((key, _frozen(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return "list", tuple(map(_frozen, value))
    return isinstance(value, bool), value


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
            message = f"an entry of {name!r} is no mapping of names to values"
            raise MatrixError(message, (name, index), "write each as name: value")
    return list(entries)


def instance_name(name: str, combination: Mapping[str, object]) -> str:
    """What a person calls an instance: the job's name, and the values that make it what it is.

    >>> instance_name("train", {"size": 3, "model": {"layers": [1, 2]}, "fast": True})
    'train (3, 1, 2, true)'
    """
    shown: list[str] = []
    room = _LONGEST_NAME
    for text in _texts(combination):
        shown.append(text)
        room -= len(text)
        if room < 0:  # what is cut off anyhow need not be made
            break
    text = f"{name} ({', '.join(shown)})"
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 4]}...)"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        line = (letter if letter.isprintable() else " " for letter in value[: 2 * _LONGEST_NAME])
        yield " ".join("".join(line).split())
    elif isinstance(value, int) and value.bit_length() > 8 * _LONGEST_NAME:
        yield f"{value:#x}"  # Python won't write it in decimal digits where they are thousands
    else:
        yield json.dumps(value)
