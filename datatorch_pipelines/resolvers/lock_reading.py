"""Reads lock files. Each is read as what a stranger may have written: what is wrong in it is told at its place."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Location, Related, Severity, sort_diagnostics
from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.resolvers.lockfile import LOCK_VERSION, WRONG, Key, Lock, LockedAction, wrong_commit
from datatorch_pipelines.syntax.files import decode_text, read_bytes
from datatorch_pipelines.syntax.located import StopReading
from datatorch_pipelines.syntax.names import did_you_mean, named, type_name
from datatorch_pipelines.syntax.report import Report
from datatorch_pipelines.syntax.source import read_source

_MEND = "restore it from version control, or delete it and lock again"
_TAKE_A_SIDE = "take the lines of one side, then lock again"
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?=[ \r\n]|\Z)[^\r\n]*", re.MULTILINE)
_Path = tuple[str | int, ...]
_Names = tuple[str, ...]
_NEEDED = ("reference", "digest")


def read_lock(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> Lock:
    """The lock in a file.

    Raises `PipelineSyntaxError` with everything that is wrong with it, at its place, also where there is no such file.
    """
    name = os.fsdecode(path)
    return evolve(parse_lock(decode_text(read_bytes(name, limits.max_file_bytes), name), name, limits), path=Path(path))


def parse_lock(text: str, filename: str, limits: Limits = DEFAULT_LIMITS) -> Lock:
    """The lock in a text; ``filename`` is for messages. Raises `PipelineSyntaxError` as `read_lock` does."""
    conflict = _CONFLICT.search(text)
    if conflict is not None:
        line = 1 + len(re.findall(r"\r\n|\r|\n", text[: conflict.start()]))
        place = Location(filename, line, 1, line, 1 + len(conflict.group()))
        message = "a merge conflict is not resolved here"
        raise PipelineSyntaxError(
            [Diagnostic.at(place, Code.INVALID_SYNTAX, Severity.ERROR, message, hint=_TAKE_A_SIDE)]
        )
    data, report, complete = read_source(text, filename, limits, as_json=True)
    actions: list[LockedAction] = []
    if complete and not report.failed:
        with contextlib.suppress(StopReading):  # so many errors that the rest is not told
            actions = _Reader(report).actions(data)
    if report.failed:
        raise PipelineSyntaxError([_with_own_hint(item) for item in sort_diagnostics(report.found)])
    return Lock(actions=actions)


def _with_own_hint(item: Diagnostic) -> Diagnostic:
    """A diagnostic that says what to do with a file that no person writes."""
    written = item.code.startswith("DT1") and item.hint != _TAKE_A_SIDE
    return evolve(item, hint=_MEND) if written or item.hint is None else item


class _Reader:
    """Makes locked actions of what was read; what is wrong goes to the report."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._seen: dict[Key, int] = {}

    def actions(self, data: object) -> list[LockedAction]:
        """The actions, as far as they are right."""
        report = self._report
        if not isinstance(data, dict):
            self._wrong_type((), data, "a lock file", "a mapping")
            return []
        version = data.get("version")
        if "version" in data and (type(version) is not int or version != LOCK_VERSION):
            shown = f"the version {version}" if type(version) is int else "a version that is no number"
            message = f"a lock file of {shown}"
            hint = (
                f"this release reads the version {LOCK_VERSION}: use that which wrote it, or delete it and lock again"
            )
            report.error(Code.WRONG_VALUE, report.locator.value(("version",)), message, hint)
            return []
        self._keys((), data, ("version", "actions"), ("version", "actions"), "a lock file")
        given = data.get("actions", [])
        if not isinstance(given, list):
            self._wrong_type(("actions",), given, "actions", "a list")
            return []
        return [action for index, item in enumerate(given) if (action := self._action(index, item)) is not None]

    def _action(self, index: int, item: object) -> LockedAction | None:
        path, report = ("actions", index), self._report
        if not isinstance(item, dict):
            self._wrong_type(path, item, "a locked action", "a mapping")
            return None
        before = len(report.found)
        self._keys(path, item, tuple(WRONG), _NEEDED, "a locked action")
        for name, wrong in WRONG.items():
            value = item.get(name)
            if name not in item:
                continue
            if not isinstance(value, str):
                self._wrong_type((*path, name), value, name, "a string")
            elif (reason := wrong(value)) is not None:
                report.error(Code.WRONG_VALUE, report.locator.value((*path, name)), f"{name} {reason}")
        if len(report.found) > before:
            return None
        reason = wrong_commit(item.get("kind"), item.get("commit"))
        if reason is not None:
            place = report.locator.value((*path, "commit") if "commit" in item else (*path, "kind"))
            report.error(Code.WRONG_VALUE, place, f"commit {reason}")
            return None
        known: dict[str, Any] = item
        action = LockedAction(**known)
        if action.key in self._seen:
            place = report.locator.value((*path, "reference"))
            first = report.locator.value(("actions", self._seen[action.key], "reference"))
            related = [Related("the first one is here", first)]
            message = f"{action.label} is there twice"
            told = Diagnostic.at(place, Code.DUPLICATE_KEY, Severity.ERROR, message, hint=_TAKE_A_SIDE, related=related)
            report.add(told)
            return None
        self._seen[action.key] = index
        return action

    def _keys(self, path: _Path, data: Mapping[str, object], known: _Names, needed: _Names, what: str) -> None:
        for name in data:
            if name not in known:
                place = self._report.locator.key((*path, name))
                self._report.error(Code.UNKNOWN_KEY, place, f"unknown key {named(name)}", did_you_mean(name, known))
        for name in needed:
            if name not in data:
                place = self._report.mapping(path, data)
                self._report.error(Code.MISSING_KEY, place, f"{what} needs {name!r}")

    def _wrong_type(self, path: _Path, value: object, what: str, wanted: str) -> None:
        place = self._report.locator.value(path)
        self._report.error(Code.WRONG_TYPE, place, f"{what} must be {wanted}, not {type_name(value)}")
