"""What arguments and options say, as data. Everything here raises ``click.BadParameter`` with one line."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from datatorch_pipelines._json_words import refused_number, wrong_with_json
from datatorch_pipelines.api import secrets_from_env, secrets_from_file
from datatorch_pipelines.errors import PipelinesError


def parse_assignments(option: str, items: Iterable[str], form: str = "KEY=VALUE") -> dict[str, str]:
    """The values of an option of the form ``KEY=VALUE`` that may be given several times, by key."""
    values: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not key or not equals:
            raise _bad(option, f"{item!r} is no {form}")
        _add(values, option, key, value)
    return values


def parse_secrets(
    items: Iterable[str], file: Path | None, prefix: str | None, environ: Mapping[str, str]
) -> dict[str, str]:
    """The secrets of ``--secret``, ``--secrets-env`` and ``--secrets-file``; the first wins. No message shows a value.

    Names that differ in case alone are one, as for expressions.
    """
    given: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not key:
            raise _bad("--secret", "a secret needs a name: KEY, or KEY=VALUE")
        if not equals:
            if key not in environ:
                raise _bad("--secret", f"the environment variable {key!r} is not set; set it, or give KEY=VALUE")
            value = environ[key]
        _add(given, "--secret", key, value)
    found: dict[str, str] = {}
    for source in (_secrets_file(file), _secrets_env(prefix, environ), given):
        again = {name.lower() for name in source}
        found = {name: secret for name, secret in found.items() if name.lower() not in again} | dict(source)
    return found


def parse_paths(paths: Iterable[str]) -> tuple[str, ...]:
    """The files that are named, each once, as they were first written."""
    named: dict[str, str] = {}
    for path in paths:
        if not path:
            raise _bad("PATH...", "an empty text names no file")
        named.setdefault(path if ".." in path.split("/") else os.path.normpath(path), path)
    return tuple(named.values())


def parse_event(text: str | None) -> dict[str, object]:
    """The JSON object of the option ``--event``, given itself or as ``@FILE``."""
    return _object("--event", text, '{"key": value}')


def parse_answers(text: str | None) -> dict[str, dict[str, object]]:
    """The JSON object of the option ``--answers``, given itself or as ``@FILE``: the outputs of each step."""
    answers: dict[str, dict[str, object]] = {}
    for name, outputs in _object("--answers", text, '{"step": {"output": value}}').items():
        if not isinstance(outputs, dict):
            raise _bad("--answers", f'{name!r} has no JSON object; write {{"output": value}}')
        answers[name] = outputs
    return answers


def _object(option: str, text: str | None, form: str) -> dict[str, object]:
    if text is None:
        return {}
    if text.startswith("@"):
        source = text[1:]
        content = _read(option, Path(source))
    else:
        source, content = "", text
    found = _json(option, content, source)
    if not isinstance(found, dict):
        raise _bad(option, f"{source or 'this'} is no JSON object; write {form}")
    return found


def _json(option: str, text: str, source: str) -> object:
    where = f"{source}:" if source else ""
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise _bad(option, f"{where}{error.lineno}:{error.colno}: no JSON: {wrong_with_json(error)}") from error
    except (ValueError, RecursionError) as error:
        reason = "it nests too deep" if isinstance(error, RecursionError) else refused_number(error)
        raise _bad(option, f"{where}{' ' if where else ''}no JSON: {reason}") from error


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number in it is too large")
    return number


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")


def _secrets_file(path: Path | None) -> Mapping[str, str]:
    try:
        return {} if path is None else secrets_from_file(path)
    except PipelinesError as error:
        raise _bad("--secrets-file", str(error)) from error


def _secrets_env(prefix: str | None, environ: Mapping[str, str]) -> Mapping[str, str]:
    try:
        return {} if prefix is None else secrets_from_env(prefix, environ)
    except PipelinesError as error:
        raise _bad("--secrets-env", str(error)) from error


def _read(option: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(option, f"{path} is not UTF-8 text") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _bad(option, f"{str(path)!r} can't be read: {reason}") from error


def _add(values: dict[str, str], option: str, key: str, value: str) -> None:
    if key in values:
        raise _bad(option, f"{key!r} is given twice")
    if not _is_text(key) or not _is_text(value):
        raise _bad(option, f"{key!a} is not UTF-8 text")
    values[key] = value


def _is_text(value: str) -> bool:
    """Whether an argument was text in the system's encoding."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _bad(option: str, message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint=option)
