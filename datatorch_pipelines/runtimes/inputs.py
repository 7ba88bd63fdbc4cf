"""Inputs as environment variables: ``INPUT_<NAME>``."""

from __future__ import annotations

from collections.abc import Mapping

from datatorch_pipelines.contracts.command import MAX_ARGUMENT_BYTES
from datatorch_pipelines.contracts.runtime import StepEnvironment
from datatorch_pipelines.model.conversion import input_variable, value_text

MAX_VARIABLES_BYTES = 1024 * 1024
"""How much all variables of inputs may hold together, in bytes: half of what Linux passes to a process by default."""


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
