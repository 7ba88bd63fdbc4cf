"""A runner that runs nothing: each command takes a given time and ends as it was told to.

With the clock of `tests.support.simulated_time` it shows what the engine does when, with no process and no waiting:

    runner = NullRunner({"train": Act(seconds=3600), "flaky": [Act(exit_status=1), Act()]})
    result = simulate(PIPELINE, runner, at={60: Run.cancel})
    assert runner.spans[0] == Span(job="a", step="train", began=0, ended=60, cancelled=True)
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import tempfile
import textwrap
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from attrs import evolve, field, frozen

import datatorch_pipelines as dtp
from datatorch_pipelines.api.running import located_pipeline
from datatorch_pipelines.contracts import (
    Capabilities,
    Command,
    JobEnvironment,
    JobSpec,
    Paths,
    Runner,
    StepContext,
)
from datatorch_pipelines.defaults import run_options
from datatorch_pipelines.engine import Run, make_plan
from tests.support.simulated_time import run_simulated


@frozen(kw_only=True)
class Act:
    """What a command does: ``says`` this at once, takes so many ``seconds`` (``math.inf``: for ever), and
    ends with ``exit_status``.
    """

    seconds: float = 0.0
    exit_status: int = 0
    says: bytes = b""


@frozen(kw_only=True)
class Span:
    """A command that was executed, and when by the loop's clock. ``job`` is ``id``, or ``id.N`` of the Nth instance."""

    job: str
    step: str
    began: float
    ended: float
    cancelled: bool = False
    command: Command | None = field(default=None, eq=False, repr=False)


Acts = Mapping[str, Act | Sequence[Act]] | Callable[[StepContext], Act]

_NOTHING = Act()


class NullRunner(Runner):
    """Executes nothing. ``acts`` says by a step's label (or a callable by its context) what it does in place of that.

    A list of acts is one for each time that the step of a job is tried, the last for all after. What is not named
    succeeds at once. ``spans`` has what was executed, in the order of its end; ``most`` how many commands ever were
    under way at once. All jobs share one folder, which is made in `open`: they cost no disk.
    """

    capabilities: ClassVar[Capabilities] = Capabilities()

    def __init__(self, acts: Acts | None = None) -> None:
        self.spans: list[Span] = []
        self.jobs: list[str] = []
        self.most = 0
        self._acts: Acts = {} if acts is None else acts
        self._tries: Counter[tuple[str, str]] = Counter()
        self._now = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._paths: Paths | None = None

    async def open(self) -> None:
        """Makes the one folder."""
        self._folder = tempfile.TemporaryDirectory(prefix="null-runner-")
        root = Path(self._folder.name)
        self._paths = Paths(workspace=root, temp=root, actions=root, environments=root)

    async def aclose(self) -> None:
        """Deletes the folder."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @contextlib.asynccontextmanager
    async def _place(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
        assert self._paths is not None, "the runner is not open"
        self.jobs.append(job.job_id)
        environment = JobEnvironment(self, job, self._paths, {})
        try:
            yield environment
        finally:
            await environment.aclose()

    def job(self, job: JobSpec) -> contextlib.AbstractAsyncContextManager[JobEnvironment]:
        """A place without folders of its own."""
        return self._place(job)

    async def execute(self, command: Command, context: StepContext) -> int:
        """Waits by the loop's clock."""
        act, loop = self._act(context), asyncio.get_running_loop()
        span = Span(job=context.job.job_id, step=context.step, began=loop.time(), ended=0, command=command)
        self._now += 1
        self.most = max(self.most, self._now)
        cancelled = True
        try:
            if act.says:
                context.log("stdout", act.says)
            # For ever is no time that a timer could be set to.
            await (asyncio.Event().wait() if act.seconds == math.inf else asyncio.sleep(act.seconds))
            cancelled = False
            return act.exit_status
        finally:
            self._now -= 1
            self.spans.append(evolve(span, ended=loop.time(), cancelled=cancelled))

    def _act(self, context: StepContext) -> Act:
        if callable(self._acts):
            return self._acts(context)
        found = self._acts.get(context.step, _NOTHING)
        if isinstance(found, Act):
            return found
        key = (context.job.job_id, context.step)
        self._tries[key] += 1
        return found[min(self._tries[key], len(found)) - 1]


def simulate(
    pipeline: dtp.Pipeline | str,
    runner: Runner,
    *,
    at: Mapping[float, Callable[[Run], object]] | None = None,
    **arguments: Any,
) -> dtp.RunResult:
    """Runs a pipeline (or its text) in simulated time, which the record has, too; ``arguments`` are those of `run`.

    ``at`` is what is done to the run, and after how many seconds.
    """
    given = pipeline if isinstance(pipeline, dtp.Pipeline) else dtp.loads(textwrap.dedent(pipeline))

    async def work() -> dtp.RunResult:
        loop = asyncio.get_running_loop()
        located, source = located_pipeline(given, arguments.get("limits", dtp.Limits()))
        options = evolve(run_options(located, {"runner": runner, **arguments}), now=loop.time)  # type: ignore[typeddict-item]  # any argument of a run
        run = Run(await make_plan(located, source, options), options, "")
        timers = [loop.call_at(when, act, run) for when, act in (at or {}).items()]
        await run.execute()
        for timer in timers:
            timer.cancel()
        return run.result()

    return run_simulated(work())
