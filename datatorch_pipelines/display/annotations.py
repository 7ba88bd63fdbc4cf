"""Diagnostics as GitHub's workflow commands, which a job's log turns into annotations of the lines.

A command is a line ``::error file=..,line=..::message``. What a file holds reaches neither another line nor another
property: what would end one is percent-encoded, as the runner decodes it, other control characters show as their codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from datatorch_pipelines.diagnostics import Diagnostic, Severity
from datatorch_pipelines.display.characters import one_line

_DATA: Mapping[int, str] = {ord("%"): "%25", ord("\r"): "%0D", ord("\n"): "%0A"}
_PROPERTY: Mapping[int, str] = {**_DATA, ord(":"): "%3A", ord(","): "%2C"}


def github_annotations(diagnostics: Iterable[Diagnostic]) -> str:
    """A command for each diagnostic, in their order, each on a line; empty where there is none.

    Columns are given where a range stays on its line: GitHub takes none otherwise.

    >>> from datatorch_pipelines.diagnostics import Location
    >>> place = Location("a.yaml", 3, 5, 3, 10)
    >>> print(github_annotations([Diagnostic.at(place, "DT202", Severity.ERROR, "unknown key 'stesp'")]), end="")
    ::error file=a.yaml,line=3,col=5,endLine=3,endColumn=10,title=DT202::unknown key 'stesp'
    """
    return "".join(f"{_command(item)}\n" for item in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    name = "error" if diagnostic.severity is Severity.ERROR else "warning"
    properties: dict[str, object] = {} if diagnostic.file is None else {"file": diagnostic.file}
    properties["line"] = diagnostic.line
    if diagnostic.end_line == diagnostic.line:
        properties["col"] = diagnostic.column
    properties["endLine"] = diagnostic.end_line
    if diagnostic.end_line == diagnostic.line:
        properties["endColumn"] = diagnostic.end_column
    properties["title"] = diagnostic.code
    shown = ",".join(f"{key}={_escaped(str(value), _PROPERTY)}" for key, value in properties.items())
    hint = f"; {diagnostic.hint}" if diagnostic.hint else ""
    return f"::{name} {shown}::{_escaped(f'{diagnostic.message}{hint}', _DATA)}"


def _escaped(text: str, codes: Mapping[int, str]) -> str:
    return one_line(text.translate(codes))
