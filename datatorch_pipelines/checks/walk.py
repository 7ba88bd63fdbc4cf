"""Every text of a pipeline and of an action file, each with its place and what may stand in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from datatorch_pipelines.checks.subject import ActionSubject, Nowhere, Path, PipelineSubject, Text, Words
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions import Template, parse, parse_condition
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import Action, ActionObject, Job, Pipeline, Step, Strategy, Triggers, Using
from datatorch_pipelines.model.availability import Place

_CONDITIONS = (Place.JOB_CONDITION, Place.STEP_CONDITION)


@frozen(kw_only=True)
class _Site:
    """A value that may hold texts, however deep."""

    path: Path
    value: object
    place: Place
    job: str | None = None
    step: int | None = None


def pipeline_subject(
    pipeline: Pipeline, actions: Mapping[tuple[str, int], Action], limits: Limits = DEFAULT_LIMITS
) -> PipelineSubject:
    """A pipeline made ready for checks."""
    return PipelineSubject(
        pipeline=pipeline,
        source=pipeline.source or Nowhere(),
        texts=tuple(_texts(_pipeline_sites(pipeline), limits)),
        words=tuple(_pipeline_words(pipeline)),
        actions=actions,
        limits=limits,
    )


def action_subject(action: Action, limits: Limits = DEFAULT_LIMITS) -> ActionSubject:
    """An action made ready for checks."""
    return ActionSubject(
        action=action,
        source=action.source or Nowhere(),
        texts=tuple(_texts(_action_sites(action), limits)),
        words=tuple(_action_file_words(action)),
        limits=limits,
    )


def strings(path: Path, value: object) -> Iterator[tuple[Path, str]]:
    """Every text in a value with its path."""
    pending = [(path, value)]
    while pending:
        at, item = pending.pop()
        if isinstance(item, str):
            yield at, item
        elif isinstance(item, Mapping):
            pending.extend(((*at, key), inner) for key, inner in reversed(list(item.items())))
        elif isinstance(item, list | tuple):
            pending.extend(((*at, index), inner) for index, inner in reversed(list(enumerate(item))))


def _texts(sites: Iterator[_Site], limits: Limits) -> Iterator[Text]:
    parsed: dict[tuple[str, bool], Template | ExpressionError] = {}
    for site in sites:
        condition = site.place in _CONDITIONS
        for path, text in strings(site.path, site.value):
            if not condition and "${{" not in text:
                continue
            result = parsed.get((text, condition))
            if result is None:
                result = parsed[text, condition] = _parsed(text, condition=condition, limits=limits)
            yield Text(
                path=path,
                text=text,
                place=site.place,
                job=site.job,
                step=site.step,
                template=result if isinstance(result, Template) else None,
                error=result if isinstance(result, ExpressionError) else None,
            )


def _parsed(text: str, *, condition: bool, limits: Limits) -> Template | ExpressionError:
    try:
        return parse_condition(text, limits=limits) if condition else parse(text, limits=limits)
    except ExpressionError as error:
        return error


def _pipeline_sites(pipeline: Pipeline) -> Iterator[_Site]:
    yield _Site(path=("env",), value=pipeline.env, place=Place.PIPELINE_ENV)
    yield _Site(path=("timeout",), value=pipeline.timeout, place=Place.PIPELINE_SETTING)
    for job_id, job in pipeline.jobs.items():
        yield from _job_sites(job_id, job)
        for index, step in enumerate(job.steps):
            yield from _step_sites(job_id, index, step)


def _job_sites(job_id: str, job: Job) -> Iterator[_Site]:
    values: list[tuple[str, object, Place]] = [
        ("if", job.if_, Place.JOB_CONDITION),
        ("timeout", job.timeout, Place.JOB_SETTING),
        ("continue-on-error", job.continue_on_error, Place.JOB_SETTING),
        ("env", job.env, Place.JOB_ENV),
        ("outputs", job.outputs, Place.JOB_OUTPUT),
    ]
    for key, value, place in values:
        yield _Site(path=("jobs", job_id, key), value=value, place=place, job=job_id)
    if job.strategy is not None:
        yield from _strategy_sites(job_id, job.strategy)


def _strategy_sites(job_id: str, strategy: Strategy) -> Iterator[_Site]:
    values: list[tuple[str, object, Place]] = [
        ("matrix", strategy.matrix, Place.MATRIX),
        ("fail-fast", strategy.fail_fast, Place.JOB_SETTING),
        ("max-parallel", strategy.max_parallel, Place.JOB_SETTING),
    ]
    for key, value, place in values:
        yield _Site(path=("jobs", job_id, "strategy", key), value=value, place=place, job=job_id)


def _step_sites(job_id: str, index: int, step: Step) -> Iterator[_Site]:
    values: list[tuple[str, object, Place]] = [
        ("if", step.if_, Place.STEP_CONDITION),
        ("inputs", step.inputs, Place.STEP_VALUE),
        ("env", step.env, Place.STEP_VALUE),
        ("working-directory", step.working_directory, Place.STEP_VALUE),
        ("timeout", step.timeout, Place.STEP_SETTING),
        ("idle-timeout", step.idle_timeout, Place.STEP_SETTING),
        ("continue-on-error", step.continue_on_error, Place.STEP_SETTING),
        ("run", step.run, Place.SHELL),
    ]
    for key, value, place in values:
        yield _Site(path=("jobs", job_id, "steps", index, key), value=value, place=place, job=job_id, step=index)


def _action_sites(action: Action) -> Iterator[_Site]:
    for name, declared in action.inputs.items():
        yield _Site(path=("inputs", name, "default"), value=declared.default, place=Place.ACTION_VALUE)
    runs = action.runs
    main = Place.SHELL if runs.using in (Using.SCRIPT, Using.SHELL) else Place.ACTION_VALUE
    values: list[tuple[str, object, Place]] = [
        ("main", runs.main, main),
        ("image", runs.image, Place.ACTION_VALUE),
        ("command", runs.command, Place.SHELL),
        ("script", runs.script, Place.SHELL),
    ]
    for key, value, place in values:
        yield _Site(path=("runs", key), value=value, place=place)


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
    for at, text in strings(path, value):
        yield Words(path=at, text=text, key=key)
