"""Names and texts of a file, fit for a message."""

from __future__ import annotations

import re
from collections.abc import Iterable

from datatorch_pipelines.syntax.names import listed

_MOST_NAMES = 24
_LONGEST_LINE = 600
_BREAKS = re.compile(r" *\n[ \n]*")


def few(names: Iterable[str], last: str = "and") -> str:
    """Names in a sentence, so many that it can still be read.

    >>> few(["a", "b", "c"]), few(map(str, range(100)))[-20:]
    ('a, b and c', '22, 23 and 76 others')
    """
    items = list(names)
    more = len(items) - _MOST_NAMES
    return f"{', '.join(items[:_MOST_NAMES])} {last} {more} others" if more > 1 else listed(items, last=last)


def one_line(text: str) -> str:
    """A text on one line, whatever it holds: parts of it come from files of strangers.

    >>> one_line("use\\n  round\\x1b[0m")
    'use round [0m'
    """
    # Spaces stay as they are: a name that is told may hold two in a row.
    line = _BREAKS.sub(" ", "".join(character if character.isprintable() else "\n" for character in text)).strip()
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 3] + "..."
