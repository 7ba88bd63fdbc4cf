"""Where a step that runs alone has its record, and where it works."""

from __future__ import annotations

import os
import re
from pathlib import Path

from datatorch_pipelines._home import state_directory
from datatorch_pipelines.contracts import Runner
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.syntax.names import shown

_RUN_ID = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,128}")


def record_folder(directory: str | os.PathLike[str] | None, run_id: str | None) -> Path | None:
    """The folder that gets the step's own folder: that of its run, which all steps of the run share.

    ``None`` is the user's folder of runs. Raises `PipelinesError` for a run id that can't name a folder: it comes from
    a server, and leads nowhere else.
    """
    if run_id is None:
        return None if directory is None else Path(directory).absolute()
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        hint = "use letters, digits, '.', '_' and '-', 128 at the most, no '.' first"
        raise PipelinesError(f"the run id {shown(str(run_id))} can't name a folder", hint=hint)
    root = state_directory() / "steps" if directory is None else Path(directory).absolute()
    return root / run_id


def workspace_folder(workspace: str | os.PathLike[str] | None, runner: Runner) -> Path | None:
    """The folder that the step works in and that stays, made where it is not there yet.

    Raises `PipelinesError` where it can't be made, and for a runner whose steps see other files than those here.
    """
    if workspace is None:
        return None
    folder = Path(workspace).absolute()
    if not runner.capabilities.shares_files:
        raise PipelinesError(
            f"{type(runner).__name__} does not share files, so that its steps can't work in {shown(str(folder))}",
            hint="leave workspace out, or use a runner that shares files",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PipelinesError(f"the workspace {shown(str(folder))} can't be made: {why}") from error
    return folder
