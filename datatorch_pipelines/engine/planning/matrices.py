"""Matrices whose values are written out: what they stand for is known before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Locator, Severity
from datatorch_pipelines.engine.scheduling.matrix import Combination, MatrixError, combinations
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model import Job, Pipeline


def holds_expression(value: object) -> bool:
    """Whether any text in a value has an expression in it, so that only a run knows what it is."""
    if isinstance(value, str):
        return "${{" in value
    if isinstance(value, Mapping):
        return any(map(holds_expression, value.values()))
    return isinstance(value, Sequence) and any(map(holds_expression, value))


def known_combinations(job: Job, limits: Limits) -> Sequence[Combination] | None:
    """The combinations of a job's matrix, ``None`` where it has none or expressions make them.

    Raises `MatrixError` for what can't be a matrix.
    """
    matrix = None if job.strategy is None else job.strategy.matrix
    return None if not isinstance(matrix, Mapping) or holds_expression(matrix) else combinations(matrix, limits)


def refuse_matrices(pipeline: Pipeline, source: Locator, jobs: Iterable[str], limits: Limits) -> Iterator[Diagnostic]:
    """An error for each matrix of these jobs that is written out and that no run could make anything of."""
    for job_id in jobs:
        try:
            known_combinations(pipeline.jobs[job_id], limits)
        except MatrixError as error:
            place = source.value(("jobs", job_id, "strategy", "matrix", *error.path))
            yield Diagnostic.at(place, Code.EVALUATION, Severity.ERROR, error.message, hint=error.hint)
