"""Every job of a run, each started the moment that it may be: conditions, matrices, and what ends the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from attrs import evolve

from datatorch_pipelines.engine.jobs.ended import UNSELECTED, Ended, EndedJobs, failed_above, status_after, why_skipped
from datatorch_pipelines.engine.jobs.job import record_job, run_unit
from datatorch_pipelines.engine.jobs.known import Known
from datatorch_pipelines.engine.jobs.strategy import Instances, instances_of
from datatorch_pipelines.engine.planning.plan import PlannedJob
from datatorch_pipelines.engine.scheduling.schedule import Schedule, Unit
from datatorch_pipelines.engine.scoping.conditions import asks_status, holds
from datatorch_pipelines.engine.scoping.contexts import Contexts, job_facts
from datatorch_pipelines.engine.scoping.flow import Flow, Interruption
from datatorch_pipelines.engine.scoping.scope import RunScope, UnitScope, setting_contexts
from datatorch_pipelines.engine.steps.step import CANCELLED
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.expressions import Host
from datatorch_pipelines.expressions.host import Status as HostStatus
from datatorch_pipelines.results import Failure, MatrixExpanded, Status
from datatorch_pipelines.runners.system import insist

_OTHER_INSTANCE = Interruption(reason="another instance of the matrix failed")
_AT_A_TIME = 256
"""How many jobs are decided before the loop does something else: most of a large run may be skipped at once."""


def _schedule(scope: RunScope) -> Schedule:
    """The order of a run's jobs: at most so many at once, and of each runner so many as it takes."""
    runners, most = scope.plan.runners(), scope.options.max_parallel
    numbers = {id(runner): number for number, runner in enumerate(runners)}
    return Schedule(
        {job.id: job.needs for job in scope.plan.jobs},
        most,
        lanes={job.id: numbers[id(job.runner)] for job in scope.plan.jobs} if len(runners) > 1 else None,
        room={numbers[id(runner)]: min(most, runner.capabilities.max_jobs or most) for runner in runners},
    )


