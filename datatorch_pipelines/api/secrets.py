"""Secrets out of the places where people keep them: the environment, and ``.env`` files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from datatorch_pipelines.diagnostics import Location
from datatorch_pipelines.errors import PipelinesError

PathLike = str | os.PathLike[str]


class _Secrets(Mapping[str, str]):
    """Secrets by name, whose ``repr`` shows the names alone: a notebook prints what a cell gives."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)

    def __getitem__(self, name: str) -> str:
        return self._secrets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._secrets)

    def __len__(self) -> int:
        return len(self._secrets)

    def __repr__(self) -> str:
        return f"<secrets {', '.join(self._secrets) or '(none)'}>"


def secrets_from_env(prefix: str, environ: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The environment variables whose names begin with ``prefix``, by what follows it, for ``secrets=`` of a run.

    ``environ`` is the environment (that of this process unless given). Raises `PipelinesError` for an empty prefix,
    which would make a secret of every variable, and for a value that is not UTF-8 text; it never shows a value.

    >>> secrets_from_env("CI_SECRET_", {"CI_SECRET_TOKEN": "hunter2", "HOME": "/root"})
    <secrets TOKEN>
    """
    if not prefix:
        raise PipelinesError("an empty prefix would make a secret of every variable", hint="give a longer one")
    found: dict[str, str] = {}
    for name, value in (os.environ if environ is None else environ).items():
        if not name.startswith(prefix) or name == prefix:
            continue
        if not _is_text(name) or not _is_text(value):
            raise PipelinesError(f"the environment variable {name!a} is not UTF-8 text", hint="set it anew")
        found[name.removeprefix(prefix)] = value
    return _Secrets(found)


def secrets_from_file(path: PathLike) -> Mapping[str, str]:
    """The secrets in a file of ``KEY=VALUE`` lines (a ``.env`` file), for ``secrets=`` of a run.

    ``docs/reference/command-line.md`` has the form of such files. Raises `PipelinesError` for a file that can't be
    read, and at its line for what is no assignment; it never shows what stands there.
    """
    from datatorch_pipelines.syntax.dotenv import DotenvError, parse_dotenv

    name = os.fspath(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        reason = error.reason
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PipelinesError(f"{name!r} can't be read: {reason}", hint="check the path") from error
    else:
        try:
            return _Secrets(parse_dotenv(text))
        except DotenvError as error:
            place = Location(name, error.line, 1, error.line, 2)
            raise PipelinesError(str(error), location=place) from error
    # Out here the error that was raised is no context of this one: it holds what the file does.
    raise PipelinesError(f"{name!r} is not UTF-8 text: {reason}", hint="save it as UTF-8")


def _is_text(value: str) -> bool:
    """Whether a variable was text in the system's encoding."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)
