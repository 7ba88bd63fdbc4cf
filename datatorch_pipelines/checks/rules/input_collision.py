"""DT410: inputs whose names become one ``INPUT_`` variable, so that a step sees only one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import ActionSubject, PipelineSubject, StepSite
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Related, Severity
from datatorch_pipelines.model import ReferenceKind, Using
from datatorch_pipelines.model.conversion import input_variable
from datatorch_pipelines.syntax.names import shown

_READ_VARIABLES = frozenset({Using.CMD, Using.COMMANDLINE, Using.SCRIPT, Using.SHELL, Using.DOCKER})
_HINT = "rename one of them: other characters than letters and digits become '_'"


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for site in subject.steps:
        reference = site.step.reference
        image = reference is not None and reference.kind is ReferenceKind.DOCKER
        known = site.action is not None and site.action.runs.using in _READ_VARIABLES
        if image or known or site.step.run is not None:
            yield from _find_in_step(subject, site)


def _find_in_step(subject: PipelineSubject, site: StepSite) -> Iterator[Finding]:
    declared = site.action.inputs if site.action is not None else {}
    for name, other in _collisions(site.step.inputs):
        if name in declared and other in declared:
            continue  # the action's own file is where that is wrong
        related = [Related(f"{shown(other)} is given here", subject.source.key((*site.path, "inputs", other)))]
        place = subject.source.key((*site.path, "inputs", name))
        yield Finding(place, _message(name, other), hint=_HINT, related=related)


def _find_in_action(subject: ActionSubject) -> Iterator[Finding]:
    if subject.action.runs.using not in _READ_VARIABLES:
        return
    for name, other in _collisions(subject.action.inputs):
        related = [Related(f"{shown(other)} is declared here", subject.source.key(("inputs", other)))]
        yield Finding(subject.source.key(("inputs", name)), _message(name, other), hint=_HINT, related=related)


def _collisions(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each name whose variable an earlier name has, with that name."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(input_variable(name), name)
        if other != name:
            yield name, other


def _message(name: str, other: str) -> str:
    return f"the inputs {shown(other)} and {shown(name)} both become ${input_variable(name)}"


CHECK = Check(
    code=Code.INPUT_COLLISION,
    severity=Severity.WARNING,
    summary=Code.INPUT_COLLISION.summary,
    pipeline=_find,
    action=_find_in_action,
)
