"""Diagnostics and failures as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.display.snippets import Snippets, snippet

if TYPE_CHECKING:
    from datatorch_pipelines.results.status import Failure


def diagnostic_text(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, str] | None = None, *, palette: Palette = PLAIN
) -> str:
    """The diagnostics in their order: place and message on a line, the file's line with carets, the hint, other places.

    ``sources`` maps names of files to their texts; what is not there shows without its line. The text is empty or ends
    with a line end.

    >>> place = Location("a.yaml", 1, 1, 1, 5)
    >>> wrong = Diagnostic.at(place, "DT202", Severity.ERROR, "unknown key 'nmae'", hint="did you mean 'name'?")
    >>> print(diagnostic_text([wrong], {"a.yaml": "nmae: Add"}), end="")
    a.yaml:1:1: error: unknown key 'nmae' [DT202]
        1 | nmae: Add
          | ^^^^
      hint: did you mean 'name'?
    """
    snippets = Snippets(sources or {}, palette)
    return "".join(f"{line}\n" for diagnostic in diagnostics for line in _diagnostic(diagnostic, snippets, palette))


def _diagnostic(diagnostic: Diagnostic, snippets: Snippets, palette: Palette) -> list[str]:
    meaning = "error" if diagnostic.severity is Severity.ERROR else "warning"
    lines = [
        f"{_place(diagnostic.location, palette)} {palette.paint(meaning, f'{diagnostic.severity}:')} "
        f"{one_line(diagnostic.message)} {palette.paint('faint', f'[{one_line(diagnostic.code)}]')}"
    ]
    lines += snippets.of(diagnostic.location, meaning=meaning)
    if diagnostic.hint:
        lines.append(f"  {palette.paint('note', 'hint:')} {one_line(diagnostic.hint)}")
    for related in diagnostic.related:
        note = palette.paint("note", "note:")
        lines.append(f"  {_place(related.location, palette)} {note} {one_line(related.message)}")
        lines += snippets.of(_beginning(related.location), meaning="note", mark="-")
    return lines


def _beginning(location: Location) -> Location:
    """The range up to the end of its first line: another place is only to be found, not to be read."""
    if location.end_line == location.line:
        return location
    return attrs.evolve(location, end_line=location.line + 1, end_column=1)


def failure_text(
    failure: Failure,
    *,
    what: str = "",
    sources: Mapping[str, str] | None = None,
    palette: Palette = PLAIN,
    counts: bool = True,
) -> str:
    """A failure as `diagnostic_text` shows an error; ``what`` says what failed (``job 'train'``).

    The line is the failure's own snippet, else that of the file in ``sources``. One that was gone on after
    (``counts=False``) is shown as a warning.

    >>> from datatorch_pipelines.results import Failure
    >>> print(failure_text(Failure(message="exit status 3"), what="job 'train'"), end="")
    error: job 'train': exit status 3
    """
    label = palette.paint("error", "error:") if counts else palette.paint("warning", "warning:")
    subject = f"{one_line(what)}: " if what else ""
    message = f"{label} {subject}{one_line(failure.message)}"
    if failure.location is None:
        return f"{message}\n"
    lines = [f"{_place(failure.location, palette)} {message}"]
    if failure.snippet is not None:
        lines += snippet(failure.snippet, failure.location, palette)
    else:
        lines += Snippets(sources or {}, palette).of(failure.location)
    return "".join(f"{line}\n" for line in lines)


def report_text(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, str] | None = None, *, palette: Palette = PLAIN
) -> str:
    """As `diagnostic_text`, with an empty line between the diagnostics of one file and those of the next."""
    snippets = Snippets(sources or {}, palette)
    lines: list[str] = []
    file: str | None = None
    for diagnostic in diagnostics:
        if lines and diagnostic.file != file:
            lines.append("")
        file = diagnostic.file
        lines += _diagnostic(diagnostic, snippets, palette)
    return "".join(f"{line}\n" for line in lines)


def check_summary(diagnostics: Sequence[Diagnostic], files: int, *, fixing: str | None = "") -> str:
    """How many errors and warnings there are, in how many files, and how many of them carry a fix.

    ``fixing`` says by what those can be fixed (`` with --fix``); with ``None`` they are not told of.

    >>> check_summary([], 3)
    'no problems in 3 files'
    """
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
    parts = [counted(errors, "error")] if errors else []
    if len(diagnostics) > errors:
        parts.append(counted(len(diagnostics) - errors, "warning"))
    fixable = sum(diagnostic.fix is not None for diagnostic in diagnostics)
    mended = f"; {fixable} can be fixed{fixing}" if fixable and fixing is not None else ""
    where = f" in {counted(files, 'file')}" if files else ""
    return f"{', '.join(parts) or 'no problems'}{where}{mended}"


def counted(number: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(1, "error"), counted(2, "error")
    ('1 error', '2 errors')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _place(location: Location, palette: Palette) -> str:
    return palette.paint("strong", f"{one_line(str(location))}:")
