"""A pipeline's text to its model."""

from __future__ import annotations

import contextlib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from attrs import frozen
from fastjsonschema import JsonSchemaValuesException

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, PathKey
from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import ActionReference, Pipeline, Step
from datatorch_pipelines.model.pipeline import JOB_ID, can_name_variable
from datatorch_pipelines.syntax.conversion import pipeline_from_data, step_from_data
from datatorch_pipelines.syntax.edits import first_key
from datatorch_pipelines.syntax.located import StopReading
from datatorch_pipelines.syntax.names import named, shown
from datatorch_pipelines.syntax.report import Path, Report
from datatorch_pipelines.syntax.schema import source
from datatorch_pipelines.syntax.schema._generated import job as job_schema
from datatorch_pipelines.syntax.schema._generated import pipeline as pipeline_schema
from datatorch_pipelines.syntax.schema._generated import step as step_schema
from datatorch_pipelines.syntax.source import read_source
from datatorch_pipelines.syntax.unknown_keys import meant
from datatorch_pipelines.syntax.validation import validate, wrong_type

if TYPE_CHECKING:
    from datatorch_pipelines.syntax.locator import TextLocator
    from datatorch_pipelines.syntax.salvage import SalvagedPipeline


def read_pipeline(
    text: str, filename: str, *, limits: Limits = DEFAULT_LIMITS
) -> tuple[Pipeline | None, list[Diagnostic]]:
    """The pipeline that a text describes, and all that is to be said about it, sorted by place.

    ``filename`` names the text in diagnostics; one that ends in ``.json`` is read as strict JSON, any other as YAML.
    The pipeline is ``None`` exactly when a diagnostic is an error. Nothing is raised for what the text holds.

    >>> pipeline, diagnostics = read_pipeline("name: x\\njobs: 5\\n", "p.yaml")
    >>> print(pipeline, *diagnostics)
    None p.yaml:2:7: error: jobs must be a mapping, not an integer [DT203]
    """
    reading = read_pipeline_file(text, filename, limits=limits)
    return reading.pipeline, reading.diagnostics


@frozen
class PipelineReading:
    """What reading a pipeline's text gave: as `read_pipeline` gives it, and what it takes to go on where that failed.

    ``locator`` knows the places of everything that could be read.
    """

    pipeline: Pipeline | None
    diagnostics: list[Diagnostic]
    locator: TextLocator
    _data: object
    _report: Report

    def salvaged(self) -> SalvagedPipeline | None:
        """What is right of the text where there is no pipeline; ``None`` where that is not enough for any check."""
        from datatorch_pipelines.syntax.salvage import salvage_pipeline

        return salvage_pipeline(self._data, self._report, self.locator.file)


def read_pipeline_file(text: str, filename: str, *, limits: Limits = DEFAULT_LIMITS) -> PipelineReading:
    """As `read_pipeline`, to be asked for more.

    >>> reading = read_pipeline_file("name: A\\njobs: {a: {steps: [{run: x, tiemout: 1}, 5]}}", "p.yaml")
    >>> reading.pipeline, reading.salvaged().pipeline.jobs["a"].steps[0].run
    (None, 'x')
    """
    data, report, complete = read_source(text, filename, limits)
    if complete:
        with contextlib.suppress(StopReading):
            _check_pipeline(data, filename, report)
    pipeline = None
    if not report.failed and isinstance(data, dict):
        pipeline = pipeline_from_data(data, report.locator)
    return PipelineReading(pipeline, report.sorted(), report.locator, data, report)


def read_step(
    text: str, filename: str, *, limits: Limits = DEFAULT_LIMITS
) -> tuple[Step | None, list[Diagnostic], TextLocator]:
    """The step that a text of its own describes, all that is to be said about it, and the places of its parts.

    As `read_pipeline` otherwise.

    >>> step, diagnostics, places = read_step("rnu: make\\n", "s.yaml")
    >>> print(step, *diagnostics)
    None s.yaml:1:1: error: unknown key 'rnu' [DT202]; did you mean 'run'?
    """
    data, report, complete = read_source(text, filename, limits)
    if complete:
        with contextlib.suppress(StopReading):
            _StepChecker(report).check(data)
    step = step_from_data(data) if not report.failed and isinstance(data, dict) else None
    return step, report.sorted(), report.locator


