"""Python environments of actions that bring a ``requirements.txt``: built once where they are needed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePath

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.runtime import RunnableAction, StepEnvironment
from datatorch_pipelines.errors import CommandRejected
from datatorch_pipelines.runtimes.support_files import put_support, support_folder

REQUIREMENTS = "requirements.txt"

_NAMES_FILES = re.compile(rb"^\s*(?:-[rcef]\b|--(?:requirement|constraint|editable|find-links)\b|\.|/|.*\bfile:)", re.M)
_SOMETHING = re.compile(rb"^\s*[^\s#]", re.M)


def interpreter(action: RunnableAction, environment: StepEnvironment) -> str:
    """The Python that runs the action: that of its environment where it needs one, else the machine's."""
    folder = _folder(action, environment)
    return python_of(environment) if folder is None else str(folder / "bin" / "python")


def python_of(environment: StepEnvironment) -> str:
    """The Python of where the step runs. Raises `CommandRejected` where there is none."""
    python = environment.fact("python", "executable")
    if not python:
        raise CommandRejected("Python is not installed where the step runs", hint="install python3 there")
    return python


async def prepare_environment(action: RunnableAction, environment: StepEnvironment) -> None:
    """Builds the action's environment unless it is there. Raises `CommandRejected` when that fails."""
    folder = _folder(action, environment)
    if folder is None:
        return
    if environment.job.runner.capabilities.shares_files and (Path(folder) / ".complete").exists():
        return
    await put_support(environment)
    builder = support_folder(environment) / "build_environment.py"
    await environment.check(
        Command(
            argv=(
                python_of(environment),
                str(builder),
                str(folder),
                str(action.directory / REQUIREMENTS),
            ),
            env=environment.env,
            cwd=str(action.directory),
        ),
        f"the installation of what {REQUIREMENTS} of the action {action.name!r} lists",
    )


def _folder(action: RunnableAction, environment: StepEnvironment) -> PurePath | None:
    """The folder of the action's environment; ``None`` when it needs none."""
    try:
        requirements = (action.source / REQUIREMENTS).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandRejected(
            f"{REQUIREMENTS} of the action {action.name!r} can't be read: {error.strerror}"
        ) from error
    if not _SOMETHING.search(requirements):
        return None
    parts = [requirements, action.digest.encode() if _NAMES_FILES.search(requirements) else b""]
    facts = ("executable", "version", "implementation")
    parts += [environment.fact("python", name).encode("utf-8", "surrogateescape") for name in facts]
    parts += [environment.fact("machine", name).encode("utf-8", "surrogateescape") for name in ("os", "architecture")]
    digest = hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()
    return environment.paths.environments / f"python-{digest[:32]}"
