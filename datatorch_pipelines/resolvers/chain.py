"""Several resolvers in a row."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound, ResolveError
from datatorch_pipelines.model.reference import ActionReference

_LONGEST = 500


async def resolve_chain(
    resolvers: Sequence[Resolver], reference: ActionReference, context: ResolveContext
) -> ResolvedAction:
    """The action, from the first resolver that matches the reference and has it.

    Raises `ActionNotFound` when none has it; any other error of a resolver ends the search. What a resolver raises
    besides `ResolveError`, or gives that is not what it promises, comes as a `ResolveError` that says so. A
    cancellation, a ``KeyboardInterrupt`` and the like pass.
    """
    missing: list[ActionNotFound] = []
    for resolver in resolvers:
        if not matches(resolver, reference):
            continue
        try:
            return await _resolved(resolver, reference, context)
        except ActionNotFound as error:
            missing.append(error)
    if not missing:
        raise ActionNotFound(f"no resolver knows what to do with {reference}", hint="add one that does")
    if len(missing) == 1:
        raise missing[0]
    raise ActionNotFound(f"no resolver has {reference}: " + "; ".join(str(error) for error in missing)) from missing[0]


def matches(resolver: Resolver, reference: ActionReference) -> bool:
    """Whether a resolver may have the action. Raises `ResolveError` for one that does not say so as it has to."""
    try:
        answer: object = resolver.matches(reference)
    except Exception as error:
        raise _failure(resolver, reference, error) from error
    if isinstance(answer, bool):
        return answer
    # A coroutine is true: a resolver with `async def matches` would be asked for what is another's.
    _forget(answer)
    text = f"{type(resolver).__name__}.matches gave {_shown(answer)} for {reference}"
    raise ResolveError(text, hint="it is to give True or False")


async def _resolved(resolver: Resolver, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
    name = type(resolver).__name__
    try:
        waiting: object = resolver.resolve(reference, context)
        if not inspect.isawaitable(waiting):
            text = f"{name}.resolve gave {_shown(waiting)} for {reference} where there is something to await"
            raise ResolveError(text, hint="write it with 'async def'")
        given: object = await waiting
    except ResolveError:
        raise
    except Exception as error:
        raise _failure(resolver, reference, error) from error
    except asyncio.CancelledError as error:
        if _is_being_cancelled():
            raise
        # Else the whole run would end as if somebody had cancelled it.
        raise ResolveError(f"{name} failed on {reference}: it cancelled itself") from error
    if not isinstance(given, ResolvedAction):
        _forget(given)
        raise ResolveError(f"a resolver gave {_shown(given)} for {reference} where a ResolvedAction belongs")
    return given


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _failure(resolver: Resolver, reference: ActionReference, error: Exception) -> ResolveError:
    said = _line(error)
    raised = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return ResolveError(f"{type(resolver).__name__} failed on {reference}: {raised}")


def _shown(value: object) -> str:
    """What a resolver gave, in a few words."""
    try:
        text = repr(value)
    except Exception:
        text = ""
    return _line(text)[:60] or f"a {type(value).__name__}"


def _line(said: object) -> str:
    """A stranger's text on one line that can be printed, not too long."""
    try:
        text = str(said)
    except Exception:
        return ""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 3]}..."


def _forget(value: object) -> None:
    """Closes a coroutine that nobody awaits, so that it is not complained of beside the error."""
    if inspect.iscoroutine(value):
        value.close()
