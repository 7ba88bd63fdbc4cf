"""Arguments of runners and runtimes, looked at as they are given: what does not fit is told in one line."""

from __future__ import annotations

import math
from collections.abc import Iterable

from datatorch_pipelines.errors import RunnerError


def names(argument: str, value: str | Iterable[str]) -> tuple[str, ...]:
    """Several names, or a single one. Raises `RunnerError` for what are none.

    >>> names("forward_env", "HOME"), names("forward_env", ["HOME", "LANG"])
    (('HOME',), ('HOME', 'LANG'))
    """
    return texts(argument, value, hint="give a list of names")


def words(argument: str, value: str | Iterable[str]) -> tuple[str, ...]:
    """The words of a command line, or its only one. Raises `RunnerError` for what are none, and for no word at all."""
    hint = "give a program's name, or a list with a text for each word"
    found = texts(argument, value, hint=hint)
    if not found or not found[0]:
        raise RunnerError(f"{argument} is {value!r}", hint=hint)
    return found


def texts(argument: str, value: str | Iterable[str], *, hint: str) -> tuple[str, ...]:
    """Several texts, or a single one. Raises `RunnerError` with the hint for what are none."""
    if isinstance(value, str):
        return (value,)
    found = tuple(value) if isinstance(value, Iterable) else (value,)
    if not all(isinstance(item, str) for item in found):
        raise RunnerError(f"{argument} is {value!r}", hint=hint)
    return found


def seconds(argument: str, value: float) -> float:
    """A time in seconds. Raises `RunnerError` for what is none."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise RunnerError(f"{argument} is {value!r}", hint="give a number of seconds from 0 on")
    return value


def is_whole(value: object) -> bool:
    """Whether this is a whole number; ``True`` is none."""
    return isinstance(value, int) and not isinstance(value, bool)
