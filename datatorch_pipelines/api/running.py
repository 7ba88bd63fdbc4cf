"""Plans and runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from datatorch_pipelines.api.reading import load, to_yaml
from datatorch_pipelines.diagnostics import Locator
from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import Pipeline
from datatorch_pipelines.model.pipeline import with_source

if TYPE_CHECKING:
    from typing import Unpack

    from datatorch_pipelines.defaults import PlanArguments, RunArguments
    from datatorch_pipelines.engine import Listener, Plan, Run, RunHandle
    from datatorch_pipelines.results import RunResult

PathLike = str | os.PathLike[str]


def plan(pipeline: Pipeline | PathLike, **arguments: Unpack[PlanArguments]) -> Plan:
    """What a run of the pipeline would do: every action fetched, every check passed, nothing run.

    Raises `PlanError` with everything that stands in the way, and `PipelineSyntaxError` for a file that is wrong.
    """
    from datatorch_pipelines.defaults import run_options
    from datatorch_pipelines.engine import engine_thread, make_plan

    located, source = located_pipeline(pipeline, arguments.get("limits", DEFAULT_LIMITS))
    return engine_thread().call(make_plan(located, source, run_options(located, arguments)))


def run(pipeline: Pipeline | PathLike, **arguments: Unpack[RunArguments]) -> RunResult:
    """Runs a pipeline to its end. Blocks, also inside a running event loop such as a notebook's.

    What goes wrong while it runs is in the result (see `RunResult.raise_for_status`). Raises `PlanError` when the
    pipeline can't be run as it is (nothing ran then), and passes a ``KeyboardInterrupt`` on after everything that was
    started has ended.
    """
    return waited(start(pipeline, **arguments))


def waited(handle: RunHandle) -> RunResult:
    """Waits for a run's end. An interrupt here cancels the run, a second one ends all of it at once, then passes on."""
    try:
        return handle.wait()
    except BaseException:
        handle.cancel()
        try:
            handle.wait()
        except BaseException:
            handle.kill()
            handle.wait()
            raise
        raise


def start(pipeline: Pipeline | PathLike, **arguments: Unpack[RunArguments]) -> RunHandle:
    """Plans a pipeline and begins to run it; the handle gives its events, cancels it and waits for it.

    Raises `PlanError` when the pipeline can't be run as it is: nothing ran then.
    """
    from datatorch_pipelines.defaults import listeners, run_options
    from datatorch_pipelines.engine import Run, RunHandle, engine_thread, make_plan

    located, source = located_pipeline(pipeline, arguments.get("limits", DEFAULT_LIMITS))
    options = run_options(located, arguments)
    planned = engine_thread().call(make_plan(located, source, options))
    return RunHandle(Run(planned, options, _text_of(located)), engine_thread(), listeners(arguments))


async def run_async(pipeline: Pipeline | PathLike, **arguments: Unpack[RunArguments]) -> RunResult:
    """As `run`, in the running event loop. Cancelling it ends every process that was started before it passes on."""
    import asyncio

    from datatorch_pipelines.defaults import listeners, run_options
    from datatorch_pipelines.engine import Run, make_plan

    located, source = await asyncio.to_thread(located_pipeline, pipeline, arguments.get("limits", DEFAULT_LIMITS))
    options = await asyncio.to_thread(run_options, located, arguments)  # a provider of secrets may take its time
    planned = await make_plan(located, source, options)
    return await carried_out(Run(planned, options, _text_of(located)), listeners(arguments))


async def carried_out(begun: Run, told: Iterable[Listener]) -> RunResult:
    """What comes of a run in the running event loop, once every listener was told of all of it."""
    import asyncio

    from datatorch_pipelines.engine import Listeners

    listening = Listeners(begun.recorder.journal, told)
    try:
        await begun.execute()
    finally:
        await asyncio.to_thread(listening.join)
    return begun.result()


def located_pipeline(pipeline: Pipeline | PathLike, limits: Limits) -> tuple[Pipeline, Locator]:
    """The pipeline with the places of its parts; one built in Python has those of its own YAML."""
    from datatorch_pipelines.syntax import read_pipeline, write_pipeline

    if not isinstance(pipeline, Pipeline):
        pipeline = load(pipeline, limits=limits)
    if pipeline.source is not None:
        return pipeline, pipeline.source
    # One line, and no path: what is beside such a pipeline is in the current folder.
    shown = "".join(letter if letter.isprintable() and letter not in "/\\" else "_" for letter in pipeline.name)
    name = f"<{shown}>.yaml"
    again, diagnostics = read_pipeline(write_pipeline(pipeline), name, limits=limits)
    if again is None or again.source is None:
        raise PipelineSyntaxError(diagnostics)
    return with_source(pipeline, again.source), again.source


def _text_of(pipeline: Pipeline) -> str:
    """The pipeline as it is for its record: the text that it was read from, else its YAML."""
    from datatorch_pipelines.syntax import TextLocator

    return pipeline.source.text if isinstance(pipeline.source, TextLocator) else to_yaml(pipeline)
