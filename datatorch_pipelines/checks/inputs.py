"""A step's inputs against what its action declares: what several checks need to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from datatorch_pipelines.checks.rule import Finding
from datatorch_pipelines.checks.subject import Path, PipelineSubject, StepSite
from datatorch_pipelines.checks.walk import strings
from datatorch_pipelines.codes import Code
from datatorch_pipelines.errors import ExpressionError, InputError
from datatorch_pipelines.expressions.inference import is_constant
from datatorch_pipelines.model import Action, Input
from datatorch_pipelines.model.conversion import convert_input
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean, nearest


@frozen
class KnownStep:
    """A step whose action is known."""

    site: StepSite
    action: Action

    def undeclared(self) -> list[str]:
        """The inputs that the step gives and the action doesn't declare."""
        return [name for name in self.site.step.inputs if name not in self.action.inputs]

    def missing(self) -> list[str]:
        """The required inputs that have no value."""
        given = self.site.step.inputs
        return [
            name
            for name, declared in self.action.inputs.items()
            if declared.required and declared.default is None and given.get(name) is None
        ]

    def misspelt(self) -> dict[str, str]:
        """The required inputs without a value that stand there under a name that is near, each with that name."""
        found: dict[str, str] = {}
        for name in self.missing():
            wrong = nearest(name, [given for given in self.undeclared() if given not in found.values()])
            if wrong is not None and name not in self.site.step.inputs:
                found[name] = wrong
        return found


def known_steps(subject: PipelineSubject) -> Iterator[KnownStep]:
    """The steps whose actions are known."""
    for site in subject.steps:
        if site.action is not None:
            yield KnownStep(site, site.action)


def wrong_inputs(subject: PipelineSubject, wanted: Callable[[str], bool]) -> Iterator[Finding]:
    """A finding for each value that is refused with a wanted code, if it is the same in every run."""
    for known in known_steps(subject):
        for name, given in known.site.step.inputs.items():
            declared = known.action.inputs.get(name)
            if declared is None or given is None:
                continue
            path = (*known.site.path, "inputs", name)
            value = _constant(subject, path) if any("${{" in text for _, text in strings((), given)) else given
            if value is None:
                continue
            try:
                convert_input(name, value, declared)
            except InputError as error:
                if wanted(error.code):
                    yield _finding(subject, path, value, declared, error)


def _finding(subject: PipelineSubject, path: Path, value: object, declared: Input, error: InputError) -> Finding:
    place = subject.source.value(path)
    options = [option for option in declared.options if isinstance(option, str)]
    if error.code != Code.NOT_AN_OPTION or not isinstance(value, str):
        return Finding(place, error.message, hint=error.hint)
    hint = did_you_mean(value, options) or error.hint
    return Finding(place, error.message, hint=hint, fix=respelt(subject.source, place, value, options))


def _constant(subject: PipelineSubject, path: Path) -> object:
    """What the text at a path gives in every run; null where that is not known."""
    text = subject.text_at(path)
    if text is None or text.errors or not all(is_constant(part.node) for part in text.template.expressions):
        return None
    try:
        return text.template.evaluate({}, limits=subject.limits)
    except ExpressionError:
        return None
