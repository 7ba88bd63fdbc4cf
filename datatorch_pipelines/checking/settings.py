"""Which codes are told, and how gravely: data."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from datatorch_pipelines.diagnostics import Diagnostic


@frozen(kw_only=True)
class Settings:
    """What a project wants to be told. Without arguments: every check that is not opt-in, as it is.

    ``enable`` names the codes of opt-in checks that are to look.
    """

    enable: frozenset[str] = frozenset()

    def apply(self, diagnostics: Sequence[Diagnostic], file: str) -> list[Diagnostic]:
        """What is left of a file's diagnostics, at the severities that are set."""
        return list(diagnostics)
