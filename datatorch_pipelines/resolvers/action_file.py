"""Whether a folder holds an action: one look, the file itself is read by others."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from datatorch_pipelines.errors import ActionRefused, ResolveError
from datatorch_pipelines.model.action import ACTION_FILES
from datatorch_pipelines.model.reference import ActionReference, ReferenceKind


def holds_action(directory: Path, file: str | None = None) -> bool:
    """Whether ``directory`` has the action file ``file``, or one of the usual names."""
    # os.path.isfile: a name that no file can have (too long, a NUL) is no error there.
    return any(os.path.isfile(directory / name) for name in ((file,) if file else ACTION_FILES))  # noqa: PTH113


def check_action_file(reference: ActionReference, directory: Path) -> None:
    """Raises `ResolveError` where the folder of an action has no action file, naming files that look alike."""
    wanted = reference.file or ACTION_FILES[0]
    if not holds_action(directory, reference.file):
        if any(os.path.isdir(directory / name) for name in ((reference.file,) if reference.file else ACTION_FILES)):  # noqa: PTH112
            raise ResolveError(f"{wanted} of {reference} is a folder, not a file")
        hint = _alike(directory, wanted)
        if hint is None:
            hint = "is it the right folder?" if reference.kind in _FOLDERS else "is it the right repository and tag?"
        raise ResolveError(f"{reference} has no {wanted}", hint=hint)
    if reference.file and not (directory / reference.file).resolve().is_relative_to(directory.resolve()):
        raise ActionRefused(f"{wanted} of {reference} leads out of the action's folder")


_FOLDERS = (ReferenceKind.PATH, ReferenceKind.LOCAL)


def _alike(directory: Path, wanted: str) -> str | None:
    try:
        names = sorted(path.name for path in directory.iterdir() if path.is_file() and path.name.isprintable())
    except OSError:
        names = []
    files = [name for name in names if name.lower().endswith((".yaml", ".yml", ".json"))]
    near = difflib.get_close_matches(wanted.lower(), [name.lower() for name in files], n=1, cutoff=0.6)
    if near:
        name = next(name for name in files if name.lower() == near[0])
        return f"it has {name}: rename that, or name it as 'file' of an action object"
    return f"it has {', '.join(files[:5])}" if files else None
