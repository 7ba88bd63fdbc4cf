"""The diagnostics of one file, as they are found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from attrs import field, frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import (
    Diagnostic,
    Fix,
    Location,
    PathKey,
    Severity,
    has_errors,
    sort_diagnostics,
)
from datatorch_pipelines.syntax.located import MAX_PROBLEMS, Gap, StopReading, too_many_problems
from datatorch_pipelines.syntax.locator import TextLocator

Path = tuple[PathKey, ...]


@frozen
class Report:
    """Collects what is said about a file; the locator turns paths into places."""

    locator: TextLocator
    open_paths: frozenset[Path] = frozenset()
    """Where something may be missing only because it could not be read."""
    gaps: tuple[Gap, ...] = ()
    """The parts of the text that could not be read."""
    _found: list[Diagnostic] = field(factory=list)

    def add(self, diagnostic: Diagnostic) -> None:
        """Takes one more diagnostic."""
        self._found.append(diagnostic)

    def error(
        self, code: Code, place: Location, message: str, hint: str | None = None, *, fix: Fix | None = None
    ) -> None:
        """An error at a place. Raises `StopReading` where there are too many already."""
        if len(self._found) >= 2 * MAX_PROBLEMS:
            problem = too_many_problems(0, 0)
            self.add(Diagnostic.at(place, problem.code, Severity.ERROR, problem.message, hint=problem.hint))
            raise StopReading(problem)
        self.add(Diagnostic.at(place, code, Severity.ERROR, message, hint=hint, fix=fix))

    def warning(
        self, code: Code, place: Location, message: str, hint: str | None = None, *, fix: Fix | None = None
    ) -> None:
        """A warning at a place; past a thousand, those that follow are left out."""
        if len(self._found) < MAX_PROBLEMS:
            self.add(Diagnostic.at(place, code, Severity.WARNING, message, hint=hint, fix=fix))

    def value(self, path: Sequence[PathKey]) -> Location:
        """Where a value stands; where nothing is written, its key."""
        return self.locator.key(path) if path and self.locator.is_empty(path) else self.locator.value(path)

    def mapping(self, path: Sequence[PathKey], data: object) -> Location:
        """Where a mapping is announced: its key, or its own first key; never its whole text."""
        if path and isinstance(path[-1], str):
            return self.locator.key(path)
        first = next(iter(data), None) if isinstance(data, dict) else None
        return self.locator.value(path) if first is None else self.locator.key((*path, first))

    def is_open(self, path: Sequence[PathKey]) -> bool:
        """Whether a part of the value at ``path`` could not be read, so that what it lacks can't be told."""
        return bool(self.open_paths) and tuple(path) in self.open_paths

    def unread(self, path: Sequence[PathKey]) -> bool:
        """Whether an error was found inside the value at ``path``."""
        place = self.locator.value(path)
        start, end = (place.line, place.column), (place.end_line, place.end_column)
        return any(start <= (d.line, d.column) < end for d in self._found if d.severity is Severity.ERROR)

    @property
    def found(self) -> Sequence[Diagnostic]:
        """Everything as it was found."""
        return self._found

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return has_errors(self._found)

    def sorted(self) -> list[Diagnostic]:
        """Everything by place: root causes only, so nothing else about a place that can't even be read."""
        unread = sorted(
            ((d.line, d.column), (d.end_line, d.end_column))
            for d in self._found
            if d.code.startswith("DT1") or d.code == Code.WRONG_VALUE
        )
        starts = [start for start, _ in unread]

        def follows(diagnostic: Diagnostic) -> bool:
            place = (diagnostic.line, diagnostic.column)
            before = bisect_right(starts, place)
            return before > 0 and place < unread[before - 1][1]

        return sort_diagnostics([d for d in self._found if d.code != Code.WRONG_TYPE or not follows(d)])
