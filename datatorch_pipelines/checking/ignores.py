"""Comments in a file that ignore what is said about it: ``# datatorch: ignore[DT401] why``."""

from __future__ import annotations

from collections.abc import Sequence

from datatorch_pipelines.diagnostics import Diagnostic, Locator


def apply_ignores(
    text: str, filename: str, source: Locator | None, diagnostics: Sequence[Diagnostic]
) -> list[Diagnostic]:
    """The diagnostics that a file's comments leave, and those about these comments.

    ``source`` is the locator of the file's model, ``None`` where it could not be read.
    """
    return list(diagnostics)
