"""Steps that ask a person: refused before anything runs where nobody will answer."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import HumanHandler, Question
from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity
from datatorch_pipelines.engine.planning.actions import PlannedAction
from datatorch_pipelines.engine.third_party import third_party
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.model import Step


def refuse_unasked(
    handler: HumanHandler | None, job_id: str, index: int, step: Step, action: PlannedAction, place: Location
) -> Iterator[Diagnostic]:
    """An error for a step with an action that asks a person, where there is none, or none who has an answer."""
    reference = action.resolved.reference
    if handler is None:
        message = f"the action {reference} asks a person, and nobody is there to ask"
        hint = "give human=, or on the command line --answers or a terminal"
        yield Diagnostic.at(place, Code.CANNOT_RUN, Severity.ERROR, message, hint=hint)
        return
    can_answer = getattr(handler, "can_answer", None)
    if can_answer is None:
        return
    question = Question(
        run_id="",
        job=job_id,
        step=step.label,
        index=index,
        step_id=step.id,
        action=str(reference),
        title=action.definition.name,
        description=action.definition.description,
        outputs=action.definition.outputs,
    )
    try:
        with third_party("the human handler"):
            answered = can_answer(question)
    except PipelinesError as error:  # the answer is known, and wrong
        message = f"the action {reference} asks a person: {error.message}"
        yield Diagnostic.at(place, Code.CANNOT_RUN, Severity.ERROR, message, hint=error.hint)
        return
    if not answered:
        message = f"the action {reference} asks a person, and no answer is given for the step {step.label!r}"
        hint = "give one by the step's name, with a value for each output"
        yield Diagnostic.at(place, Code.CANNOT_RUN, Severity.ERROR, message, hint=hint)
