"""What a run is given when nobody says otherwise: the usual runner, resolvers and runtimes, and those registered."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast, get_args

from datatorch_pipelines._plugins import make_all
from datatorch_pipelines.checks import Check
from datatorch_pipelines.checks.extra import accepted_checks, registered_checks
from datatorch_pipelines.contracts import HumanHandler, Resolver, Runner, Runtime, SecretProvider
from datatorch_pipelines.engine import CLEANUP_SECONDS, Listener, OnFailure, RunOptions, Selection, default_max_parallel
from datatorch_pipelines.engine.options import kept_settings
from datatorch_pipelines.engine.planning.secrets import given_secrets
from datatorch_pipelines.engine.planning.starting import given_start
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import ActionReference, Pipeline, ReferenceKind
from datatorch_pipelines.model.triggers import Trigger
from datatorch_pipelines.resolvers import LocalResolver, default_local_actions
from datatorch_pipelines.runners.local import is_usual
from datatorch_pipelines.runners.named import LOCAL, runner_name, runners_by_label
from datatorch_pipelines.runtimes import default_runtimes

if TYPE_CHECKING:
    from datatorch_pipelines.resolvers import Credentials, Store
    from datatorch_pipelines.resolvers.lockfile import Lock

PathLike = str | os.PathLike[str]
_IN_GIT = (ReferenceKind.GITHUB, ReferenceKind.GIT)


class FetchArguments(TypedDict, total=False):
    """What everything takes that looks for actions.

    - ``resolvers``: asked for actions before the usual ones.
    - ``local_actions``: folders that hold ``local/name@tag`` actions as ``name/tag``.
    - ``offline``: use no network; actions come from the store.
    - ``strict``: when a server can't be asked what a branch means now, refuse what was fetched before.
    - ``store``: where fetched actions are kept: a `Store` or its folder (the user's cache folder).
    - ``credentials``: told the URL of a repository, gives a user and a password for it, or ``None``.
    - ``limits``: bounds on files and expressions.
    """

    resolvers: Sequence[Resolver]
    local_actions: Sequence[PathLike]
    offline: bool
    strict: bool
    store: Store | PathLike | None
    credentials: Credentials | None
    limits: Limits


class RunSettings(FetchArguments, total=False):
    """What everything takes that runs something, or plans to: as `FetchArguments`, and these.

    - ``event``, ``variables``: what the expression contexts of these names hold.
    - ``secrets``: texts by name, for ``${{ secrets.NAME }}``, or a callable that gives the text for a name that the
      pipeline uses, or ``None``; masked in all that a run writes.
    - ``pipeline_facts``, ``run_facts``: what is known of the pipeline's and the run's place on a platform, for the
      contexts ``pipeline`` (``id``, ``projectId``, ``creatorId``, ``lastRunNumber``) and ``run``.
    - ``runner``: a `Runner`, or the name of one (``"local"``, ``"docker"``, ``"dask"``, or one that a package
      registers).
    - ``runtimes``: by the value of ``runs.using``, beside the usual ones.
    - ``max_parallel``: how many jobs run at once (8, or twice the processors where that is more).
    - ``max_attempts``: how often a job is started when its environment is lost (3).
    - ``human``: asks people what actions with ``using: human`` want to know (see `Question`).
    - ``cleanup_seconds``: how long ``if: always()`` steps may take after a cancellation, in seconds (300).
    - ``directory``: the folder that gets the run's own folder (the user's state folder).
    - ``keep``: leave the jobs' workspaces on disk.
    - ``extra_checks``: checks beside the library's own and those that installed packages register.
    """

    event: Mapping[str, object] | None
    variables: Mapping[str, object] | None
    secrets: Mapping[str, str] | SecretProvider | None
    pipeline_facts: Mapping[str, object] | None
    run_facts: Mapping[str, object] | None
    runner: Runner | str | None
    runtimes: Mapping[str, Runtime]
    max_parallel: int | None
    max_attempts: int | None
    human: HumanHandler | None
    cleanup_seconds: float | None
    directory: PathLike | None
    keep: bool
    extra_checks: Sequence[Check]


class PlanArguments(RunSettings, total=False):
    """What `plan`, `run` and their like take beside the pipeline: as `RunSettings`, and these.

    - ``inputs``: what the expression context of this name holds.
    - ``locked``: refuse actions that are not as they were locked: ``True`` for the lock file beside the pipeline's
      file, or another lock file, or a `Lock`.
    - ``trigger``: what starts the run, for the context ``trigger``: a trigger of the pipeline, its kind (``"manual"``),
      or a mapping with ``type`` and what else is known; ``event`` has to fit its form.
    - ``runners``: for jobs with ``runs-on``, the `Runner` of each label, or its name; other jobs run on ``runner``.
    - ``job``, ``from_job``, ``up_to``: the jobs that run, one or several: these alone; these and all that need them;
      these and all that they need.
    - ``on_failure``: whether the other jobs go on when one fails: ``"keep-going"`` or ``"fail-fast"``.
    """

    inputs: Mapping[str, object] | None
    locked: bool | PathLike | Lock
    trigger: str | Mapping[str, object] | Trigger | None
    runners: Mapping[str, Runner | str] | None
    job: str | Sequence[str]
    from_job: str | Sequence[str]
    up_to: str | Sequence[str]
    on_failure: OnFailure


class ActionArguments(RunSettings, total=False):
    """What `run_action` takes beside the action and its inputs: as `RunSettings`, and ``on_event``.

    - ``on_event``: a callable, or several, told every event of the run in a thread of its own.
    """

    on_event: Listener | Sequence[Listener] | None


class StepArguments(ActionArguments, total=False):
    """What `run_step` takes beside the step and its inputs: as `ActionArguments`, and these.

    - ``run_id``: the run that the step is of, as whoever hands out the steps calls it: the context ``run`` has it, and
      the records of the run's steps are side by side in a folder of that name.
    - ``job``: the id of the job that the step is of (``"job"``).
    - ``workspace``: a folder that the step works in and that stays, for the next step of the same job.
    """

    run_id: str | None
    job: str
    workspace: PathLike | None


class RunArguments(PlanArguments, total=False):
    """What `run`, `run_async` and `start` take beside the pipeline: as `PlanArguments`, and ``on_event``.

    - ``on_event``: a callable, or several, told every event of the run in a thread of its own.
    """

    on_event: Listener | Sequence[Listener] | None


class ResumeArguments(FetchArguments, total=False):
    """What `resume` and `retry` take beside the run: what `run` takes, but for what the run began with.

    ``inputs``, ``event``, ``trigger``, ``variables``, ``pipeline_facts`` and ``run_facts`` are given again where they
    held a secret, and only then. ``max_parallel``, ``max_attempts``, ``on_failure``, ``cleanup_seconds``, ``offline``,
    ``strict``, ``keep``, ``local_actions`` and the names of ``runner`` and ``runners`` are as for the run, unless given
    anew.

    - ``directory``: the folder that a run's id is looked up in (the user's state folder).
    """

    directory: PathLike | None

    secrets: Mapping[str, str] | SecretProvider | None
    inputs: Mapping[str, object] | None
    event: Mapping[str, object] | None
    trigger: str | Mapping[str, object] | Trigger | None
    variables: Mapping[str, object] | None
    pipeline_facts: Mapping[str, object] | None
    run_facts: Mapping[str, object] | None
    runner: Runner | str | None
    runners: Mapping[str, Runner | str] | None
    runtimes: Mapping[str, Runtime]
    max_parallel: int | None
    max_attempts: int | None
    human: HumanHandler | None
    cleanup_seconds: float | None
    on_failure: OnFailure
    keep: bool
    extra_checks: Sequence[Check]
    on_event: Listener | Sequence[Listener] | None


def refuse_unknown(arguments: FetchArguments) -> None:
    """Raises ``TypeError`` for an argument that `FetchArguments` does not have."""
    refuse_others(arguments, FetchArguments.__annotations__)


def refuse_others(arguments: Iterable[str], known: Iterable[str]) -> None:
    """Raises ``TypeError`` for an argument that is none of the ``known``."""
    for name in arguments:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise TypeError(f"unexpected argument {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


def run_options(pipeline: Pipeline, arguments: PlanArguments) -> RunOptions:
    """The options of a pipeline's run, out of what its caller gave.

    Raises `PipelinesError` for an unknown runner or a check that can't be used, and ``TypeError`` for an argument that
    there is none of.
    """
    refuse_others(arguments, RunArguments.__annotations__)
    limits = arguments.get("limits", DEFAULT_LIMITS)
    # What finds and runs actions is loaded for a pipeline that has some.
    steps = (step for job in pipeline.jobs.values() for step in job.steps)
    references = [reference for step in steps if (reference := step.reference) is not None]
    directory = arguments.get("directory")
    start = given_start(pipeline, arguments.get("trigger"), _mapping("event", arguments.get("event")))
    runner = arguments.get("runner") or LOCAL
    usual, runners = runners_by_label(runner, arguments.get("runners"))
    return RunOptions(
        runner=usual,
        runner_name=runner_name(runner),
        runners=runners,
        runner_names={label: runner_name(chosen) for label, chosen in (arguments.get("runners") or {}).items()},
        runtimes={**default_runtimes(), **(_runtimes() if references else {}), **arguments.get("runtimes", {})},
        resolvers=resolvers_of(references, arguments),
        inputs=_mapping("inputs", arguments.get("inputs")),
        event=start.event,
        variables=_mapping("variables", arguments.get("variables")),
        secrets=given_secrets(pipeline, arguments.get("secrets"), limits),
        trigger=start.trigger,
        pipeline=_mapping("pipeline_facts", arguments.get("pipeline_facts")),
        run=_mapping("run_facts", arguments.get("run_facts")),
        local_actions=local_folders(arguments.get("local_actions", ())),
        offline=arguments.get("offline", False),
        strict=arguments.get("strict", False),
        max_parallel=_at_least_one("max_parallel", arguments.get("max_parallel")) or default_max_parallel(),
        max_attempts=_at_least_one("max_attempts", arguments.get("max_attempts")) or 3,
        directory=None if directory is None else Path(directory).absolute(),
        keep=arguments.get("keep", False),
        human=_human(arguments.get("human")),
        selection=Selection(
            jobs=_listed(arguments.get("job", ())),
            start=_listed(arguments.get("from_job", ())),
            end=_listed(arguments.get("up_to", ())),
        ),
        on_failure=_one_of("on_failure", arguments.get("on_failure", "keep-going"), get_args(OnFailure)),
        cleanup_seconds=_seconds("cleanup_seconds", arguments.get("cleanup_seconds"), CLEANUP_SECONDS),
        extra_checks=(*accepted_checks(arguments.get("extra_checks", ())), *registered_checks()),
        locked=_lock(pipeline, arguments.get("locked", False), limits),
        settings=kept_settings(arguments, _folders(arguments.get("local_actions", ())), is_usual),
        limits=limits,
    )


def _lock(pipeline: Pipeline, locked: bool | PathLike | Lock, limits: Limits) -> Lock | None:
    """The lock that a caller gave. Raises `PipelinesError` where there is none, or it is wrong."""
    if locked is False:
        return None
    from datatorch_pipelines.engine.planning.locking import given_lock

    return given_lock(locked, pipeline.source.file if pipeline.source is not None else "", limits)


def _human(handler: object) -> HumanHandler | None:
    """Who asks people. Raises `PipelinesError` for what can't be called."""
    if handler is not None and not callable(handler):
        kind = type(handler).__name__
        raise PipelinesError(f"human is of the type {kind}", hint="give a function that answers a Question")
    return cast("HumanHandler | None", handler)


