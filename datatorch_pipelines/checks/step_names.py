"""Which step of a job a name means."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from datatorch_pipelines.model import Step


class StepNames:
    """The names by which the steps of a job are known to each other.

    ``steps.X`` is the latest earlier step whose id is ``X``, else the latest earlier one whose name is ``X``; where
    there is none, the same without regard to case.

    >>> names = StepNames([Step(id="a", name="Add", run="x"), Step(name="a", run="y"), Step(name="Add", run="z")])
    >>> names.find("a", 2), names.find("Add", 2), names.find("Add", None), names.find("ADD", 0)
    (0, 0, 2, None)
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._ids = _indices((step.id, index) for index, step in enumerate(steps))
        self._names = _indices((step.name, index) for index, step in enumerate(steps))
        self._folded_ids = _indices((step.id and step.id.lower(), index) for index, step in enumerate(steps))
        self._folded_names = _indices((step.name and step.name.lower(), index) for index, step in enumerate(steps))
        first = {name: at[0] for table in (self._names, self._ids) for name, at in table.items()}
        self._in_order = sorted((index, name) for name, index in first.items())

    def find(self, name: str, before: int | None) -> int | None:
        """The index of the step that a name means for the step ``before``; ``None`` stands for the end of the job."""
        folded = name.lower()
        tables = ((self._ids, name), (self._names, name), (self._folded_ids, folded), (self._folded_names, folded))
        for table, key in tables:
            indices = table.get(key, ())
            count = len(indices) if before is None else bisect_left(indices, before)
            if count:
                return indices[count - 1]
        return None

    def first(self, name: str) -> int | None:
        """The index of the first step of the job that has a name."""
        folded = name.lower()
        found = [table[folded][0] for table in (self._folded_ids, self._folded_names) if folded in table]
        return min(found, default=None)

    def known(self, before: int | None, most: int = 100) -> list[str]:
        """The last ``most`` names that mean something to the step ``before``, in the order of the file."""
        end = len(self._in_order) if before is None else bisect_left(self._in_order, (before, ""))
        return [name for _, name in self._in_order[max(0, end - most) : end]]


def _indices(pairs: Iterable[tuple[str | None, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, index in pairs:
        if name:
            found.setdefault(name, []).append(index)
    return found
