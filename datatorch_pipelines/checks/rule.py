"""What a check is: data about it, and the functions that look."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import field, frozen

from datatorch_pipelines.checks.subject import ActionSubject, PipelineSubject
from datatorch_pipelines.checks.wording import one_line
from datatorch_pipelines.diagnostics import Diagnostic, Fix, Location, Related, Severity


def _related(value: Iterable[Related]) -> tuple[Related, ...]:
    return tuple(value)


@frozen
class Finding:
    """One place where a check found something: it becomes a diagnostic of the check's code and severity.

    ``message`` is one line that says what is wrong, ``hint`` what to do about it; what isn't printable becomes a space.
    ``fix`` is the change that does what the hint says, where only one can be meant.
    """

    location: Location
    message: str
    hint: str | None = field(default=None, kw_only=True)
    related: tuple[Related, ...] = field(default=(), converter=_related, kw_only=True)
    fix: Fix | None = field(default=None, kw_only=True)


@frozen(kw_only=True)
class Check:
    """One thing that is looked for.

    ``pipeline`` looks at a pipeline, ``action`` at an action file; either may be ``None``. They must not change what
    they are given, read files or use the network, and stay silent about what can't be known. An ``opt_in`` check looks
    only where settings enable its code. A code is capital letters and a number; those that begin with ``DT`` and a
    digit are the library's own.

    >>> def find_shouting(subject):
    ...     if subject.pipeline.name.isupper():
    ...         yield Finding(subject.source.value(("name",)), "the pipeline's name shouts", hint="use lower case")
    >>> check = Check(code="X001", severity=Severity.WARNING, summary="A name in capitals.", pipeline=find_shouting)
    >>> check.pipeline is find_shouting
    True
    """

    code: str
    severity: Severity
    summary: str
    pipeline: Callable[[PipelineSubject], Iterable[Finding]] | None = None
    action: Callable[[ActionSubject], Iterable[Finding]] | None = None
    opt_in: bool = False

    def diagnostics(self, findings: Iterable[Finding]) -> Iterable[Diagnostic]:
        """The findings as diagnostics of this check."""
        for finding in findings:
            yield Diagnostic.at(
                finding.location,
                self.code,
                self.severity,
                one_line(finding.message),
                hint=one_line(finding.hint) if finding.hint else None,
                related=finding.related,
                fix=finding.fix,
            )
