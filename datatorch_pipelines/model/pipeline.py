"""What a pipeline is: jobs of steps, as frozen data.

The keys are those of the format (DataTorch documentation, "Pipeline YAML", and the published ``pipeline.schema.json``);
those that the published schema doesn't know are marked *extension*. A value that may be an expression is kept as its
text. Equality ignores where the model was read from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from datatorch_pipelines.diagnostics import Locator
from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.model.reference import ActionObject, ActionReference, action_object
from datatorch_pipelines.model.triggers import Triggers

if TYPE_CHECKING:
    from os import PathLike
    from typing import Unpack

    from attrs import Attribute

    from datatorch_pipelines.defaults import FetchArguments, PlanArguments, RunArguments
    from datatorch_pipelines.engine import Plan, RunHandle
    from datatorch_pipelines.resolvers import Lock
    from datatorch_pipelines.results import RunResult

JOB_ID = re.compile(r"[_a-zA-Z][a-zA-Z0-9_-]*")
"""What a job's id looks like (published ``pipeline.schema.json``)."""


def _mapping(value: Mapping[str, object] | None) -> Mapping[str, object]:
    return dict(value or {})


def can_name_variable(name: str) -> bool:
    """Whether an environment variable can have the name: it is not empty and holds no ``=`` and no NUL.

    >>> can_name_variable("PATH"), can_name_variable("A=B")
    (True, False)
    """
    return name != "" and "=" not in name and "\0" not in name


def _environment(value: Mapping[str, object] | None) -> Mapping[str, object]:
    for name in value or ():
        if isinstance(name, str) and not can_name_variable(name):
            raise ModelError(f"{name!r} is no name of an environment variable", hint="use letters, digits and '_'")
    return _mapping(value)


def _action(value: str | ActionObject | Mapping[str, object] | None) -> str | ActionObject | None:
    return action_object(value) if isinstance(value, Mapping) else value


