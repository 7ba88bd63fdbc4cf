"""A new action's folder: whole, or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from datatorch_pipelines._files import remove_tree, sync_directory
from datatorch_pipelines.authoring.kinds import KINDS, Kind, action_files
from datatorch_pipelines.authoring.names import check_action_name
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.syntax.names import listed, shown


def write_action(directory: str | os.PathLike[str], name: str | None, using: Kind) -> tuple[Path, list[str]]:
    """Writes a new action; gives its folder and the names of its files in it.

    Raises `PipelinesError` when it can't be; nothing is left of it then.
    """
    if using not in KINDS:
        raise PipelinesError(f"no action is written that runs using {shown(str(using))}", hint=f"use {listed(KINDS)}")
    path = Path(directory)
    try:
        # What is written beside must be on one file system with what takes its place, also where that is a link.
        target = Path(os.path.realpath(path))
        files = action_files(check_action_name(target.name if name is None else name), using)
        _refuse_taken(path, target)
        _write_whole(target, files)
    except ValueError as error:
        raise PipelinesError(
            f"{shown(str(path))} can be no folder: it holds a character that no path can have"
        ) from error
    except OSError as error:
        raise PipelinesError(f"{shown(str(path))} can't be written: {error.strerror}", hint=_hint(error)) from error
    return path, list(files)


def _refuse_taken(path: Path, target: Path) -> None:
    if not os.path.lexists(path):
        if not target.parent.is_dir():
            hint = "make it first, or name another place"
            raise PipelinesError(
                f"there is no folder {shown(str(path.parent))} to put {shown(path.name)} in", hint=hint
            )
        return
    if not path.is_dir():
        raise PipelinesError(f"{shown(str(path))} exists already, and is no folder", hint="choose another name")
    if any(target.iterdir()):
        raise PipelinesError(f"the folder {shown(str(path))} exists already, and is not empty", hint=_ANOTHER)
    if target == Path(os.path.realpath(os.curdir)):  # whoever stands in it would be left in a folder that is gone
        raise PipelinesError("the current folder can't be replaced", hint="name a folder in it, or beside it")


_ANOTHER = "choose another name: nothing is overwritten"


def _write_whole(target: Path, files: Mapping[str, str]) -> None:
    """Writes beside, flushes, and renames; only an empty folder is ever replaced. Raises ``OSError``."""
    beside = target.with_name(f".new-action.{secrets.token_hex(6)}.tmp")
    beside.mkdir()
    try:
        for name, text in files.items():
            with (beside / name).open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                if text.startswith("#!"):
                    mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                    os.fchmod(file.fileno(), mode | (mode & 0o444) >> 2)  # whoever may read it may run it
                file.flush()
                os.fsync(file.fileno())
        sync_directory(beside)
        beside.rename(target)
    except BaseException:
        with contextlib.suppress(OSError):
            remove_tree(beside)
        raise
    sync_directory(target.parent)


def _hint(error: OSError) -> str | None:
    if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):  # somebody was faster
        return _ANOTHER
    return "choose a shorter name" if error.errno == errno.ENAMETOOLONG else None
