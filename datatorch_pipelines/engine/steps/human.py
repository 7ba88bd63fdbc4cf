"""A person asked in the place of a process: the question put, the answer held against what the action declares."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import inspect
import json
from collections.abc import Awaitable, Mapping
from typing import cast

from datatorch_pipelines.contracts import HumanHandler, Question
from datatorch_pipelines.engine.collecting.outputs import read_json
from datatorch_pipelines.engine.planning.plan import PlannedStep
from datatorch_pipelines.engine.scoping.scope import JobScope
from datatorch_pipelines.engine.steps.prepare import PreparedStep
from datatorch_pipelines.errors import InputError, PipelinesError
from datatorch_pipelines.model.answers import convert_answers
from datatorch_pipelines.records import StepLog
from datatorch_pipelines.results import AnswerWanted
from datatorch_pipelines.runners.system import in_thread, insist

GRACE_SECONDS = 2.0
"""How long an asynchronous handler may take to end when nobody waits for its answer any more."""

_HANDLER = "the human handler"


async def answer(scope: JobScope, planned: PlannedStep, prepared: PreparedStep, log: StepLog) -> Mapping[str, object]:
    """The outputs that a person gives for a step; they are in its log, a line each.

    Raises `PipelinesError` as `ask` does, and where nobody is there to ask.
    """
    handler, action = scope.run.options.human, planned.action
    if handler is None or action is None:  # a plan refuses that
        raise PipelinesError("nobody is there to ask")
    masked = scope.run.masker.value(prepared.inputs)
    definition, unit, recorder = action.definition, scope.unit, scope.run.recorder
    question = Question(
        run_id=scope.run.run_id,
        job=unit.job,
        instance=unit.instance,
        step=planned.step.label,
        index=planned.index,
        step_id=planned.step.id,
        action=str(action.resolved.reference),
        title=definition.name,
        description=definition.description,
        inputs=copy.deepcopy(dict(prepared.inputs)),  # theirs to change
        shown_inputs=masked if isinstance(masked, Mapping) else {},
        outputs=definition.outputs,
    )
    recorder.emit(
        AnswerWanted(
            time=recorder.now(),
            job=unit.job,
            instance=unit.instance,
            step=planned.index,
            outputs=tuple(definition.outputs),
        )
    )
    outputs = await ask(handler, question, limit=scope.run.options.limits.max_output_bytes)
    for name, value in outputs.items():
        log.write("stdout", f"{name}: {json.dumps(value, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace"))
    return outputs


async def ask(handler: HumanHandler, question: Question, *, limit: int) -> Mapping[str, object]:
    """What a person answers: a value of the declared type for each output, at most ``limit`` bytes of JSON in all.

    A handler that blocks is called in a thread of its own, an asynchronous one is awaited here. Cancelled, it sets
    ``question.cancelled`` and leaves a thread to itself. Raises `PipelinesError`, in one line, for a handler that
    raises and for an answer that is wrong.
    """
    answer = await _asked(handler, question)
    # What a text became by its conversion is held against the bounds as what was given.
    return _as_data(convert_answers(_as_data(answer, limit), question.outputs), limit)


async def _asked(handler: HumanHandler, question: Question) -> dict[str, object]:
    if _is_async(handler):
        return await _awaited(cast(Awaitable[object], _call(handler, question)), question)
    try:
        answer = await in_thread(lambda: _call(handler, question))
    except asyncio.CancelledError:
        question.cancelled.set()
        raise
    return await _awaited(answer, question) if inspect.isawaitable(answer) else cast(dict[str, object], answer)


def _is_async(handler: HumanHandler) -> bool:
    call = getattr(handler, "__call__", None)  # noqa: B004  # the method itself is wanted, not whether there is one
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call)


def _call(handler: HumanHandler, question: Question) -> object:
    try:
        answer = handler(question)
        return answer if inspect.isawaitable(answer) else _outputs(answer)
    except PipelinesError:
        raise
    except BaseException as error:  # also what would end a thread or a loop: it is a handler that gave no answer
        raise _raised(error) from error


def _outputs(answer: object) -> dict[str, object]:
    """An answer as a mapping of our own. Raises `PipelinesError` for one of another form."""
    hint = "return a mapping with a value for each output"
    if not isinstance(answer, Mapping):
        raise PipelinesError(f"{_HANDLER} gave a value of the type {type(answer).__name__}", hint=hint)
    outputs = dict(answer)
    if not all(isinstance(name, str) for name in outputs):
        raise PipelinesError(f"{_HANDLER} gave an output whose name is no text", hint=hint)
    return outputs


async def _awaited(answer: Awaitable[object], question: Question) -> dict[str, object]:
    """The answer of an asynchronous handler, which is given time to end when it is cancelled."""

    async def carry_out() -> dict[str, object]:
        try:
            return _outputs(await answer)
        except (asyncio.CancelledError, PipelinesError):
            raise
        except BaseException as error:
            raise _raised(error) from error

    work = asyncio.ensure_future(carry_out())
    try:
        await asyncio.wait((work,))
    except asyncio.CancelledError:
        question.cancelled.set()
        work.cancel()
        await insist(asyncio.ensure_future(asyncio.wait((work,), timeout=GRACE_SECONDS)))
        if work.done() and not work.cancelled():
            work.exception()  # nobody wants to know any more
        raise
    if work.cancelled():
        raise PipelinesError(f"{_HANDLER} cancelled itself")
    return work.result()


def _raised(error: BaseException) -> PipelinesError:
    with contextlib.suppress(Exception):  # its own text may be what is broken about it
        if said := " ".join(str(error).split()):
            return PipelinesError(f"{_HANDLER} raised {type(error).__name__}: {said}")
    return PipelinesError(f"{_HANDLER} raised {type(error).__name__}")


def _as_data(outputs: Mapping[str, object], limit: int) -> Mapping[str, object]:
    """The answer as JSON has it, which nobody else holds. Raises `InputError` for what JSON doesn't have."""
    data: dict[str, object] = {}
    for name, value in outputs.items():
        try:
            text = json.dumps(value, allow_nan=False).encode("ascii")
        except (TypeError, ValueError, RecursionError) as error:
            hint = "give text, numbers, lists or mappings"
            raise InputError(f"the answer for the output {name!r} is no JSON value", hint=hint) from error
        limit -= len(text)
        if limit < 0:
            raise InputError(f"the answer for the output {name!r} is too long", hint="give a path to the data instead")
        try:
            data[name] = read_json(text)
        except ValueError as error:
            raise InputError(f"the answer for the output {name!r} can't be taken: {error}") from error
    return data