class Dispatcher:
    """Carries out the jobs of a run; what is ``known`` of them from before stands.

    ``end_others`` is asked to interrupt the run when a failed job is to end the others.
    """

    def __init__(self, scope: RunScope, known: Known, end_others: Callable[[Interruption], None]) -> None:
        self.ended: dict[str, Ended] = {}
        """How each job ended that has."""
        self._scope = scope
        self._known = known
        self._end_others = end_others
        self._jobs = {job.id: job for job in scope.plan.jobs}
        self._schedule = _schedule(scope)
        self._instances: dict[str, Instances] = {}
        self._running: dict[Unit, UnitScope] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._stop: Interruption | None = None
        self._broken: BaseException | None = None
        self.begun = False

    def interrupt(self, stop: Interruption) -> None:
        """Ends the run gently: what its own condition wants whatever happens still runs. The first one counts."""
        if self._stop is None:
            self._stop = stop
            now = self._scope.recorder.now()
            for scope in list(self._running.values()):
                if self._settled(scope.job, scope.contexts) is not None:
                    scope.flow.interrupt(stop, now)
                else:
                    scope.flow.outlived = stop

    def explain(self, stop: Interruption) -> None:
        """Takes note of why everything is about to be ended at once, for what is recorded of it."""
        if self._stop is None:
            self._stop = stop
            for scope in self._running.values():
                scope.flow.outlived = stop

    async def execute(self) -> None:
        """Every job to its end. Cancelling it ends all at once, each job recorded, before it passes on."""
        self.begun = True
        try:
            while not self._schedule.done and self._broken is None:
                self._changed.clear()
                await self._decide()
                while (unit := self._schedule.take()) is not None:
                    self._begin(unit)
                if not self._schedule.done and self._tasks:
                    await self._changed.wait()
            if self._broken is not None:
                raise self._broken
        except BaseException:
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                # To the end, also when it is cancelled once more: what they started must not outlive the run.
                await insist(asyncio.ensure_future(asyncio.wait(self._tasks)))
            self.leave_out_all(self._stop or Interruption(reason=CANCELLED))
            raise

    def leave_out_all(self, why: Interruption, failure: Failure | None = None) -> None:
        """Records each job that has not ended as cancelled, or as failed for the one reason."""
        status = Status.CANCELLED if failure is None else Status.FAILED
        for job in self._scope.plan.jobs:
            made = self._instances.get(job.id)
            if job.id in self.ended:
                continue
            if made is None:
                reason = why.reason if failure is None else None
                self._end(job, Ended(status=status, error=failure, reason=reason), end_others=False)
                continue
            for index in range(len(made.combinations)):
                if index not in made.ended:
                    self._leave_out(job, made, index, why)
            self._end(job, made.whole(), end_others=False)

    @property
    def cut(self) -> bool:
        """Whether the interruption of the run kept any job, or any instance of one, from running to its end."""
        instances = [ended for made in self._instances.values() for ended in made.ended.values()]
        cancelled = [ended for ended in (*self.ended.values(), *instances) if ended.status is Status.CANCELLED]
        return any(ended.reason != _OTHER_INSTANCE.reason for ended in cancelled)

    async def _decide(self) -> None:
        decided = 0
        while (job_id := self._schedule.decide()) is not None:
            self._decide_job(self._jobs[job_id])
            decided += 1
            if decided % _AT_A_TIME == 0:
                await asyncio.sleep(0)

    def _decide_job(self, job: PlannedJob) -> None:
        """Settles whether a job runs whose needs have all ended, and as how many."""
        known = self._known.jobs.get(job.id)
        if known is not None:
            self.ended[job.id] = known
            self._schedule.skip(job.id)
            return
        contexts = self._contexts(job)
        ended = self._settled(job, contexts)
        if ended is None and job.job.strategy is not None:
            try:
                made = instances_of(self._scope, job, job.job.strategy, contexts)
            except PipelinesError as error:
                ended = self._wrong(job, error)
            else:
                if made.combinations:
                    self._expand(job, made)
                    return
                ended = Ended(status=Status.SKIPPED, reason="its matrix is empty")
        if ended is None:
            self._schedule.admit(job.id)
        else:
            self._end(job, ended)
            self._schedule.skip(job.id)

    def _settled(self, job: PlannedJob, contexts: Contexts) -> Ended | None:
        """How a job ends that does not run, or whose condition is wrong; ``None`` for one that runs."""
        try:
            return self._unwanted(job, contexts)
        except PipelinesError as error:
            return self._wrong(job, error)

    def _wrong(self, job: PlannedJob, error: PipelinesError) -> Ended:
        failure = self._scope.failure_of(error, self._scope.plan.source.key(("jobs", job.id)))
        return Ended(status=Status.FAILED, error=failure, failed_at=self._scope.recorder.now())

    def _contexts(self, job: PlannedJob) -> Contexts:
        """The contexts of a job before it has a place to run."""
        if not job.needs and not job.unmet:
            return self._scope.contexts
        needs: dict[str, object] = dict.fromkeys(job.unmet, UNSELECTED.context)
        needs.update((need, self.ended[need].context) for need in job.needs)
        return {
            **self._scope.contexts,
            "needs": needs,
            "jobs": EndedJobs(job, self._jobs, self.ended, self._scope.plan.pipeline),
        }

    def _unwanted(self, job: PlannedJob, contexts: Contexts) -> Ended | None:
        """How a job ends that does not run, ``None`` for one that does. Raises `ExpressionError`."""
        needed = [self.ended[need] for need in job.needs]
        stands, above, stop = status_after(needed), failed_above(needed), self._stop
        # What waits for a failure is still wanted when that failure is what ends the others.
        stopped = stop is not None and not (stop.after_failure and above)
        status: HostStatus = stands if stop is None else "cancelled" if stopped else "failure"
        condition, evaluator = job.job.if_, self._scope.evaluator(Host(status=status, failed_above=above))
        if isinstance(condition, str):
            contexts = setting_contexts(self._scope, job, job_facts(job.name, job, status), contexts)
        if holds(condition, ("jobs", job.id, "if"), evaluator, contexts):
            return None
        if stop is not None and (stopped or stands == "success"):
            return Ended(status=Status.CANCELLED, reason=stop.reason)
        asks = asks_status(condition, self._scope.options.limits)
        unmet = stands != "success" and condition is not False and not asks
        reason = why_skipped(job, self.ended) if unmet else "its condition does not hold"
        return Ended(status=Status.SKIPPED, reason=reason)

    def _expand(self, job: PlannedJob, made: Instances) -> None:
        """A job becomes the instances of its matrix."""
        self._instances[job.id] = made
        recorder = self._scope.recorder
        recorder.emit(MatrixExpanded(time=recorder.now(), job=job.id, combinations=self._masked(made)))
        self._schedule.admit(job.id, len(made.combinations), made.max_parallel)

    def _masked(self, made: Instances) -> tuple[Mapping[str, object], ...]:
        shown = map(self._scope.masker.value, made.combinations)
        return tuple(item for item in shown if isinstance(item, Mapping))

    def _begin(self, unit: Unit) -> None:
        """Starts a job, or an instance, in a task of its own."""
        task = asyncio.ensure_future(self._carry_out(unit))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken = self._broken or error
        self._changed.set()

    async def _carry_out(self, unit: Unit) -> None:
        job, made = self._jobs[unit.job], self._instances.get(unit.job)
        ended = Ended(status=Status.CANCELLED, reason=CANCELLED)
        try:
            ended = await self._ended(job, unit, made)
        except asyncio.CancelledError:
            ended = evolve(ended, reason=self._stop.reason if self._stop else CANCELLED)
            raise
        finally:
            if made is None or unit.instance is None:
                self._end(job, ended, record=False)
            else:
                self._end_instance(job, made, unit.instance, ended)
            self._schedule.release(unit)

    async def _ended(self, job: PlannedJob, unit: Unit, made: Instances | None) -> Ended:
        """How a job, or an instance, ends: known from before, not wanted any more, or run."""
        scope = self._unit_scope(job, unit, made)
        if made is not None and unit.instance is not None:
            known = self._known.instance(job.id, unit.instance, made.combinations[unit.instance])
            if known is not None:
                return known
            if made.stop is not None:
                self._leave_out(job, made, unit.instance, made.stop)
                return made.ended[unit.instance]
        if self._stop is not None and (unwanted := self._settled(job, scope.contexts)) is not None:
            record_job(scope, unwanted)
            return unwanted
        self._running[unit] = scope
        try:
            return await run_unit(scope)
        finally:
            del self._running[unit]

    def _unit_scope(self, job: PlannedJob, unit: Unit, made: Instances | None) -> UnitScope:
        contexts, name = self._contexts(job), job.name
        if made is not None and unit.instance is not None:
            contexts = {**contexts, "matrix": made.combinations[unit.instance]}
            name = made.names[unit.instance]
        flow = Flow(cleanup_seconds=self._scope.options.cleanup_seconds, outlived=self._stop)
        return UnitScope(run=self._scope, job=job, unit=unit, name=name, contexts=contexts, flow=flow)

    def _end_instance(self, job: PlannedJob, made: Instances, index: int, ended: Ended) -> None:
        """Takes up how an instance ended: the first failure may end the others, the last ends the job."""
        made.ended[index] = ended
        if ended.counts_as == "failure" and made.fail_fast and made.stop is None:
            made.stop = _OTHER_INSTANCE
            left = self._schedule.withdraw(job.id)
            # What waited had no turn any more since the run was to end, if it was.
            stopped = self._stop if left and self._stop and self._settled(job, self._contexts(job)) else None
            for other in left:
                self._leave_out(job, made, other, stopped or _OTHER_INSTANCE)
            now = self._scope.recorder.now()
            for unit, scope in list(self._running.items()):
                if unit.job == job.id:
                    scope.flow.interrupt(_OTHER_INSTANCE, now)
        if len(made.ended) == len(made.combinations):
            self._end(job, made.whole())

    def _leave_out(self, job: PlannedJob, made: Instances, index: int, why: Interruption) -> None:
        made.ended[index] = Ended(status=Status.CANCELLED, reason=why.reason)
        record_job(self._unit_scope(job, Unit(job=job.id, instance=index), made), made.ended[index])

    def _end(self, job: PlannedJob, ended: Ended, *, record: bool = True, end_others: bool = True) -> None:
        """Takes up how a whole job ended, and what that means for the others."""
        above = failed_above(self.ended[need] for need in job.needs if need in self.ended)
        self.ended[job.id] = evolve(ended, failed_above=True) if above else ended
        if record:
            unit = Unit(job=job.id)
            record_job(UnitScope(run=self._scope, job=job, unit=unit, name=job.name, contexts={}), ended)
        failed = end_others and ended.status is Status.FAILED and not ended.tolerated
        if failed and self._scope.options.on_failure == "fail-fast":
            self._end_others(Interruption(reason=f"the job {job.id!r} failed", after_failure=True))
