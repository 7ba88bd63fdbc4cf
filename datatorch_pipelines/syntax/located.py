"""A document as plain data, with the marks that tell where each part of it stands."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from attrs import frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import PathKey

STRIDE = 3
"""Integers per mark: start, end, link.

A mark is written for each node in the order of the text, keys included. Start and end are offsets into the text. The
link is 0 for a scalar, the index of the first mark after the last one inside for a mapping or sequence, and
``-1 - index`` of the anchor's mark for an alias. One flat array for a whole document costs twelve bytes a node and is
no work for the garbage collector; a list per container costs several times that.
"""


def new_marks(marks: Iterable[int] = ()) -> array[int]:
    """An array of marks."""
    return array("i", marks)


def following(marks: Sequence[int], position: int) -> int:
    """The index of the first mark after a node and all that is inside it."""
    link = marks[position + 2]
    return link if link > 0 else position + STRIDE


def children(marks: Sequence[int], position: int, stop: int) -> Iterator[int]:
    """The indices of the marks of a container's keys and values, or items, up to ``stop``."""
    position += STRIDE
    while position < stop:
        yield position
        position = following(marks, position)


@frozen
class Problem:
    """Something wrong at the characters ``start`` to ``end`` of a text, before it has lines and columns."""

    code: Code
    message: str
    start: int
    end: int
    hint: str | None = None
    related: Sequence[tuple[str, int, int]] = ()


Keys = tuple[PathKey, ...]
"""Where a value is in a document."""


@frozen
class Gap:
    """The characters ``start`` to ``end`` of a text that were passed over, since they could not be read.

    ``paths`` leads to each mapping, list or value that they may be a part of: what is missing there may be in the gap.
    """

    start: int
    end: int
    paths: frozenset[Keys] = frozenset()


@frozen
class Located:
    """What reading a text gave; where ``complete`` is false, reading stopped and there is no data.

    ``text`` is what the marks belong to, where that is not the text itself: as long, and the same but for the gaps.
    ``names`` has what the keys in it mean that are not written out.
    """

    data: object
    marks: array[int]
    problems: Sequence[Problem] = ()
    complete: bool = True
    gaps: Sequence[Gap] = ()
    text: str | None = None
    names: Mapping[str, str] = MappingProxyType({})


MAX_PROBLEMS = 1_000
"""How many errors of a file are told: a file that is all errors must not cost all memory."""


class StopReading(Exception):  # never seen outside this package: it ends the reading of one text
    """The text can't be read any further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def too_many_problems(start: int, end: int) -> Problem:
    """What stands for the errors that are not told."""
    message = f"more than {MAX_PROBLEMS} errors: the rest is not told"
    return Problem(Code.OVER_LIMIT, message, start, end, "mend these first")
