"""What can be understood of a file whose form is wrong, so that one mistake doesn't hide the others.

What is left is never run: it is for checks alone, and only for those that what is missing can't mislead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import PathKey, Severity
from datatorch_pipelines.model import Action, Pipeline
from datatorch_pipelines.model.pipeline import JOB_ID
from datatorch_pipelines.syntax.conversion import action_from_data, pipeline_from_data
from datatorch_pipelines.syntax.report import Path, Report
from datatorch_pipelines.syntax.schema import source
from datatorch_pipelines.syntax.unknown_keys import meant

Data = dict[str, Any]
_NO_STEP: Data = {"run": ""}
"""What stands for a step that can't be understood: later steps keep their places."""

_NO_RUNS: Data = {"using": "human"}
"""What stands for the ``runs`` of an action that can't be understood."""

_UNKNOWN = "${{ event }}"
"""What stands for a value that may be anything."""

_NO_SCHEDULE: Data = {"cron": "* * * * *"}
"""What stands for a schedule that can't be understood."""

_MAPPINGS = frozenset({"inputs", "env", "outputs", "variables"})
"""The keys whose mappings are worth keeping without what is wrong in them."""

StepKey = tuple[str, int]
"""A job's id and a step's index."""


@frozen(kw_only=True)
class SalvagedPipeline:
    """A pipeline of what is right in a file. What is wrong is left out, or something empty stands in its place.

    ``damaged_steps`` are those of which something was left out; ``unnamed_steps`` those that may have another name or
    id than is known, or have a step behind them that is not known. ``damaged_jobs`` lack something beside their steps.
    ``jobs_known`` tells whether each job is there, with what it needs; ``top_known`` whether all the rest is.
    """

    pipeline: Pipeline
    damaged_steps: frozenset[StepKey] = frozenset()
    unnamed_steps: frozenset[StepKey] = frozenset()
    damaged_jobs: frozenset[str] = frozenset()
    jobs_known: bool = True
    top_known: bool = True


def salvage_pipeline(data: object, report: Report, filename: str) -> SalvagedPipeline | None:
    """What is right of a pipeline's data, ``None`` where there is no job. ``report`` says what is wrong with it."""
    if not isinstance(data, dict) or not isinstance(data.get("jobs"), dict) or _ended_early(report):
        return None
    return _Pipeline(data, report).salvaged(filename)


def salvage_action(data: object, report: Report, filename: str) -> Action | None:
    """What is right of an action's data, ``None`` where that is nothing. ``report`` says what is wrong with it."""
    if not isinstance(data, dict) or "jobs" in data or _ended_early(report):
        return None
    damage = _Damage(data, report)
    properties = source("action")["properties"]
    action = {"name": filename, **damage.kept(data, _without(properties, "inputs", "outputs", "runs"))}
    for key in ("inputs", "outputs"):
        declared = data.get(key)
        if isinstance(declared, dict):
            known = properties[key]["additionalProperties"]["properties"]
            action[key] = {
                name: damage.kept(item, known) if isinstance(item, dict) else {}
                for name, item in declared.items()
                if isinstance(item, dict) or not damage.touches(declared, name)
            }
    runs = data.get("runs")
    if isinstance(runs, dict) and isinstance(runs.get("using"), str) and not damage.touches(runs, "using"):
        action["runs"] = damage.kept(runs, properties["runs"]["properties"])
    else:
        action["runs"] = _NO_RUNS
    return action_from_data(action, report.locator)


def _without(known: Iterable[str], *keys: str) -> list[str]:
    return [key for key in known if key not in keys]


def _ended_early(report: Report) -> bool:
    """Whether so much is wrong that not all was looked at."""
    return any(d.code == Code.OVER_LIMIT for d in report.found)


class _Damage:
    """Where something is wrong: the ways from the data's root to each mistake.

    A way is kept as pairs of a container and a key in it, so that it is known through any alias.
    """

    def __init__(self, data: object, report: Report) -> None:
        self._edges: set[tuple[int, PathKey]] = set()
        self._wrong: set[int] = set()
        self._open: set[int] = set()
        for diagnostic in report.found:
            if diagnostic.severity is Severity.ERROR:
                self._follow(data, report.locator.path_at(diagnostic.line, diagnostic.column).path)
        for path in report.open_paths:
            reached = self._follow(data, path)
            self._open.add(id(reached))

    def _follow(self, data: Any, path: Path) -> object:
        for key in path:
            self._edges.add((id(data), key))
            self._wrong.add(id(data))
            inside = key in data if isinstance(data, dict) else isinstance(data, list) and key in range(len(data))
            if not inside:
                return None
            data = data[key]
        return data

    def touches(self, holder: Any, key: PathKey) -> bool:
        """Whether something is wrong with a value, or inside it."""
        if (id(holder), key) in self._edges:
            return True
        value = holder.get(key) if isinstance(holder, dict) else holder[key]
        return isinstance(value, dict | list) and id(value) in self._wrong

    def is_open(self, holder: object) -> bool:
        """Whether a container may have more in it than is known."""
        return id(holder) in self._open

    def kept(self, holder: Mapping[str, Any], known: Iterable[str]) -> Data:
        """The known keys with what is right of their values."""
        kept: Data = {}
        for key in known:
            value = holder.get(key)
            if key in holder and not self.touches(holder, key):
                kept[key] = value
            elif key in _MAPPINGS and isinstance(value, dict):
                kept[key] = {name: item for name, item in value.items() if not self.touches(value, name)}
        return kept


