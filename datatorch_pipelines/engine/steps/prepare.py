"""A step made ready: its action where it runs, every expression of the step and of the action evaluated."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path, PurePath

from attrs import evolve, field, frozen

from datatorch_pipelines.contracts import RunnableAction
from datatorch_pipelines.engine.collecting.scratch import scratch_folder
from datatorch_pipelines.engine.planning.actions import PlannedAction
from datatorch_pipelines.engine.planning.plan import PlannedStep
from datatorch_pipelines.engine.scoping.contexts import Contexts, action_facts
from datatorch_pipelines.engine.scoping.evaluation import Evaluator, uses_hash_files
from datatorch_pipelines.engine.scoping.scope import JobScope
from datatorch_pipelines.engine.steps.images import argument_shows_secret, image_runs
from datatorch_pipelines.engine.steps.inputs import action_inputs
from datatorch_pipelines.engine.third_party import third_party
from datatorch_pipelines.expressions import Host, hash_files
from datatorch_pipelines.expressions.host import Status as HostStatus
from datatorch_pipelines.model import Runs, Using
from datatorch_pipelines.model.conversion import value_text


@frozen(kw_only=True)
class PreparedStep:
    """A step without expressions. ``action`` is ``None`` for a ``run`` step, whose text for the shell is ``run``."""

    inputs: Mapping[str, object] = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    cwd: str
    action: RunnableAction | None = None
    run: str = ""


async def prepare_step(scope: JobScope, planned: PlannedStep) -> PreparedStep:
    """Brings a step's action to where it runs, and evaluates what the step and the action say.

    Raises `ExpressionError` and `InputError` at their places, and `RunnerError` when the action can't be brought.
    """
    async with step_host(scope, templates(scope, planned), scope.flow.status) as host:
        return await _evaluate(scope, planned, scope.run.evaluator(host))


async def _evaluate(scope: JobScope, planned: PlannedStep, evaluator: Evaluator) -> PreparedStep:
    step, path = planned.step, scope.path(planned.index)
    contexts = scope.contexts(planned)
    directory = PurePath()
    if planned.action is not None:
        resolved = planned.action.resolved
        if not planned.action.is_image:
            with third_party("the runner"):
                directory = await scope.environment.put(resolved.directory, resolved.digest)
        contexts["action"] = action_facts(planned.action, "" if planned.action.is_image else str(directory))
    contexts["env"] = env = _environment(scope, planned, evaluator, contexts)
    given = evaluator.mapping(step.inputs, (*path, "inputs"), contexts)
    cwd = str(scope.environment.paths.workspace)
    if step.working_directory is not None:
        folder = value_text(evaluator.value(step.working_directory, (*path, "working-directory"), contexts))
        cwd = str(scope.environment.paths.workspace / folder)
    if planned.action is None:
        text = evaluator.shell_text(step.run or "", (*path, "run"), contexts)
        return PreparedStep(inputs=given, env=env, cwd=cwd, run=text)
    definition = planned.action.definition
    own = evolve(evaluator, source=definition.source)
    inputs = action_inputs(given, definition, own, contexts, source=scope.run.plan.source, path=path)
    if planned.action.is_image:
        runs = image_runs(definition.runs, inputs)
        evaluated = [runs.entrypoint, *runs.args]
    else:
        runs = _runs(planned.action, own, {**contexts, "input": inputs, "inputs": inputs})
        evaluated = [runs.image if runs.image != definition.runs.image else None]
    if scope.run.masker.holds_secret(evaluated):
        raise argument_shows_secret()
    action = RunnableAction(
        name=str(planned.action.resolved.reference),
        runs=runs,
        source=planned.action.resolved.directory,
        directory=directory,
        digest=planned.action.resolved.digest,
        variables=tuple(definition.env),
    )
    return PreparedStep(inputs=inputs, env=env, cwd=cwd, action=action)


def base_environment(scope: JobScope, evaluator: Evaluator, contexts: Contexts) -> dict[str, str]:
    """The variables of the pipeline and the job, each level seeing those before it."""
    pipeline, job = scope.run.plan.pipeline.env, scope.job.job.env
    env: dict[str, str] = {}
    for path, variables in (((("env",), pipeline)), ((*scope.of.path, "env"), job)):
        env |= evaluator.environment(variables, path, {**contexts, "env": dict(env)})
    return env


def _environment(scope: JobScope, planned: PlannedStep, evaluator: Evaluator, contexts: Contexts) -> dict[str, str]:
    """The variables of the pipeline, the job and the step, each seeing those before it."""
    env = base_environment(scope, evaluator, contexts)
    if not planned.step.env:
        return env
    path = (*scope.path(planned.index), "env")
    return env | evaluator.environment(planned.step.env, path, {**contexts, "env": dict(env)})


def _runs(action: PlannedAction, evaluator: Evaluator, contexts: Contexts) -> Runs:
    """How the action runs, evaluated: text for a shell has each value quoted."""
    runs = action.definition.runs

    def plain(key: str, text: str | None) -> str | None:
        return None if text is None else value_text(evaluator.value(text, ("runs", key), contexts))

    def shell(key: str, text: str | None) -> str | None:
        return None if text is None else evaluator.shell_text(text, ("runs", key), contexts)

    scripted = runs.using in (Using.SCRIPT, Using.SHELL)  # there, main is what script is: words for a shell
    return evolve(
        runs,
        main=shell("main", runs.main) if scripted else plain("main", runs.main),
        image=plain("image", runs.image),
        command=shell("command", runs.command),
        script=shell("script", runs.script),
    )


def templates(scope: JobScope, planned: PlannedStep) -> tuple[object, ...]:
    """Everything with expressions that a step is made ready from."""
    step = planned.step
    own = (step.inputs, step.env, step.working_directory, scope.job.job.env, scope.run.plan.pipeline.env)
    if planned.action is None:
        return own
    definition, runs = planned.action.definition, planned.action.definition.runs
    defaults = [declared.default for declared in definition.inputs.values()]
    return (*own, defaults, runs.main, runs.image, runs.command, runs.script)


@contextlib.asynccontextmanager
async def step_host(scope: JobScope, templates: tuple[object, ...], status: HostStatus) -> AsyncIterator[Host]:
    """What the expressions in ``templates`` may ask: ``hashFiles`` looks at the job's workspace, wherever that is."""
    environment = scope.environment
    if not any(map(uses_hash_files, templates)) or environment.runner.capabilities.shares_files:
        yield host_here(scope, status)
    else:
        async with scratch_folder("datatorch-hash-") as folder:
            copy = folder / "workspace"
            with third_party("the runner"):
                await environment.get(environment.paths.workspace, copy)
            yield _host_of(copy, status)


def host_here(scope: JobScope, status: HostStatus) -> Host:
    """What expressions may ask without any file being copied here first."""
    if scope.environment.runner.capabilities.shares_files:
        return _host_of(Path(scope.environment.paths.workspace), status)
    return Host(status=status)


def _host_of(workspace: Path, status: HostStatus) -> Host:
    return Host(status=status, hash_files=lambda patterns: hash_files(workspace, patterns))
