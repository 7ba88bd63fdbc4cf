"""What a runner is asked to execute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

MAX_ARGUMENT_BYTES = 128 * 1024
"""The longest single argument or variable that Linux passes to a process (``MAX_ARG_STRLEN``), in bytes."""


def _strings(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


def _mapping(value: Mapping[str, str]) -> dict[str, str]:
    return dict(value)


def _variables(value: Mapping[str, str]) -> Mapping[str, str]:
    return dict(value)


def _hidden(value: Mapping[str, str]) -> str:
    return "{" + ", ".join(sorted(value)) + "}"


@frozen(kw_only=True)
class Command:
    """One process to start: frozen and serialisable, so that it can travel to another machine.

    ``argv`` is never read by a shell. ``env`` is added to what the runner's processes inherit; its values may be
    secret, and no ``repr`` shows them. ``cwd`` is a folder as the step sees it (``None``: the job's workspace).
    ``stdin`` is all that the process reads from its standard input.

    >>> Command(argv=("echo", "hello"), env={"TOKEN": "x"})
    Command(argv=('echo', 'hello'), env={TOKEN}, cwd=None, stdin=0 bytes)
    """

    argv: tuple[str, ...] = field(converter=_strings)
    env: Mapping[str, str] = field(factory=dict, converter=_mapping, repr=_hidden)
    cwd: str | None = None
    stdin: bytes = field(default=b"", repr=lambda value: f"{len(value)} bytes")
