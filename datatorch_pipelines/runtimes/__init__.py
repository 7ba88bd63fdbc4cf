"""From an action's ``runs.using`` and its inputs to a command: the action protocol (``docs/reference/actions.md``)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from datatorch_pipelines.contracts.runtime import Runtime
from datatorch_pipelines.model.action import Using
from datatorch_pipelines.runtimes.docker import DockerRuntime
from datatorch_pipelines.runtimes.node import NodeRuntime
from datatorch_pipelines.runtimes.paths import named_file
from datatorch_pipelines.runtimes.python import PythonRuntime
from datatorch_pipelines.runtimes.shell import SHELLS, CommandRuntime, ScriptRuntime, prepare_run, run_command

__all__ = [
    "SHELLS",
    "CommandRuntime",
    "DockerRuntime",
    "NodeRuntime",
    "PythonRuntime",
    "ScriptRuntime",
    "default_runtimes",
    "named_file",
    "prepare_run",
    "run_command",
]


def default_runtimes() -> Mapping[str, Runtime]:
    """The runtimes of the library itself, by their ``using``.

    >>> sorted(default_runtimes())
    ['cmd', 'commandline', 'docker', 'node', 'python', 'script', 'shell']
    """
    command, script = CommandRuntime(), ScriptRuntime()
    return MappingProxyType(
        {
            str(Using.PYTHON): PythonRuntime(),
            str(Using.NODE): NodeRuntime(),
            str(Using.CMD): command,
            str(Using.COMMANDLINE): command,
            str(Using.SCRIPT): script,
            str(Using.SHELL): script,
            str(Using.DOCKER): DockerRuntime(),
        }
    )