def _check_pipeline(data: object, filename: str, report: Report) -> None:
    if not isinstance(data, dict):
        wrong_type(report, (), "a pipeline", "a mapping", data, "begin with name: and jobs:")
        return
    if "runs" in data and "jobs" not in data and not report.is_open(()):
        place = report.locator.key(("runs",))
        hint = "name a file that has jobs; an action's own is called action-datatorch.yaml"
        report.error(Code.UNKNOWN_KEY, place, "this is an action file, not a pipeline", hint)
        return
    jobs = data.get("jobs", ())
    known: dict[str, object] = data
    stem = PurePath(filename).stem
    if "name" not in data:
        known = {**data, "name": stem}
        unknown = [key for key in data if key not in source("pipeline")["properties"]]
        if not report.is_open(()) and not any(meant(key, ("name",)) for key in unknown):
            hint = f'add "name: {stem}"' if stem and stem.isprintable() else 'add "name: ..."'
            place = report.mapping((), data)
            fix = first_key(report.locator, place, "name", stem) if "jobs" in data and stem else None
            report.error(Code.MISSING_KEY, place, "a pipeline needs 'name'", hint, fix=fix)
    if "jobs" in data and not jobs and (jobs is None or isinstance(jobs, dict)):
        known = {**known, "jobs": {"_": None}}
        if not report.unread(("jobs",)):
            outside = next((key for key, item in data.items() if isinstance(item, dict) and "steps" in item), None)
            hint = "write a job's id and its steps below jobs"
            if outside is not None:
                hint = f"indent {shown(outside)} below jobs"
            _nothing(report, ("jobs",), "a pipeline needs at least one job", hint)
    validate(pipeline_schema.validate, known, (), "a pipeline", report)
    name = data.get("name")
    if isinstance(name, str) and not name.strip():
        hint = f'write "name: {stem}"' if stem and stem.isprintable() else "give the pipeline a name"
        report.error(Code.WRONG_VALUE, report.value(("name",)), "name must not be empty", hint)
    _check_env(data, (), report)
    if isinstance(jobs, dict):
        checker = _StepChecker(report)
        for job_id, job in jobs.items():
            _check_job(job_id, job, checker, report)


def _check_job(job_id: str, job: Any, checker: _StepChecker, report: Report) -> None:
    path = ("jobs", job_id)
    if not JOB_ID.fullmatch(job_id):
        rule = "use letters, digits, '_' and '-', not a digit or '-' first"
        report.error(Code.BAD_ID, report.locator.key(path), f"{shown(job_id)} is no job id", rule)
    if not isinstance(job, dict):
        hint = "write its steps below it" if job is None else "write steps: below it"
        if isinstance(job, str) and job in source("job")["properties"]:
            hint = f"write {job}: with a colon"
        elif job_id in source("job")["properties"]:
            hint = "indent it below the id of its job"
        wrong_type(report, path, f"the job {shown(job_id)}", "a mapping", job, hint)
        return
    steps = job.get("steps", ())
    if "steps" in job and not steps and (steps is None or isinstance(steps, list)):
        # `-run: x` without its space is a key, which is told of as such.
        if not any(key.startswith("-") for key in job):
            _nothing(report, (*path, "steps"), "a job needs at least one step", "begin each step with '- '")
        job = {**job, "steps": [None]}
    validate(job_schema.validate, job, path, f"the job {shown(job_id)}", report)
    _check_env(job, path, report)
    if isinstance(steps, list):
        for index, step in enumerate(steps):
            checker.check(step, *path, "steps", index)


