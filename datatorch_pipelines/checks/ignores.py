"""Comments that ignore warnings: ``# datatorch: ignore[DT401] why``.

Only a YAML comment counts; a ``#`` inside a scalar is text. Behind something on a line, a comment holds for what begins
on that line; on a line of its own, for the next line that is neither blank nor a comment. Where a scalar begins or ends
on the line, it holds for the whole of it. Errors are never ignored: the file can't be used, whatever it says itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from attrs import frozen

from datatorch_pipelines.checks.ignore_comments import IgnoreComment, NamedCode, ignore_comments
from datatorch_pipelines.checks.known import code_meant
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Edit, Fix, Locator, Severity, sort_diagnostics
from datatorch_pipelines.syntax import TextLocator
from datatorch_pipelines.syntax.names import shown

_ABOUT_COMMENTS = frozenset({str(Code.BAD_IGNORE), str(Code.UNUSED_IGNORE)})
_MOST_COMMENTS, _MOST_TOLD = 10_000, 1_000
"""How many comments of a file count, and how many diagnostics are told of them: a file that is all comments must not
cost all memory."""

_Key = tuple[int, str]
"""A line that a comment holds for, and a code that it names."""


@frozen
class _Ignores:
    """What a file's comments ignore."""

    source: TextLocator
    keys: frozenset[_Key]

    def of(self, diagnostic: Diagnostic) -> list[_Key]:
        """What in comments holds for a diagnostic and names its code."""
        if diagnostic.file != self.source.file:
            return []
        lines = {diagnostic.line, *self.source.scalar_lines(diagnostic.line, diagnostic.column)}
        return [(line, diagnostic.code) for line in lines if (line, diagnostic.code) in self.keys]


def without_ignored(source: Locator, diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics that a file's comments leave; ``source`` is its locator.

    >>> from datatorch_pipelines.syntax import read_pipeline
    >>> text = "name: x # datatorch: ignore[DT401]\\njobs: {a: {steps: [{run: x}]}}"
    >>> pipeline, _ = read_pipeline(text, "p.yaml")
    >>> doubt = Diagnostic.at(pipeline.source.value(("name",)), "DT401", Severity.WARNING, "doubtful")
    >>> without_ignored(pipeline.source, [doubt])
    []
    """
    comments = _comments(source)
    if not comments or not isinstance(source, TextLocator):
        return list(diagnostics)
    return _kept(diagnostics, _ignores(source, comments), set())


def apply_ignores(
    source: Locator, diagnostics: Sequence[Diagnostic], *, known: Collection[str], judged: Collection[str]
) -> list[Diagnostic]:
    """As `without_ignored`, with what is to be said about the comments themselves, sorted by place.

    ``known`` has all the codes that there are, ``judged`` those whose checks could look at the whole file: only of
    these is it told that a comment ignores nothing.
    """
    comments = _comments(source)
    if not comments or not isinstance(source, TextLocator):
        return list(diagnostics)
    ignores = _ignores(source, comments)
    used: set[_Key] = set()
    kept = _kept(diagnostics, ignores, used)
    refused = {key for item in kept if item.severity is Severity.ERROR for key in ignores.of(item)}
    told: list[Diagnostic] = []
    for comment in comments:
        if comment.problem is not None:
            told.append(_malformed(comment, comment.problem))
            continue
        for name in comment.codes:
            if name.code not in known:
                told.append(_unknown(name, known))
            elif (comment.target, name.code) in refused:
                told.append(_refused(name))
            elif (comment.target, name.code) not in used and name.code in judged and name.code not in _ABOUT_COMMENTS:
                told.append(_unused(name))
        if len(told) >= _MOST_TOLD:
            break
    # What is told of comments can be ignored too; that there was nothing of it to ignore is the last that is told.
    told = _kept(told[:_MOST_TOLD], ignores, used)
    for comment in comments:
        for name in comment.codes if comment.problem is None else ():
            keys = {(comment.target, name.code), (comment.line, name.code)}
            if name.code in _ABOUT_COMMENTS and not keys & used and len(told) < _MOST_TOLD:
                told.append(_unused(name))
    return sort_diagnostics([*kept, *told])


def _comments(source: Locator) -> list[IgnoreComment]:
    return list(islice(ignore_comments(source), _MOST_COMMENTS)) if isinstance(source, TextLocator) else []


def _ignores(source: TextLocator, comments: Sequence[IgnoreComment]) -> _Ignores:
    keys: set[_Key] = set()
    for comment in comments:
        for name in comment.codes if comment.problem is None else ():
            keys.add((comment.target, name.code))
            if name.code in _ABOUT_COMMENTS:
                keys.add((comment.line, name.code))
    return _Ignores(source, frozenset(keys))


def _kept(diagnostics: Sequence[Diagnostic], ignores: _Ignores, used: set[_Key]) -> list[Diagnostic]:
    """The diagnostics that no comment ignores; notes in ``used`` what ignored the others."""
    kept: list[Diagnostic] = []
    for item in diagnostics:
        keys = ignores.of(item) if item.severity is Severity.WARNING else []
        used.update(keys)
        if not keys:
            kept.append(item)
    return kept


def _unknown(name: NamedCode, known: Collection[str]) -> Diagnostic:
    meant = code_meant(name.code, known)
    hint = f"did you mean {meant!r}?" if meant else "name whole codes, as they stand behind the warnings"
    fix = Fix(f"write {meant!r}", (Edit(name.place, meant),)) if meant else None
    message = f"there is no code {shown(name.code)}"
    return Diagnostic.at(name.place, Code.BAD_IGNORE, Severity.WARNING, message, hint=hint, fix=fix)


def _refused(name: NamedCode) -> Diagnostic:
    message = f"{name.code} is an error here, and an error can't be ignored"
    hint = "mend what it tells of; only warnings can be ignored"
    return Diagnostic.at(name.place, Code.BAD_IGNORE, Severity.WARNING, message, hint=hint)


def _unused(name: NamedCode) -> Diagnostic:
    message = f"there is no {name.code} to ignore here"
    hint = "remove it; a comment holds for its own line, or on a line of its own for the next"
    return Diagnostic.at(name.place, Code.UNUSED_IGNORE, Severity.WARNING, message, hint=hint)


def _malformed(comment: IgnoreComment, problem: str) -> Diagnostic:
    codes = ", ".join(name.code for name in comment.codes if name.code.isalnum()) or "DT401"
    hint = f"write '# datatorch: ignore[{codes}]', and why"
    return Diagnostic.at(comment.place, Code.BAD_IGNORE, Severity.WARNING, problem, hint=hint)
