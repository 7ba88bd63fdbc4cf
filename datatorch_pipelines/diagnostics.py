"""Places in a file, and what is said about them.

Every line and column is 1-based and counts characters (Unicode code points); an end is exclusive, so that
``end_column - column`` is the length of a range that stays on its line. Lines end at ``\\n``, ``\\r\\n`` and ``\\r``,
and nowhere else.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

from attrs import field, frozen

PathKey = str | int
"""One step into a document: a mapping's key or a sequence's index (from 0)."""


class Severity(enum.StrEnum):
    """How grave a diagnostic is."""

    ERROR = "error"
    """The file can't be used as it is."""
    WARNING = "warning"
    """The file works, but probably not as its author means it."""


@frozen
class Location:
    """A range of characters in a file.

    ``file`` is the name that the text was read under, ``None`` for a model that was built in Python.

    >>> print(Location("a.yaml", 3, 5, 3, 9))
    a.yaml:3:5
    """

    file: str | None
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        file = self.file or "<text>"
        if not file.isprintable():
            file = "".join(char if char.isprintable() else repr(char)[1:-1] for char in file)
        return f"{file}:{self.line}:{self.column}"


class Locator(Protocol):
    """Tells where the parts of a document that was read stand in its text.

    A path leads from the document's root: ``("jobs", "add", "steps", 0, "inputs", "a")``. A path that leads nowhere
    gives the place of the nearest part above it, so that an answer is always to be had.
    """

    @property
    def file(self) -> str:
        """The name that the text was read under."""

    def value(self, path: Sequence[PathKey], start: int | None = None, end: int | None = None) -> Location:
        """The range of the value at ``path``; with ``start`` and ``end``, of those characters of the decoded scalar."""

    def key(self, path: Sequence[PathKey]) -> Location:
        """The range of the key at ``path`` (of the item itself in a sequence)."""

    def line_text(self, line: int) -> str:
        """The text of a line (from 1) without its line end; empty past the last one."""


@frozen
class Related:
    """A second place that helps to understand a diagnostic, and why it does."""

    message: str
    location: Location


@frozen
class Edit:
    """A replacement in a file: the characters of ``location`` become ``text``; an empty range inserts."""

    location: Location
    text: str


def _edits(value: Sequence[Edit]) -> tuple[Edit, ...]:
    return tuple(value)


@frozen
class Fix:
    """A change that mends what a diagnostic tells.

    ``title`` says in one line what it does (``write 'steps'``). The edits are all in the diagnostic's file and don't
    overlap.
    """

    title: str
    edits: tuple[Edit, ...] = field(converter=_edits)


NOT_RECORDED = "not recorded"
"""Metadata of a field that is for whoever has the object, and is written to no record."""


@frozen(kw_only=True)
class Diagnostic:
    """One thing that is wrong, or doubtful, in a file.

    ``message`` is one line and says what is wrong; ``hint``, where there is one, says what to do, and ``fix`` does it.
    ``code`` is stable (``DT1xx`` syntax, ``DT2xx`` structure, ``DT3xx`` expressions, ``DT4xx`` actions, ``DT5xx``
    security, ``DT9xx`` portability).

    >>> place = Location("a.yaml", 3, 5, 3, 9)
    >>> print(Diagnostic.at(place, "DT202", Severity.ERROR, "unknown key 'stesp'", hint="did you mean 'steps'?"))
    a.yaml:3:5: error: unknown key 'stesp' [DT202]; did you mean 'steps'?
    """

    code: str
    severity: Severity
    message: str
    file: str | None
    line: int
    column: int
    end_line: int
    end_column: int
    hint: str | None = None
    related: tuple[Related, ...] = ()
    fix: Fix | None = field(default=None, metadata={NOT_RECORDED: True})

    @classmethod
    def at(
        cls,
        location: Location,
        code: str,
        severity: Severity,
        message: str,
        *,
        hint: str | None = None,
        related: Sequence[Related] = (),
        fix: Fix | None = None,
    ) -> Diagnostic:
        """A diagnostic whose range is ``location``."""
        return cls(
            code=str(code),
            severity=severity,
            message=message,
            file=location.file,
            line=location.line,
            column=location.column,
            end_line=location.end_line,
            end_column=location.end_column,
            hint=hint,
            related=tuple(related),
            fix=fix,
        )

    @property
    def location(self) -> Location:
        """The range that the diagnostic is about."""
        return Location(self.file, self.line, self.column, self.end_line, self.end_column)

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.location}: {self.severity}: {self.message} [{self.code}]{hint}"


def sort_diagnostics(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics by file, line, column, then code, each only once."""
    unique = dict.fromkeys(diagnostics)
    return sorted(unique, key=lambda d: (d.file or "", d.line, d.column, d.end_line, d.end_column, d.code, d.message))


def has_errors(diagnostics: Sequence[Diagnostic]) -> bool:
    """Whether one of the diagnostics is an error."""
    return any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
