"""The texts of the files that messages are about, read for their lines."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.errors import PipelineSyntaxError


def read_sources(diagnostics: Iterable[Diagnostic]) -> dict[str, str]:
    """The text of every file that is named, also as a related place, as far as it can be read."""
    return read_files(
        file for item in diagnostics for file in (item.file, *(related.location.file for related in item.related))
    )


def read_files(files: Iterable[str | None]) -> dict[str, str]:
    """The text of each of the files that can be read, by name."""
    from datatorch_pipelines.syntax.files import read_text_file

    sources: dict[str, str] = {}
    for file in dict.fromkeys(files):
        if file is not None:
            with contextlib.suppress(PipelineSyntaxError):
                sources[file] = read_text_file(file)
    return sources
