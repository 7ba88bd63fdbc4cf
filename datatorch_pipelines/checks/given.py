"""The expressions that steps give to the declared inputs of their actions."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from datatorch_pipelines.checks.sound import is_sound
from datatorch_pipelines.checks.subject import PipelineSubject, Text
from datatorch_pipelines.model import Action, Input

_LENGTH = len(("jobs", "JOB", "steps", 0, "inputs", "NAME"))


@frozen
class GivenText:
    """A text with expressions that is the whole value of an input; ``declared`` is what ``action`` says of it."""

    text: Text
    name: str
    declared: Input
    action: Action


def given_texts(subject: PipelineSubject) -> Iterator[GivenText]:
    """The texts given to declared inputs, as far as they can be read and all names in them mean something."""
    if not subject.actions:
        return
    for text in subject.texts:
        path = text.path
        if len(path) != _LENGTH or path[4] != "inputs" or text.errors or text.job is None or text.step is None:
            continue
        action = subject.actions.get((text.job, text.step))
        declared = action.inputs.get(str(path[5])) if action is not None else None
        if action is None or declared is None:
            continue
        if all(is_sound(subject, text, expression) for expression in text.template.expressions):
            yield GivenText(text, str(path[5]), declared, action)
