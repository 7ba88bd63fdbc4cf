"""What may be told of a file whose form is wrong: whatever can't be a consequence of what is missing from it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from types import MappingProxyType

from datatorch_pipelines.checks.registry import CHECKS
from datatorch_pipelines.checks.walk import action_subject, pipeline_subject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, sort_diagnostics
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import Action
from datatorch_pipelines.syntax import SalvagedPipeline, TextLocator

_OF_ONE_VALUE = frozenset(
    {
        Code.WRONG_VALUE,
        Code.DUPLICATE_STEP,
        Code.BAD_CRON,
        Code.BAD_TIME_ZONE,
        Code.BAD_FORM,
        Code.BAD_EXPRESSION,
        Code.UNKNOWN_CONTEXT,
        Code.UNKNOWN_FUNCTION,
        Code.FOUND_NOTHING,
        Code.LITERAL_ONLY,
        Code.BAD_CONDITION,
        Code.EVALUATION,
        Code.WRONG_OPERAND,
        Code.CONSTANT_CONDITION,
        Code.UNPINNED,
        Code.WRONG_INPUT,
        Code.UNDECLARED_INPUT,
        Code.NOT_AN_OPTION,
        Code.DEPRECATED_INPUT,
        Code.INPUT_COLLISION,
        Code.DATA_IN_SHELL,
        Code.GIT_PROTOCOL,
        Code.NOT_PORTABLE,
    }
)
"""What is seen in a value that is there, whatever else is missing."""

_OF_EARLIER_STEPS = frozenset({Code.UNKNOWN_STEP, Code.UNDECLARED_OUTPUT, Code.OUTPUT_TYPE})
"""What depends on which step a name means."""

_OF_JOBS = frozenset({Code.UNKNOWN_JOB, Code.UNKNOWN_NEED, Code.NEEDS_CYCLE})
"""What depends on which jobs there are, and on what they need."""

_OF_WHOLE_STEPS = frozenset({Code.MISSING_INPUT, Code.NO_EFFECT})
"""What depends on all of a step."""

_OF_SURROUNDINGS = frozenset({Code.MISSING_VARIABLE})
"""What depends on all of a step, and on what its job and the pipeline give it."""

_NO_ACTIONS: Mapping[tuple[str, int], Action] = MappingProxyType({})


def check_salvaged(
    salvaged: SalvagedPipeline,
    *,
    actions: Mapping[tuple[str, int], Action] = _NO_ACTIONS,
    limits: Limits = DEFAULT_LIMITS,
    enable: Container[str] = (),
) -> list[Diagnostic]:
    """What the library's checks find in what is right of a pipeline, sorted by place; the rest as `check_pipeline`."""
    subject = pipeline_subject(salvaged.pipeline, actions, limits)
    found: list[Diagnostic] = []
    for check in CHECKS:
        if check.pipeline is not None and (not check.opt_in or check.code in enable):
            found.extend(check.diagnostics(check.pipeline(subject)))
    return sort_diagnostics([item for item in found if _is_sound(item, salvaged)])


def check_salvaged_action(
    action: Action, *, limits: Limits = DEFAULT_LIMITS, enable: Container[str] = ()
) -> list[Diagnostic]:
    """What the library's checks find in what is right of an action file, sorted by place."""
    subject = action_subject(action, limits)
    found: list[Diagnostic] = []
    for check in CHECKS:
        if check.action is not None and (not check.opt_in or check.code in enable):
            found.extend(check.diagnostics(check.action(subject)))
    return sort_diagnostics([item for item in found if item.code in _OF_ONE_VALUE])


def _is_sound(item: Diagnostic, salvaged: SalvagedPipeline) -> bool:
    """Whether a diagnostic would be there as well if the file were whole."""
    if item.code in _OF_ONE_VALUE:
        return True
    if item.code in _OF_JOBS:
        return salvaged.jobs_known
    job, step = _step_at(item, salvaged)
    if job is None:
        return False
    if item.code in _OF_EARLIER_STEPS:
        return not any(other == job and (step is None or index < step) for other, index in salvaged.unnamed_steps)
    if step is None or (job, step) in salvaged.damaged_steps:
        return False
    if item.code in _OF_WHOLE_STEPS:
        return True
    return item.code in _OF_SURROUNDINGS and salvaged.top_known and job not in salvaged.damaged_jobs


def _step_at(item: Diagnostic, salvaged: SalvagedPipeline) -> tuple[str | None, int | None]:
    """The job and the index of the step that a diagnostic is about, as far as there are any."""
    source = salvaged.pipeline.source
    path = source.path_at(item.line, item.column).path if isinstance(source, TextLocator) else ()
    job = path[1] if path[:1] == ("jobs",) and len(path) > 1 else None
    step = path[3] if path[2:3] == ("steps",) and len(path) > 3 else None
    return (job if isinstance(job, str) else None), (step if isinstance(step, int) else None)