def _names(value: str | Iterable[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


@frozen(kw_only=True)
class Retries:
    """How often a failed step is tried again (*extension*).

    ``count`` further tries, ``delay`` seconds before the first of them, each later delay ``backoff`` times the last;
    only after the exit statuses ``exit_statuses`` (empty: after any failure).
    """

    count: int
    delay: float = 0.0
    backoff: float = 1.0
    exit_statuses: tuple[int, ...] = field(default=(), converter=tuple)


def _retries(value: Retries | int | None) -> Retries | None:
    return Retries(count=value) if isinstance(value, int) else value


@frozen(kw_only=True)
class Strategy:
    """How a job multiplies (*extension*, GitHub Actions' ``strategy``).

    ``matrix`` maps names to lists of values, with ``include`` and ``exclude``, or is an expression; ``max_parallel`` is
    a count or an expression.

    Raises `ModelError` for a name in the matrix that has neither a list of values nor an expression.
    """

    matrix: Mapping[str, object] | str = field()
    fail_fast: bool | str = True
    max_parallel: int | str | None = None

    @matrix.validator
    def _check_matrix(self, _attribute: Attribute[object], value: Mapping[str, object] | str) -> None:
        for name, values in value.items() if isinstance(value, Mapping) else ():
            if isinstance(values, str) and "${{" in values:
                continue
            if not isinstance(values, list | tuple) or (not values and name not in ("include", "exclude")):
                raise ModelError(f"{name!r} of a matrix is no list of values", hint="give it a list, or an expression")


@frozen(kw_only=True)
class Step:
    """One process of a job: an action with inputs, or a ``run`` text for a shell (*extension*).

    Times are minutes, or expressions that give minutes. ``cache`` overrides the action's own setting.

    >>> Step(action="datatorch/add@v1", inputs={"a": 1, "b": 2}).reference.name
    'datatorch/add'
    """

    name: str | None = None
    id: str | None = None
    action: str | ActionObject | None = field(default=None, converter=_action)
    run: str | None = None
    shell: str | None = None
    inputs: Mapping[str, object] = field(factory=dict, converter=_mapping)
    cache: bool | None = None
    if_: str | bool | None = None
    timeout: float | str | None = None
    idle_timeout: float | str | None = None
    env: Mapping[str, object] = field(factory=dict, converter=_environment)
    continue_on_error: bool | str = False
    retries: Retries | None = field(default=None, converter=_retries)
    working_directory: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.action is None) == (self.run is None):
            raise ModelError("a step needs exactly one of action and run")

    @property
    def reference(self) -> ActionReference | None:
        """What ``action`` means; ``None`` for a ``run`` step. Raises `ModelError` for a value of the wrong form."""
        return None if self.action is None else ActionReference.parse(self.action)

    @property
    def label(self) -> str:
        """What a person calls the step: its name, else its id, else the action, else the first line that it runs."""
        if self.name or self.id:
            return self.name or self.id or ""
        reference = self.reference
        if reference is not None:
            return str(reference)
        return next((line.strip() for line in (self.run or "").splitlines() if line.strip()), "run")


def _steps(value: Iterable[Step]) -> tuple[Step, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Job:
    """A sequence of steps that share a workspace. Jobs run in parallel.

    ``timeout`` is in minutes, or an expression. ``needs``, ``if_``, ``timeout``, ``env``, ``outputs``, ``strategy``,
    ``continue_on_error`` and ``runs_on`` are *extensions* with GitHub Actions' meaning.
    """

    steps: tuple[Step, ...] = field(converter=_steps)
    name: str | None = None
    needs: tuple[str, ...] = field(default=(), converter=_names)
    if_: str | bool | None = None
    timeout: float | str | None = None
    env: Mapping[str, object] = field(factory=dict, converter=_environment)
    outputs: Mapping[str, object] = field(factory=dict, converter=_mapping)
    strategy: Strategy | None = None
    continue_on_error: bool | str = False
    runs_on: tuple[str, ...] = field(default=(), converter=_names)

    @steps.validator
    def _check_steps(self, _attribute: Attribute[tuple[Step, ...]], value: tuple[Step, ...]) -> None:
        if not value:
            raise ModelError("a job needs at least one step")


def _jobs(value: Mapping[str, Job]) -> Mapping[str, Job]:
    return dict(value)


@frozen(kw_only=True)
class Pipeline:
    """A pipeline: a name and one or more jobs.

    ``timeout`` is in minutes, or an expression. ``source`` tells where each part stands in the text that the pipeline
    was read from (``None`` for one built in Python, or changed from one that was read, whose places would be wrong); it
    counts for nothing in a comparison.

    >>> add = Job(steps=[Step(action="datatorch/add@v1", inputs={"a": 1, "b": 2})])
    >>> Pipeline(name="Add", jobs={"add": add}).jobs["add"].steps[0].label
    'datatorch/add@v1'

    Raises `ModelError` for an empty name, a job id of the wrong form and a pipeline without jobs.
    """

    name: str = field()
    jobs: Mapping[str, Job] = field(converter=_jobs)
    triggers: Triggers | None = None
    project: str | int | None = None
    schema: str | None = None
    env: Mapping[str, object] = field(factory=dict, converter=_environment)
    variables: Mapping[str, object] = field(factory=dict, converter=_mapping)
    timeout: float | str | None = None
    source: Locator | None = field(init=False, default=None, eq=False, repr=False)

    @name.validator
    def _check_name(self, _attribute: Attribute[str], value: str) -> None:
        if not value.strip():
            raise ModelError("a pipeline's name must not be empty", hint="give it a name")

    @jobs.validator
    def _check_jobs(self, _attribute: Attribute[Mapping[str, Job]], value: Mapping[str, Job]) -> None:
        if not value:
            raise ModelError("a pipeline needs at least one job")
        for job_id in value:
            if not JOB_ID.fullmatch(job_id):
                raise ModelError(
                    f"{job_id!r} is no job id", hint="use letters, digits, '_' and '-', not a digit or '-' first"
                )

    def to_yaml(self) -> str:
        """The pipeline as YAML, which reads back as an equal pipeline."""
        from datatorch_pipelines import api

        return api.to_yaml(self)

    def to_json(self) -> str:
        """The pipeline as JSON, which reads back as an equal pipeline."""
        from datatorch_pipelines import api

        return api.to_json(self)

    def lock(
        self,
        path: str | PathLike[str] | None = None,
        *,
        update: bool | str | Iterable[str] = False,
        write: bool = True,
        **arguments: Unpack[FetchArguments],
    ) -> Lock:
        """Notes in a lock file which commit each action is (see `datatorch_pipelines.lock`)."""
        from datatorch_pipelines import api

        return api.lock(self, path, update=update, write=write, **arguments)

    def plan(self, **arguments: Unpack[PlanArguments]) -> Plan:
        """What a run would do (see `datatorch_pipelines.plan`)."""
        from datatorch_pipelines import api

        return api.plan(self, **arguments)

    def run(self, **arguments: Unpack[RunArguments]) -> RunResult:
        """Runs the pipeline to its end, and blocks until then (see `datatorch_pipelines.run`)."""
        from datatorch_pipelines import api

        return api.run(self, **arguments)

    async def run_async(self, **arguments: Unpack[RunArguments]) -> RunResult:
        """Runs the pipeline in the running event loop (see `datatorch_pipelines.run_async`)."""
        from datatorch_pipelines import api

        return await api.run_async(self, **arguments)

    def start(self, **arguments: Unpack[RunArguments]) -> RunHandle:
        """Begins to run the pipeline, and gives a handle on the run (see `datatorch_pipelines.start`)."""
        from datatorch_pipelines import api

        return api.start(self, **arguments)


def with_source(pipeline: Pipeline, source: Locator | None) -> Pipeline:
    """The same pipeline with the places of its parts. For readers: no constructor takes them, nor does ``evolve``."""
    located = evolve(pipeline)
    object.__setattr__(located, "source", source)
    return located
