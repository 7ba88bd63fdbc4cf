"""What ``actions show`` does."""

from __future__ import annotations

import os
from pathlib import Path

from attrs import evolve, frozen

from datatorch_pipelines import api
from datatorch_pipelines.cli.console import STDERR, STDOUT, Output, wants_colours
from datatorch_pipelines.cli.outcome import FAILED, REFUSED, SUCCEEDED, complain, result_status
from datatorch_pipelines.cli.pull import tell_warnings
from datatorch_pipelines.display.action_view import action_json, action_text
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.example_step import example_step
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.display.reports import diagnostic_text
from datatorch_pipelines.display.sources import read_sources
from datatorch_pipelines.errors import ModelError, PipelinesError, PipelineSyntaxError
from datatorch_pipelines.model import ActionObject, ActionReference
from datatorch_pipelines.model.reference import DEFAULT_REF

_PATHS = ("./", "../", "/")
_FILE_ENDINGS = (".yaml", ".yml", ".json")


@frozen(kw_only=True)
class ShowCall:
    """What the command was given, as data."""

    action: str
    git: str | None = None
    file: str | None = None
    local_actions: tuple[Path, ...] = ()
    offline: bool = False
    as_json: bool = False


def show_action(call: ShowCall) -> int:
    """Prints what an action is; gives the exit status."""
    output, log = Output(STDOUT), Output(STDERR)
    try:
        wanted = _wanted(call)
        if isinstance(wanted, Path) and not os.path.exists(wanted):  # noqa: PTH110  # no permission is no error there
            shown = call.action if call.file is None else str(wanted)
            hint = "give a folder that holds an action, its action file, or owner/repo@tag"
            complain(one_line(f"there is no folder or file {shown!r}; {hint}"))
            return REFUSED
        if isinstance(wanted, Path) and not (wanted.is_dir() or wanted.is_file()):
            complain(one_line(f"{call.action!r} is neither a folder nor a file; give a folder that holds an action"))
            return REFUSED
        found = api.find_action(wanted, local_actions=call.local_actions, offline=call.offline)
    except ModelError as error:
        complain(one_line(str(error)))
        return REFUSED
    except PipelineSyntaxError as error:
        palette = Palette(wants_colours(STDERR, os.environ), log.encoding)
        log.text(diagnostic_text(error.diagnostics, read_sources(error.diagnostics), palette=palette))
        return FAILED
    except PipelinesError as error:
        complain(one_line(str(error)))
        return FAILED
    tell_warnings([found], log)
    example = example_step(found)
    if call.as_json:
        output.json(action_json(found, example))
    else:
        palette = Palette(wants_colours(STDOUT, os.environ), output.encoding)
        output.text(action_text(found, example, palette=palette))
    return result_status(output, SUCCEEDED)


def _wanted(call: ShowCall) -> ActionReference | Path:
    """A reference as a step has it, or a path. Raises `ModelError` for what is neither."""
    text = call.action
    if call.git is not None:
        name, _, tag = text.partition("@")
        return ActionReference.parse(ActionObject(name, tag or DEFAULT_REF, call.git, call.file))
    if _is_path(text):
        return Path(text, call.file) if call.file else Path(text)
    reference = ActionReference.parse(text)
    if call.file is None:
        return reference
    checked = ActionReference.parse(ActionObject(text.partition("@")[0], reference.ref or DEFAULT_REF, None, call.file))
    return evolve(checked, ref=reference.ref)


def _is_path(text: str) -> bool:
    """Whether a text is a path: what is there, and what could be nothing else."""
    if text in (".", "..") or text.startswith(_PATHS) or (text and os.path.lexists(text)):
        return True
    return "@" not in text and text.endswith(_FILE_ENDINGS)
