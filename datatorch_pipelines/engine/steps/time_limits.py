"""How long a step may take, and how long it may be silent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from types import TracebackType

from attrs import frozen

from datatorch_pipelines.engine.planning.plan import PlannedStep
from datatorch_pipelines.engine.scoping.contexts import Contexts
from datatorch_pipelines.engine.scoping.evaluation import Evaluator, Path
from datatorch_pipelines.errors import PipelinesError


@frozen(kw_only=True)
class StepLimits:
    """The bounds on one try of a step, in minutes; ``None`` is none."""

    timeout: float | None = None
    idle: float | None = None


class TimedOut(PipelinesError):
    """A step took too long; ``key`` is the key of the pipeline that said so."""

    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.key = key


def step_limits(planned: PlannedStep, path: Path, evaluator: Evaluator, contexts: Contexts) -> StepLimits:
    """What a step says of its time. Raises `ExpressionError` for what is no number of minutes."""
    step = planned.step
    if step.timeout is None and step.idle_timeout is None:
        return StepLimits()
    values = {
        key: None if value is None else evaluator.number(value, (*path, key), contexts)
        for key, value in (("timeout", step.timeout), ("idle-timeout", step.idle_timeout))
    }
    return StepLimits(timeout=values["timeout"], idle=values["idle-timeout"])


def minutes_text(minutes: float) -> str:
    """A number of minutes in a message.

    >>> minutes_text(1.0), minutes_text(0.5)
    ('1 minute', '0.5 minutes')
    """
    return f"{minutes:g} minute{'' if minutes == 1 else 's'}"


class TimeLimit:
    """While entered, ends what the task does when a step's time is over; raises `TimedOut` then."""

    def __init__(self, limits: StepLimits, step: str) -> None:
        self._limits = limits
        self._step = step
        self._timeout: asyncio.Timeout | None = None
        self._check: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # set where silence is looked at
        self._last = 0.0
        self._silent = False

    def heard(self) -> None:
        """Takes note that the step wrote something. Thread-safe."""
        if self._loop is not None:
            self._last = self._loop.time()

    async def __aenter__(self) -> None:
        """Begins to count."""
        if self._limits.timeout is None and self._limits.idle is None:
            return
        self._timeout = asyncio.timeout(None if self._limits.timeout is None else self._limits.timeout * 60)
        await self._timeout.__aenter__()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """While entered, silence counts: what comes before the process and after it makes no noise."""
        if self._limits.idle is None:
            yield
            return
        loop = self._loop = asyncio.get_running_loop()
        self._last = loop.time()
        self._look(loop, self._limits.idle * 60)
        try:
            yield
        finally:
            if self._check is not None:
                self._check.cancel()
                self._check = None

    def _look(self, loop: asyncio.AbstractEventLoop, idle: float) -> None:
        """Looks again when the step would have been silent for ``idle`` seconds."""
        end = self._last + idle
        if loop.time() < end:
            self._check = loop.call_at(end, self._look, loop, idle)
        elif self._timeout is not None and not self._timeout.expired():
            self._silent = True
            self._timeout.reschedule(loop.time())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends counting."""
        if self._timeout is None:
            return
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError as over:
            raise self._timed_out() from over
        # A runner may have made something else of the cancellation: the time is over all the same.
        if self._timeout.expired() and (kind is None or issubclass(kind, Exception)):
            raise self._timed_out() from error

    def _timed_out(self) -> TimedOut:
        if self._silent and self._limits.idle is not None:
            silence = minutes_text(self._limits.idle)
            return TimedOut(f"the step {self._step!r} wrote nothing for {silence}", "idle-timeout")
        return TimedOut(f"the step {self._step!r} timed out after {minutes_text(self._limits.timeout or 0)}", "timeout")
