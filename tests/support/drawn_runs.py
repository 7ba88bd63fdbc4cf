"""Random pipelines for the engine, and what their commands do: drawn by hypothesis, run by a `NullRunner`.

Every command and every limit takes a time of its own, so that no two things happen at once by chance: what comes first
is told by the times alone.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import evolve, field, frozen
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.errors import EnvironmentLost
from datatorch_pipelines.model import Job, Pipeline, Retries, Step, Strategy
from tests.support.null_runner import Act, NullRunner

LOST = 77


@frozen(kw_only=True)
class DrawnStep:
    """A step. ``tries`` are what it does each time that it is executed, the last for all after."""

    condition: str | bool | None
    tolerated: bool
    retries: int
    delay: float
    timeout: float | None
    tries: tuple[str, ...]


@frozen(kw_only=True)
class DrawnJob:
    """A job; ``instances`` is ``None`` for one without a matrix, else how many it becomes."""

    needs: tuple[str, ...]
    condition: str | bool | None
    tolerated: bool
    timeout: float | None
    instances: int | None
    fail_fast: bool
    most: int | None
    steps: tuple[DrawnStep, ...]


@frozen(kw_only=True)
class DrawnRun:
    """A pipeline, what it is given, and when it is cancelled (``None``: it isn't)."""

    jobs: Mapping[str, DrawnJob]
    max_parallel: int
    on_failure: str
    timeout: float | None
    cancel: float | None
    seed: int = field(repr=False)

    def pipeline(self) -> Pipeline:
        """The pipeline."""
        return Pipeline(name="Drawn", timeout=self.timeout, jobs={name: _job(job) for name, job in self.jobs.items()})

    def seconds(self, unit: str, step: int, execution: int) -> float:
        """How long a command takes: of no two the same."""
        return random.Random(f"{self.seed} {unit} {step} {execution}").uniform(1, 200)

    def act(self, unit: str, step: int, execution: int) -> str:
        """What a command does when it is executed (from 0): ``well``, ``fails``, ``hangs`` or ``lost``."""
        tries = self.jobs[unit.partition(".")[0]].steps[step].tries
        return tries[min(execution, len(tries) - 1)]


def _job(job: DrawnJob) -> Job:
    strategy = None
    if job.instances is not None:
        matrix = {"n": list(range(job.instances))}
        strategy = Strategy(matrix=matrix, fail_fast=job.fail_fast, max_parallel=job.most)
    return Job(
        needs=job.needs,
        if_=job.condition,
        continue_on_error=job.tolerated,
        timeout=job.timeout,
        strategy=strategy,
        steps=[
            Step(
                name=str(index),
                run="x",
                if_=step.condition,
                continue_on_error=step.tolerated,
                retries=Retries(count=step.retries, delay=step.delay) if step.retries else None,
                timeout=step.timeout,
            )
            for index, step in enumerate(job.steps)
        ],
    )


class DrawnRunner(NullRunner):
    """Carries out what was drawn; a command that is ``lost`` takes its job's place with it."""

    def __init__(self, drawn: DrawnRun) -> None:
        super().__init__(self._next)
        self._drawn = drawn
        self._executed: Counter[tuple[str, int]] = Counter()

    def _next(self, context: dtp.StepContext) -> Act:
        unit, step = context.job.job_id, int(context.step)
        execution = self._executed[unit, step]
        self._executed[unit, step] += 1
        does = self._drawn.act(unit, step, execution)
        if does == "hangs":
            return Act(seconds=math.inf)
        return Act(
            seconds=self._drawn.seconds(unit, step, execution),
            exit_status=LOST if does == "lost" else int(does == "fails"),
        )

    async def execute(self, command: dtp.Command, context: dtp.StepContext) -> int:
        """As of the `NullRunner`."""
        status = await super().execute(command, context)
        if status == LOST:
            raise EnvironmentLost("the place is gone")
        return status


_CONDITIONS: Sequence[str | bool | None] = (
    None,
    None,
    None,
    "always()",
    "failure()",
    "success()",
    "cancelled()",
    "!cancelled()",
    "success() || failure()",
    "1 == 1",
    True,
    False,
)


@st.composite
def drawn_runs(draw: st.DrawFn) -> DrawnRun:
    """Small runs of every kind."""
    count = draw(st.sampled_from([1, 2, 3, 4, 5, 5, 5]))
    names = [f"j{number}" for number in range(count)]
    jobs = {
        name: draw(
            _jobs(
                tuple(
                    draw(
                        st.lists(st.sampled_from(names[:index]), max_size=3, unique=True) | st.just([names[index - 1]])
                    )
                )
            )
        )
        if index
        else draw(_jobs(()))
        for index, name in enumerate(names)
    }
    return DrawnRun(
        jobs={name: _apart(jobs[name], number) for number, name in enumerate(draw(st.permutations(names)))},
        max_parallel=draw(st.integers(1, 4)),
        on_failure=draw(st.sampled_from(["keep-going", "keep-going", "fail-fast"])),
        timeout=draw(st.sampled_from([None, None, None, 3.001])),
        cancel=draw(st.sampled_from([None, None, 50.0, 150.0, 250.0, 400.0])),
        seed=draw(st.integers(0, 2**32)),
    )


def _apart(job: DrawnJob, number: int) -> DrawnJob:
    """The job with limits that end at no time at which another's do."""
    if job.instances is not None and job.fail_fast and job.most != 1:  # its instances would all end at once
        return evolve(
            job, timeout=None, steps=tuple(evolve(step, timeout=None, tries=_no_hang(step)) for step in job.steps)
        )
    steps = tuple(
        step if step.timeout is None else evolve(step, timeout=step.timeout + number / 10 + index / 100)
        for index, step in enumerate(job.steps)
    )
    return evolve(job, steps=steps, timeout=None if job.timeout is None else job.timeout + number / 10 + 0.05)


def _no_hang(step: DrawnStep) -> tuple[str, ...]:
    return tuple("fails" if does == "hangs" else does for does in step.tries)


@st.composite
def _jobs(draw: st.DrawFn, needs: tuple[str, ...]) -> DrawnJob:
    instances = draw(st.sampled_from([None, None, None, 1, 2, 3]))
    return DrawnJob(
        needs=needs,
        condition=draw(st.sampled_from(_CONDITIONS)),
        tolerated=draw(st.sampled_from([False, False, False, True])),
        timeout=draw(st.sampled_from([None, None, None, 2.0])),
        instances=instances,
        fail_fast=draw(st.booleans()),
        most=draw(st.sampled_from([None, 1, 2])),
        steps=tuple(draw(st.lists(_steps(), min_size=1, max_size=3))),
    )


@st.composite
def _steps(draw: st.DrawFn) -> DrawnStep:
    timeout = draw(st.sampled_from([None, None, None, 1.503]))
    does = ["well", "well", "well", "well", "fails", "fails", "lost"] + (["hangs"] if timeout else [])
    return DrawnStep(
        condition=draw(st.sampled_from(_CONDITIONS)),
        tolerated=draw(st.sampled_from([False, False, False, True])),
        retries=draw(st.sampled_from([0, 0, 1, 2])),
        delay=draw(st.sampled_from([0.0, 7.0])),
        timeout=timeout,
        tries=tuple(draw(st.lists(st.sampled_from(does), min_size=1, max_size=3))),
    )
