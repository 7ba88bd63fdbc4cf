"""Cancelling: it ends at once, leaves nothing that goes on and nothing half-written, and can be asked for again."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from attrs import frozen

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.testing.judging import listed, needed, require, shown
from datatorch_pipelines.testing.leftovers import children, going_on, started_threads
from datatorch_pipelines.testing.loops import in_a_loop
from datatorch_pipelines.testing.resolvers.asking import Ask, Fixtures, Written, as_reference, outcome
from datatorch_pipelines.testing.watching import watching

_MOMENTS = (1, 2, 4, 8, 32)
"""After how many turns of the event loop a resolver is cancelled."""
_TURNS_TO_END = 20


@frozen
class Ended:
    """How a ``resolve`` ended that was cancelled while it was at work."""

    in_time: bool
    gave: object = None
    """What it gave or raised in place of the cancellation."""
    left: tuple[str, ...] = ()


class Cancelling(Fixtures):
    """The rules of cancellation."""

    def test_cancelling_ends_it_as_cancelled(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """A run that is cancelled ends: no resolver makes a result or an error of that."""
        for ended in _cancelled_at_moments(resolver, known, ask):
            _require_end(ended, ask.patience)

    def test_cancelling_leaves_nothing_that_goes_on(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """Who cancels wants the machine back: no task, thread or child process works on for nobody."""
        for ended in _cancelled_at_moments(resolver, known, ask):
            _require_nothing_left(ended)

    def test_after_a_cancellation_it_can_be_had(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """What was cancelled half-way is neither there by half nor in the way."""
        _cancelled_at_moments(resolver, known, ask)
        again = ask(resolver, known)
        begin_anew = f"after cancellations, {again}: forget what was begun, and begin anew"
        require(again.error is None, begin_anew, again.error)
        alone = ask.found(resolver, known)
        same = again.action is not None and again.action.digest == alone.digest
        require(same, begin_anew)

    def test_cancelling_one_does_not_disturb_another(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """Where several ask for the same, one may lose interest."""
        reference, context = as_reference(known), ask.new_run()

        async def main() -> object:
            first, second = (asyncio.create_task(outcome(resolver, reference, context)) for _ in range(2))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.wait([first, second], timeout=ask.patience)
            if not second.done() or second.cancelled():
                return "it was cancelled too, or never ends"
            return second.result().action or str(second.result())

        answer = in_a_loop(main, 2 * ask.patience)
        ask.found(resolver, known)
        require(
            isinstance(answer, ResolvedAction),
            f"one of two who ask is cancelled; for the other, {shown(answer)}: end what they share when the last is "
            "gone",
        )

    def test_waiting_for_a_silent_server_can_be_cancelled(self, silent: Resolver, known: Written, ask: Ask) -> None:
        """A server that takes the call and says nothing holds nobody for long."""
        came_back = "it comes back though its server says nothing: is the fixture `silent` right?"
        ended = needed(_cancelled(silent, known, ask, None), came_back)
        _require_end(ended, ask.patience)
        _require_nothing_left(ended)


def _cancelled_at_moments(resolver: Resolver, known: Written, ask: Ask) -> list[Ended]:
    """How it ends when it is cancelled after some turns of the event loop, where it takes that long.

    Ends with the first that has to be waited for in vain: further ones would only take as long again.
    """
    found = []
    for turns in _MOMENTS:
        ended = _cancelled(resolver, known, ask, turns)
        if ended is not None:
            found.append(ended)
            if ended.left or not ended.in_time:
                break
    return found


def _cancelled(resolver: Resolver, written: Written, ask: Ask, turns: int | None) -> Ended | None:
    """How it ends when it is cancelled after some turns of the event loop, or when it has called its server.

    ``None`` where it comes back earlier than that.
    """
    reference, context = as_reference(written), ask.new_run()
    return in_a_loop(lambda: _cancel(resolver, reference, context, ask.patience, turns), 4 * ask.patience)


async def _cancel(
    resolver: Resolver, reference: ActionReference, context: ResolveContext, patience: float, turns: int | None
) -> Ended | None:
    processes, tasks = children(), asyncio.all_tasks()
    loop, called = asyncio.get_running_loop(), asyncio.Event()
    with (
        started_threads(threading.current_thread()) as started,
        watching(lambda: loop.call_soon_threadsafe(called.set)),
    ):
        task = asyncio.create_task(outcome(resolver, reference, context))
        if turns is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(called.wait(), patience)
        for _ in range(turns or 1):
            await asyncio.sleep(0)
        if not task.cancel():
            return None
        await asyncio.wait([task], timeout=patience)
        if not task.done():
            return Ended(in_time=False)
        gave = None if task.cancelled() else task.result()
        for _ in range(_TURNS_TO_END):
            await asyncio.sleep(0)
        left = [f"the task {other.get_name()!r}" for other in asyncio.all_tasks() - tasks]
        left += await going_on(started, processes, patience)
    return Ended(in_time=True, gave=gave, left=tuple(left))


def _require_end(ended: Ended, patience: float) -> None:
    require(
        ended.in_time,
        f"it goes on for {patience:g} seconds after it was cancelled: await what can be cancelled, or use in_thread of "
        "datatorch_pipelines.resolvers",
    )
    require(
        ended.gave is None,
        f"it was cancelled, and {ended.gave}: let asyncio.CancelledError pass (`except Exception` does)",
    )


def _require_nothing_left(ended: Ended) -> None:
    require(
        not ended.left,
        f"after it was cancelled, {listed(ended.left)} goes on: end it before the cancellation passes, as in_thread of "
        "datatorch_pipelines.resolvers does",
    )
