"""What stands below a misspelt key, checked as if the key were right: so that one report tells of it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Edit, Fix, Location, Related, Severity
from datatorch_pipelines.syntax.edits import apply_edits


def misspelt_keys(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those that tell of a key which can only be meant one way."""
    return [
        item
        for item in diagnostics
        if item.code == Code.UNKNOWN_KEY and item.severity is Severity.ERROR and item.fix is not None
    ]


@frozen
class Respelt:
    """A text with its misspelt keys written right, and the way back from its places to those of the text as it is."""

    text: str
    file: str
    _edits: Mapping[int, Sequence[Edit]]

    @classmethod
    def of(cls, text: str, file: str, misspelt: Iterable[Diagnostic]) -> Respelt:
        """``text`` with the fixes of these diagnostics made; each of them changes a part of one line."""
        edits = dict.fromkeys(edit for item in misspelt if item.fix is not None for edit in item.fix.edits)
        by_line: dict[int, list[Edit]] = {}
        for edit in sorted(edits, key=lambda edit: (edit.location.line, edit.location.column)):
            by_line.setdefault(edit.location.line, []).append(edit)
        return cls(apply_edits(text, edits), file, by_line)

    def as_written(self, item: Diagnostic) -> Diagnostic:
        """A diagnostic of the text that was made, at its place in the text as it is."""
        place = self._place(item.location)
        fix = item.fix
        if fix is not None and item.file == self.file:
            fix = Fix(fix.title, tuple(Edit(self._place(edit.location), edit.text) for edit in fix.edits))
        return evolve(
            item,
            line=place.line,
            column=place.column,
            end_line=place.end_line,
            end_column=place.end_column,
            related=tuple(Related(other.message, self._place(other.location)) for other in item.related),
            fix=fix,
        )

    def _place(self, place: Location) -> Location:
        if place.file != self.file:
            return place
        return evolve(
            place,
            column=self._column(place.line, place.column),
            end_column=self._column(place.end_line, place.end_column),
        )

    def _column(self, line: int, column: int) -> int:
        """The column of what stands at one of the text that was made."""
        longer = 0
        for edit in self._edits.get(line, ()):
            if column < edit.location.column + longer + len(edit.text):
                break
            longer += len(edit.text) - (edit.location.end_column - edit.location.column)
        return column - longer
