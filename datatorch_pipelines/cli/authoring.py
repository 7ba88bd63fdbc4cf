"""The commands ``actions new`` and ``actions run``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from datatorch_pipelines import api
from datatorch_pipelines._masking import Masker
from datatorch_pipelines.authoring.kinds import EXAMPLE_TEXT
from datatorch_pipelines.authoring.names import image_name
from datatorch_pipelines.cli.console import STDOUT, Output
from datatorch_pipelines.cli.outcome import PROGRAM, REFUSED, SUCCEEDED, complain, result_status
from datatorch_pipelines.cli.report import RunReport
from datatorch_pipelines.cli.run import carry_out
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.sources import read_files
from datatorch_pipelines.engine import RunHandle
from datatorch_pipelines.errors import ModelError, PipelinesError
from datatorch_pipelines.model import ActionObject, ActionReference
from datatorch_pipelines.model.reference import DEFAULT_REF
from datatorch_pipelines.results import RunStarted


@frozen(kw_only=True)
class ActionCall:
    """What ``actions run`` was given, as data."""

    action: str
    git: str | None = None
    file: str | None = None
    inputs: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    answers: Mapping[str, Mapping[str, object]] = field(factory=dict, repr=False)
    event: Mapping[str, object]
    local_actions: tuple[Path, ...] = ()
    runner: str | None = None
    offline: bool = False
    strict: bool = False
    as_json: bool = False
    log_format: str = "text"
    quiet: bool = False


def write_action(name: str, using: Literal["python", "node", "cmd", "docker"], directory: Path) -> int:
    """Writes a new action, says what was written and how to go on, and gives the exit status."""
    try:
        folder = api.new_action(directory / name, name=name, using=using)
        files = sorted(folder.iterdir())
    except PipelinesError as error:
        complain(one_line(str(error)))
        return REFUSED
    output = Output(STDOUT)
    output.text("".join(f"wrote {one_line(str(file))}\n" for file in files))
    output.text(f"{_next(folder, using)}\n")
    return result_status(output, SUCCEEDED)


def _next(folder: Path, using: str) -> str:
    """What to type next."""
    trying = f"try it: {PROGRAM} actions run {_word(folder)} --input text={shlex.quote(EXAMPLE_TEXT)}"
    if using == "docker":
        return f"build it: docker build -t {image_name(folder.name)} {_word(folder)}\n{trying}"
    return trying


def _word(path: Path) -> str:
    """A path as a word of a command."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def run_action(call: ActionCall) -> int:
    """Runs one action alone, reports, and gives the exit status."""
    report = RunReport(
        masker=Masker(call.secrets.values()), as_json=call.as_json, log_format=call.log_format, quiet=call.quiet
    )
    return carry_out(lambda: _start(call, report), report)


def _start(call: ActionCall, report: RunReport) -> RunHandle:
    handle = api.start_action(
        _meant(call),
        call.inputs,
        secrets=call.secrets,
        human=report.turns.handler(call.answers),
        event=call.event,
        local_actions=call.local_actions,
        runner=call.runner,
        offline=call.offline,
        strict=call.strict,
    )
    first = next(iter(handle))
    if isinstance(first, RunStarted):
        report.pipeline = first.pipeline
        report.sources = read_files([first.file], report.masker) if first.file else {}
    return handle


def _meant(call: ActionCall) -> str | Path | ActionReference:
    """A path where there is something or a file could be, else a reference where the text can be one.

    Raises `ModelError` for ``git`` or ``file`` with a text that is no name and tag.
    """
    if call.git is None:
        is_file_name = "@" not in call.action and call.action.endswith((".yaml", ".yml", ".json"))
        if is_file_name or os.path.lexists(call.action):
            return Path(call.action, call.file) if call.file else call.action
        try:
            reference = ActionReference.parse(call.action)
        except ModelError:
            return call.action  # the library says what is wrong with it as a path
        if call.file is None:
            return reference
    name, _, tag = call.action.partition("@")
    return ActionReference.parse(ActionObject(name, tag or DEFAULT_REF, call.git, call.file))
