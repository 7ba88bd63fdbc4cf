"""A step's inputs as its action gets them: defaults filled in, each value converted to its declared type."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from datatorch_pipelines.diagnostics import Locator
from datatorch_pipelines.engine.scoping.contexts import Contexts
from datatorch_pipelines.engine.scoping.evaluation import Evaluator, Path
from datatorch_pipelines.errors import InputError
from datatorch_pipelines.model import Action
from datatorch_pipelines.model.conversion import convert_input


def action_inputs(
    given: Mapping[str, object],
    action: Action,
    evaluator: Evaluator,
    contexts: Contexts,
    *,
    source: Locator,
    path: Path,
) -> dict[str, object]:
    """The inputs of an action, the declared ones first; undeclared ones are passed on as they are.

    ``given`` are the step's inputs, evaluated; ``evaluator`` reads the action's own file, whose defaults may hold
    expressions over ``contexts`` and the step's own inputs. ``source`` and ``path`` lead to the step in the pipeline.
    Raises `InputError` at the pipeline's line, and `ExpressionError` at the action's.
    """
    inputs: dict[str, object] = {}
    seen = dict(given)
    own = {**contexts, "input": seen, "inputs": seen}
    for name, declared in action.inputs.items():
        value = given.get(name)
        if value is None and declared.default is not None:
            value = evaluator.value(declared.default, ("inputs", name, "default"), own)
        try:
            inputs[name] = seen[name] = convert_input(name, value, evolve(declared, default=None))
        except InputError as error:
            place = source.value((*path, "inputs", name)) if name in given else source.value((*path, "action"))
            raise InputError(error.message, code=error.code, location=place, hint=error.hint) from error
    undeclared = {name: value for name, value in given.items() if name not in inputs}
    return {**inputs, **undeclared}