class _Pipeline:
    """Takes a pipeline's data apart."""

    def __init__(self, data: Data, report: Report) -> None:
        self.data = data
        self.locator = report.locator
        self.damage = _Damage(data, report)
        self.keys = {part: source(part)["properties"] for part in ("pipeline", "job", "step")}
        self.damaged_steps: set[StepKey] = set()
        self.unnamed_steps: set[StepKey] = set()
        self.damaged_jobs: set[str] = set()
        self.jobs_known = True

    def salvaged(self, filename: str) -> SalvagedPipeline | None:
        """The pipeline that is left."""
        data, damage = self.data, self.damage
        top = _without(self.keys["pipeline"], "jobs")
        jobs = {job_id: self._job(job_id, job) for job_id, job in data["jobs"].items() if JOB_ID.fullmatch(job_id)}
        if not jobs:
            return None
        if len(jobs) < len(data["jobs"]) or damage.is_open(data) or damage.is_open(data["jobs"]):
            self.jobs_known = False
        pipeline = {"name": filename.strip() or "pipeline", **damage.kept(data, top), "jobs": jobs}
        if isinstance(data.get("triggers"), dict) and "triggers" not in pipeline:
            pipeline["triggers"] = self._triggers(data["triggers"])
        return SalvagedPipeline(
            pipeline=pipeline_from_data(pipeline, self.locator),
            damaged_steps=frozenset(self.damaged_steps),
            unnamed_steps=frozenset(self.unnamed_steps),
            damaged_jobs=frozenset(self.damaged_jobs),
            jobs_known=self.jobs_known,
            top_known=not damage.is_open(data) and not any(damage.touches(data, key) for key in data if key != "jobs"),
        )

    def _job(self, job_id: str, job: object) -> Data:
        if not isinstance(job, dict):
            self.damaged_jobs.add(job_id)
            self.unnamed_steps.add((job_id, 0))
            self.jobs_known = False
            return {"steps": [_NO_STEP]}
        damage, known = self.damage, self.keys["job"]
        if damage.is_open(job) or any(damage.touches(job, key) for key in job if key != "steps"):
            self.damaged_jobs.add(job_id)
        if damage.is_open(job) or self._lacks(job, known, ("needs",)):
            self.jobs_known = False
        steps = job.get("steps")
        if not isinstance(steps, list) or not steps:
            self.unnamed_steps.add((job_id, 0))
            steps = [None]
        kept = {**damage.kept(job, _without(known, "steps", "outputs", "strategy")), **self._multiplied(job)}
        return {**kept, "steps": [self._step((job_id, index), step, steps) for index, step in enumerate(steps)]}

    def _triggers(self, triggers: Data) -> Data:
        kept = self.damage.kept(triggers, source("pipeline")["properties"]["triggers"]["properties"])
        schedule = triggers.get("schedule")
        if isinstance(schedule, list):
            kept["schedule"] = [
                _NO_SCHEDULE if self.damage.touches(schedule, index) else item for index, item in enumerate(schedule)
            ]
        return kept

    def _multiplied(self, job: Data) -> Data:
        """A job's outputs and strategy: what may be there and can't be understood may be anything."""
        known, kept = self.keys["job"], Data()
        outputs, strategy = job.get("outputs"), job.get("strategy")
        if isinstance(outputs, dict):
            kept["outputs"] = self._or_unknown(outputs)
        if isinstance(strategy, dict):
            matrix = strategy.get("matrix")
            kept["strategy"] = self.damage.kept(strategy, known["strategy"]["properties"])
            if "matrix" not in kept["strategy"]:
                kept["strategy"]["matrix"] = self._or_unknown(matrix) if isinstance(matrix, dict) else _UNKNOWN
        lacks_outputs = (
            self.damage.is_open(outputs) if isinstance(outputs, dict) else self._lacks(job, known, ("outputs",))
        )
        lacks_strategy = not isinstance(strategy, dict) and self._lacks(job, known, ("strategy",))
        # Nothing is known of the outputs of a job with such a matrix, either.
        if lacks_outputs or lacks_strategy or self.damage.is_open(job) or self.damage.is_open(strategy):
            kept["strategy"] = {"matrix": _UNKNOWN}
        return kept

    def _or_unknown(self, mapping: Data) -> Data:
        """A mapping whose wrong values may be anything; so may the names of a matrix that may hold others."""
        kept = {name: _UNKNOWN if self.damage.touches(mapping, name) else item for name, item in mapping.items()}
        return {**kept, "include": _UNKNOWN} if self.damage.is_open(mapping) else kept

    def _step(self, where: StepKey, step: object, steps: object) -> Data:
        damage = self.damage
        if not isinstance(step, dict):
            self.damaged_steps.add(where)
            if step is None:
                self.unnamed_steps.add(where)
            return _NO_STEP
        if not damage.touches(steps, where[1]):
            return step
        self.damaged_steps.add(where)
        known = self.keys["step"]
        if damage.is_open(step) or self._lacks(step, known, ("name", "id")):
            self.unnamed_steps.add(where)
        kept = damage.kept(step, known)
        run, action = kept.pop("run", None), kept.pop("action", None)
        if "run" in step or action is None:  # where both are there, nobody looked at the action
            return {**kept, "run": run or ""}
        return {**kept, "action": action}

    def _lacks(self, holder: Data, known: Iterable[str], keys: tuple[str, ...]) -> bool:
        """Whether one of the keys is there with a wrong value, or under a wrong name."""
        if any(self.damage.touches(holder, key) for key in keys):
            return True
        return any(key not in known and meant(key, known) in keys for key in holder)
