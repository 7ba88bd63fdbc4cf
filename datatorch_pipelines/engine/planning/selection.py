"""Which jobs of a pipeline a run is about: all, some alone, or some with what they need or with what needs them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from datatorch_pipelines.engine.options import Selection
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.model import Pipeline


def selected_jobs(pipeline: Pipeline, selection: Selection) -> tuple[str, ...]:
    """The ids of the jobs that run, in the order of the file.

    Where a start and an end are given, it is what lies between them. Raises `PipelinesError` for a job that the
    pipeline doesn't have, and for a start and an end with nothing between them.

    >>> from datatorch_pipelines.model import Job, Step
    >>> step = Step(run="x")
    >>> jobs = {"a": Job(steps=[step]), "b": Job(steps=[step], needs="a"), "c": Job(steps=[step], needs="b")}
    >>> selected_jobs(Pipeline(name="P", jobs=jobs), Selection(start=("b",)))
    ('b', 'c')
    """
    if not selection:
        return tuple(pipeline.jobs)
    for name in (*selection.jobs, *selection.start, *selection.end):
        if name not in pipeline.jobs:
            near = difflib.get_close_matches(name, pipeline.jobs, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(list(pipeline.jobs)[:10])}"
            raise PipelinesError(f"there is no job {name!r} in the pipeline", hint=hint)
    chosen = set(selection.jobs)
    if selection.start or selection.end:
        needs = {job_id: job.needs for job_id, job in pipeline.jobs.items()}
        parts = []
        if selection.start:
            parts.append(_reached(selection.start, _turned(needs)))
        if selection.end:
            parts.append(_reached(selection.end, needs))
        between = set.intersection(*parts)
        if not between and not chosen:
            start, end = " or ".join(map(repr, selection.start)), " or ".join(map(repr, selection.end))
            raise PipelinesError(f"no job lies between {start} and {end}", hint="let the end need the start")
        chosen |= between
    return tuple(job_id for job_id in pipeline.jobs if job_id in chosen)


def _turned(needs: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    """The jobs that need each job."""
    turned: dict[str, list[str]] = {job_id: [] for job_id in needs}
    for job_id, needed in needs.items():
        for name in needed:
            if name in turned:
                turned[name].append(job_id)
    return turned


def _reached(first: Iterable[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    """Everything that one gets to by following the edges, where one begins included."""
    found: set[str] = set()
    pending = list(first)
    while pending:
        name = pending.pop()
        if name not in found and name in edges:
            found.add(name)
            pending.extend(edges[name])
    return found
