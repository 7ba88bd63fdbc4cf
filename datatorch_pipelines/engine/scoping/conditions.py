"""Whether a job or a step runs: its ``if``, by GitHub Actions' rules."""

from __future__ import annotations

import functools

from datatorch_pipelines.engine.scoping.contexts import Contexts
from datatorch_pipelines.engine.scoping.evaluation import TOO_DEEP, Evaluator, Path
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions import Template, parse_condition
from datatorch_pipelines.limits import Limits

_OF_STATUS = frozenset({"success", "failure", "always", "cancelled"})


@functools.lru_cache(maxsize=4096)
def _parsed(text: str, limits: Limits) -> tuple[Template, bool]:
    """A condition, and whether it asks how things stand."""
    template = parse_condition(text, limits=limits)
    return template, any(call.name.lower() in _OF_STATUS for call in template.calls())


def asks_status(condition: str | bool | None, limits: Limits) -> bool:
    """Whether a condition asks how things stand, and so may hold after a failure.

    Raises `ExpressionError`, without a place, for what can't be read.
    """
    return isinstance(condition, str) and _parsed(condition, limits)[1]


def holds(condition: str | bool | None, path: Path, evaluator: Evaluator, contexts: Contexts) -> bool:
    """Whether a condition holds; ``path`` is that of its key, the evaluator's host says how things stand.

    One that asks for no status holds only where all went well. Raises `ExpressionError` at the condition's place.
    """
    well = evaluator.host.status == "success"
    if condition is None:
        return well
    if not isinstance(condition, str):
        return well and condition
    try:
        template, asks = _parsed(condition, evaluator.limits)
        if not asks and not well:
            return False
        return template.evaluate_condition(contexts, host=evaluator.host, limits=evaluator.limits)
    except ExpressionError as error:
        raise evaluator.placed(error, path) from error
    except RecursionError as error:
        raise evaluator.wrong(path, TOO_DEEP) from error
