"""The difference between two texts, as a patch that can be read on a terminal."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from datatorch_pipelines._masking import star_credentials
from datatorch_pipelines.display.characters import one_line

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
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
    lines = difflib.unified_diff(_LINE.findall(before), _LINE.findall(after), _header(name), _header(name))
    return "".join(_shown(lines))


def _shown(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number < 2 or line.startswith("@@"):
            yield line
            continue
        content = line.removesuffix("\n").removesuffix("\r")
        end = line[len(content) :]
        shown = one_line(star_credentials(content))
        yield f"{shown}{end}" if end.endswith("\n") else f"{shown}{end}\n{_NO_LINE_END}\n"


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
