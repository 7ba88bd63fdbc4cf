"""Keys that the format doesn't know, and what was meant by them."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Fix
from datatorch_pipelines.syntax.edits import renamed
from datatorch_pipelines.syntax.names import did_you_mean, listed, nearest, only_nearest, shown
from datatorch_pipelines.syntax.report import Path, Report
from datatorch_pipelines.syntax.schema import source

_OTHER_NAMES = {
    "uses": "action",
    "with": "inputs",
    "on": "triggers",
    "environment": "env",
    "enviroment": "env",
    "depends_on": "needs",
    "depends-on": "needs",
    "timeout-minutes": "timeout",
    "command": "run",
    "script": "run",
    "variable": "variables",
    "vars": "variables",
    "version": "tag",
    "ref": "tag",
    "url": "git",
    "repository": "git",
    "path": "file",
    "cwd": "working-directory",
    "args": "inputs",
    "arguments": "inputs",
    "parameters": "inputs",
    "desc": "description",
    "mandatory": "required",
    "optional": "required",
    "deprecated": "deprecationMessage",
    "default_value": "default",
    "choices": "options",
    "enum": "options",
    "use": "using",
}
"""What other tools call our keys."""

_ACTION_OBJECT = frozenset({"name", "tag", "git", "file"})


def unknown_key(
    report: Report, path: Path, known: Iterable[str], beside: Iterable[str] = (), *, lenient: bool = False
) -> None:
    """Says that the format doesn't know the key at ``path``; ``beside`` has the unknown keys that stand there too."""
    key, names = str(path[-1]), list(known)
    other = _OTHER_NAMES.get(key)
    hint = f"did you mean {other!r}?" if other in names else None if other else did_you_mean(key, names)
    right = meant(key, names)
    if right is not None and report.locator.is_there((*path[:-1], right)):
        hint = f"{right!r} is there already: take one of them out"
    home = _home(key, names)
    if home is not None:
        hint = f"it is a key of {home}"
    if key.startswith("-"):
        hint = "put a space after the '-'"
    elif key[:1].isspace():
        hint = f"indent with spaces: this line begins with the character U+{ord(key[0]):04X}"
    if hint is None:
        hint = f"the keys here are {listed(names, 'and')}" if names else "there are no keys here"
    say = report.warning if lenient else report.error
    fix = _right_key(report, path, names, beside)
    say(Code.UNKNOWN_KEY, report.locator.key(path), f"unknown key {shown(key)}", hint, fix=fix)


def _home(key: str, known: Collection[str]) -> str | None:
    """What a key belongs to that stands in another part of a pipeline, whose own keys are ``known``."""
    parts = _keys_of_parts()
    if set(known) != _ACTION_OBJECT and set(known) not in parts.values():
        return None
    return next((part for part, keys in parts.items() if key in keys), None)


@functools.cache
def _keys_of_parts() -> Mapping[str, frozenset[str]]:
    parts = {"the pipeline": "pipeline", "a job": "job", "a step": "step"}
    return {name: frozenset(source(part)["properties"]) for name, part in parts.items()}


def _right_key(report: Report, path: Path, known: list[str], beside: Iterable[str]) -> Fix | None:
    """The fix of a misspelt key, unless the right one, or one more that is meant to be it, stands beside it, or may."""
    key = str(path[-1])
    right = None if key in _OTHER_NAMES or _home(key, known) else only_nearest(key, known)
    if right is None or report.locator.is_there((*path[:-1], right)) or report.is_open(path[:-1]):
        return None
    if any(meant(name, known) == right for name in beside if name != key):
        return None
    return renamed(report.locator, report.locator.key(path), key, right)


def meant(key: str, known: Iterable[str]) -> str | None:
    """The known key that an unknown one probably stands for."""
    names = list(known)
    if _home(key, names):
        return None
    other = _OTHER_NAMES.get(key)
    return nearest(key, names) if other is None else other if other in names else None
