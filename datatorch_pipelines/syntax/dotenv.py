"""Files of ``KEY=VALUE`` lines, as ``.env`` files are written."""

from __future__ import annotations

import re

_LINE_END = re.compile(r"\r\n|\r|\n")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*)", re.DOTALL)
_SINGLE = re.compile(r"'([^']*)'\s*(?:#.*)?", re.DOTALL)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?', re.DOTALL)
_ESCAPE = re.compile(r'\\([nrt"\\$])')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_COMMENT = re.compile(r"(?:^|\s)#.*", re.DOTALL)


class DotenvError(ValueError):
    """A line is no assignment. ``line`` counts from 1; the text never holds what stands there: it may be a secret."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def parse_dotenv(text: str) -> dict[str, str]:
    """The assignments of a text; of a key that comes twice the last.

    Empty lines and lines that begin with ``#`` don't count, ``export`` before a key neither. In single quotes all
    characters stand for themselves; in double quotes ``\\n \\r \\t \\" \\\\ \\$`` have their meaning; without quotes
    the value ends before `` #``, and white space around it is dropped. Nothing is expanded. Raises `DotenvError`.

    >>> parse_dotenv('A=1 # one\\nexport B="two\\\\nlines"')
    {'A': '1', 'B': 'two\\nlines'}
    """
    values: dict[str, str] = {}
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        assignment = _ASSIGNMENT.fullmatch(line)
        if assignment is None:
            raise DotenvError(number, "this is no KEY=VALUE")
        values[assignment.group(1)] = _value(assignment.group(2), number)
    return values


def _value(text: str, line: int) -> str:
    if text[:1] not in ("'", '"'):
        return _COMMENT.sub("", text).strip()
    quoted = (_SINGLE if text.startswith("'") else _DOUBLE).fullmatch(text)
    if quoted is None:
        raise DotenvError(line, "the quote does not end with the line; in double quotes \\n is a line end")
    if text.startswith("'"):
        return quoted.group(1)
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found.group(1), found.group(1)), quoted.group(1))
