"""``using: node``: ``[node, main, JSON of all inputs]``."""

from __future__ import annotations

from collections.abc import Mapping

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.runtime import RunnableAction, Runtime, StepEnvironment
from datatorch_pipelines.runtimes.paths import file_in_action
from datatorch_pipelines.runtimes.python import argument
from datatorch_pipelines.runtimes.support_files import put_support, support_folder


class NodeRuntime(Runtime):
    """Runs ``main`` with the ``node`` that is on the ``PATH`` where the step runs."""

    async def prepare(self, action: RunnableAction, environment: StepEnvironment) -> None:
        """Brings the launcher."""
        await put_support(environment)

    def command(self, action: RunnableAction, inputs: Mapping[str, object], environment: StepEnvironment) -> Command:
        """``node`` with ``main`` and the inputs; by way of a launcher when they can be no argument."""
        _, main = file_in_action(action, action.runs.main, "main")
        given = argument(inputs, environment)
        launcher = str(support_folder(environment) / "launch.cjs")
        return Command(argv=("node", "--require", launcher, main) if given is None else ("node", main, given))
