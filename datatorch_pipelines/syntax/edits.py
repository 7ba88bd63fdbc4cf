"""Changes to a text that leave every other character as it was."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from attrs import frozen

from datatorch_pipelines.diagnostics import Edit, Fix, Location, Locator
from datatorch_pipelines.syntax.locator import TextLocator
from datatorch_pipelines.syntax.names import only_nearest

_PLAIN = re.compile(r"[A-Za-z0-9_$](?:[A-Za-z0-9_ ./@+-]*[A-Za-z0-9_])?")
"""What means the same in plain and quoted scalars, in YAML, in JSON and in an expression's names."""

_WORDS = re.compile(r"[A-Za-z_$][A-Za-z0-9_ $-]*|[0-9]+-[A-Za-z][A-Za-z-]*")
"""What means the same outside quotes too, also as a name in an expression, but for `_TYPED`."""

_TYPED = frozenset({"true", "false", "null"})
"""What is no text in YAML unless it is quoted."""

_LINE_END = re.compile(r"\r\n|\r|\n")


def renamed(source: Locator, place: Location, old: str, new: str) -> Fix | None:
    """The fix that writes ``new`` where ``old`` stands at ``place``, with or without quotes around it.

    ``None`` where that is not sure to mean the same but for the name: ``old`` is written with escapes, or ``new`` holds
    characters that some kinds of text would want escaped.
    """
    written = written_at(source, place)
    if written is None or not _PLAIN.fullmatch(new):
        return None
    # An expression's own quotes are doubled in a text that has single ones around it.
    quote = next((mark for mark in ("''", "'", '"') if _is_within(written, mark)), "")
    if not quote and (not _WORDS.fullmatch(new) or new.lower() in _TYPED):
        return None
    written = written[len(quote) : len(written) - len(quote)]
    column, end = place.column + len(quote), place.end_column - len(quote)
    if written != old:
        return None
    return Fix(f"write {new!r}", (Edit(Location(place.file, place.line, column, place.line, end), new),))


def _is_within(written: str, mark: str) -> bool:
    return len(written) > 2 * len(mark) and written.startswith(mark) and written.endswith(mark)


def respelt(source: Locator, place: Location, old: str, known: Iterable[str]) -> Fix | None:
    """The fix that writes the one known name that ``old`` at ``place`` can stand for; ``None`` where that is not sure.

    What ``old`` may not become, such as a key that stands beside it already, must not be among the known names.
    """
    new = only_nearest(old, known)
    return None if new is None else renamed(source, place, old, new)


def first_key(source: TextLocator, place: Location, key: str, value: str) -> Fix | None:
    """The fix that puts a key with a text before the first key of the document, which stands at ``place``.

    ``None`` where the first key doesn't begin its line, or the braces around it.
    """
    before = source.line_text(place.line)[: place.column - 1]
    whole = source.value(())
    flow = source.line_text(whole.line)[whole.column - 1 : whole.column] == "{"
    at = Location(place.file, place.line, place.column, place.line, place.column)
    if before.strip(" \t") == "":
        found = _LINE_END.search(source.text)
        separator, between = (found.group() if found else "\n") + before, "," if flow else ""
    elif flow and before.rstrip(" \t").endswith("{"):
        separator, between = " ", ","
    else:
        return None
    if not value.isprintable() or any("\ud800" <= character < "\ue000" for character in value):
        return None
    if source.file.lower().endswith(".json"):
        pair = f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
    else:
        from datatorch_pipelines.syntax.yaml_writer import to_yaml

        pair = f"{key}: {json.dumps(value, ensure_ascii=False) if flow else to_yaml(value).rstrip()}"
    return Fix(f"add {key}: {value}", (Edit(at, pair + between + separator),))


def written_at(source: Locator, place: Location) -> str | None:
    """The characters at a place; ``None`` for one that doesn't lie on a single line."""
    if place.line != place.end_line:
        return None
    return source.line_text(place.line)[place.column - 1 : place.end_column - 1]


@frozen
class Offsets:
    """From lines and columns of a text to offsets, and back."""

    starts: Sequence[int]
    length: int

    @classmethod
    def of(cls, text: str) -> Offsets:
        """Those of a text."""
        return cls([0, *(found.end() for found in _LINE_END.finditer(text))], len(text))

    def span(self, place: Location) -> tuple[int, int]:
        """The offsets of a range. Raises ``ValueError`` for one that lies outside the text."""
        if not (1 <= place.line <= place.end_line <= len(self.starts)):
            raise ValueError(f"{place} is outside the text")
        start = self.starts[place.line - 1] + place.column - 1
        end = self.starts[place.end_line - 1] + place.end_column - 1
        if not 0 <= start <= end <= self.length:
            raise ValueError(f"{place} is outside the text")
        return start, end

    def line(self, offset: int) -> int:
        """The number of the line, from 1, that the character at an offset is on."""
        return bisect_right(self.starts, offset)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; their places are those of the text as it is.

    Raises ``ValueError`` for edits that overlap or lie outside the text.

    >>> apply_edits("stesp: []", [Edit(Location(None, 1, 1, 1, 6), "steps")])
    'steps: []'
    """
    offsets = Offsets.of(text)
    pieces: list[str] = []
    position = 0
    for start, end, new in sorted((*offsets.span(edit.location), edit.text) for edit in edits):
        if start < position:
            raise ValueError("edits overlap")
        pieces += text[position:start], new
        position = end
    return "".join([*pieces, text[position:]])
