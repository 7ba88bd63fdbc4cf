"""What can be understood of a pipeline whose form is wrong, so that one mistake doesn't hide the others."""

from __future__ import annotations

from collections.abc import Mapping

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import ActionReference, Pipeline
from datatorch_pipelines.model.pipeline import JOB_ID, can_name_variable
from datatorch_pipelines.syntax.conversion import pipeline_from_data
from datatorch_pipelines.syntax.source import read_source

Data = dict[str, object]
_NO_STEP: Data = {"run": ""}
"""What stands for a step that can't be understood: later steps keep their places."""


def salvage_pipeline(text: str, filename: str, *, limits: Limits = DEFAULT_LIMITS) -> Pipeline | None:
    """A pipeline of what is right in a text whose form is wrong somewhere, ``None`` when that is not to be told.

    It is for looking at expressions, and never to be run: what is wrong is left out, or stands empty in its place. Its
    jobs and steps, their names and ids are those of the text; where one of these is wrong, ``None`` is the answer,
    since a reference to it could not be judged.

    >>> salvage_pipeline("name: A\\njobs: {a: {steps: [{run: x, tiemout: 1}, 5]}}", "p.yaml").jobs["a"].steps[0].run
    'x'
    """
    data, report, complete = read_source(text, filename, limits)
    if not complete or not isinstance(data, dict) or not isinstance(data.get("jobs"), dict):
        return None
    jobs: Data = {}
    for job_id, job in data["jobs"].items():
        kept = _job(job)
        if kept is None or not JOB_ID.fullmatch(job_id):
            return None
        jobs[job_id] = kept
    if not jobs:
        return None
    pipeline = {"name": filename, **_kept(data, {"env": dict, "variables": dict}), "jobs": jobs}
    return pipeline_from_data(pipeline, report.locator)


def _job(job: object) -> Data | None:
    if not isinstance(job, dict) or not isinstance(job.get("steps"), list) or not job["steps"]:
        return None
    steps = [_step(step) for step in job["steps"]]
    needs = job.get("needs", [])
    if None in steps or not isinstance(needs, str | list) or not all(isinstance(need, str) for need in needs):
        return None
    return {**_kept(job, {"if": str, "env": dict, "outputs": dict}), "needs": needs, "steps": steps}


def _step(step: object) -> Data | None:
    if not isinstance(step, dict):
        return _NO_STEP
    if not all(isinstance(step.get(key), str | None) for key in ("name", "id")):
        return None
    kept = _kept(
        step, {"name": str, "id": str, "shell": str, "inputs": dict, "if": str, "env": dict, "working-directory": str}
    )
    if isinstance(step.get("run"), str):
        return {**kept, "run": step["run"]}
    return {**kept, "action": step["action"]} if _is_reference(step.get("action")) else {**kept, **_NO_STEP}


def _is_reference(action: object) -> bool:
    try:
        return isinstance(action, str) and "${{" not in action and bool(ActionReference.parse(action))
    except ModelError:
        return False


def _kept(data: Mapping[str, object], kinds: Mapping[str, type]) -> Data:
    """The given keys, where their values are of the right kind."""
    kept = {key: data[key] for key, kind in kinds.items() if isinstance(data.get(key), kind)}
    if isinstance(env := kept.get("env"), dict):
        kept["env"] = {name: value for name, value in env.items() if can_name_variable(name)}
    return kept
