"""What is wrong with a pipeline that parses: one file a check, all of them in `CHECKS`.

Nothing here reads a file or uses the network: actions come in as data, and what can't be known is silent.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from datatorch_pipelines.checks.extra import diagnostics_of
from datatorch_pipelines.checks.registry import CHECKS
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import ActionSubject, PipelineSubject, StepSite, Text, Words
from datatorch_pipelines.checks.walk import action_subject, pipeline_subject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Location, Related, Severity, sort_diagnostics
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import Action, Pipeline
from datatorch_pipelines.syntax.names import shown

__all__ = [
    "CHECKS",
    "ActionSubject",
    "Check",
    "Finding",
    "PipelineSubject",
    "StepSite",
    "Text",
    "Words",
    "check_action",
    "check_names",
    "check_pipeline",
]

_NO_ACTIONS: Mapping[tuple[str, int], Action] = MappingProxyType({})


def check_pipeline(
    pipeline: Pipeline,
    *,
    actions: Mapping[tuple[str, int], Action] = _NO_ACTIONS,
    limits: Limits = DEFAULT_LIMITS,
    extra_checks: Sequence[Check] = (),
    enable: Container[str] = (),
    environment: Container[str] = (),
    apart: Container[str] = (),
) -> list[Diagnostic]:
    """Everything that the checks find in a pipeline, sorted by place.

    ``actions`` has the definitions of the steps' actions, by job id and index of the step, as far as they are known;
    what depends on the others is not told. ``extra_checks`` run after the library's own, opt-in checks only where
    ``enable`` has their codes. ``environment`` has the variables that the steps are known to inherit, but
    for those of the jobs ``apart``.

    >>> from datatorch_pipelines.model import Job, Step
    >>> pipeline = Pipeline(name="P", jobs={"a": Job(steps=[Step(run="echo", env={"X": "${{ evnt.id }}"})])})
    >>> print(check_pipeline(pipeline)[0])
    <text>:1:1: error: unknown context 'evnt' [DT302]; did you mean 'event'?
    """
    subject = pipeline_subject(pipeline, actions, limits, environment, apart)
    found: list[Diagnostic] = []
    for check in _looking(CHECKS, enable):
        if check.pipeline is not None:
            found.extend(check.diagnostics(check.pipeline(subject)))
    for check in _looking(extra_checks, enable):
        if check.pipeline is not None:
            found.extend(diagnostics_of(check, check.pipeline, subject))
    return sort_diagnostics(found)


def check_action(
    action: Action,
    *,
    limits: Limits = DEFAULT_LIMITS,
    extra_checks: Sequence[Check] = (),
    enable: Container[str] = (),
) -> list[Diagnostic]:
    """Everything that the checks find in an action file, sorted by place; the rest is as for `check_pipeline`."""
    subject = action_subject(action, limits)
    found: list[Diagnostic] = []
    for check in _looking(CHECKS, enable):
        if check.action is not None:
            found.extend(check.diagnostics(check.action(subject)))
    for check in _looking(extra_checks, enable):
        if check.action is not None:
            found.extend(diagnostics_of(check, check.action, subject))
    return sort_diagnostics(found)


def _looking(checks: Sequence[Check], enable: Container[str]) -> Iterator[Check]:
    """The checks that are to look: all of them but the opt-in ones that nobody enabled."""
    return (check for check in checks if not check.opt_in or check.code in enable)


def check_names(names: Iterable[tuple[str, Location]]) -> list[Diagnostic]:
    """A warning for each pipeline of a project whose name an earlier one has: names are unique to a project.

    ``names`` has each pipeline's name and where it stands.
    """
    found: list[Diagnostic] = []
    first: dict[str, Location] = {}
    for name, place in names:
        earlier = first.setdefault(name, place)
        if earlier is place:
            continue
        found.append(
            Diagnostic.at(
                place,
                Code.DUPLICATE_PIPELINE,
                Severity.WARNING,
                f"another pipeline of this project is named {shown(name)} too",
                hint="names are unique to a project: rename one of them",
                related=[Related("the other one", earlier)],
            )
        )
    return sort_diagnostics(found)
