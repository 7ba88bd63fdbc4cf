"""Whether every name in an expression means something: what follows from one that doesn't is not told."""

from __future__ import annotations

from datatorch_pipelines.checks.needed import visible_job
from datatorch_pipelines.checks.subject import PipelineSubject, Subject, Text
from datatorch_pipelines.expressions import Expression, Reference
from datatorch_pipelines.expressions.analysis import OWNERS
from datatorch_pipelines.expressions.functions import find_function
from datatorch_pipelines.model.availability import AVAILABLE


def is_sound(subject: Subject, text: Text, expression: Expression) -> bool:
    """Whether an expression of a text names nothing that does not exist."""
    return all(_exists(subject, text, reference) for reference in expression.references) and all(
        find_function(call.name) is not None for call in expression.calls
    )


def _exists(subject: Subject, text: Text, reference: Reference) -> bool:
    if reference.context not in AVAILABLE[text.place]:
        return False
    name = reference.path[0] if reference.path else None
    if reference.context not in OWNERS or name is None or text.job is None or not isinstance(subject, PipelineSubject):
        return True
    if reference.context == "steps":
        return subject.step_names(text.job).find(name, text.step) is not None
    return visible_job(subject.pipeline.jobs, text.job, reference.context, name) is not None
