"""Which codes are told, and how gravely: data."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import evolve, field, frozen

from datatorch_pipelines.checking.globs import glob_matches, wrong_with_glob
from datatorch_pipelines.checks.known import GROUPS, code_meant, known_codes, warning_codes
from datatorch_pipelines.diagnostics import Diagnostic, Severity
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.syntax.names import did_you_mean, listed, shown

_OURS = re.compile(r"DT[0-9]*")


def _patterns(given: Iterable[str]) -> frozenset[str]:
    return frozenset(GROUPS.get(item, item) for item in given)


@frozen
class Codes:
    """A set of codes by patterns: a code, the beginning of several (``DT4``), or a group's name (``portability``).

    >>> "DT401" in Codes(["DT4"]), "DT901" in Codes(["portability"]), "DT501" in Codes(["DT4"])
    (True, True, False)
    """

    patterns: frozenset[str] = field(default=frozenset(), converter=_patterns)

    def __contains__(self, code: object) -> bool:
        return any(str(code).startswith(pattern) for pattern in self.patterns)


def _codes(given: Iterable[str] | Codes) -> Codes:
    if isinstance(given, Codes):
        return given
    patterns = (given,) if isinstance(given, str) else tuple(given)
    for pattern in patterns:
        _refuse_pattern(pattern, lowers=False)
    return Codes(patterns)


def _ignored(given: Iterable[str] | Codes) -> Codes:
    codes = _codes(given)
    for pattern in sorted(codes.patterns):
        _refuse_pattern(pattern, lowers=True)
    return codes


def _per_file(
    given: Mapping[str, Iterable[str]] | tuple[tuple[str, Codes], ...],
) -> tuple[tuple[str, Codes], ...]:
    pairs = tuple(given.items()) if isinstance(given, Mapping) else given
    for glob, _ in pairs:
        wrong = wrong_with_glob(glob)
        if wrong:
            raise PipelinesError(wrong)
    return tuple((glob, _ignored(codes)) for glob, codes in pairs)


def _severities(
    given: Mapping[str, Severity | str] | tuple[tuple[str, Severity], ...],
) -> tuple[tuple[str, Severity], ...]:
    found: dict[str, Severity] = {}
    for written, severity in dict(given).items():
        if severity not in (Severity.ERROR, Severity.WARNING):
            raise PipelinesError(f"there is no severity {shown(str(severity))}", hint="give 'error' or 'warning'")
        _refuse_pattern(written, lowers=severity == Severity.WARNING)
        found[GROUPS.get(written, written)] = Severity(severity)
    return tuple(sorted(found.items(), key=lambda item: -len(item[0])))


def _absolute(folder: str | os.PathLike[str] | None) -> Path | None:
    return None if folder is None else Path(folder).absolute()


@frozen(kw_only=True)
class Settings:
    """What a project wants to be told. Without arguments: every check that is not opt-in, as it is.

    Codes are given as such (``DT401``), by what several begin with (``DT4``), or by a group's name (``syntax``,
    ``structure``, ``expressions``, ``actions``, ``security``, ``portability``).

    - ``ignore``: warnings that are not told. Errors always are: the file can't be used.
    - ``enable``: opt-in checks that are to look.
    - ``severity``: by code, ``"error"`` for a warning that is to count as an error, ``"warning"`` for one that is not
      to, where a shorter pattern raises it; the longest pattern decides. No error becomes a warning.
    - ``per_file_ignores``: by a glob, what else is ignored in the files that it matches. A glob is relative to
      ``folder``; its parts are divided by ``/``, and ``**`` stands for any number of folders.
    - ``folder``: where the globs begin; the current folder unless given.
    - ``limits``: bounds on files and expressions, unless the caller of a check gives its own.

    Raises `PipelinesError` for a code of the library that does not exist, and for an error that is to be ignored or
    lowered.

    >>> Settings(ignore=["DT302"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    datatorch_pipelines.errors.PipelinesError: DT302 is always an error, and errors can't be ignored or lowered; ...
    """

    ignore: Codes = field(factory=Codes, converter=_ignored)
    enable: Codes = field(factory=Codes, converter=_codes)
    severity: tuple[tuple[str, Severity], ...] = field(factory=dict, converter=_severities)
    per_file_ignores: tuple[tuple[str, Codes], ...] = field(factory=dict, converter=_per_file)
    folder: Path | None = field(default=None, converter=_absolute)
    limits: Limits | None = None

    def apply(self, diagnostics: Sequence[Diagnostic], file: str) -> list[Diagnostic]:
        """What is left of a file's diagnostics, at the severities that are set."""
        if not diagnostics or not (self.ignore.patterns or self.per_file_ignores or self.severity):
            return list(diagnostics)
        ignored = [self.ignore, *(codes for glob, codes in self.per_file_ignores if self._holds(glob, file))]
        return [
            self._raised(item)
            for item in diagnostics
            if item.severity is Severity.ERROR or not any(item.code in codes for codes in ignored)
        ]

    def _raised(self, diagnostic: Diagnostic) -> Diagnostic:
        if diagnostic.severity is Severity.ERROR:
            return diagnostic
        severity = next((given for pattern, given in self.severity if diagnostic.code.startswith(pattern)), None)
        return diagnostic if severity in (None, diagnostic.severity) else evolve(diagnostic, severity=severity)

    def _holds(self, glob: str, file: str) -> bool:
        """Whether a glob matches a file, by its path from the folder as written or with links followed."""
        try:
            folder = str(self.folder or Path.cwd())
            paths = {os.path.relpath(path(file), path(folder)) for path in (os.path.abspath, os.path.realpath)}
        except (OSError, ValueError):  # a name that no file can have
            return False
        return any(glob_matches(glob, path.replace(os.sep, "/")) for path in paths)


def _refuse_pattern(pattern: object, *, lowers: bool) -> None:
    """Raises `PipelinesError` for a pattern that stands for none of the library's codes, or only for errors."""
    wrong = wrong_with_pattern(pattern, lowers=lowers)
    if wrong is not None:
        raise PipelinesError(wrong[0], hint=wrong[1])


def wrong_with_pattern(
    pattern: object, *, lowers: bool, others: frozenset[str] | None = None
) -> tuple[str, str] | None:
    """What is wrong with a pattern of codes, and what to do; ``None`` where all is well.

    ``lowers`` says that it is for ignoring or lowering, which errors don't allow. ``others`` has all the codes that are
    not the library's; unless given, whatever doesn't begin as the library's codes do is taken for one of those.
    """
    if not isinstance(pattern, str) or not pattern:
        return "a code is a text such as 'DT401'", "write it in quotes"
    if pattern in GROUPS:
        pattern = GROUPS[pattern]
    foreign = frozenset() if others is None else others
    known = known_codes() | foreign
    matched = {code for code in known if code.startswith(pattern)}
    if not matched:
        if others is None and not _OURS.match(pattern) and pattern.isupper():
            return None
        meant = code_meant(pattern, known)
        hint = f"did you mean {meant!r}?" if meant else did_you_mean(pattern, GROUPS)
        groups = listed(GROUPS)
        return f"there is no code {shown(pattern)}", hint or f"name a code, what several begin with, or {groups}"
    if lowers and not matched & (warning_codes() | foreign):
        what = f"{pattern} is always an error" if pattern in matched else f"all {pattern} codes are errors"
        return f"{what}, and errors can't be ignored or lowered", "remove it"
    return None
