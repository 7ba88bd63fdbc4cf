"""The expressions that can't be read, as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datatorch_pipelines.checks.rule import Finding
from datatorch_pipelines.checks.subject import Subject, at_columns


def broken_texts(subject: Subject, wanted: Callable[[str], bool]) -> Iterator[Finding]:
    """A finding for each expression that can't be read, if its error has a wanted code."""
    for text in subject.texts:
        for error in text.errors:
            if wanted(error.code):
                place = at_columns(subject.source, text.path, (error.column, error.end_column))
                yield Finding(place, error.message, hint=error.hint)
