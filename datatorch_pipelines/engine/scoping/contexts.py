"""What expressions see: the contexts of a run, a job and a step."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import define, field

from datatorch_pipelines.contracts import JobEnvironment
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.engine.planning.actions import PlannedAction
from datatorch_pipelines.engine.planning.plan import Plan, PlannedJob, PlannedStep
from datatorch_pipelines.model.availability import PROPERTIES
from datatorch_pipelines.results import Status

Contexts = Mapping[str, object]


def run_contexts(plan: Plan, options: RunOptions, run_id: str) -> Contexts:
    """The contexts that are the same in the whole run."""
    known = dict.fromkeys(PROPERTIES["pipeline"]) | {"name": plan.pipeline.name} | dict(options.pipeline)
    return {
        "event": options.event,
        "trigger": {**options.trigger, "event": options.event} if options.trigger else {},
        "input": options.inputs,
        "inputs": options.inputs,
        "variables": _overridden(plan.pipeline.variables, options.variables),
        "secrets": options.secrets,
        "pipeline": known,
        "run": dict.fromkeys(PROPERTIES["run"]) | {"id": run_id} | dict(options.run),
        "jobs": {},
        "needs": {},
        "matrix": {},
    }


def _overridden(own: Mapping[str, object], given: Mapping[str, object]) -> Mapping[str, object]:
    """The pipeline's variables, but for those that were given: also by a name that differs in case alone."""
    again = {name.lower() for name in given if name not in own}
    return {**{name: value for name, value in own.items() if name.lower() not in again}, **given}


RESULT_WORDS: Mapping[Status, str] = MappingProxyType(
    {
        Status.SUCCEEDED: "success",
        Status.FAILED: "failure",
        Status.SKIPPED: "skipped",
        Status.CANCELLED: "cancelled",
    }
)
"""GitHub Actions' words for how something ended."""


@define
class JobData:
    """What a job's earlier steps left behind for its later ones."""

    named: dict[str, Mapping[str, object]] = field(factory=dict)
    identified: dict[str, Mapping[str, object]] = field(factory=dict)
    variable: dict[str, object] = field(factory=dict)

    def add(
        self,
        step: PlannedStep,
        status: Status,
        inputs: Mapping[str, object],
        outputs: Mapping[str, object],
        *,
        tolerated: bool = False,
    ) -> None:
        """Takes up what a step left: the latest of a name counts, and an id counts before a name.

        A failure that was ``tolerated`` shows as GitHub Actions has it: in ``outcome``, not in ``conclusion``.
        """
        word = RESULT_WORDS[status]
        conclusion = "success" if tolerated else word
        left = {"outputs": outputs, "status": str(status), "outcome": word, "conclusion": conclusion}
        if step.step.name:
            self.named[step.step.name] = left
        if step.step.id:
            self.identified[step.step.id] = left
        self.variable.update(inputs)
        self.variable.update(outputs)

    def contexts(self) -> Contexts:
        """The contexts ``steps`` and ``variable``."""
        return {"steps": {**self.named, **self.identified}, "variable": self.variable}


def job_facts(name: str, job: PlannedJob, status: str) -> Contexts:
    """The context ``job``; ``name`` is what a person calls it, with its place in a matrix."""
    return {"id": job.id, "name": name, "status": status}


def step_contexts(
    job: Contexts, facts: Contexts, step: PlannedStep, data: JobData, environment: JobEnvironment
) -> dict[str, object]:
    """The contexts that a step's keys see; ``env`` and ``action`` are added as they become known.

    ``job`` are those of the job, ``facts`` its context ``job`` as it is now.
    """
    return {
        **job,
        **environment.facts,
        **data.contexts(),
        "job": facts,
        "step": {"id": step.step.id, "name": step.step.label, "index": step.index},
    }


def action_facts(action: PlannedAction, directory: str) -> Contexts:
    """The context ``action``: ``directory`` is where the action's files are for the step."""
    reference, definition = action.resolved.reference, action.definition
    return {
        "name": definition.name,
        "version": reference.ref,
        "tag": reference.ref,
        "directory": directory,
        "description": definition.description,
    }
