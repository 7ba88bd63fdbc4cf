"""How a job multiplies: its matrix evaluated, and what becomes of the instances together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, evolve, field

from datatorch_pipelines.codes import Code
from datatorch_pipelines.engine.jobs.ended import Ended, first_failed
from datatorch_pipelines.engine.planning.plan import PlannedJob
from datatorch_pipelines.engine.scheduling.matrix import MatrixError, combinations, instance_name
from datatorch_pipelines.engine.scoping.contexts import Contexts, job_facts
from datatorch_pipelines.engine.scoping.flow import Interruption
from datatorch_pipelines.engine.scoping.scope import RunScope, setting_contexts
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.model import Strategy
from datatorch_pipelines.results import Status


@define(kw_only=True, eq=False)
class Instances:
    """The instances of a job with a matrix, as they end one after the other."""

    combinations: Sequence[Mapping[str, object]] = field(repr=False)
    names: Sequence[str] = field(repr=False)
    fail_fast: bool
    max_parallel: int | None
    ended: dict[int, Ended] = field(factory=dict)
    stop: Interruption | None = None

    def whole(self) -> Ended:
        """How the job ended, by how its instances did; its outputs are theirs, in the order of the matrix."""
        ended = [self.ended[index] for index in range(len(self.combinations))]
        failed = [item for item in ended if item.status is Status.FAILED]
        cancelled = next((item for item in ended if item.status is Status.CANCELLED), None)
        outputs = [item.outputs if isinstance(item.outputs, Mapping) else {} for item in ended]
        counting = [item for item in failed if not item.tolerated]
        if counting or (failed and cancelled is None):
            first = first_failed(counting or failed)
            return evolve(first, outputs=outputs, tolerated=not counting)
        if cancelled is not None:
            return Ended(status=Status.CANCELLED, outputs=outputs, reason=cancelled.reason)
        return Ended(status=Status.SUCCEEDED, outputs=outputs)


def instances_of(run: RunScope, job: PlannedJob, strategy: Strategy, contexts: Contexts) -> Instances:
    """The instances that a job becomes. Raises `ExpressionError` at the place of what can't be a matrix."""
    path = ("jobs", job.id, "strategy")
    evaluator = run.evaluator()
    matrix = evaluator.value(strategy.matrix, (*path, "matrix"), contexts)
    try:
        if not isinstance(matrix, Mapping):
            raise MatrixError("the matrix is no mapping of names to lists", (), hint="give it a mapping")
        found = combinations(matrix, run.options.limits)
    except MatrixError as error:
        place = (*path, "matrix") if isinstance(strategy.matrix, str) else (*path, "matrix", *error.path)
        raise ExpressionError(
            error.message, column=1, code=Code.EVALUATION, location=run.plan.source.value(place), hint=error.hint
        ) from error
    fail_fast = strategy.fail_fast
    settings = setting_contexts(run, job, job_facts(job.name, job, "success"), contexts)
    if not isinstance(fail_fast, bool):
        fail_fast = evaluator.truth(fail_fast, (*path, "fail-fast"), settings)
    most: int | None = None
    if strategy.max_parallel is not None:
        most = max(1, int(evaluator.number(strategy.max_parallel, (*path, "max-parallel"), settings)))
    return Instances(
        combinations=found,
        names=[_name(run, job, combination) for combination in found],
        fail_fast=fail_fast,
        max_parallel=most,
    )


def _name(run: RunScope, job: PlannedJob, combination: Mapping[str, object]) -> str:
    """What a person calls an instance: masked before it is cut, which could leave half of a secret."""
    shown = run.masker.value(combination)
    return instance_name(job.name, shown if isinstance(shown, Mapping) else {})
