"""The inputs of an action that runs alone: values that mean themselves, held against what the action declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator, Severity
from datatorch_pipelines.errors import InputError, ModelError
from datatorch_pipelines.model import Action
from datatorch_pipelines.model.conversion import convert_input
from datatorch_pipelines.syntax.names import named, nearest, shown
from datatorch_pipelines.syntax.plain import plain_data
from datatorch_pipelines.syntax.yaml_writer import check_plain

_LONGEST_NAME = 1000


@frozen(kw_only=True)
class LoneInputs:
    """``step`` is what a step's ``inputs`` say, ``values`` what the context ``inputs`` holds for that.

    A value is never a text of the pipeline, where an expression in it would be evaluated: the step refers to it.
    """

    step: Mapping[str, str]
    values: Mapping[str, object]


def lone_inputs(
    action: Action, given: Mapping[str, object], secrets: Mapping[str, str], source: Locator
) -> tuple[LoneInputs, list[Diagnostic]]:
    """The inputs as a step has them, and what is wrong with them, each thing where the action declares the input.

    A secret with the name of a declared input that ``given`` does not have is that input's value.
    """
    told: list[Diagnostic] = []
    step: dict[str, str] = {}
    values: dict[str, object] = {}
    from_secrets = {name: secrets[name] for name in action.inputs if name in secrets and given.get(name) is None}
    for name, value in {**given, **from_secrets}.items():
        try:
            _check_name(name)
            plain = _plain(name, value)
            if name in action.inputs and plain is not None:
                convert_input(name, plain, evolve(action.inputs[name], default=None))
        except InputError as error:
            place = input_place(action, name, source)
            told.append(Diagnostic.at(place, error.code, Severity.ERROR, error.message, hint=error.hint))
            continue
        context = "secrets" if name in from_secrets else "inputs"
        step[name] = f"${{{{ {context}[{_quoted(name)}] }}}}"
        if name not in from_secrets:
            values[name] = plain
    told += _missing(action, {**given, **from_secrets}, source)
    return LoneInputs(step=step, values=values), told


def input_place(action: Action, name: object, source: Locator) -> Location:
    """Where an action's file declares an input; for one that it does not declare, where the others are."""
    if name in action.inputs:
        return source.key(("inputs", str(name)))
    return source.key(("inputs",)) if action.inputs else source.value(("name",))


def _quoted(name: str) -> str:
    """A text as a literal of an expression."""
    return "'" + name.replace("'", "''") + "'"


def _missing(action: Action, given: Mapping[str, object], source: Locator) -> Iterator[Diagnostic]:
    undeclared = [name for name in given if isinstance(name, str) and name not in action.inputs]
    for name, declared in action.inputs.items():
        if not declared.required or declared.default is not None or given.get(name) is not None:
            continue
        wrong = nearest(name, undeclared)
        yield Diagnostic.at(
            source.key(("inputs", name)),
            Code.MISSING_INPUT,
            Severity.ERROR,
            f"the input {shown(name)} of {named(action.name)} is missing",
            hint=f"{shown(wrong)} is given: rename it to {name}" if wrong else f"give {name} a value",
        )


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise InputError(f"the name of an input is a text, not {shown(repr(name))}")
    if len(name) > _LONGEST_NAME:
        raise InputError(f"the input {shown(name)} has a name of more than {_LONGEST_NAME} characters")


def _plain(name: str, value: object) -> object:
    """A value as a pipeline could hold it. Raises `InputError` for one that none can."""
    try:
        check_plain(name)
        return plain_data(value)
    except ModelError as error:
        raise InputError(f"the input {shown(name)}: {error.message}", hint=error.hint) from error
