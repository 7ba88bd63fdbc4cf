"""What agents call that are handed one step at a time: the step, carried out where they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from typing import Unpack

    from datatorch_pipelines.defaults import RunArguments, StepArguments
    from datatorch_pipelines.engine import Run, RunHandle, RunOptions
    from datatorch_pipelines.model import Step
    from datatorch_pipelines.results import StepResult
    from datatorch_pipelines.stepping import ResolvedStep, StepHandle

_OWN = ("run_id", "job", "workspace")


def run_step(
    step: Step | Mapping[str, object], inputs: Mapping[str, object] | None = None, **arguments: Unpack[StepArguments]
) -> StepResult:
    """Carries out one step that is resolved already, to its end, with a record as any run has one.

    ``step`` is a `Step`, or a mapping with the keys of a step of a pipeline: ``{"name": ..., "action": "owner/x@v1"}``,
    the action as a text or as ``{"name": ..., "tag": ..., "git": ...}``, or ``run``; ``timeout``, ``retries`` and the
    others hold as in a pipeline. ``inputs`` go over those of the step. Inputs and environment variables are data and
    mean themselves: an expression in one is not evaluated, and anywhere else it is refused. The other arguments are
    those of `run_action`, and ``run_id``, ``job`` and ``workspace``. Blocks, also inside a running event loop.

    A step that fails is told by the result (see `StepResult.raise_for_status`). Raises, before anything ran,
    `PipelineSyntaxError` for a step of the wrong form, `PlanError` for one that can't be run as it is, and
    `PipelinesError` for a workspace or a run id that can't be used; places are those in the step's YAML.

    >>> run_step({"run": "echo Hello $INPUT_NAME"}, {"name": "${{ you }}"}).log
    'Hello ${{ you }}\\n'
    """
    from datatorch_pipelines.api.running import waited
    from datatorch_pipelines.results import lone_step

    return lone_step(waited(_started(step, inputs, arguments)))


def start_step(
    step: Step | Mapping[str, object], inputs: Mapping[str, object] | None = None, **arguments: Unpack[StepArguments]
) -> StepHandle:
    """Begins to carry out one step; the handle gives its events as they come, cancels it and waits for it.

    Takes and raises what `run_step` does.
    """
    from datatorch_pipelines.stepping import StepHandle

    return StepHandle(_started(step, inputs, arguments))


async def run_step_async(
    step: Step | Mapping[str, object], inputs: Mapping[str, object] | None = None, **arguments: Unpack[StepArguments]
) -> StepResult:
    """As `run_step`, in the running event loop. Cancelling it ends every process of the step before it passes on."""
    import asyncio

    from datatorch_pipelines.api.running import carried_out
    from datatorch_pipelines.defaults import listeners
    from datatorch_pipelines.results import lone_step

    resolved, options, others = await asyncio.to_thread(_settled, step, inputs, arguments)
    return lone_step(await carried_out(await _begun(resolved, options), listeners(others)))


def _started(
    step: Step | Mapping[str, object], inputs: Mapping[str, object] | None, arguments: StepArguments
) -> RunHandle:
    from datatorch_pipelines.defaults import listeners
    from datatorch_pipelines.engine import RunHandle, engine_thread

    resolved, options, others = _settled(step, inputs, arguments)
    thread = engine_thread()
    return RunHandle(thread.call(_begun(resolved, options)), thread, listeners(others))


def _settled(
    step: Step | Mapping[str, object], inputs: Mapping[str, object] | None, arguments: StepArguments
) -> tuple[ResolvedStep, RunOptions, RunArguments]:
    """The step as a pipeline, and the options of its run; the arguments that are those of any run."""
    from attrs import evolve

    from datatorch_pipelines.defaults import StepArguments, refuse_others, run_options
    from datatorch_pipelines.errors import PipelinesError
    from datatorch_pipelines.limits import DEFAULT_LIMITS
    from datatorch_pipelines.stepping import record_folder, resolved_step, workspace_folder

    refuse_others(arguments, StepArguments.__annotations__)
    others = cast("RunArguments", {name: value for name, value in arguments.items() if name not in _OWN})
    run_id, secrets = arguments.get("run_id"), others.get("secrets")
    if secrets is not None and not isinstance(secrets, Mapping):  # no expression asks for one by its name
        raise PipelinesError("the secrets of a step are no mapping", hint="give each secret by a name, to be masked")
    folder = record_folder(others.get("directory"), run_id)
    resolved = resolved_step(
        step,
        {} if inputs is None else inputs,
        job=arguments.get("job", "job"),
        secrets=secrets or {},
        limits=others.get("limits", DEFAULT_LIMITS),
    )
    options = run_options(resolved.pipeline, others)
    known = options.run if run_id is None else {"id": run_id, **options.run}
    workspace = workspace_folder(arguments.get("workspace"), options.runner)
    own = evolve(options, inputs=resolved.values, run=known, directory=folder, workspace=workspace)
    return resolved, own, others


async def _begun(resolved: ResolvedStep, options: RunOptions) -> Run:
    from datatorch_pipelines.api.reading import to_yaml
    from datatorch_pipelines.engine import Run, make_plan

    plan = await make_plan(resolved.pipeline, resolved.source, options)
    return Run(plan, options, to_yaml(resolved.pipeline))
