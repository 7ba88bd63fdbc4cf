"""Inputs as environment variables: ``INPUT_<NAME>``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from datatorch_pipelines.contracts.command import MAX_ARGUMENT_BYTES
from datatorch_pipelines.contracts.runtime import StepEnvironment
from datatorch_pipelines.model.conversion import value_text

MAX_VARIABLES_BYTES = 1024 * 1024
"""How much all variables of inputs may hold together, in bytes: half of what Linux passes to a process by default."""

_OTHER = re.compile(r"[^A-Z0-9_]")


def input_variable(name: str) -> str:
    """The variable that holds the input ``name``: upper case, every other character than a letter or digit is ``_``.

    >>> input_variable("learning-rate")
    'INPUT_LEARNING_RATE'
    """
    return f"INPUT_{_OTHER.sub('_', name.upper())}"


def input_collisions(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The groups of names that share one variable.

    >>> input_collisions(["a-b", "c", "a_b"])
    [('a-b', 'a_b')]
    """
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(input_variable(name), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def input_variables(inputs: Mapping[str, object], environment: StepEnvironment) -> dict[str, str]:
    """The variables of a step's inputs: text as it is, everything else as JSON, null empty.

    One that no variable can hold (too long, a NUL character) is left out, with a warning in the step's log.
    """
    variables = {input_variable(name): value_text(value) for name, value in inputs.items()}
    sizes = {name: len(value.encode("utf-8", "replace")) for name, value in variables.items()}
    total = sum(sizes.values())
    for name in sorted(variables, key=lambda name: -sizes[name]):
        if "\0" in variables[name]:
            why = "it holds a NUL character"
        elif len(name) + sizes[name] + 2 > MAX_ARGUMENT_BYTES or total > MAX_VARIABLES_BYTES:
            why = "it is too long"
        else:
            continue
        total -= sizes[name]
        del variables[name]
        environment.warn(f"${name} is not set, since {why}; read it from the file $DATATORCH_INPUTS")
    return variables
