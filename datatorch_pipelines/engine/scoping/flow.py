"""How a job goes: what failed, whether it is to end, and what would have to end then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from attrs import define, field, frozen

from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.expressions.host import Status as HostStatus
from datatorch_pipelines.results import Failure


@frozen(kw_only=True)
class Interruption:
    """Why something is to end before its end.

    ``failure`` is set where that is a failure of the job itself, as a time-out is; ``after_failure`` where others
    failed, so that what waits for failures is still wanted.
    """

    reason: str
    failure: Failure | None = None
    after_failure: bool = False


class Interrupted(Exception):
    """Something was ended by an `Interruption`, and not by itself."""


@define(eq=False)
class Flow:
    """How a job goes so far. Only the event loop's thread touches it.

    ``cleanup_seconds`` is how long what is wanted all the same may take after an interruption, ``None`` for ever.
    """

    cleanup_seconds: float | None = None
    failure: Failure | None = None
    """The first failure that was not to be gone on after: of a step, or that the job's time was over."""
    failed_at: float | None = None
    """When that was, as the record tells time."""
    interruption: Interruption | None = None
    outlived: Interruption | None = None
    """The interruption of the run that the job goes on after, since its own condition wants it."""
    timed_out: bool = False
    cut: bool = False
    """Whether the interruption kept anything from running to its end."""
    over: bool = False
    """Whether the time to clean up is over, so that nothing runs any more, whatever its condition."""
    _running: asyncio.Timeout | None = field(default=None, init=False)
    _wanted: Callable[[HostStatus], bool] | None = field(default=None, init=False)
    _limit: asyncio.TimerHandle | None = field(default=None, init=False)

    @property
    def status(self) -> HostStatus:
        """What conditions see of the job."""
        if self.interruption is not None and self.interruption.failure is None:
            return "cancelled"
        return "success" if self.failure is None else "failure"

    @property
    def reason(self) -> str | None:
        """Why the job is to end, ``None`` while it is not."""
        return None if self.interruption is None else self.interruption.reason

    @property
    def why_no_step(self) -> str | None:
        """Why a step is to end, or not to run, ``None`` while none is."""
        return f"cleaning up took longer than {self.cleanup_seconds:g} seconds" if self.over else self.reason

    @property
    def why_killed(self) -> str | None:
        """Why a step, and its job, end that are ended at once; ``None`` where nothing was to end before."""
        return self.why_no_step or (None if self.outlived is None else self.outlived.reason)

    def fail(self, failure: Failure, at: float) -> None:
        """Takes note of a failure; the first one counts."""
        if self.failure is None:
            self.failure, self.failed_at = failure, at

    def begin_anew(self) -> None:
        """Forgets what failed: the job starts once more."""
        self.failure = self.failed_at = None

    def interrupt(self, interruption: Interruption, at: float) -> None:
        """Ends what runs now, unless its own condition wants it whatever happens.

        The first one counts; but a job whose time is over can still be cancelled.
        """
        before = self.interruption
        if before is not None and (before.failure is None or interruption.failure is not None):
            return
        self.interruption = interruption
        if interruption.failure is not None:
            self.timed_out = True
            self.fail(interruption.failure, at)
        loop = asyncio.get_running_loop()
        if self._limit is None and self.cleanup_seconds is not None:
            self._limit = loop.call_later(self.cleanup_seconds, self._give_up)
        if self._wanted is not None and not self._wanted(self.status):
            self._end_running()

    def _give_up(self) -> None:
        self.over = True
        self._end_running()

    def _end_running(self) -> None:
        if self._running is not None and not self._running.expired():
            self._running.reschedule(asyncio.get_running_loop().time())

    def close(self) -> None:
        """Stops looking at the clock: the job is over."""
        if self._limit is not None:
            self._limit.cancel()

    @contextlib.asynccontextmanager
    async def guarded(self, wanted: Callable[[HostStatus], bool]) -> AsyncIterator[None]:
        """While entered, an interruption ends what the task does, and raises `Interrupted`.

        ``wanted`` tells whether it goes on in a job of the given status.
        """
        if self.interruption is not None and (self.over or not wanted(self.status)):
            raise Interrupted
        # In the task itself, and not one beside it: what a runner enters here, it leaves in the same task.
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._running, self._wanted = limit, wanted
                try:
                    yield
                finally:
                    self._running = self._wanted = None
        except (TimeoutError, PipelinesError) as error:
            if not limit.expired():
                raise
            raise Interrupted from error
        if limit.expired():  # a runner made something else of the cancellation
            raise Interrupted


def never(_status: HostStatus) -> bool:
    """Nothing is wanted once there is an interruption."""
    return False
