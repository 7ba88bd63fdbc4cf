"""What users call: load, check, plan, run. The defaults and the entry points meet here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict, Unpack

from attrs import evolve

from datatorch_pipelines._plugins import make, make_all, registered
from datatorch_pipelines.checks import check_action, check_names, check_pipeline
from datatorch_pipelines.contracts import Resolver, Runner, Runtime
from datatorch_pipelines.diagnostics import Diagnostic, Locator, sort_diagnostics
from datatorch_pipelines.engine import (
    Listener,
    Listeners,
    Plan,
    Run,
    RunHandle,
    RunOptions,
    default_max_parallel,
    engine_thread,
    make_plan,
)
from datatorch_pipelines.errors import ActionSyntaxError, PipelinesError, PipelineSyntaxError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import ACTION_FILES, Action, Pipeline
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, LocalResolver, default_local_actions
from datatorch_pipelines.results import RunResult
from datatorch_pipelines.runners import LocalRunner
from datatorch_pipelines.runtimes import default_runtimes
from datatorch_pipelines.syntax import (
    read_action,
    read_pipeline,
    read_text_file,
    write_pipeline,
    write_pipeline_json,
)

PathLike = str | os.PathLike[str]


class PlanArguments(TypedDict, total=False):
    """What `plan`, `run` and their like take beside the pipeline.

    - ``inputs``, ``event``, ``variables``: what the expression contexts of these names hold.
    - ``secrets``: texts by name, for ``${{ secrets.NAME }}``; masked in all that a run writes.
    - ``pipeline_facts``, ``run_facts``: what is known of the pipeline's and the run's place on a platform, for the
      contexts ``pipeline`` (``id``, ``projectId``, ``creatorId``, ``lastRunNumber``) and ``run``.
    - ``runner``: a `Runner`, or the name of one (``"local"``, or one that a package registers).
    - ``resolvers``: asked for actions before the usual ones.
    - ``runtimes``: by the value of ``runs.using``, beside the usual ones.
    - ``local_actions``: folders that hold ``local/name@tag`` actions as ``name/tag``.
    - ``offline``: use no network; actions come from the store.
    - ``max_parallel``: how many jobs run at once (8, or twice the processors where that is more).
    - ``max_attempts``: how often a job is started when its environment is lost (3).
    - ``directory``: the folder that gets the run's own folder (the user's state folder).
    - ``keep``: leave the jobs' workspaces on disk.
    - ``limits``: bounds on files and expressions.
    """

    inputs: Mapping[str, object] | None
    event: Mapping[str, object] | None
    variables: Mapping[str, object] | None
    secrets: Mapping[str, str] | None
    pipeline_facts: Mapping[str, object] | None
    run_facts: Mapping[str, object] | None
    runner: Runner | str | None
    resolvers: Sequence[Resolver]
    runtimes: Mapping[str, Runtime]
    local_actions: Sequence[PathLike]
    offline: bool
    max_parallel: int | None
    max_attempts: int
    directory: PathLike | None
    keep: bool
    limits: Limits


class RunArguments(PlanArguments, total=False):
    """What `run`, `run_async` and `start` take beside the pipeline: as `PlanArguments`, and ``on_event``.

    - ``on_event``: a callable, or several, told every event of the run in a thread of its own.
    """

    on_event: Listener | Sequence[Listener] | None


def load(path: PathLike, *, limits: Limits = DEFAULT_LIMITS) -> Pipeline:
    """The pipeline in a ``.yaml``, ``.yml`` or ``.json`` file.

    Raises `PipelineSyntaxError` with everything that is wrong with the file's form, all in one pass. Its expressions
    are looked at by `check`, and before a run.
    """
    return loads(read_text_file(path, limits), filename=os.fspath(path), limits=limits)


def loads(text: str, *, filename: str = "pipeline.yaml", limits: Limits = DEFAULT_LIMITS) -> Pipeline:
    """The pipeline in a text; ``filename`` is for messages, and JSON is read where it ends in ``.json``.

    Raises `PipelineSyntaxError` as `load` does.

    >>> loads("name: Add\\njobs: {add: {steps: [{action: datatorch/add@v1}]}}").name
    'Add'
    """
    pipeline, diagnostics = read_pipeline(text, filename, limits=limits)
    if pipeline is None:
        raise PipelineSyntaxError(diagnostics)
    return pipeline


def load_action(path: PathLike, *, limits: Limits = DEFAULT_LIMITS) -> Action:
    """The action in a file such as ``action-datatorch.yaml``, or in a folder that holds one.

    Raises `ActionSyntaxError` with everything that is wrong with the file's form, and `PipelineSyntaxError` when there
    is no file to read.
    """
    file = Path(path)
    if file.is_dir():
        file = next((file / name for name in ACTION_FILES if (file / name).is_file()), file / ACTION_FILES[0])
    using = frozenset(registered("runtimes"))
    action, diagnostics = read_action(read_text_file(file, limits), os.fspath(file), limits=limits, extra_using=using)
    if action is None:
        raise ActionSyntaxError(diagnostics)
    return action


def check(path: PathLike, *, limits: Limits = DEFAULT_LIMITS) -> list[Diagnostic]:
    """Everything that is wrong or doubtful in a pipeline file, or an action file, by its place; empty when all is well.

    Never raises for what is in the file, nor for a file that can't be read: that is a diagnostic too. Touches no
    network.
    """
    return check_files([path], limits=limits)


def check_files(paths: Iterable[PathLike], *, limits: Limits = DEFAULT_LIMITS) -> list[Diagnostic]:
    """As `check`, for the files of one project: two pipelines of one name are told of as well."""
    diagnostics: list[Diagnostic] = []
    pipelines: list[Pipeline] = []
    for path in paths:
        try:
            text = read_text_file(path, limits)
        except PipelineSyntaxError as error:
            diagnostics += error.diagnostics
            continue
        pipeline, found = _check_text(text, os.fspath(path), limits)
        diagnostics += found
        if pipeline is not None:
            pipelines.append(pipeline)
    return sort_diagnostics([*diagnostics, *check_names(pipelines)])


def check_text(text: str, *, filename: str = "pipeline.yaml", limits: Limits = DEFAULT_LIMITS) -> list[Diagnostic]:
    """As `check`, for a text. ``filename`` tells what it is: an action where it is the name of an action file.

    >>> [str(diagnostic) for diagnostic in check_text("name: Add\\njobs: {}")]
    ['pipeline.yaml:2:7: error: a pipeline needs at least one job [DT205]; add a job below jobs']
    """
    return sort_diagnostics(_check_text(text, filename, limits)[1])


def _check_text(text: str, filename: str, limits: Limits) -> tuple[Pipeline | None, list[Diagnostic]]:
    if Path(filename).name in ACTION_FILES:
        return None, _read_action(text, filename, limits)[1]
    return _read_pipeline(text, filename, limits)


def _read_pipeline(text: str, filename: str, limits: Limits) -> tuple[Pipeline | None, list[Diagnostic]]:
    pipeline, diagnostics = read_pipeline(text, filename, limits=limits)
    if pipeline is not None:
        diagnostics = [*diagnostics, *check_pipeline(pipeline, limits=limits)]
    return pipeline, sort_diagnostics(diagnostics)


def _read_action(text: str, filename: str, limits: Limits) -> tuple[Action | None, list[Diagnostic]]:
    using = frozenset(registered("runtimes"))
    action, diagnostics = read_action(text, filename, limits=limits, extra_using=using)
    if action is not None:
        diagnostics = [*diagnostics, *check_action(action, limits=limits)]
    return action, sort_diagnostics(diagnostics)


def plan(pipeline: Pipeline | PathLike, **arguments: Unpack[PlanArguments]) -> Plan:
    """What a run of the pipeline would do: every action fetched, every check passed, nothing run.

    Raises `PlanError` with everything that stands in the way, and `PipelineSyntaxError` for a file that is wrong.
    """
    located, source = _located(pipeline, arguments.get("limits", DEFAULT_LIMITS))
    return engine_thread().call(make_plan(located, source, _options(arguments)))


def run(pipeline: Pipeline | PathLike, **arguments: Unpack[RunArguments]) -> RunResult:
    """Runs a pipeline to its end. Blocks, also inside a running event loop such as a notebook's.

    What goes wrong while it runs is in the result (see `RunResult.raise_for_status`). Raises `PlanError` when the
    pipeline can't be run as it is (nothing ran then), and passes a ``KeyboardInterrupt`` on after everything that was
    started has ended.
    """
    handle = start(pipeline, **arguments)
    try:
        return handle.wait()
    except BaseException:
        handle.cancel()
        handle.wait()
        raise


def start(pipeline: Pipeline | PathLike, **arguments: Unpack[RunArguments]) -> RunHandle:
    """Plans a pipeline and begins to run it; the handle gives its events, cancels it and waits for it.

    Raises `PlanError` when the pipeline can't be run as it is: nothing ran then.
    """
    located, source = _located(pipeline, arguments.get("limits", DEFAULT_LIMITS))
    options = _options(arguments)
    planned = engine_thread().call(make_plan(located, source, options))
    return RunHandle(Run(planned, options, write_pipeline(located)), engine_thread(), _listeners(arguments))


async def run_async(pipeline: Pipeline | PathLike, **arguments: Unpack[RunArguments]) -> RunResult:
    """As `run`, in the running event loop. Cancelling it ends every process that was started before it passes on."""
    located, source = await asyncio.to_thread(_located, pipeline, arguments.get("limits", DEFAULT_LIMITS))
    options = _options(arguments)
    planned = await make_plan(located, source, options)
    begun = Run(planned, options, write_pipeline(located))
    listeners = Listeners(begun.recorder.journal, _listeners(arguments))
    try:
        await begun.execute()
    finally:
        await asyncio.to_thread(listeners.join)
    return begun.result()


def to_yaml(pipeline: Pipeline) -> str:
    """A pipeline as YAML, which reads back as the same pipeline."""
    return write_pipeline(pipeline)


def to_json(pipeline: Pipeline) -> str:
    """A pipeline as JSON, which reads back as the same pipeline."""
    return write_pipeline_json(pipeline)


def _located(pipeline: Pipeline | PathLike, limits: Limits) -> tuple[Pipeline, Locator]:
    """The pipeline with the places of its parts; one built in Python has those of its own YAML."""
    if not isinstance(pipeline, Pipeline):
        pipeline = load(pipeline, limits=limits)
    if pipeline.source is not None:
        return pipeline, pipeline.source
    name = f"<{pipeline.name}>.yaml"
    again, diagnostics = read_pipeline(write_pipeline(pipeline), name, limits=limits)
    if again is None or again.source is None:
        raise PipelineSyntaxError(diagnostics)
    return evolve(pipeline, source=again.source), again.source


def _options(arguments: PlanArguments) -> RunOptions:
    limits = arguments.get("limits", DEFAULT_LIMITS)
    directory = arguments.get("directory")
    local = [*arguments.get("local_actions", ()), *default_local_actions(os.environ)]
    return RunOptions(
        runner=_runner(arguments.get("runner")),
        runtimes={**default_runtimes(), **_runtimes(), **arguments.get("runtimes", {})},
        resolvers=[
            *arguments.get("resolvers", ()),
            *_resolvers(),
            LocalResolver(),
            GitHubResolver(),
            GitResolver(),
        ],
        inputs=arguments.get("inputs"),
        event=arguments.get("event"),
        variables=arguments.get("variables"),
        secrets=arguments.get("secrets"),
        pipeline=arguments.get("pipeline_facts"),
        run=arguments.get("run_facts"),
        local_actions=local,
        offline=arguments.get("offline", False),
        max_parallel=arguments.get("max_parallel") or default_max_parallel(),
        max_attempts=arguments.get("max_attempts", 3),
        directory=None if directory is None else Path(directory).absolute(),
        keep=arguments.get("keep", False),
        limits=limits,
    )


def _listeners(arguments: RunArguments) -> Sequence[Listener]:
    given = arguments.get("on_event")
    if given is None:
        return ()
    return given if isinstance(given, Sequence) else (given,)


def _runner(runner: Runner | str | None) -> Runner:
    """A runner by its name. Raises `PipelinesError` for an unknown one."""
    if isinstance(runner, Runner):
        return runner
    if runner is None or runner == "local":
        return LocalRunner()
    if runner not in registered("runners"):
        known = ", ".join(sorted({"local", *registered("runners")}))
        raise PipelinesError(f"there is no runner {runner!r}", hint=f"use one of {known}, or pass a Runner")
    return make("runners", runner, Runner)  # type: ignore[type-abstract]  # only used for isinstance


def _runtimes() -> Mapping[str, Runtime]:
    return make_all("runtimes", Runtime)  # type: ignore[type-abstract]  # only used for isinstance


def _resolvers() -> Iterable[Resolver]:
    return make_all("resolvers", Resolver).values()  # type: ignore[type-abstract]  # only used for isinstance
