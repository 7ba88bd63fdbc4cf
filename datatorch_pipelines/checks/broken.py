"""The texts that can't be parsed, as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datatorch_pipelines.checks.rule import Finding
from datatorch_pipelines.checks.subject import Subject, at_columns


def broken_texts(subject: Subject, wanted: Callable[[str], bool]) -> Iterator[Finding]:
    """A finding for each text whose parsing ended in an error with a wanted code."""
    for text in subject.texts:
        error = text.error
        if error is not None and wanted(error.code):
            place = at_columns(subject.source, text.path, (error.column, error.end_column))
            yield Finding(place, error.message, hint=error.hint)
