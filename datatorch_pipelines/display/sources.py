"""The texts of the files that messages are about, read for their lines."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.errors import PipelineSyntaxError


def read_sources(diagnostics: Iterable[Diagnostic], masker: Masker | None = None) -> dict[str, str]:
    """The text of every file that is named, also as a related place, as far as it can be read.

    ``masker`` takes secrets out of each line.
    """
    return read_files(
        (file for item in diagnostics for file in (item.file, *(related.location.file for related in item.related))),
        masker,
    )


def read_files(files: Iterable[str | None], masker: Masker | None = None) -> dict[str, str]:
    """The text of each of the files that can be read, by name. ``masker`` takes secrets out of each line."""
    from datatorch_pipelines.syntax.files import read_text_file

    sources: dict[str, str] = {}
    for file in dict.fromkeys(files):
        if file is not None:
            with contextlib.suppress(PipelineSyntaxError):
                text = read_text_file(file)
                sources[file] = text if masker is None else _masked(text, masker)
    return sources


def _masked(text: str, masker: Masker) -> str:
    """Line by line, so that what is to be shown of a place stays in its line."""
    return "".join(map(masker.text, _LINE_ENDS.split(text)))


_LINE_ENDS = re.compile(r"(\r\n|\r|\n)")
