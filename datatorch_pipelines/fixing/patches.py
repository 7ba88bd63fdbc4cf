"""The difference between two texts, as a patch that can be read on a terminal."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator

from datatorch_pipelines._masking import star_credentials
from datatorch_pipelines.display.characters import one_line

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_HEADER_LINES = 2
_NO_LINE_END = "\\ No newline at end of file"


def unified_diff(before: str, after: str, name: str) -> str:
    """A patch that makes ``after`` of ``before``, with ``name`` as the file's name; empty where nothing differs.

    ``git apply -p0`` and ``patch -p0`` take it. Users and passwords of URLs are stars in it, and characters that could
    mislead a terminal are their codes: a patch that holds such lines can be read, but not applied.

    >>> print(unified_diff("a\\nb\\n", "a\\nc\\n", "p.yaml"), end="")
    --- p.yaml
    +++ p.yaml
    @@ -1,2 +1,2 @@
     a
    -b
    +c
    """
    pieces = []
    for number, line in enumerate(_lines(before, after, name)):
        shown = line if number < _HEADER_LINES else _shown(line)
        pieces.append(shown if shown.endswith("\n") else f"{shown}\n{_NO_LINE_END}\n")
    return "".join(pieces)


def hides_something(before: str, after: str) -> bool:
    """Whether the patch of two texts has stars or codes in the place of characters, so that it can't be applied."""
    lines = itertools.islice(_lines(before, after, ""), _HEADER_LINES, None)
    return any(_shown(line) != line for line in lines)


def _lines(before: str, after: str, name: str) -> Iterator[str]:
    return difflib.unified_diff(_LINE.findall(before), _LINE.findall(after), _header(name), _header(name))


def _shown(line: str) -> str:
    content = line.removesuffix("\n").removesuffix("\r")
    return one_line(star_credentials(content)) + line[len(content) :]


def _header(name: str) -> str:
    """A file's name in the form that git gives it in a patch."""
    if not name.isprintable() or '"' in name or "\\" in name:
        quoted = "".join(
            character if 0x20 <= ord(character) < 0x7F and character not in '"\\' else _escaped(character)
            for character in name
        )
        return f'"{quoted}"'
    return f"{name}\t" if " " in name else name


def _escaped(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))
