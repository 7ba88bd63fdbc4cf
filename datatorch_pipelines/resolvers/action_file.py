"""Whether a folder holds an action: one look, the file itself is read by others."""

from __future__ import annotations

import difflib
import errno
import itertools
import os
import stat
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
        for name in (reference.file,) if reference.file else ACTION_FILES:
            instead = _instead(directory / name)
            if instead is not None:
                raise ResolveError(f"{name} of {reference} is {instead}", hint="an action's file is a text file")
        hint = _alike(directory, wanted)
        if hint is None:
            hint = "is it the right folder?" if reference.kind in _FOLDERS else "is it the right repository and tag?"
        raise ResolveError(f"{reference} has no {wanted}", hint=hint)
    if reference.file and not (directory / reference.file).resolve().is_relative_to(directory.resolve()):
        raise ActionRefused(f"{wanted} of {reference} leads out of the action's folder")


def unused_action_files(directory: Path) -> tuple[str, ...]:
    """The action files of a folder, the one that counts first, where it has several; else none."""
    present = tuple(name for name in ACTION_FILES if os.path.isfile(directory / name))  # noqa: PTH113
    return present if len(present) > 1 else ()


_FOLDERS = (ReferenceKind.PATH, ReferenceKind.LOCAL)
_LOOKED_AT = 10_000
"""How many of a folder's names are looked at for one that is alike."""


def _instead(path: Path) -> str | None:
    """What stands where the file should be; nothing is opened, since a pipe would keep us waiting."""
    try:
        mode = os.stat(path, follow_symlinks=False).st_mode  # noqa: PTH116  # the names' form doesn't matter here
        if stat.S_ISLNK(mode):
            mode = os.stat(path).st_mode  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return "a link that leads nowhere" if os.path.islink(path) else None  # noqa: PTH114
    except (OSError, ValueError) as error:
        # A circle of links, a name that no file can have, or a folder that can't be entered.
        return "a link that leads in a circle" if getattr(error, "errno", None) == errno.ELOOP else None
    return "a folder, not a file" if stat.S_ISDIR(mode) else "neither a file nor a folder"


def _alike(directory: Path, wanted: str) -> str | None:
    try:
        some = itertools.islice(directory.iterdir(), _LOOKED_AT)
        names = sorted(path.name for path in some if path.name.isprintable() and path.is_file())
    except OSError:
        names = []
    files = [name for name in names if name.lower().endswith((".yaml", ".yml", ".json"))]
    near = difflib.get_close_matches(wanted.lower(), [name.lower() for name in files], n=1, cutoff=0.6)
    if near:
        name = next(name for name in files if name.lower() == near[0])
        return f"it has {name}: rename that, or name it as 'file' of an action object"
    return f"it has {', '.join(files[:5])}" if files else None