def _nothing(report: Report, path: Path, message: str, hint: str) -> None:
    if report.is_open(path):
        return
    report.error(Code.NOTHING_IN_IT, report.locator.key(path), message, hint)


def _check_env(holder: dict[str, Any], path: Path, report: Report) -> None:
    """Says which names no environment variable can have."""
    env = holder.get("env")
    for name in env if isinstance(env, dict) else ():
        if not can_name_variable(name):
            place = report.locator.key((*path, "env", name))
            hint = "use letters, digits and '_'"
            report.error(Code.WRONG_VALUE, place, f"{shown(name)} is no name of an environment variable", hint)


class _StepChecker:
    """Checks steps; a reference that many steps share is looked at once."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.right_references: set[str] = set()
        self.validate = step_schema.validate

    def check(self, step: object, *path: PathKey) -> None:
        """Says what is wrong with the step that is at ``path``."""
        try:
            self.validate(step)
        except JsonSchemaValuesException:
            self._tell(step, path)
        if not isinstance(step, dict):
            return
        if "env" in step:
            _check_env(step, path, self.report)
        action = step.get("action")
        if ("run" in step) == (action is not None or "action" in step):
            self._action_or_run(step, path)
        elif action is not None and not (isinstance(action, str) and action in self.right_references):
            self._reference(action, (*path, "action"))

    def _tell(self, step: object, path: Path) -> None:
        if isinstance(step, dict):
            validate(self.validate, step, path, "a step", self.report)
        else:
            hint = (
                f"write - action: {step}"
                if isinstance(step, str) and "/" in step and named(step) == step
                else "give it action or run"
            )
            wrong_type(self.report, path, "a step", "a mapping", step, hint)

    def _action_or_run(self, step: dict[str, object], path: Path) -> None:
        if "run" in step:
            place = self.report.locator.key((*path, "run"))
            self.report.error(Code.ACTION_OR_RUN, place, "a step has both 'action' and 'run'", "make it two steps")
        elif not self._misspelt(step) and not self.report.is_open(path):
            place = self.report.mapping(path, step)
            self.report.error(
                Code.ACTION_OR_RUN,
                place,
                "a step needs 'action' or 'run'",
                "name an action, or give a text for the shell",
            )

    def _misspelt(self, step: dict[str, object]) -> bool:
        """Whether a step has an action or run under a wrong name, which is told of as such."""
        known = source("step")["properties"]
        return any(key not in known and meant(key, known) in ("action", "run") for key in step)

    def _reference(self, action: object, path: Path) -> None:
        if isinstance(action, dict):
            if all(isinstance(action.get(key), str) for key in ("name", "tag")):
                self._object(action, path)
            return
        if not isinstance(action, str):
            return
        start = action.find("${{")
        if start >= 0:
            closing = action.find("}}", start)
            end = len(action) if closing < 0 else closing + len("}}")
            message = "an expression in 'action', which is literal text"
            hint = "write the action itself: what runs is known before a run starts"
            self.report.error(Code.LITERAL_ONLY, self.report.locator.value(path, start, end), message, hint)
            return
        try:
            ActionReference.parse(action)
        except ModelError as error:
            self.report.error(Code.BAD_REFERENCE, self.report.value(path), error.message, error.hint)
        else:
            self.right_references.add(action)

    def _object(self, action: dict[str, object], path: Path) -> None:
        """Says which part of an action object is of the wrong form."""
        if not set(action) <= {"name", "tag", "git", "file"}:
            return
        harmless = {"name": "a/b", "tag": "v1"}
        for key, value in action.items():
            if not isinstance(value, str):
                continue
            alone = {**harmless, key: value}
            if key == "name" and isinstance(action.get("git"), str):
                alone["git"] = "https://localhost/x"
            try:
                ActionReference.parse(alone)
            except ModelError as error:
                self.report.error(Code.BAD_REFERENCE, self.report.value((*path, key)), error.message, error.hint)
