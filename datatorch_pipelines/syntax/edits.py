"""Changes to a text that leave every other character as it was."""

from __future__ import annotations

import re
from collections.abc import Iterable

from datatorch_pipelines.diagnostics import Edit, Fix, Location, Locator

_PLAIN = re.compile(r"[A-Za-z0-9_$](?:[A-Za-z0-9_ ./@+-]*[A-Za-z0-9_])?")
"""What means the same in plain and quoted scalars, in YAML, in JSON and in an expression's names."""

_LINE_END = re.compile(r"\r\n|\r|\n")


def renamed(source: Locator, place: Location, old: str, new: str) -> Fix | None:
    """The fix that writes ``new`` where ``old`` stands at ``place``, with or without quotes around it.

    ``None`` where that is not sure to mean the same but for the name: ``old`` is written with escapes, or ``new`` holds
    characters that some kinds of text would want escaped.
    """
    if place.line != place.end_line or not _PLAIN.fullmatch(new):
        return None
    written = source.line_text(place.line)[place.column - 1 : place.end_column - 1]
    column, end = place.column, place.end_column
    if written[:1] in ("'", '"') and written[-1:] == written[:1]:
        written, column, end = written[1:-1], column + 1, end - 1
    if written != old:
        return None
    return Fix(f"write {new!r}", (Edit(Location(place.file, place.line, column, place.line, end), new),))


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; their places are those of the text as it is.

    Raises ``ValueError`` for edits that overlap or lie outside the text.

    >>> apply_edits("stesp: []", [Edit(Location(None, 1, 1, 1, 6), "steps")])
    'steps: []'
    """
    starts = [0, *(found.end() for found in _LINE_END.finditer(text))]
    pieces: list[str] = []
    position = 0
    for start, end, new in sorted((*_offsets(edit.location, starts, len(text)), edit.text) for edit in edits):
        if start < position:
            raise ValueError("edits overlap")
        pieces += text[position:start], new
        position = end
    return "".join([*pieces, text[position:]])


def _offsets(place: Location, starts: list[int], length: int) -> tuple[int, int]:
    if not (1 <= place.line <= place.end_line <= len(starts)):
        raise ValueError(f"{place} is outside the text")
    start, end = starts[place.line - 1] + place.column - 1, starts[place.end_line - 1] + place.end_column - 1
    if not 0 <= start <= end <= length:
        raise ValueError(f"{place} is outside the text")
    return start, end
