"""What a person answered, held against the outputs that an action declares."""

from __future__ import annotations

from collections.abc import Mapping

from datatorch_pipelines.codes import Code
from datatorch_pipelines.errors import InputError
from datatorch_pipelines.model.action import Output
from datatorch_pipelines.model.conversion import convert, value_text


def convert_answer(name: str, value: object, declared: Output) -> object:
    """The value of one output as it is declared: converted by the table for inputs, and one of its options.

    ``None`` is no answer, unless it is one of the options. Raises `InputError` for what doesn't fit.

    >>> from datatorch_pipelines.model.action import ValueType
    >>> convert_answer("count", "3", Output(type=ValueType.INTEGER))
    3
    """
    if value is None and None not in declared.options:
        raise InputError(f"the output {name!r} is not answered", code=Code.MISSING_INPUT, hint=f"give {name} a value")
    try:
        converted = convert(value, declared.type)
        known = not declared.options or any(_same(converted, option, declared) for option in declared.options)
    except InputError as error:
        raise InputError(f"the answer for the output {name!r}: {error.message}", hint=error.hint) from None
    except (TypeError, ValueError, RecursionError) as error:  # an object that is no data
        hint = "give text, numbers, lists or mappings"
        raise InputError(f"the answer for the output {name!r} is no JSON value", hint=hint) from error
    if not known:
        options = ", ".join(value_text(option) or '""' for option in declared.options)
        raise InputError(
            f"the answer for the output {name!r} is not one of its options",
            code=Code.NOT_AN_OPTION,
            hint=f"use one of {options}",
        )
    return converted


def convert_answers(answer: Mapping[str, object], outputs: Mapping[str, Output]) -> dict[str, object]:
    """All outputs, each as `convert_answer` gives it.

    Raises `InputError` for an output without an answer, an answer that doesn't fit, and one for what is no output.
    """
    for name in answer:
        if name not in outputs:
            known = f"the action declares {', '.join(outputs)}" if outputs else "the action declares no output"
            raise InputError(f"the answer has {name!r}, which is no output", code=Code.UNDECLARED_OUTPUT, hint=known)
    return {name: convert_answer(name, answer.get(name), declared) for name, declared in outputs.items()}


def _same(value: object, option: object, declared: Output) -> bool:
    """Whether a converted value is an option, which may be written in a form that is converted too."""
    try:
        meant = convert(option, declared.type)
    except InputError:
        return False
    return value == meant and isinstance(value, bool) == isinstance(meant, bool)
