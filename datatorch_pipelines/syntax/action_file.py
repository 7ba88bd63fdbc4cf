"""An action file's text to its model."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import Action, Using
from datatorch_pipelines.syntax.conversion import action_from_data
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.located import StopReading
from datatorch_pipelines.syntax.names import did_you_mean, listed, named, shown, type_name
from datatorch_pipelines.syntax.report import Report
from datatorch_pipelines.syntax.schema._generated import action as action_schema
from datatorch_pipelines.syntax.source import read_source
from datatorch_pipelines.syntax.validation import validate, wrong_type

if TYPE_CHECKING:
    from datatorch_pipelines.syntax.locator import TextLocator

_NEEDED = {
    Using.PYTHON: ("main",),
    Using.NODE: ("main",),
    Using.CMD: ("command",),
    Using.COMMANDLINE: ("command",),
    Using.SCRIPT: ("script", "main"),
    Using.SHELL: ("script", "main"),
    Using.DOCKER: ("image",),
    Using.HUMAN: (),
}
"""The keys beside ``using`` of which one must be there."""

_EXAMPLES = {"main": "main.py", "command": "echo hello", "script": "script.sh", "image": "alpine:3"}

_LONGEST_DEFAULT = 80
"""Characters of a default that a message shows."""


def read_action(
    text: str, filename: str, *, limits: Limits = DEFAULT_LIMITS, extra_using: frozenset[str] = frozenset()
) -> tuple[Action | None, list[Diagnostic]]:
    """The action that a text describes, and all that is to be said about it, sorted by place.

    ``extra_using`` names the values of ``runs.using`` that are known beside the format's own. ``filename`` and the rest
    are as for `read_pipeline`; a key that the format doesn't know is a warning here, since published actions have them.

    >>> text = "name: Add\\nruns:\\n  using: python\\n  main: add.py\\n"
    >>> action, diagnostics = read_action(text, "action-datatorch.yaml")
    >>> action.runs.main, diagnostics
    ('add.py', [])
    """
    reading = read_action_file(text, filename, limits=limits, extra_using=extra_using)
    return reading.action, reading.diagnostics


@frozen
class ActionReading:
    """What reading an action's text gave: as `read_action` gives it, and what it takes to go on where that failed.

    ``locator`` knows the places of everything that could be read.
    """

    action: Action | None
    diagnostics: list[Diagnostic]
    locator: TextLocator
    _data: object
    _report: Report

    def salvaged(self) -> Action | None:
        """What is right of the text where there is no action; ``None`` where that is not enough for any check."""
        from datatorch_pipelines.syntax.salvage import salvage_action

        return salvage_action(self._data, self._report, self.locator.file)


def read_action_file(
    text: str, filename: str, *, limits: Limits = DEFAULT_LIMITS, extra_using: frozenset[str] = frozenset()
) -> ActionReading:
    """As `read_action`, to be asked for more."""
    data, report, complete = read_source(text, filename, limits)
    if complete:
        with contextlib.suppress(StopReading):
            _check_action(data, extra_using, report)
    action = None
    if not report.failed and isinstance(data, dict):
        action = action_from_data(data, report.locator)
    return ActionReading(action, report.sorted(), report.locator, data, report)


def _check_action(data: Any, extra_using: frozenset[str], report: Report) -> None:
    if not isinstance(data, dict):
        wrong_type(report, (), "an action file", "a mapping", data, "begin with name: and runs:")
        return
    if "jobs" in data and "runs" not in data and not report.is_open(()):
        place = report.locator.key(("jobs",))
        report.error(Code.UNKNOWN_KEY, place, "this is a pipeline, not an action file", "name a file that has runs")
        return
    validate(action_schema.validate, data, (), "an action", report, lenient=True)
    runs = data.get("runs")
    if isinstance(runs, dict) and isinstance(runs.get("using"), str):
        _check_runs(runs, extra_using, report)
    inputs = data.get("inputs")
    if isinstance(inputs, dict):
        for name, declared in inputs.items():
            _check_default(name, declared, report)


def _check_runs(runs: dict[str, Any], extra_using: frozenset[str], report: Report) -> None:
    using = runs["using"]
    if using in extra_using and using not in list(Using):
        return
    known = [*Using, *sorted(extra_using - set(Using))]
    if using not in known:
        hint = did_you_mean(using, known) or f"use {listed(known)}"
        place = report.value(("runs", "using"))
        fix = respelt(report.locator, place, using, known)
        report.error(Code.WRONG_VALUE, place, f"no runtime is called {shown(using)}", hint, fix=fix)
        return
    needed = _NEEDED[Using(using)]
    if not needed or report.is_open(("runs",)) or any(key in runs and runs[key] is not None for key in needed):
        return
    example = "index.js" if using == Using.NODE else _EXAMPLES[needed[0]]
    message = f"runs with 'using: {using}' needs {listed(map(repr, needed))}"
    report.error(Code.MISSING_KEY, report.locator.key(("runs",)), message, f'add "{needed[0]}: {example}"')


def _check_default(name: str, declared: object, report: Report) -> None:
    """Says when a default is none of the input's own options."""
    if not isinstance(declared, dict):
        return
    options, default = declared.get("options"), declared.get("default")
    if not isinstance(options, list) or default is None or default in options:
        return
    if isinstance(default, str) and "${{" in default:
        return
    text = shown(default) if isinstance(default, str) else json.dumps(default)
    if len(text) > _LONGEST_DEFAULT:
        text = type_name(default)
    hint = f"use {listed(named(option) if isinstance(option, str) else json.dumps(option) for option in options)}"
    place = report.value(("inputs", name, "default"))
    report.warning(Code.NOT_AN_OPTION, place, f"the default {text} is not one of the options", hint)
