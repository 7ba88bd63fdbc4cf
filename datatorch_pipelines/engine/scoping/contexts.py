"""What expressions see: the contexts of a run, a job and a step."""

from __future__ import annotations

from collections.abc import Mapping

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
        "trigger": {},
        "input": options.inputs,
        "inputs": options.inputs,
        "variables": {**plan.pipeline.variables, **options.variables},
        "secrets": options.secrets,
        "pipeline": known,
        "run": dict.fromkeys(PROPERTIES["run"]) | {"id": run_id} | dict(options.run),
        "jobs": {},
        "needs": {},
        "matrix": {},
    }


@define
class JobData:
    """What a job's earlier steps left behind for its later ones."""

    named: dict[str, Mapping[str, object]] = field(factory=dict)
    identified: dict[str, Mapping[str, object]] = field(factory=dict)
    variable: dict[str, object] = field(factory=dict)

    def add(
        self, step: PlannedStep, status: Status, inputs: Mapping[str, object], outputs: Mapping[str, object]
    ) -> None:
        """Takes up what a step left: the latest of a name counts, and an id counts before a name."""
        left = {"outputs": outputs, "status": str(status)}
        if step.step.name:
            self.named[step.step.name] = left
        if step.step.id:
            self.identified[step.step.id] = left
        self.variable.update(inputs)
        self.variable.update(outputs)

    def contexts(self) -> Contexts:
        """The contexts ``steps`` and ``variable``."""
        return {"steps": {**self.named, **self.identified}, "variable": self.variable}


def step_contexts(
    run: Contexts, job: PlannedJob, step: PlannedStep, data: JobData, environment: JobEnvironment
) -> dict[str, object]:
    """The contexts that a step's keys see; ``env`` and ``action`` are added as they become known."""
    return {
        **run,
        **environment.facts,
        **data.contexts(),
        "job": {"id": job.id, "name": job.name, "status": "success"},
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
