"""One action alone: a pipeline of one step around it, in whose place every message names the action's own file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import evolve, frozen

from datatorch_pipelines.authoring.inputs import input_place, lone_inputs
from datatorch_pipelines.authoring.naming import FolderResolver, NamedAction
from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import ResolveContext, ResolvedAction, Resolver, SecretProvider
from datatorch_pipelines.diagnostics import (
    Diagnostic,
    Location,
    Locator,
    PathKey,
    Severity,
    has_errors,
    sort_diagnostics,
)
from datatorch_pipelines.engine import Plan, RunOptions, make_plan
from datatorch_pipelines.engine.planning.missing_file import refuse_missing_file
from datatorch_pipelines.engine.planning.secrets import provided_secrets
from datatorch_pipelines.errors import PlanError, ResolveError
from datatorch_pipelines.model import Action, ActionReference, Job, Pipeline, Step
from datatorch_pipelines.model.pipeline import with_source
from datatorch_pipelines.resolvers.definitions import Answer, find_action
from datatorch_pipelines.runtimes import named_file
from datatorch_pipelines.syntax.names import listed, named, shown

JOB = "action"
"""The id of the one job."""

_STEP: tuple[PathKey, ...] = ("jobs", JOB, "steps", 0)


@frozen(kw_only=True)
class LoneAction:
    """An action that is ready to run alone."""

    pipeline: Pipeline
    plan: Plan
    options: RunOptions


def empty_pipeline(action: NamedAction) -> Pipeline:
    """A pipeline with the action and no inputs, for what has to be known before the action is here."""
    return _pipeline("Action", action, {})


async def lone_action(
    action: NamedAction,
    given: Mapping[str, object],
    options: RunOptions,
    provider: SecretProvider | None = None,
) -> LoneAction:
    """An action planned alone, with the inputs ``given``, which are values and no expressions.

    ``options`` are those of a run of its `empty_pipeline`; ``provider`` is asked for the secrets with the names of
    inputs that are not given. Raises `ResolveError` when it can't be had,
    `ActionSyntaxError` when its file is wrong, and `PlanError` with everything else that stands in the way, at places
    of the action's file.
    """
    answer = await _find(action, options)
    if answer.error is not None:
        raise answer.error
    resolved, definition = answer.resolved, answer.definition
    if resolved is None or definition is None or definition.source is None:  # said by the error, if so
        raise ResolveError(f"{action.reference} can't be read")
    source = definition.source
    if provider is not None:
        open_names = [name for name in definition.inputs if given.get(name) is None]
        # In a thread of its own: it may take its time, and other runs go on here.
        options = evolve(options, secrets=await asyncio.to_thread(provided_secrets, open_names, provider))
    inputs, told = lone_inputs(definition, given, options.secrets, source)
    named_here = named_file(definition.runs)
    place = source.value(("runs", named_here[0])) if named_here else source.key(("runs",))
    told += refuse_missing_file(resolved, definition, place)
    if has_errors(told):
        raise PlanError(sort_diagnostics(told))
    pipeline = _pipeline(definition.name, action, inputs.step)
    own = evolve(options, resolvers=(_Found(resolved, answer.warnings),), inputs=inputs.values)
    places = _InActionFile(definition, source)
    plan = await make_plan(with_source(pipeline, places), places, own)
    inherited = os.environ if options.runner.capabilities.inherits_environment else ()
    others = (item for item in plan.warnings if item.code != Code.MISSING_VARIABLE)
    warnings = sort_diagnostics([*others, *_missing_variables(definition, source, inherited)])
    return LoneAction(
        pipeline=pipeline, plan=evolve(plan, warnings=tuple(warnings), folder=_folder(action)), options=own
    )


def _folder(action: NamedAction) -> str:
    """The folder that the step's path starts at."""
    return str(Path(action.folder).resolve().parent if action.folder is not None else Path.cwd())


def _pipeline(name: str, action: NamedAction, inputs: Mapping[str, object]) -> Pipeline:
    step = Step(name=name, action=action.step, inputs=inputs)
    return Pipeline(name=name, jobs={JOB: Job(steps=[step])})


async def _find(action: NamedAction, options: RunOptions) -> Answer:
    context = ResolveContext(
        local_actions=options.local_actions,
        offline=options.offline,
        strict=options.strict,
        limits=options.limits,
    )
    return await find_action(
        options.resolvers if action.folder is None else [FolderResolver(action.folder)],
        action.reference,
        context,
        beside=action.folder or "",
        extra_using=frozenset(options.runtimes),
    )


def _missing_variables(action: Action, source: Locator, environment: Container[str]) -> Iterator[Diagnostic]:
    """A warning for the variables that the action says it reads and that it will not see."""
    missing = [name for name in action.env if name not in environment]
    if missing:
        what = f"the environment variable{'s' if len(missing) > 1 else ''} {listed(map(shown, missing), 'and')}"
        yield Diagnostic.at(
            source.key(("env", missing[0])),
            Code.MISSING_VARIABLE,
            Severity.WARNING,
            f"{named(action.name)} reads {what}, not set here",
            hint=f"set {'them' if len(missing) > 1 else 'it'} where the action runs",
        )


class _Found(Resolver):
    """Has the one action that was found already, and says again what was said of it."""

    def __init__(self, resolved: ResolvedAction, warnings: Sequence[str]) -> None:
        self._resolved = resolved
        self._warnings = warnings

    def matches(self, reference: ActionReference) -> bool:
        """Always: there is no other action."""
        return True

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        """The action."""
        for warning in self._warnings:
            context.warn(warning)
        return self._resolved


@frozen
class _InActionFile:
    """The `Locator` of the pipeline around an action: each place is one of the action's own file."""

    _action: Action
    _source: Locator

    @property
    def file(self) -> str:
        """The action's file."""
        return self._source.file

    def value(self, path: Sequence[PathKey], start: int | None = None, end: int | None = None) -> Location:
        """Where the action's file has what is at a path of the pipeline."""
        return self.key(path)

    def key(self, path: Sequence[PathKey]) -> Location:
        """As `value`."""
        inside = tuple(path)[len(_STEP) :]
        if tuple(path)[: len(_STEP)] != _STEP:
            return self._source.value(("name",))
        if inside[:1] == ("action",):
            return self._source.value(("runs", "using"))
        if inside[:1] == ("inputs",) and len(inside) > 1:
            return input_place(self._action, inside[1], self._source)
        return self._source.key(("runs",))

    def line_text(self, line: int) -> str:
        """The text of a line of the action's file."""
        return self._source.line_text(line)
