"""The checks of others: those that a caller gives and those that installed packages register.

Their code is not ours. What it raises or gives that makes no sense becomes one diagnostic that names the check, and the
other checks go on.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from attrs import evolve, frozen

from datatorch_pipelines._plugins import make_all
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import ActionSubject, PipelineSubject
from datatorch_pipelines.checks.wording import one_line
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Edit, Fix, Location, Locator, Related, Severity
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.syntax import TextLocator
from datatorch_pipelines.syntax.edits import Offsets
from datatorch_pipelines.syntax.names import shown

_CODE = re.compile(r"[A-Z][A-Z-]*[0-9]+")
_OURS = re.compile(r"DT[0-9]")
_MOST = 1_000
"""How many findings of one check in one file are told: a check may yield without end."""

SubjectT = TypeVar("SubjectT", PipelineSubject, ActionSubject)


def accepted_checks(given: Iterable[object]) -> tuple[Check, ...]:
    """The checks that a caller gives, looked at. Raises `PipelinesError` for one that can't be used.

    >>> accepted_checks([Check(code="DT401", severity=Severity.ERROR, summary="No.", pipeline=lambda subject: [])])
    Traceback (most recent call last):
    ...
    datatorch_pipelines.errors.PipelinesError: the code 'DT401' of a check is the library's own; begin it otherwise
    """
    return tuple(_accepted(check) for check in given)


def registered_checks() -> tuple[Check, ...]:
    """The checks that installed packages register. Raises `PipelinesError` for one that can't be loaded or used."""
    return accepted_checks(make_all("checks", Check).values())


def diagnostics_of(
    check: Check, look: Callable[[SubjectT], Iterable[Finding]], subject: SubjectT
) -> Iterator[Diagnostic]:
    """What a check of others finds; where it breaks, one error that says so."""
    name = subject.source.file
    file: _File | None = None
    try:
        for finding in itertools.islice(look(subject), _MOST):
            file = file or _file_of(subject.source)
            wrong = _wrong_with(finding, file)
            if wrong is not None:
                yield _broken(check, name, wrong)
                return
            fix = evolve(finding.fix, title=one_line(finding.fix.title)) if finding.fix else None
            yield from check.diagnostics([evolve(finding, fix=fix)])
    except Exception as error:  # whatever it is, it is theirs
        yield _broken(check, name, f"raised {type(error).__name__}: {_said(error)}".rstrip(": "))


def _accepted(check: object) -> Check:
    if not isinstance(check, Check):
        raise PipelinesError(
            f"{shown(_text_of(check))} is no check", hint="give objects of datatorch_pipelines.checks.Check"
        )
    code: object = check.code
    severity: object = check.severity
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        hint = "write capital letters and a number, such as ACME101"
        raise PipelinesError(f"the code {shown(_text_of(code))} of a check has the wrong form", hint=hint)
    if _OURS.match(code):
        raise PipelinesError(f"the code {code!r} of a check is the library's own", hint="begin it otherwise")
    if not isinstance(severity, Severity):
        raise PipelinesError(f"the severity of the check {code} is no Severity", hint="give ERROR or WARNING")
    looks = [look for look in (check.pipeline, check.action) if look is not None]
    if not looks or not all(map(callable, looks)):
        raise PipelinesError(
            f"the check {code} has no function that looks", hint="give it as pipeline, or as action, or both"
        )
    return check


@frozen
class _File:
    """The file that a check looks at; without ``offsets`` there is no text."""

    name: str
    offsets: Offsets | None


def _file_of(source: Locator) -> _File:
    return _File(source.file, Offsets.of(source.text) if isinstance(source, TextLocator) else None)


def _wrong_with(finding: object, file: _File) -> str | None:
    """Why something that a check gave is no finding in this file; ``None`` for one that is."""
    if not isinstance(finding, Finding):
        return f"gave {shown(_text_of(finding))}, which is no Finding"
    message: object = finding.message
    hint: object = finding.hint
    if not isinstance(message, str) or not isinstance(hint, str | None):
        return "gave a finding whose message or hint is no text"
    if not all(isinstance(item, Related) for item in finding.related):
        return "gave a finding whose related places are none"
    return _wrong_with_place(finding.location, file) or _wrong_with_fix(finding.fix, file)


def _wrong_with_fix(fix: object, file: _File) -> str | None:
    if fix is None:
        return None
    if not isinstance(fix, Fix) or not isinstance(fix.title, str):
        return "gave a finding whose fix is none"
    edits: Sequence[object] = fix.edits
    spans: list[tuple[int, int]] = []
    for edit in edits:
        if not isinstance(edit, Edit) or not isinstance(edit.text, str):
            return "gave a finding whose fix is none"
        wrong = _wrong_with_place(edit.location, file)
        if wrong is not None:
            return wrong
        if file.offsets is not None:
            spans.append(file.offsets.span(edit.location))
    spans.sort()
    if any(before[1] > after[0] for before, after in itertools.pairwise(spans)):
        return "gave a fix whose edits overlap"
    return None


def _wrong_with_place(place: object, file: _File) -> str | None:
    if not isinstance(place, Location):
        return "gave a finding whose location is none"
    if (place.file or "") != file.name:
        return f"gave a finding in another file, {shown(_text_of(place.file))}"
    numbers = (place.line, place.column, place.end_line, place.end_column)
    if min(numbers) < 1 or numbers[:2] > numbers[2:]:
        return "gave a finding whose location is no range"
    try:
        if file.offsets is not None:
            file.offsets.span(place)
    except ValueError:
        return f"gave a finding outside the file, at {place.line}:{place.column}"
    return None


def _broken(check: Check, file: str, what: str) -> Diagnostic:
    place = Location(file or None, 1, 1, 1, 1)
    hint = "mend or leave out the check, or the package that registers it"
    message = one_line(f"the check {check.code} {what}")
    return Diagnostic.at(place, Code.BROKEN_CHECK, Severity.ERROR, message, hint=hint)


def _said(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # an exception that can't even say what it is
        return ""


def _text_of(thing: object) -> str:
    try:
        return thing if isinstance(thing, str) else repr(thing)
    except Exception:  # their own __repr__
        return f"an object of the type {type(thing).__name__}"
