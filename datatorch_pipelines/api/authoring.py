"""What authors of actions call: a first action, and one action run alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from typing import Unpack

    from datatorch_pipelines.defaults import ActionArguments
    from datatorch_pipelines.engine import RunHandle
    from datatorch_pipelines.model import ActionObject, ActionReference
    from datatorch_pipelines.results import StepResult

PathLike = str | os.PathLike[str]


def new_action(
    directory: PathLike, *, name: str | None = None, using: Literal["python", "node", "cmd", "docker"] = "python"
) -> Path:
    """Writes a working action into a new folder, to be changed into one's own; gives the folder.

    There is its file, its program, an ``example.yaml`` that uses it, and a ``README.md`` that says how to go on.
    ``name`` is the action's name, that of the folder unless given. The folder must not be there yet, or be empty: it is
    there with all its files or not at all. One that runs by docker needs its image built first, as its README says.

    Raises `PipelinesError` for a name that no action may have, and for a folder that is taken or can't be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     action = new_action(f"{folder}/count-words")
    ...     result = run_action(action, {"text": "the quick brown fox", "shortest": 4})
    >>> dict(result.outputs)
    {'words': 2}
    """
    from datatorch_pipelines.authoring import write_action

    return write_action(directory, name, using)[0]


def run_action(
    action: PathLike | ActionReference | ActionObject,
    inputs: Mapping[str, object] | None = None,
    **arguments: Unpack[ActionArguments],
) -> StepResult:
    """Runs one action alone, to its end, as a step of a pipeline would run it; with a record, as any run has one.

    ``action`` is a folder that holds an action, an action file, or an `ActionReference` or `ActionObject`, which is
    fetched as usual. ``inputs`` are values and mean themselves: an expression in one is not evaluated. A secret that
    has the name of an input which is not given is that input's value. The other arguments are those of `run`. Blocks,
    also inside a running event loop such as a notebook's.

    An action that fails is told by the result (see `StepResult.raise_for_status`). Raises, before anything ran,
    `ResolveError` for an action that can't be had, `ActionSyntaxError` for one whose file is wrong, and `PlanError` for
    everything else: an input that is missing or of the wrong type, a program that is not there.
    """
    from datatorch_pipelines.api.running import waited
    from datatorch_pipelines.results import lone_step

    return lone_step(waited(start_action(action, inputs, **arguments)))


def start_action(
    action: PathLike | ActionReference | ActionObject,
    inputs: Mapping[str, object] | None = None,
    **arguments: Unpack[ActionArguments],
) -> RunHandle:
    """Begins to run one action alone; the handle gives its events, cancels it and waits for it.

    Takes and raises what `run_action` does.
    """
    from datatorch_pipelines.api.reading import to_yaml
    from datatorch_pipelines.authoring import lone_action
    from datatorch_pipelines.authoring.alone import empty_pipeline
    from datatorch_pipelines.authoring.naming import named_action
    from datatorch_pipelines.defaults import ActionArguments, RunArguments, listeners, run_options
    from datatorch_pipelines.engine import Run, RunHandle, engine_thread

    for argument in RunArguments.__annotations__.keys() - ActionArguments.__annotations__.keys():
        if argument in arguments:  # what is known of pipelines only
            raise TypeError(f"unexpected argument {argument!r}")
    run_arguments = cast(RunArguments, arguments)
    provider = run_arguments.get("secrets")
    if provider is None or isinstance(provider, Mapping):
        provider = None
    elif callable(provider):  # what it is asked for is known when the action is here
        run_arguments = cast(RunArguments, {**run_arguments, "secrets": None})
    named = named_action(action)
    options = run_options(empty_pipeline(named), run_arguments)
    thread = engine_thread()
    lone = thread.call(lone_action(named, inputs or {}, options, provider))
    return RunHandle(Run(lone.plan, lone.options, to_yaml(lone.pipeline)), thread, listeners(run_arguments))
