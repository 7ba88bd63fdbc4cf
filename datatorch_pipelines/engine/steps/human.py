"""A person asked in the place of a process: the question put, the answer held against what the action declares."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from collections.abc import Awaitable, Mapping
from typing import cast

from datatorch_pipelines.contracts import HumanHandler, Question
from datatorch_pipelines.engine.collecting.outputs import read_json
from datatorch_pipelines.errors import InputError, PipelinesError
from datatorch_pipelines.model.answers import convert_answers
from datatorch_pipelines.runners.system import in_thread, insist

GRACE_SECONDS = 2.0
"""How long an asynchronous handler may take to end when nobody waits for its answer any more."""

_HANDLER = "the human handler"


async def ask(handler: HumanHandler, question: Question, *, limit: int) -> Mapping[str, object]:
    """What a person answers: a value of the declared type for each output, at most ``limit`` bytes of JSON in all.

    A handler that blocks is called in a thread of its own, an asynchronous one is awaited here. Cancelled, it sets
    ``question.cancelled`` and leaves a thread to itself. Raises `PipelinesError`, in one line, for a handler that
    raises and for an answer that is wrong.
    """
    try:
        answer = await _asked(handler, question)
    except asyncio.CancelledError:
        question.cancelled.set()
        raise
    if not isinstance(answer, Mapping) or not all(isinstance(name, str) for name in answer):
        kind = type(answer).__name__
        raise PipelinesError(
            f"{_HANDLER} gave no mapping of outputs but a value of the type {kind}"
            if not isinstance(answer, Mapping)
            else f"{_HANDLER} gave a mapping with a name that is no text",
            hint="return {name of an output: its value}",
        )
    return _as_data(convert_answers(answer, question.outputs), limit)


async def _asked(handler: HumanHandler, question: Question) -> object:
    if _is_async(handler):
        return await _awaited(cast(Awaitable[object], _call(handler, question)))
    answer = await in_thread(lambda: _call(handler, question))
    return await _awaited(answer) if inspect.isawaitable(answer) else answer


def _is_async(handler: HumanHandler) -> bool:
    call = getattr(handler, "__call__", None)  # noqa: B004  # the method itself is wanted, not whether there is one
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call)


def _call(handler: HumanHandler, question: Question) -> object:
    try:
        return handler(question)
    except BaseException as error:  # also what would end a thread or a loop: it is a handler that gave no answer
        raise _raised(error) from error


async def _awaited(answer: Awaitable[object]) -> object:
    """The answer of an asynchronous handler, which is given time to end when it is cancelled."""

    async def carry_out() -> object:
        try:
            return await answer
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            raise _raised(error) from error

    work = asyncio.ensure_future(carry_out())
    try:
        await asyncio.wait((work,))
    except asyncio.CancelledError:
        work.cancel()
        await insist(asyncio.ensure_future(asyncio.wait((work,), timeout=GRACE_SECONDS)))
        if work.done() and not work.cancelled():
            work.exception()  # nobody wants to know any more
        raise
    if work.cancelled():
        raise PipelinesError(f"{_HANDLER} cancelled itself")
    return work.result()


def _raised(error: BaseException) -> PipelinesError:
    if isinstance(error, PipelinesError):
        return error
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
