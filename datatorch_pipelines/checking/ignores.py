"""Comments in a file that ignore what is said about it: ``# datatorch: ignore[DT401] why``."""

from __future__ import annotations

from collections.abc import Sequence

from datatorch_pipelines.checking.options import CheckOptions
from datatorch_pipelines.checks import CHECKS
from datatorch_pipelines.checks.ignore_comments import may_ignore
from datatorch_pipelines.checks.ignores import apply_ignores, without_ignored
from datatorch_pipelines.checks.known import known_codes
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Locator
from datatorch_pipelines.syntax.source import read_source

_OF_OTHERS = frozenset(
    {
        Code.INTERNAL,
        Code.NO_RUNNER,
        Code.DUPLICATE_PIPELINE,
        Code.UNRESOLVED,
        Code.ACTION_WARNING,
        Code.CANNOT_RUN,
    }
)
"""What is not found by looking at one file alone: by a plan, in fetching, beside other files."""

_WITHOUT_ACTIONS = frozenset({Code.UNPINNED})
"""The only codes of ``DT4`` that need no action's definition."""

_MAY_NEED_ACTIONS = frozenset({Code.FOUND_NOTHING, Code.WRONG_OPERAND, Code.CONSTANT_CONDITION})
"""Codes of other kinds that can depend on what an action declares."""


def ignored_by_comments(
    text: str,
    filename: str,
    source: Locator | None,
    diagnostics: Sequence[Diagnostic],
    options: CheckOptions,
    *,
    all_actions_known: bool,
) -> list[Diagnostic]:
    """The diagnostics that a file's comments leave, and those about these comments.

    ``source`` is the locator of the file's model, ``None`` where its form is wrong: then it is not told that a comment
    ignores nothing, and in a text that can't be read at all, nothing is ignored. ``all_actions_known`` says whether the
    checks saw the definition of each action that is named.
    """
    if not may_ignore(text):
        return list(diagnostics)
    known = known_codes(options.extra_checks)
    if source is not None:
        judged = _judged(options, diagnostics, all_actions_known=all_actions_known)
        return apply_ignores(source, diagnostics, known=known, judged=judged)
    _, report, complete = read_source(text, filename, options.limits)
    if not complete:
        return list(diagnostics)
    return apply_ignores(report.locator, diagnostics, known=known, judged=())


def _judged(options: CheckOptions, diagnostics: Sequence[Diagnostic], *, all_actions_known: bool) -> frozenset[str]:
    """The codes whose checks saw all that they need: where these were not found, there is nothing to ignore."""
    checks = (*CHECKS, *options.extra_checks)
    off = {check.code for check in checks if check.opt_in and check.code not in options.settings.enable}
    others = {check.code for check in options.extra_checks}
    judged = {str(code) for code in Code if code not in _OF_OTHERS} - off
    if not all_actions_known:
        judged = {
            code
            for code in judged
            if code not in _MAY_NEED_ACTIONS and (not code.startswith("DT4") or code in _WITHOUT_ACTIONS)
        }
    elif not any(item.code == Code.BROKEN_CHECK for item in diagnostics):
        judged |= others - off
    return frozenset(judged)


__all__ = ["ignored_by_comments", "without_ignored"]
