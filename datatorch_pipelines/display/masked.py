"""What is shown beside a run's events and results, which hold no secrets, without secrets too."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.results.status import Failure


def masked_failure(failure: Failure, masker: Masker) -> Failure:
    """A failure whose words, and whose line of a file, hold no secret."""
    snippet = None if failure.snippet is None else masker.text(failure.snippet)
    return evolve(failure, message=masker.text(failure.message), snippet=snippet)


def masked_diagnostics(diagnostics: Iterable[Diagnostic], masker: Masker) -> tuple[Diagnostic, ...]:
    """Diagnostics whose words hold no secret; places are as they were."""
    return tuple(
        evolve(
            item,
            message=masker.text(item.message),
            hint=None if item.hint is None else masker.text(item.hint),
            related=tuple(evolve(related, message=masker.text(related.message)) for related in item.related),
        )
        for item in diagnostics
    )
