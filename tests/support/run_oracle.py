"""What must become of a drawn run, told by the rules alone: nothing of the engine is used or known here.

A unit is a job, or one instance of its matrix. `conduct` says what comes of one that began at a given time, and may be
told to end at another: which steps ran, when, and how they and the job ended.
"""

from __future__ import annotations

import math

from attrs import define, field, frozen

from tests.support.drawn_runs import DrawnJob, DrawnRun, DrawnStep

MINUTE = 60.0
TRIES_OF_A_JOB = 3


@frozen(kw_only=True)
class Stop:
    """That a unit is told to end: when, and why."""

    time: float
    reason: str


@define(kw_only=True)
class Conducted:
    """What comes of a unit: its steps, each ``(status, reason)``, and what was executed, each ``(step, from, to)``."""

    status: str = ""
    reason: str | None = None
    end: float = 0.0
    steps: list[tuple[str, str | None]] = field(factory=list)
    spans: list[tuple[int, float, float]] = field(factory=list)
    attempts: int = 0


def holds(condition: str | bool | None, stands: str, above: bool = False) -> bool:
    """Whether a condition holds where things stand as ``success``, ``failure``, ``skipped`` or ``cancelled``.

    ``above`` says that something failed further back.
    """
    failed = stands == "failure" or (above and stands != "cancelled")
    if isinstance(condition, bool) and not condition:
        return False
    return {
        "always()": True,
        "failure()": failed,
        "cancelled()": stands == "cancelled",
        "!cancelled()": stands != "cancelled",
        "success() || failure()": stands == "success" or failed,
    }.get(str(condition), stands == "success")


def asks(condition: str | bool | None) -> bool:
    """Whether a condition asks how things stand."""
    return isinstance(condition, str) and condition != "1 == 1"


class _Unit:
    """One unit on its way."""

    def __init__(self, run: DrawnRun, job: DrawnJob, name: str, began: float, stop: Stop | None) -> None:
        self.run, self.job, self.name, self.stop = run, job, name, stop
        self.now = began
        self.told = Conducted()
        self.executed = [0] * len(job.steps)
        self.deadline = math.inf
        self.failed = self.cut = False

    # How things stand at a time.

    def stopped(self, time: float) -> bool:
        return self.stop is not None and self.stop.time <= time

    def timed_out(self, time: float) -> bool:
        first = self.stop is None or self.deadline < self.stop.time
        return self.deadline <= time and first

    def stands(self, time: float) -> str:
        if self.stopped(time):
            return "cancelled"
        return "failure" if self.failed or self.timed_out(time) else "success"

    def reason(self, time: float) -> str | None:
        if self.stop is not None and self.stopped(time):
            return self.stop.reason
        return f"the job timed out after {self.job.timeout:g} minutes" if self.timed_out(time) else None

    def cut_at(self, step: DrawnStep, end: float) -> float | None:
        """When a step that goes on from now to ``end`` is ended before that by what the job is told."""
        moments = [self.deadline] + ([self.stop.time] if self.stop else [])
        for moment in sorted(moments):
            if self.now < moment < end and self.reason(moment) and not holds(step.condition, self.stands(moment)):
                return moment
        return None

    # What happens.

    def conduct(self) -> Conducted:
        told = self.told
        for attempt in range(1, TRIES_OF_A_JOB + 1):
            told.attempts, told.steps = attempt, []
            self.failed = False
            self.deadline = math.inf if self.job.timeout is None else self.now + self.job.timeout * MINUTE
            lost = self.attempt()
            over = self.timed_out(self.now)
            told.end = self.now
            if lost and self.reason(self.now) is None:
                if attempt < TRIES_OF_A_JOB:
                    continue
                told.status = "failed"
            elif self.reason(self.now) is not None and (self.cut or lost) and not over:
                told.status, told.reason = "cancelled", self.reason(self.now)
            else:
                told.status = "failed" if self.failed or over else "succeeded"
            break
        return told

    def attempt(self) -> bool:
        """One attempt; whether the place was lost."""
        for index, step in enumerate(self.job.steps):
            stands = self.stands(self.now)
            if not holds(step.condition, stands):
                self.skip(step)
                continue
            outcome = self.step(index, step)
            if outcome is None:
                left = len(self.job.steps) - index - 1
                self.told.steps += [("failed", None), *[("skipped", "the job's environment was lost")] * left]
                return True
            self.told.steps.append(outcome)
            if outcome[0] == "failed" and not step.tolerated:
                self.failed = True
        return False

    def skip(self, step: DrawnStep) -> None:
        reason = "its condition does not hold"
        if step.condition is not False and not asks(step.condition):
            why = self.reason(self.now)
            self.cut = self.cut or why is not None
            reason = why or "an earlier step failed"
        self.told.steps.append(("skipped", reason))

    def step(self, index: int, step: DrawnStep) -> tuple[str, str | None] | None:
        """How a step ends; ``None`` where the place is lost."""
        tried = 0
        while True:
            execution = self.executed[index]
            self.executed[index] += 1
            does = self.run.act(self.name, index, execution)
            takes = math.inf if does == "hangs" else self.run.seconds(self.name, index, execution)
            limit = math.inf if step.timeout is None else step.timeout * MINUTE
            end = self.now + min(takes, limit)
            cut = self.cut_at(step, end)
            self.told.spans.append((index, self.now, end if cut is None else cut))
            if cut is not None:
                return self.cancelled(cut)
            self.now = end
            if does == "lost" and takes < limit:
                return None
            if does != "fails" and takes < limit:
                return "succeeded", None
            tried += 1
            if tried > step.retries:
                return "failed", None
            cut = self.cut_at(step, self.now + step.delay)
            if cut is not None:
                return self.cancelled(cut)
            self.now += step.delay

    def cancelled(self, time: float) -> tuple[str, str | None]:
        self.now, self.cut = time, True
        return "cancelled", self.reason(time)


def conduct(run: DrawnRun, job: DrawnJob, name: str, began: float, stop: Stop | None) -> Conducted:
    """What comes of a unit that began at a time; ``stop`` is what tells it to end, ``None`` for nothing."""
    return _Unit(run, job, name, began, stop).conduct()
