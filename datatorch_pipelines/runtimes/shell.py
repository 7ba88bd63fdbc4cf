"""Shell text and scripts: ``using: cmd`` and ``script``, and the ``run:`` of a step."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from datatorch_pipelines.contracts.command import MAX_ARGUMENT_BYTES, Command
from datatorch_pipelines.contracts.runtime import RunnableAction, Runtime, StepEnvironment
from datatorch_pipelines.errors import CommandRejected
from datatorch_pipelines.runtimes.environments import python_of
from datatorch_pipelines.runtimes.inputs import input_variables
from datatorch_pipelines.runtimes.paths import file_in_action
from datatorch_pipelines.runtimes.support_files import put_support, shim_variables

SHELLS = ("sh", "bash", "python", "node")
"""What a step's ``shell`` may be; the first unless it says so."""


class CommandRuntime(Runtime):
    """``using: cmd`` or ``commandline``: a text for the shell, with the inputs as ``$INPUT_<NAME>``."""

    async def prepare(self, action: RunnableAction, environment: StepEnvironment) -> None:
        """Brings the ``datatorch`` shim, for a Python that the text may start."""
        await put_support(environment)

    def command(self, action: RunnableAction, inputs: Mapping[str, object], environment: StepEnvironment) -> Command:
        """``sh -c`` with the text."""
        if not action.runs.command:
            raise CommandRejected(f"the action {action.name!r} has no command", hint="give runs.command a text")
        _check_length(action.runs.command, f"the command of the action {action.name!r}")
        return Command(argv=("sh", "-c", action.runs.command), env=_variables(inputs, environment))


class ScriptRuntime(Runtime):
    """``using: script`` or ``shell``: a file of the action, arguments after it, the inputs as ``$INPUT_<NAME>``."""

    async def prepare(self, action: RunnableAction, environment: StepEnvironment) -> None:
        """Brings the ``datatorch`` shim, for a Python that the script may start."""
        await put_support(environment)

    def command(self, action: RunnableAction, inputs: Mapping[str, object], environment: StepEnvironment) -> Command:
        """The file by itself, or by the interpreter of its ``#!`` line, else by ``sh``; then the arguments."""
        text = action.runs.script or action.runs.main
        try:
            words = shlex.split(text or "")
        except ValueError as error:
            raise CommandRejected(
                f"the script of the action {action.name!r} can't be read: {str(error).lower()}", hint=f"it is {text!r}"
            ) from error
        file, path = file_in_action(action, words[0] if words else None, "script")
        return Command(argv=(*_starting(file, path), *words[1:]), env=_variables(inputs, environment))


async def prepare_run(environment: StepEnvironment) -> None:
    """Makes ready what `run_command` needs where the step runs, as `Runtime.prepare` does for an action."""
    await put_support(environment)


def run_command(text: str, shell: str | None, inputs: Mapping[str, object], environment: StepEnvironment) -> Command:
    """The command of a ``run:`` step: its text for one of `SHELLS`, the inputs as ``$INPUT_<NAME>``.

    ``sh -e`` unless ``shell`` says otherwise; ``bash`` is ``bash -eo pipefail``. Raises `CommandRejected` for another
    shell and for a text that is longer than an argument may be.
    """
    _check_length(text, "the text of 'run'")
    match shell or "sh":
        case "sh":
            argv: tuple[str, ...] = ("sh", "-e", "-c", text)
        case "bash":
            argv = ("bash", "-eo", "pipefail", "-c", text)
        case "python":
            argv = (python_of(environment), "-c", text)
        case "node":
            argv = ("node", "-e", text)
        case unknown:
            raise CommandRejected(f"{unknown!r} is no shell", hint=f"use one of {', '.join(SHELLS)}")
    return Command(argv=argv, env=_variables(inputs, environment))


def _variables(inputs: Mapping[str, object], environment: StepEnvironment) -> dict[str, str]:
    return {**shim_variables(environment), **input_variables(inputs, environment)}


def _check_length(text: str, what: str) -> None:
    if len(text.encode("utf-8", "replace")) >= MAX_ARGUMENT_BYTES:
        raise CommandRejected(
            f"{what} is longer than {MAX_ARGUMENT_BYTES // 1024} KiB", hint="put it into a script of an action"
        )


def _starting(file: Path, path: str) -> tuple[str, ...]:
    """How the file is started: published scripts are often not executable, or have no ``#!`` line."""
    with file.open("rb") as opened:
        first = opened.readline(4096)
    executable = bool(file.stat().st_mode & 0o111)
    if first.startswith(b"#!"):
        words = first[2:].decode("utf-8", "surrogateescape").strip().split(None, 1)
        return (path,) if executable or not words else (*words, path)
    return (path,) if executable and b"\0" in first else ("sh", path)