def _mapping(name: str, value: object) -> Mapping[str, Any] | None:
    if value is not None and not isinstance(value, Mapping):
        raise PipelinesError(f"{name} is of the type {type(value).__name__}", hint="give a mapping")
    return value


def _listed(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _one_of(name: str, value: OnFailure, known: Sequence[str]) -> OnFailure:
    if value not in known:
        raise PipelinesError(f"{name} is {value!r}", hint=f"give {' or '.join(map(repr, known))}")
    return value


def _seconds(name: str, value: object, usual: float) -> float:
    if value is None:
        return usual
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise PipelinesError(f"{name} is {value!r}", hint="give a number of seconds from 0 on")
    return value


def _at_least_one(name: str, value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise PipelinesError(f"{name} is {value!r}", hint="give a whole number from 1 on")
    return value


def listeners(arguments: RunArguments) -> Sequence[Listener]:
    """The listeners that a run's caller gave."""
    given = arguments.get("on_event")
    if given is None:
        return ()
    return given if isinstance(given, Sequence) else (given,)


def _runtimes() -> Mapping[str, Runtime]:
    return make_all("runtimes", Runtime)  # type: ignore[type-abstract]  # only used for isinstance


def _resolvers() -> Iterable[Resolver]:
    return make_all("resolvers", Resolver).values()  # type: ignore[type-abstract]  # only used for isinstance


def resolvers_of(references: Iterable[ActionReference], arguments: FetchArguments) -> list[Resolver]:
    """What is asked for these actions, in order, by a caller's arguments.

    Raises `PipelinesError` for a registered one that can't be loaded.
    """
    return action_resolvers(
        references,
        arguments.get("resolvers", ()),
        store=arguments.get("store"),
        credentials=arguments.get("credentials"),
    )


def action_resolvers(
    references: Iterable[ActionReference],
    given: Iterable[Resolver] = (),
    *,
    store: Store | PathLike | None = None,
    credentials: Credentials | None = None,
) -> list[Resolver]:
    """What is asked for these actions, in order: what a caller gave, what packages register, and the usual ones.

    Raises `PipelinesError` for a registered one that can't be loaded.
    """
    kinds = {reference.kind for reference in references}
    return [
        *given,
        *(_resolvers() if kinds else ()),
        LocalResolver(),
        *(_git_resolvers(store, credentials) if kinds.intersection(_IN_GIT) else ()),
    ]


def local_folders(given: PathLike | Iterable[PathLike] = ()) -> list[PathLike]:
    """The folders of ``local/`` actions, in order: those that a caller gave, and those that the environment names."""
    return [*_folders(given), *default_local_actions(os.environ)]


def _folders(given: PathLike | Iterable[PathLike]) -> list[PathLike]:
    # A single one, too; a text would else be taken letter by letter.
    return [given] if isinstance(given, str | os.PathLike) else list(given)


def git_resolvers(given: Sequence[Resolver] = (), credentials: Credentials | None = None) -> list[Resolver]:
    """What is asked for an action that is in git: what a caller gave, what packages register, and the usual ones.

    Raises `PipelinesError` for a registered one that can't be loaded.
    """
    return [*given, *_resolvers(), *_git_resolvers(credentials=credentials)]


def _git_resolvers(store: Store | PathLike | None = None, credentials: Credentials | None = None) -> Iterable[Resolver]:
    from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, Store
    from datatorch_pipelines.resolvers.transport.credentials import asked_once

    shared, once = store if isinstance(store, Store) else Store(store), asked_once(credentials)
    return (GitHubResolver(store=shared, credentials=once), GitResolver(shared, credentials=once))
