"""Work for many askers that is done once: a thread does it, tasks of any event loop wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

from attrs import define, field

from datatorch_pipelines.resolvers.cancellation import Cancellation, Cancelled

T = TypeVar("T")
_AT_ONCE = 32
_GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.1


@define(eq=False)
class Task:
    """What the work is given: how it learns that nobody wants it any more, and where its warnings go."""

    cancellation: Cancellation = field(factory=Cancellation)
    warnings: list[str] = field(factory=list)


@define(eq=False)
class _Flight(Generic[T]):
    task: Task = field(factory=Task)
    future: Future[T] = field(factory=Future)
    waiters: int = 0


class Slots:
    """How many threads may do something at once; the others wait until there is room, or until cancelled."""

    def __init__(self, number: int) -> None:
        self._free = threading.BoundedSemaphore(number)

    @contextlib.contextmanager
    def one(self, cancellation: Cancellation) -> Iterator[None]:
        """Takes a slot for as long as the block runs. Raises `Cancelled`."""
        while not self._free.acquire(timeout=_POLL_SECONDS):
            cancellation.check()
        try:
            cancellation.check()
            yield
        finally:
            self._free.release()


class Flights(Generic[T]):
    """Shares work among those who ask for the same.

    A success is kept as long as this object; a failure is forgotten when it was told to those who waited. The work is
    cancelled when the last one who waits is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight[T]] = {}
        # A pipeline may name any number of actions: those that wait for their turn have no thread yet.
        self._queue: OrderedDict[_Flight[T], tuple[Hashable, Callable[[Task], T]]] = OrderedDict()
        self._threads = 0

    async def share(self, key: Hashable, work: Callable[[Task], T], warn: Callable[[str], None]) -> T:
        """What ``work`` returns or raises, done in a thread, once for all who ask for ``key`` meanwhile or later.

        Its warnings are passed to ``warn`` of one of those who wait, in that one's own thread.
        """
        flight = self._join(key, work)
        try:
            await _done(flight.future)
        except asyncio.CancelledError:
            if self._leave(flight):
                flight.task.cancellation.cancel()
                self._drop(flight)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_GRACE_SECONDS):
                        await _done(flight.future)
            raise
        self._leave(flight)
        while flight.task.warnings:
            with contextlib.suppress(IndexError):
                warn(flight.task.warnings.pop(0))
        return flight.future.result()

    def _join(self, key: Hashable, work: Callable[[Task], T]) -> _Flight[T]:
        with self._lock:
            flight = self._flights.get(key)
            if flight is None or flight.task.cancellation.cancelled:
                flight = _Flight()
                self._queue[flight] = (key, work)
                self._start_thread(flight)
                self._flights[key] = flight
            flight.waiters += 1
            return flight

    def _start_thread(self, flight: _Flight[T]) -> None:
        """Starts one more thread, if there may be one. Raises ``RuntimeError`` where there can be none at all."""
        if self._threads == _AT_ONCE:
            return
        try:
            threading.Thread(target=self._work, name="datatorch-pipelines-resolve", daemon=True).start()
            self._threads += 1
        except RuntimeError:
            # The system has no more threads: those that there are do the work.
            if self._threads == 0:
                del self._queue[flight]
                raise

    def _drop(self, flight: _Flight[T]) -> None:
        """Ends work that nobody waits for and that has not begun."""
        with self._lock:
            dropped = self._queue.pop(flight, None)
            if dropped is not None and self._flights.get(dropped[0]) is flight:
                del self._flights[dropped[0]]
        if dropped is not None:
            flight.future.set_exception(Cancelled())

    def _leave(self, flight: _Flight[T]) -> bool:
        """Whether the work is still going on with nobody left to wait for it."""
        with self._lock:
            flight.waiters -= 1
            return flight.waiters == 0 and not flight.future.done()

    def _work(self) -> None:
        """Does what is to be done, until there is no more."""
        while True:
            with self._lock:
                if not self._queue:
                    self._threads -= 1
                    return
                flight, (key, work) = self._queue.popitem(last=False)
            self._run(key, flight, work)

    def _run(self, key: Hashable, flight: _Flight[T], work: Callable[[Task], T]) -> None:
        try:
            flight.task.cancellation.check()
            result = work(flight.task)
        except (Exception, Cancelled) as error:
            with self._lock:
                if self._flights.get(key) is flight:
                    del self._flights[key]
            flight.future.set_exception(error)
        else:
            flight.future.set_result(result)


async def _done(future: Future[T]) -> None:
    """Waits until a thread's future is done. Cancelling the wait leaves the future alone."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake(_: Future[T]) -> None:
        # The loop may be closed by then: nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if waiter.done() else waiter.set_result(None))

    future.add_done_callback(wake)
    await waiter
