"""What an action is: the content of ``action-datatorch.yaml``, as frozen data (published ``action.schema.json``)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

from attrs import field, frozen

from datatorch_pipelines.diagnostics import Locator

ACTION_FILES = ("action-datatorch.yaml", "action-datatorch.yml", "action-datatorch.json")
"""The names that an action file may have, the first that exists counts."""


class ValueType(enum.StrEnum):
    """The declared type of an input or output; ``list`` is ``array``, ``number`` any number."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    LIST = "list"
    OBJECT = "object"


class Using(enum.StrEnum):
    """How an action runs: the values of ``runs.using`` that the library itself knows."""

    PYTHON = "python"
    NODE = "node"
    CMD = "cmd"
    COMMANDLINE = "commandline"
    SCRIPT = "script"
    SHELL = "shell"
    DOCKER = "docker"
    HUMAN = "human"


def _options(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Input:
    """A declared input. ``type`` ``None`` means that a value is passed on as it is; ``default`` ``None`` is none."""

    type: ValueType | None = None
    description: str | None = None
    required: bool = False
    default: object = None
    deprecation_message: str | None = None
    options: tuple[object, ...] = field(default=(), converter=_options)
    multiline: bool = False


@frozen(kw_only=True)
class Output:
    """A declared output; its type describes and is never enforced."""

    type: ValueType | None = None
    description: str | None = None
    options: tuple[object, ...] = field(default=(), converter=_options)
    multiline: bool = False


@frozen(kw_only=True)
class Runs:
    """How the action is started: which keys matter follows from ``using`` (see `Using`)."""

    using: str
    main: str | None = None
    command: str | None = None
    script: str | None = None
    image: str | None = None
    entrypoint: str | None = None
    args: tuple[str, ...] = field(default=(), converter=_texts)


@frozen(kw_only=True)
class Action:
    """An action's definition.

    ``env`` maps the names of variables that the action reads to what they are for; never to values. ``source`` tells
    where each part stands in the file.
    """

    name: str
    runs: Runs
    description: str | None = None
    author: str | None = None
    inputs: Mapping[str, Input] = field(factory=dict)
    outputs: Mapping[str, Output] = field(factory=dict)
    env: Mapping[str, str | None] = field(factory=dict)
    cache: bool = False
    schema: str | None = None
    source: Locator | None = field(default=None, eq=False, repr=False)
