"""``using: python``: ``[interpreter, main, JSON of all inputs]``."""

from __future__ import annotations

import json
from collections.abc import Mapping

from datatorch_pipelines.contracts.command import MAX_ARGUMENT_BYTES, Command
from datatorch_pipelines.contracts.runtime import RunnableAction, Runtime, StepEnvironment
from datatorch_pipelines.runtimes.environments import interpreter, prepare_environment
from datatorch_pipelines.runtimes.paths import file_in_action
from datatorch_pipelines.runtimes.support_files import put_support, shim_variables, support_folder


def argument(inputs: Mapping[str, object], environment: StepEnvironment) -> str | None:
    """The inputs as one argument; ``None`` when it would be too long, or would show a secret in the process list."""
    text = json.dumps(inputs)  # ASCII only, so that its length is its size
    return None if environment.secret_inputs or len(text) >= MAX_ARGUMENT_BYTES else text


class PythonRuntime(Runtime):
    """Runs ``main`` with Python, in an environment of its own where the action brings a ``requirements.txt``."""

    async def prepare(self, action: RunnableAction, environment: StepEnvironment) -> None:
        """Builds the action's environment, once. Raises `CommandRejected` when that fails."""
        await put_support(environment)
        await prepare_environment(action, environment)

    def command(self, action: RunnableAction, inputs: Mapping[str, object], environment: StepEnvironment) -> Command:
        """The interpreter with ``main`` and the inputs; by way of a launcher when they can be no argument."""
        _, main = file_in_action(action, action.runs.main, "main")
        python = interpreter(action, environment)
        given = argument(inputs, environment)
        launcher = str(support_folder(environment) / "launch.py")
        argv = (python, launcher, main) if given is None else (python, main, given)
        return Command(argv=argv, env=shim_variables(environment))
