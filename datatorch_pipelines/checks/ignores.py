"""Comments that ignore warnings: ``# datatorch: ignore[DT401] why``.

Only a YAML comment counts; a ``#`` inside a scalar is text. Behind something on a line, a comment holds for what begins
on that line; on a line of its own, for the next line that is neither blank nor a comment. Where a scalar begins or ends
on the line, it holds for the whole of it. Errors are never ignored: the file can't be used, whatever it says itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import frozen

from datatorch_pipelines.checks.ignore_comments import IgnoreComment, NamedCode, ignore_comments
from datatorch_pipelines.checks.known import code_meant
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Edit, Fix, Locator, Severity, sort_diagnostics
from datatorch_pipelines.syntax import TextLocator
from datatorch_pipelines.syntax.names import shown

_ABOUT_COMMENTS = frozenset({str(Code.BAD_IGNORE), str(Code.UNUSED_IGNORE)})
_MOST = 1_000
"""How many diagnostics about comments are told: a file that is all comments must not cost all memory."""


@frozen
class _Ignores:
    """A file's comments that were understood, by the line that they hold for and by their own."""

    source: TextLocator
    by_target: Mapping[int, Sequence[IgnoreComment]]
    by_line: Mapping[int, Sequence[IgnoreComment]]

    def names(self, diagnostic: Diagnostic) -> list[NamedCode]:
        """The codes in comments that hold for a diagnostic and name its code."""
        if diagnostic.file != self.source.file:
            return []
        lines = dict.fromkeys((diagnostic.line, *self.source.scalar_lines(diagnostic.line, diagnostic.column)))
        comments = [comment for line in lines for comment in self.by_target.get(line, ())]
        if diagnostic.code in _ABOUT_COMMENTS:
            comments += self.by_line.get(diagnostic.line, ())
        return [name for comment in comments for name in comment.codes if name.code == diagnostic.code]


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
    return _kept(diagnostics, _indexed(source, comments), set())


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
    ignores = _indexed(source, comments)
    used: set[NamedCode] = set()
    kept = _kept(diagnostics, ignores, used)
    refused = {name for item in kept if item.severity is Severity.ERROR for name in ignores.names(item)}
    told: list[Diagnostic] = []
    for comment in comments:
        if comment.problem is not None:
            told.append(_malformed(comment, comment.problem))
            continue
        for name in comment.codes:
            if name.code not in known:
                told.append(_unknown(name, known))
            elif name in refused:
                told.append(_refused(name))
            elif name not in used and name.code in judged and name.code not in _ABOUT_COMMENTS:
                told.append(_unused(name))
    # What is told of comments can be ignored too; that there was nothing of it to ignore is the last that is told.
    told = _kept(told[:_MOST], ignores, used)
    names = (name for comment in comments if comment.problem is None for name in comment.codes)
    told += [_unused(name) for name in names if name.code in _ABOUT_COMMENTS and name not in used][:_MOST]
    return sort_diagnostics([*kept, *told])


def _comments(source: Locator) -> list[IgnoreComment]:
    return list(ignore_comments(source)) if isinstance(source, TextLocator) else []


def _indexed(source: TextLocator, comments: Sequence[IgnoreComment]) -> _Ignores:
    by_target: dict[int, list[IgnoreComment]] = {}
    by_line: dict[int, list[IgnoreComment]] = {}
    for comment in comments:
        if comment.problem is None:
            by_target.setdefault(comment.target, []).append(comment)
            by_line.setdefault(comment.line, []).append(comment)
    return _Ignores(source, by_target, by_line)


def _kept(diagnostics: Sequence[Diagnostic], ignores: _Ignores, used: set[NamedCode]) -> list[Diagnostic]:
    """The diagnostics that no comment ignores; notes in ``used`` each code that ignored something."""
    kept: list[Diagnostic] = []
    for item in diagnostics:
        names = ignores.names(item) if item.severity is Severity.WARNING else []
        used.update(names)
        if not names:
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
