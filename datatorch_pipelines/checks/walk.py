"""Every text of a pipeline and of an action file, each with its place and what may stand in it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial

from attrs import field, frozen

from datatorch_pipelines.checks.subject import ActionSubject, Nowhere, Path, PipelineSubject, Text, Words
from datatorch_pipelines.expressions import Reading, read, read_condition
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import Action, ActionObject, Job, Pipeline, Step, Strategy, Triggers, Using
from datatorch_pipelines.model.availability import Place

_CONDITIONS = (Place.JOB_CONDITION, Place.STEP_CONDITION)


@frozen
class _Reader:
    """Collects the texts of a document; each text is parsed once, wherever it stands."""

    limits: Limits
    found: list[Text] = field(factory=list)
    _values: dict[str, Reading] = field(factory=dict)
    _conditions: dict[str, Reading] = field(factory=dict)

    def add(self, path: Path, value: object, place: Place, job: str | None = None, step: int | None = None) -> None:
        """Takes every text in a value that is evaluated."""
        if isinstance(value, str):
            if "${{" in value or place in _CONDITIONS:
                self._add_text(path, value, place, job, step)
        elif isinstance(value, Mapping | list | tuple):
            for at, text in strings(path, value):
                if "${{" in text:
                    self._add_text(at, text, place, job, step)

    def _add_text(self, path: Path, text: str, place: Place, job: str | None, step: int | None) -> None:
        known = self._conditions if place in _CONDITIONS else self._values
        reading = known.get(text)
        if reading is None:
            reader = read_condition if place in _CONDITIONS else read
            reading = known[text] = reader(text, limits=self.limits)
        template, errors = reading.template, reading.errors
        self.found.append(Text(path=path, text=text, place=place, template=template, job=job, step=step, errors=errors))


@frozen
class _Words:
    """The words of a document, made when they are asked for: there are many, and few are of interest."""

    _make: Callable[[], Iterator[Words]]

    def __iter__(self) -> Iterator[Words]:
        return self._make()


def pipeline_subject(
    pipeline: Pipeline,
    actions: Mapping[tuple[str, int], Action],
    limits: Limits = DEFAULT_LIMITS,
    environment: Container[str] = (),
    apart: Container[str] = (),
) -> PipelineSubject:
    """A pipeline made ready for checks."""
    return PipelineSubject(
        pipeline=pipeline,
        source=pipeline.source or Nowhere(),
        texts=_pipeline_texts(pipeline, limits),
        words=_Words(partial(_pipeline_words, pipeline)),
        actions=actions,
        environment=environment,
        apart=apart,
        limits=limits,
    )


def action_subject(action: Action, limits: Limits = DEFAULT_LIMITS) -> ActionSubject:
    """An action made ready for checks."""
    return ActionSubject(
        action=action,
        source=action.source or Nowhere(),
        texts=_action_texts(action, limits),
        words=_Words(partial(_action_file_words, action)),
        limits=limits,
    )


_NUMBERS = (int, float)  # and booleans


def strings(path: Path, value: object) -> Iterator[tuple[Path, str]]:
    """Every text in a value with its path."""
    pending = [(path, value)]
    while pending:
        at, item = pending.pop()
        if isinstance(item, str):
            yield at, item
        elif item is None or isinstance(item, _NUMBERS):
            continue
        elif isinstance(item, Mapping):
            pending += [((*at, key), inner) for key, inner in reversed(list(item.items()))]
        elif isinstance(item, list | tuple):
            pending += [((*at, index), inner) for index, inner in reversed(list(enumerate(item)))]


def _pipeline_texts(pipeline: Pipeline, limits: Limits) -> tuple[Text, ...]:
    reader = _Reader(limits)
    reader.add(("env",), pipeline.env, Place.PIPELINE_ENV)
    reader.add(("timeout",), pipeline.timeout, Place.PIPELINE_SETTING)
    for job_id, job in pipeline.jobs.items():
        _add_job(reader, job_id, job)
        for index, step in enumerate(job.steps):
            _add_step(reader, job_id, index, step)
    return tuple(reader.found)


def _add_job(reader: _Reader, job_id: str, job: Job) -> None:
    values: list[tuple[str, object, Place]] = [
        ("if", job.if_, Place.JOB_CONDITION),
        ("timeout", job.timeout, Place.JOB_SETTING),
        ("continue-on-error", job.continue_on_error, Place.JOB_SETTING),
        ("env", job.env, Place.JOB_ENV),
        ("outputs", job.outputs, Place.JOB_OUTPUT),
    ]
    for key, value, place in values:
        reader.add(("jobs", job_id, key), value, place, job_id)
    if job.strategy is not None:
        _add_strategy(reader, job_id, job.strategy)


def _add_strategy(reader: _Reader, job_id: str, strategy: Strategy) -> None:
    values: list[tuple[str, object, Place]] = [
        ("matrix", strategy.matrix, Place.MATRIX),
        ("fail-fast", strategy.fail_fast, Place.JOB_SETTING),
        ("max-parallel", strategy.max_parallel, Place.JOB_SETTING),
    ]
    for key, value, place in values:
        reader.add(("jobs", job_id, "strategy", key), value, place, job_id)


def _add_step(reader: _Reader, job_id: str, index: int, step: Step) -> None:
    values: tuple[tuple[str, object, Place], ...] = (
        ("if", step.if_, Place.STEP_CONDITION),
        ("inputs", step.inputs, Place.STEP_VALUE),
        ("env", step.env, Place.STEP_VALUE),
        ("working-directory", step.working_directory, Place.STEP_VALUE),
        ("timeout", step.timeout, Place.STEP_SETTING),
        ("idle-timeout", step.idle_timeout, Place.STEP_SETTING),
        ("continue-on-error", step.continue_on_error, Place.STEP_SETTING),
        ("run", step.run, Place.SHELL),
    )
    for key, value, place in values:
        if value or value == "":  # most of them are not there
            reader.add(("jobs", job_id, "steps", index, key), value, place, job_id, index)


def _action_texts(action: Action, limits: Limits) -> tuple[Text, ...]:
    reader = _Reader(limits)
    for name, declared in action.inputs.items():
        reader.add(("inputs", name, "default"), declared.default, Place.ACTION_VALUE)
    runs = action.runs
    main = Place.SHELL if runs.using in (Using.SCRIPT, Using.SHELL) else Place.ACTION_VALUE
    values: list[tuple[str, object, Place]] = [
        ("main", runs.main, main),
        ("image", runs.image, Place.ACTION_VALUE),
        ("command", runs.command, Place.SHELL),
        ("script", runs.script, Place.SHELL),
    ]
    for key, value, place in values:
        reader.add(("runs", key), value, place)
    return tuple(reader.found)


def _action_file_words(action: Action) -> Iterator[Words]:
    yield Words(path=("name",), text=action.name, key="name")
    for key, value in (("entrypoint", action.runs.entrypoint), ("args", action.runs.args)):
        yield from _words(("runs", key), value, key)


def _pipeline_words(pipeline: Pipeline) -> Iterator[Words]:
    yield Words(path=("name",), text=pipeline.name, key="name")
    yield from _words(("project",), pipeline.project, "project")
    yield from _words(("variables",), pipeline.variables, "variables")
    if pipeline.triggers is not None:
        yield from _trigger_words(pipeline.triggers)
    for job_id, job in pipeline.jobs.items():
        for key, value in (("name", job.name), ("needs", job.needs), ("runs-on", job.runs_on)):
            yield from _words(("jobs", job_id, key), value, key)
        for index, step in enumerate(job.steps):
            path: Path = ("jobs", job_id, "steps", index)
            for key, value in (("name", step.name), ("id", step.id), ("shell", step.shell)):
                yield from _words((*path, key), value, key)
            yield from _words((*path, "action"), _reference_words(step.action), "action")


def _reference_words(action: str | ActionObject | None) -> object:
    if isinstance(action, ActionObject):
        return {"name": action.name, "tag": action.tag, "git": action.git, "file": action.file}
    return action


def _trigger_words(triggers: Triggers) -> Iterator[Words]:
    path: Path = ("triggers",)
    if triggers.manual is not None:
        manual = {"role": triggers.manual.role, "form": triggers.manual.form}
        yield from _words((*path, "manual"), manual, "triggers")
    if triggers.annotator_button is not None:
        button = {"name": triggers.annotator_button.name, "icon": triggers.annotator_button.icon}
        yield from _words((*path, "annotatorButton"), button, "triggers")
    schedule = [{"cron": item.cron, "timezone": item.timezone} for item in triggers.schedule]
    yield from _words((*path, "schedule"), schedule, "triggers")
    event = [{**item.options, "type": item.type} for item in triggers.event]
    yield from _words((*path, "event"), event, "triggers")


def _words(path: Path, value: object, key: str) -> Iterator[Words]:
    if value is None:  # most of them are not there
        return
    if isinstance(value, str):
        yield Words(path=path, text=value, key=key)
        return
    for at, text in strings(path, value):
        yield Words(path=at, text=text, key=key)
