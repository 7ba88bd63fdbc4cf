"""Settings from a file: ``.datatorch-pipelines.toml``, or the table ``tool.datatorch-pipelines`` of ``pyproject.toml``.

A check by the library reads no such file by itself: the folder of an uploaded file is not to be trusted.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NoReturn

import attrs

from datatorch_pipelines.checking.globs import wrong_with_glob
from datatorch_pipelines.checking.settings import Settings, wrong_with_pattern
from datatorch_pipelines.checking.toml_places import toml_places
from datatorch_pipelines.checks import Check
from datatorch_pipelines.checks.extra import accepted_checks, registered_checks
from datatorch_pipelines.checks.known import known_codes
from datatorch_pipelines.diagnostics import Location, PathKey, Severity
from datatorch_pipelines.errors import PipelinesError, PipelineSyntaxError
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.syntax.files import decode_text, read_bytes
from datatorch_pipelines.syntax.located import new_marks
from datatorch_pipelines.syntax.locator import TextLocator
from datatorch_pipelines.syntax.names import did_you_mean, listed, named, shown, type_name

OWN_FILE = ".datatorch-pipelines.toml"
"""The file that holds nothing but settings."""
PYPROJECT = "pyproject.toml"
"""The file that holds them in a table of its own."""

_MAX_BYTES = 1024 * 1024
_TOOL = "datatorch-pipelines"
_TABLE: tuple[PathKey, ...] = ("tool", _TOOL)
_CHECK_KEYS = ("ignore", "enable", "severity", "per-file-ignores")
_LIMITS = {field.name.replace("_", "-"): field.name for field in attrs.fields(Limits)}
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def find_settings(folder: str | os.PathLike[str] = ".", *, extra_checks: Iterable[Check] = ()) -> Settings:
    """The settings that hold in a folder: those of the first folder from it upward that has some, else the usual ones.

    In one folder ``.datatorch-pipelines.toml`` comes before ``pyproject.toml``, which counts only with the table
    ``tool.datatorch-pipelines``. The search ends with the folder that holds ``.git``. Raises `PipelinesError` as
    `load_settings` does.
    """
    try:
        start = Path(folder).absolute()
    except OSError:  # the current folder was deleted: nothing is above it
        return Settings()
    for place in (start, *start.parents):
        for name in (OWN_FILE, PYPROJECT):
            if os.path.lexists(place / name):
                settings = _read(place / name, _shown_path(place / name), extra_checks)
                if settings is not None:
                    return settings
        if os.path.lexists(place / ".git"):
            break
    return Settings()


def load_settings(path: str | os.PathLike[str], *, extra_checks: Iterable[Check] = ()) -> Settings:
    """The settings in a TOML file: in its table ``tool.datatorch-pipelines`` where it is a ``pyproject.toml``.

    Codes of ``extra_checks`` and of the checks that installed packages register may be named in it. Globs in it are
    relative to its folder. Raises `PipelinesError`, with the place, for a file that can't be read, is no TOML or says
    what can't be.
    """
    settings = _read(Path(path).absolute(), os.fspath(path), extra_checks)
    return Settings(folder=Path(path).absolute().parent) if settings is None else settings


def _shown_path(path: Path) -> str:
    """A path for messages: from the current folder on where it is below that."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _read(path: Path, name: str, extra_checks: Iterable[Check]) -> Settings | None:
    """The settings in a file; ``None`` for a ``pyproject.toml`` that has none."""
    of_project = path.name == PYPROJECT
    try:
        data = read_bytes(name, _MAX_BYTES)
        if of_project and _TOOL.encode() not in data:
            return None
        text = decode_text(data, name)
    except PipelineSyntaxError as error:
        raise PipelinesError(error.message, location=error.location, hint=error.hint) from error
    file = _File(name, text, extra_checks)
    table: object = file.data
    if of_project:
        tool = file.data.get("tool")
        if not isinstance(tool, dict) or _TOOL not in tool:
            return None
        table = tool[_TOOL]
    return file.settings(_TABLE if of_project else (), table, path.parent)


