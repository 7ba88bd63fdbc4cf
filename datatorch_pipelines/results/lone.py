"""What came of a run of one step, as the result of that step."""

from __future__ import annotations

from attrs import evolve

from datatorch_pipelines.results.result import RunResult, StepResult
from datatorch_pipelines.results.status import Failure, Status


def lone_step(result: RunResult) -> StepResult:
    """The result of the one step of a run, with all that the run says of it."""
    steps = [step for job in result.jobs.values() for step in job.steps]
    if not steps:  # the place where it should have run was not to be had
        error = result.error or Failure(message=f"the action was {result.status}")
        status = Status.FAILED if result.succeeded else result.status
        return StepResult(index=0, name=result.pipeline, status=status, error=error, diagnostics=result.diagnostics)
    step = evolve(steps[0], diagnostics=result.diagnostics)
    if step.succeeded and not result.succeeded:  # what came after it went wrong: its record can't be relied on
        return evolve(step, status=result.status, error=result.error)
    return step
