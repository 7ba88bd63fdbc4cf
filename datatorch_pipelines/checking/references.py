"""Where that is defined which a reference in an expression means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from datatorch_pipelines.checks.subject import ActionSubject, PipelineSubject, Subject, Text
from datatorch_pipelines.diagnostics import PathKey
from datatorch_pipelines.expressions import Reference
from datatorch_pipelines.model import Job

Path = tuple[PathKey, ...]


@frozen
class Definition:
    """The path of a definition: that of its key, or of the value that names it."""

    path: Path
    is_value: bool = False
    description: str | None = None


def definition_of(reference: Reference, position: int, text: Text, subject: Subject) -> Definition | None:
    """What the name at a position of a reference's path means; ``None`` where the file doesn't define it."""
    name = reference.path[position]
    if name is None:
        return None
    if isinstance(subject, ActionSubject):
        return _of_action(reference, position, name, subject)
    if reference.context == "steps":
        return step_definition(subject, text.job, name, text.step) if position == 0 else None
    if reference.context in ("needs", "jobs"):
        return _of_job(reference, position, name, subject)
    if position > 0 or text.job is None:
        return _among(name, [("variables",)], subject) if reference.context == "variables" and position == 0 else None
    job: Path = ("jobs", text.job)
    step: list[Path] = [] if text.step is None else [(*job, "steps", text.step, "env")]
    places: dict[str, list[Path]] = {
        "env": [*step, (*job, "env"), ("env",)],
        "variables": [("variables",)],
        "matrix": [(*job, "strategy", "matrix")],
    }
    return _among(name, places.get(reference.context, []), subject)


def job_definition(subject: PipelineSubject, name: str) -> Definition | None:
    """The job that a name means."""
    found = _same(name, subject.pipeline.jobs)
    return None if found is None else Definition(("jobs", found))


def step_definition(subject: PipelineSubject, job_id: str | None, name: str, before: int | None) -> Definition | None:
    """The step that a name means to the step ``before`` of a job; its id, or its name."""
    if job_id is None:
        return None
    index = subject.step_names(job_id).find(name, before)
    if index is None:
        return None
    step = subject.pipeline.jobs[job_id].steps[index]
    key = "id" if step.id is not None and step.id.lower() == name.lower() else "name"
    return Definition(("jobs", job_id, "steps", index, key), is_value=True)


def _of_action(reference: Reference, position: int, name: str, subject: ActionSubject) -> Definition | None:
    if reference.context != "inputs" or position > 0:
        return None
    found = _same(name, subject.action.inputs)
    return (
        None if found is None else Definition(("inputs", found), description=subject.action.inputs[found].description)
    )


def _of_job(reference: Reference, position: int, name: str, subject: PipelineSubject) -> Definition | None:
    """A job, or one of its outputs."""
    job_id = _same(str(reference.path[0]), subject.pipeline.jobs)
    if job_id is None or position == 1:
        return None
    if position == 0:
        return Definition(("jobs", job_id))
    if position != 2 or reference.path[1] != "outputs":
        return None
    output = _same(name, subject.pipeline.jobs[job_id].outputs)
    return None if output is None else Definition(("jobs", job_id, "outputs", output))


def _among(name: str, places: Iterable[Path], subject: PipelineSubject) -> Definition | None:
    """The first of some mappings that has a name."""
    for path in places:
        found = _same(name, _mapping(path, subject))
        if found is not None:
            return Definition((*path, found))
    return None


def _mapping(path: Path, subject: PipelineSubject) -> Iterable[str]:
    """The keys of the mapping at a path."""
    pipeline = subject.pipeline
    if path == ("variables",):
        return pipeline.variables
    if path == ("env",):
        return pipeline.env
    job: Job = pipeline.jobs[str(path[1])]
    if path[2] == "env":
        return job.env
    if path[2] == "strategy":
        matrix = job.strategy.matrix if job.strategy is not None else None
        return matrix if isinstance(matrix, Mapping) else ()
    index = path[3]
    return job.steps[index].env if isinstance(index, int) else ()


def _same(name: str, names: Iterable[str]) -> str | None:
    """The name as it is written where it is defined: as it is, else without regard to case."""
    known = list(names)
    return name if name in known else next((other for other in known if other.lower() == name.lower()), None)