class _File:
    """One file of settings: its data, and where that stands."""

    def __init__(self, name: str, text: str, extra_checks: Iterable[Check]) -> None:
        self.locator = TextLocator(name, text, new_marks())
        self.extra_checks = extra_checks
        self.others: frozenset[str] | None = None
        try:
            self.data = tomllib.loads(text)
            self.places = toml_places(text)
        except tomllib.TOMLDecodeError as error:
            raise self._syntax_error(error) from error
        except (RecursionError, ValueError) as error:  # ValueError: a number of too many digits
            raise PipelinesError("the file is no TOML that can be read", location=self.locator.span(0, 0)) from error

    def settings(self, path: tuple[PathKey, ...], table: object, folder: Path) -> Settings:
        """The settings in the table at a path."""
        top = self._table(path, table, ("check", "limits"))
        check_path, limits_path = (*path, "check"), (*path, "limits")
        check = self._table(check_path, top.get("check", {}), _CHECK_KEYS)
        limits = self._table(limits_path, top.get("limits", {}), tuple(_LIMITS))
        return Settings(
            ignore=self._patterns((*check_path, "ignore"), check.get("ignore", []), lowers=True),
            enable=self._patterns((*check_path, "enable"), check.get("enable", []), lowers=False),
            severity=self._severity((*check_path, "severity"), check.get("severity", {})),
            per_file_ignores=self._per_file((*check_path, "per-file-ignores"), check.get("per-file-ignores", {})),
            folder=folder,
            limits=self._limits(limits_path, limits) if limits else None,
        )

    def _severity(self, path: tuple[PathKey, ...], value: object) -> dict[str, Severity | str]:
        severities: dict[str, Severity | str] = {}
        for pattern, severity in self._table(path, value).items():
            if severity not in ("error", "warning"):
                message = f"a severity is 'error' or 'warning', not {_said(severity)}"
                self._refuse((*path, pattern), message, "write one of them")
            self._pattern((*path, pattern), pattern, lowers=severity == "warning")
            severities[pattern] = Severity(severity)
        return severities

    def _per_file(self, path: tuple[PathKey, ...], value: object) -> dict[str, list[str]]:
        ignored: dict[str, list[str]] = {}
        for glob, codes in self._table(path, value).items():
            wrong = wrong_with_glob(glob)
            if wrong:
                self._refuse((*path, glob), wrong, "a glob begins in the folder of this file")
            ignored[glob] = self._patterns((*path, glob), codes, lowers=True)
        return ignored

    def _limits(self, path: tuple[PathKey, ...], table: Mapping[str, object]) -> Limits:
        return Limits(**{_LIMITS[key]: self._limit((*path, key), value) for key, value in table.items()})

    def _table(
        self, path: tuple[PathKey, ...], value: object, known: tuple[str, ...] | None = None
    ) -> Mapping[str, object]:
        if not isinstance(value, dict):
            self._refuse(path, f"{named(str(path[-1]))} is {type_name(value)}, not a table", "write a table")
        for key in value:
            if known is not None and key not in known:
                near = did_you_mean(key, known)
                if near is None and path[-1:] != ("check",) and key in _CHECK_KEYS:
                    near = "it belongs into the table check"
                self._refuse((*path, key), f"unknown key {shown(key)}", near or f"the keys are {listed(known, 'and')}")
        return value

    def _patterns(self, path: tuple[PathKey, ...], value: object, *, lowers: bool) -> list[str]:
        if not isinstance(value, list):
            key = shown(str(path[-1]))
            self._refuse(path, f"{key} is {type_name(value)}, not a list of codes", 'write ["DT401"]')
        for index, pattern in enumerate(value):
            self._pattern((*path, index), pattern, lowers=lowers)
        return value

    def _pattern(self, path: tuple[PathKey, ...], pattern: object, *, lowers: bool) -> None:
        wrong = wrong_with_pattern(pattern, lowers=lowers, others=frozenset())
        if wrong is not None:
            # Only now, since it loads other people's packages.
            if self.others is None:
                checks = (*accepted_checks(self.extra_checks), *registered_checks())
                self.others = known_codes(checks) - known_codes()
            wrong = wrong_with_pattern(pattern, lowers=lowers, others=self.others)
        if wrong is not None:
            self._refuse(path, *wrong)

    def _limit(self, path: tuple[PathKey, ...], value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            hint = "write it without quotes" if isinstance(value, str) else "give a whole number from 1 on"
            self._refuse(path, f"{path[-1]} is {_said(value)}, not a whole number", hint)
        if value < 1:
            self._refuse(path, f"{path[-1]} is {value}", "give a whole number from 1 on")
        return value

    def _refuse(self, path: tuple[PathKey, ...], message: str, hint: str | None) -> NoReturn:
        while path and path not in self.places:
            path = path[:-1]
        raise PipelinesError(message, location=self.locator.span(*self.places.get(path, (0, 0))), hint=hint)

    def _syntax_error(self, error: tomllib.TOMLDecodeError) -> PipelinesError:
        said = str(error)
        found = _TOML_PLACE.search(said)
        text = self.locator.text
        if found is None or found[1] is None:
            place = self.locator.span(len(text), len(text))
        else:
            line, column = int(found[1]), int(found[2])
            place = Location(self.locator.file, line, column, line, column + 1)
        message = said[: found.start()] if found else said
        return PipelinesError(f"this is no TOML: {message[:1].lower()}{message[1:]}", location=place)


def _said(value: object) -> str:
    return shown(value) if isinstance(value, str) else type_name(value)
