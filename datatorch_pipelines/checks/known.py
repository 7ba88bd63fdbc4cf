"""Which codes there are, which of them may be warnings, and what a misspelt one was meant to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from datatorch_pipelines.checks.registry import CHECKS
from datatorch_pipelines.checks.rule import Check
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.syntax.names import nearest

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "syntax": "DT1",
        "structure": "DT2",
        "expressions": "DT3",
        "actions": "DT4",
        "security": "DT5",
        "portability": "DT9",
    }
)
"""Names by which all codes of one kind may be called."""

_NOT_OF_CHECKS = frozenset(
    {
        Code.UNKNOWN_KEY,  # in action files
        Code.WRONG_VALUE,  # a text that is longer than DataTorch's schema allows
        Code.DUPLICATE_PIPELINE,
        Code.BAD_IGNORE,
        Code.UNUSED_IGNORE,
        Code.NOT_AN_OPTION,  # a default in an action file
        Code.ACTION_WARNING,
        Code.UNDECLARED_OUTPUT,
        Code.NOT_KEPT,
    }
)
"""Codes of warnings that are found elsewhere than by `CHECKS`."""

_LOOK_ALIKES = str.maketrans("OIL", "011", "-_ ")


def known_codes(extra_checks: Iterable[Check] = ()) -> frozenset[str]:
    """The library's codes and those of other checks."""
    return frozenset(str(code) for code in Code) | {check.code for check in extra_checks}


def warning_codes(extra_checks: Iterable[Check] = ()) -> frozenset[str]:
    """The codes that can be those of warnings: all others are errors wherever they occur."""
    checks = (*CHECKS, *extra_checks)
    found = {check.code for check in checks if check.severity is Severity.WARNING}
    return frozenset(map(str, {*_NOT_OF_CHECKS, *found}))


def code_meant(written: str, known: Iterable[str]) -> str | None:
    """The one code that somebody meant who wrote another text; ``None`` where that is not clear.

    >>> code_meant("dt-4O1", known_codes()), code_meant("unpinned", known_codes()), code_meant("DT499", known_codes())
    ('DT401', 'DT401', None)
    """
    codes = set(known)
    by_name = Code.__members__.get(written.upper().replace("-", "_"))
    if by_name is not None:
        return str(by_name)
    folded = _folded(written)
    ours = [code for code in codes if _folded(code) == folded]
    if len(ours) == 1:
        return ours[0]
    return nearest(written, (code for code in codes if code not in Code.__members__.values()))


def _folded(code: str) -> str:
    return code.upper().translate(_LOOK_ALIKES)
