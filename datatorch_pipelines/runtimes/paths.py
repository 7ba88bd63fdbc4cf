"""Paths that an action names: inside its own folder, and nowhere else."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath

from datatorch_pipelines.contracts.runtime import RunnableAction
from datatorch_pipelines.errors import CommandRejected
from datatorch_pipelines.model.action import Runs, Using


def named_file(runs: Runs) -> tuple[str, str] | None:
    """The key and the text by which an action names the file that it runs.

    ``None`` for an action that runs none, or one that only an expression tells.

    >>> named_file(Runs(using="shell", script="run.sh --fast"))
    ('script', 'run.sh')
    """
    match runs.using:
        case Using.PYTHON | Using.NODE:
            key, text = "main", runs.main
        case Using.SCRIPT | Using.SHELL:
            key, text = ("script", runs.script) if runs.script else ("main", runs.main)
        case _:
            return None
    if not text or "${{" in text:
        return None
    if runs.using in (Using.PYTHON, Using.NODE):
        return key, text
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    return (key, words[0]) if words else None


def file_in_action(action: RunnableAction, text: str | None, key: str) -> tuple[Path, str]:
    """The file that an action's ``runs`` names under ``key``: here, and as the step sees it.

    A leading ``/`` means the action's own folder, as it always did. Raises `CommandRejected` when nothing is named,
    when it leads out of the action, and when there is no such file.
    """
    if not text or not text.strip("/"):
        raise CommandRejected(f"the action {action.name!r} doesn't say its {key}", hint=f"give runs.{key} a file name")
    relative = PurePosixPath(text.strip("/"))
    file = action.source / relative
    if "\0" in text or ".." in relative.parts or not file.resolve().is_relative_to(action.source.resolve()):
        raise CommandRejected(
            f"{key} of the action {action.name!r} leads out of it: {text!r}", hint="name a file of the action itself"
        )
    if not file.is_file():
        raise CommandRejected(f"the action {action.name!r} has no file {str(relative)!r}, which is its {key}")
    return file, str(action.directory / relative)
