"""How a job goes: what failed, whether it is to end, and the step that would have to end then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

from attrs import define, field, frozen

from datatorch_pipelines.expressions.host import Status as HostStatus
from datatorch_pipelines.results import Failure

Result = TypeVar("Result")


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
    """A step was ended by an `Interruption`, and not by itself."""


@define(eq=False)
class Flow:
    """How a job goes so far. Only the event loop's thread touches it."""

    failure: Failure | None = None
    """The first failure of a step that was not to be gone on after."""
    interruption: Interruption | None = None
    cut: bool = False
    """Whether the interruption kept anything from running to its end."""
    _running: asyncio.Task[object] | None = field(default=None, init=False)
    _wanted: Callable[[HostStatus], bool] | None = field(default=None, init=False)

    @property
    def status(self) -> HostStatus:
        """What conditions see of the job."""
        if self.interruption is not None and self.interruption.failure is None:
            return "cancelled"
        return "failure" if self.failure is not None or self.interruption is not None else "success"

    def interrupt(self, interruption: Interruption) -> None:
        """Ends the step that runs now, unless its own condition wants it whatever happens. The first one counts."""
        if self.interruption is not None:
            return
        self.interruption = interruption
        if self._running is not None and self._wanted is not None and not self._wanted(self.status):
            self._running.cancel()

    async def guard(self, work: Coroutine[object, object, Result], wanted: Callable[[HostStatus], bool]) -> Result:
        """Carries ``work`` out; raises `Interrupted` when an interruption ended it.

        ``wanted`` tells whether the work goes on in a job of the given status.
        """
        task = asyncio.ensure_future(work)
        self._running, self._wanted = task, wanted
        try:
            return await task
        except asyncio.CancelledError:
            here = asyncio.current_task()
            if self.interruption is None or here is None or here.cancelling():
                raise
            raise Interrupted from None
        finally:
            self._running = self._wanted = None
