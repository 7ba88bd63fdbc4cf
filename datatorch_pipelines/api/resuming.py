"""Runs that go on after a crash, a failure or a cancellation."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve, field, frozen

from datatorch_pipelines.errors import PipelinesError, PipelineSyntaxError, PlanError, RecordError
from datatorch_pipelines.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from typing import Unpack

    from datatorch_pipelines.defaults import ResumeArguments, RunArguments
    from datatorch_pipelines.diagnostics import Locator
    from datatorch_pipelines.engine import Plan, Run, RunHandle, RunOptions
    from datatorch_pipelines.engine.resumption import EarlierRun, Resumption
    from datatorch_pipelines.limits import Limits
    from datatorch_pipelines.model import Pipeline
    from datatorch_pipelines.resolvers import Lock
    from datatorch_pipelines.results import RunResult, RunStarted

PathLike = str | os.PathLike[str]

_ARGUMENTS: Mapping[str, str] = {
    "inputs": "inputs",
    "event": "event",
    "trigger": "trigger",
    "variables": "variables",
    "pipeline": "pipeline_facts",
    "run": "run_facts",
}
"""What a run was given, as its record calls it, and the argument that gives it again."""


def resume(run: PathLike | RunResult, **arguments: Unpack[ResumeArguments]) -> RunResult:
    """Runs what has not succeeded of a run that ended early, in the same record, and blocks until its end.

    ``run`` is a result, a run's folder or its id, of which the beginning is enough; ``"latest"`` is the newest. What
    succeeded stands, with its outputs; a job runs again if it failed, was cancelled, interrupted or skipped, and so
    does what needs such a job. Inputs, event, variables and the actions' commits are those that the run began with,
    whatever became of the pipeline's file; secrets are given again, and so is what held one. A run of which nothing is
    left to do is given back as it is.

    Raises `RecordError` for a run that is not there, can't be read or still goes on, `PlanError` for what stands in
    the way, such as an action that changed since, and `PipelinesError` for what has to be given again.
    """
    return _waited(run, (), arguments)


def retry(run: PathLike | RunResult, job: str | Sequence[str], **arguments: Unpack[ResumeArguments]) -> RunResult:
    """As `resume`, and one job, or several, runs again with all that need it, also where it succeeded."""
    return _waited(run, (job,) if isinstance(job, str) else tuple(job), arguments)


async def resume_async(
    run: PathLike | RunResult, *, jobs: Sequence[str] = (), **arguments: Unpack[ResumeArguments]
) -> RunResult:
    """As `resume`, in the running event loop; ``jobs`` run again in any case.

    Cancelling it ends every process that was started before it passes on.
    """
    import asyncio

    from datatorch_pipelines.api.running import carried_out
    from datatorch_pipelines.defaults import listeners
    from datatorch_pipelines.engine import make_plan

    ready = await asyncio.to_thread(_ready, run, jobs, arguments)  # a provider of secrets may take its time
    if isinstance(ready, _Ready):
        plan = await make_plan(ready.pipeline, ready.source, ready.options)
        return await carried_out(ready.begun(plan), listeners(ready.given))
    return ready


def start_resume(
    run: PathLike | RunResult, *, jobs: Sequence[str] = (), **arguments: Unpack[ResumeArguments]
) -> RunHandle | None:
    """Begins to resume a run; ``jobs`` run again in any case. ``None`` where nothing is left to do.

    The handle's events are those of the whole record, from the first on. Takes and raises what `resume` does.
    """
    from datatorch_pipelines.defaults import listeners
    from datatorch_pipelines.engine import RunHandle, engine_thread, make_plan

    ready = _ready(run, jobs, arguments)
    if not isinstance(ready, _Ready):
        return None
    thread = engine_thread()
    plan = thread.call(make_plan(ready.pipeline, ready.source, ready.options))
    return RunHandle(ready.begun(plan), thread, listeners(ready.given))


def _waited(run: PathLike | RunResult, jobs: Sequence[str], arguments: ResumeArguments) -> RunResult:
    from datatorch_pipelines.api.records import run_directory
    from datatorch_pipelines.api.running import waited
    from datatorch_pipelines.records import open_record

    handle = start_resume(run, jobs=jobs, **arguments)
    return open_record(run_directory(run, arguments.get("directory"))) if handle is None else waited(handle)


@frozen(kw_only=True)
class _Ready:
    """A run that can go on, all but its actions; ``given`` are the arguments of before with those of now."""

    pipeline: Pipeline
    source: Locator
    text: str = field(repr=False)
    resumed: Resumption
    given: RunArguments = field(repr=False)
    options: RunOptions

    def begun(self, plan: Plan) -> Run:
        """The run, as it goes on. Raises `PlanError` for each action that is not what the run began with."""
        from datatorch_pipelines.engine import Run

        _refuse_changed(plan, self.resumed.earlier)
        return Run(plan, self.options, self.text, self.resumed)


def _ready(run: PathLike | RunResult, jobs: Sequence[str], arguments: ResumeArguments) -> _Ready | RunResult:
    """What a run needs to go on; its result where nothing is left to do."""
    from datatorch_pipelines.api.records import run_directory
    from datatorch_pipelines.defaults import ResumeArguments, refuse_others, run_options
    from datatorch_pipelines.engine.resumption import earlier_run, resumption

    refuse_others(arguments, ResumeArguments.__annotations__)
    limits = arguments.get("limits", DEFAULT_LIMITS)
    earlier = earlier_run(run_directory(run, arguments.get("directory")))
    pipeline, source, text = _pipeline(earlier, limits, arguments)
    chosen = earlier.started.jobs
    needs = {name: [need for need in pipeline.jobs[name].needs if need in chosen] for name in chosen}
    resumed = resumption(earlier, needs, jobs)
    if resumed is None:
        return earlier.result
    given = _given(earlier, arguments)
    if set(chosen) != set(pipeline.jobs):
        given["job"] = chosen
    lock = _lock(earlier.directory, limits)
    if lock is not None:
        given["locked"] = lock
    options = evolve(run_options(pipeline, given), same_commits=True)
    return _Ready(pipeline=pipeline, source=source, text=text, resumed=resumed, given=given, options=options)


def _pipeline(earlier: EarlierRun, limits: Limits, arguments: ResumeArguments) -> tuple[Pipeline, Locator, str]:
    """The pipeline as the run had it, and its text. Raises `RecordError` when the record has it no more."""
    from datatorch_pipelines.records.layout import PIPELINE_FILE
    from datatorch_pipelines.syntax import read_pipeline

    path, started = earlier.directory / PIPELINE_FILE, earlier.started
    try:
        text = path.read_bytes().decode("utf-8", "surrogatepass")
    except (OSError, ValueError) as error:
        raise RecordError(f"the pipeline of the run can't be read: {os.fspath(path)!r}") from error
    name = started.file or PIPELINE_FILE
    if started.folder is not None and os.fspath(Path(name).absolute().parent) != started.folder:
        name = os.fspath(Path(started.folder, Path(name).name))  # the run was begun in another folder
    if "text" in started.masked:
        text = _unmasked(text, name, limits, arguments)
    pipeline, diagnostics = read_pipeline(text, name, limits=limits)
    if pipeline is None or pipeline.source is None or not set(started.jobs) <= set(pipeline.jobs):
        said = f": {diagnostics[0]}" if diagnostics else ""
        raise RecordError(f"the pipeline of the run in {os.fspath(path)!r} can't be used{said}")
    return pipeline, pipeline.source, text


def _unmasked(recorded: str, path: str, limits: Limits, arguments: ResumeArguments) -> str:
    """The text of a pipeline that held a secret, from its own file, where that is as it was."""
    from datatorch_pipelines._masking import Masker
    from datatorch_pipelines.engine.run import url_passwords
    from datatorch_pipelines.syntax import read_pipeline, read_text_file

    try:
        text = read_text_file(path, limits)
        pipeline, _ = read_pipeline(text, path, limits=limits)
    except PipelineSyntaxError:
        text, pipeline = "", None
    secrets = arguments.get("secrets")
    given = secrets.values() if isinstance(secrets, Mapping) else ()
    masker = Masker([*given, *(url_passwords(pipeline) if pipeline is not None else ())])
    if masker.text(text) != recorded:
        raise PipelinesError(
            f"the pipeline held a secret, which its record does not have, and {path!r} is not as it was",
            hint="give the same secrets and restore the file, or run the pipeline anew",
        )
    return text


def _given(earlier: EarlierRun, arguments: ResumeArguments) -> RunArguments:
    """The arguments of the run that goes on: those of before, and what is given anew.

    Raises `PipelinesError` for what has to be given again, and what must not be.
    """
    started = earlier.started
    given = {**_settings(started), **cast(Mapping[str, Any], arguments)}
    by_label = given.get("runners")
    labelled = by_label.values() if isinstance(by_label, Mapping) else ()
    for argument, chosen in (("runner", [given.get("runner")]), ("runners", labelled)):
        if made := next((each for each in chosen if isinstance(each, Mapping)), None):
            raise PipelinesError(
                f"the run began with the runner {made.get('class')}, which was made in Python",
                hint=f"give {argument} again",
            )
    for name, argument in _ARGUMENTS.items():
        if name in started.masked:
            if argument not in given:
                raise PipelinesError(
                    f"the record does not have the {name} of the run, which held a secret or more than JSON can",
                    hint=f"give {argument} again",
                )
        elif given.get(argument) is not None:
            raise PipelinesError(
                f"a run that goes on has the {name} that it began with", hint=f"leave {argument} out, or run anew"
            )
        elif name in started.given:
            given[argument] = started.given[name]
    return cast("RunArguments", given)


def _settings(started: RunStarted) -> dict[str, Any]:
    from datatorch_pipelines.engine.options import SETTINGS

    known = (*SETTINGS, "runner", "runners", "local_actions")
    return {name: value for name, value in started.settings.items() if name in known}


def _lock(directory: Path, limits: Limits) -> Lock | None:
    """What the run's actions were; ``None`` where it had none."""
    from datatorch_pipelines.records.layout import LOCK_FILE

    path = directory / LOCK_FILE
    if not path.exists():
        return None
    from datatorch_pipelines.resolvers.lock_reading import read_lock

    return read_lock(path, limits)


def _refuse_changed(plan: Plan, earlier: EarlierRun) -> None:
    """Raises `PlanError` for each action that is not what the run began with."""
    from datatorch_pipelines.codes import Code
    from datatorch_pipelines.diagnostics import Diagnostic, Severity

    before, now = earlier.started.sources, plan.sources()
    changed = {name for name in now if name in before and before[name].get("digest") != now[name].get("digest")}
    found = [
        Diagnostic.at(
            plan.source.value(("jobs", job.id, "steps", step.index, "action")),
            Code.LOCK_DIFFERS,
            Severity.ERROR,
            f"the action {step.action.resolved.reference} is not what it was when the run began",
            hint="restore it, or run the pipeline anew",
        )
        for job in plan.jobs
        for step in job.steps
        if step.action is not None and str(step.action.resolved.reference) in changed
    ]
    if found:
        raise PlanError(found)
