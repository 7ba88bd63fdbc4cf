"""What a run is given beside its pipeline."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen, validators

from datatorch_pipelines.checks import Check
from datatorch_pipelines.contracts import HumanHandler, Resolver, Runner, Runtime
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from datatorch_pipelines.resolvers.lockfile import Lock


def default_max_parallel() -> int:
    """How many jobs run at once unless told: 8, or twice the processors where that is more."""
    return max(8, 2 * (os.cpu_count() or 1))


def _names(value: Mapping[str, object]) -> str:
    return "{" + ", ".join(sorted(value)) + "}"


def _mapping(value: Mapping[str, object] | None) -> Mapping[str, object]:
    return dict(value or {})


def _secrets(value: Mapping[str, str] | None) -> Mapping[str, str]:
    for name, secret in (value or {}).items():
        if not isinstance(secret, str):
            raise PipelinesError(f"the secret {name!r} is no text but of the type {type(secret).__name__}")
    return dict(value or {})


def _resolvers(value: Iterable[Resolver]) -> tuple[Resolver, ...]:
    return tuple(value)


def _paths(value: Iterable[str | os.PathLike[str]]) -> tuple[Path, ...]:
    return tuple(Path(item) for item in value)


OnFailure = Literal["keep-going", "fail-fast"]
"""What a failed job means for the jobs that don't need it: nothing, or that they are cancelled."""

CLEANUP_SECONDS = 300.0
"""How long what runs ``if: always()`` may take after a run was cancelled, as on GitHub."""


@frozen(kw_only=True)
class Selection:
    """Which jobs of a pipeline run: all of them, unless one of these names some.

    ``jobs`` run alone, without those that they need; ``start`` with all that need them, directly or not; ``end`` with
    all that they need.
    """

    jobs: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.jobs or self.start or self.end)


SETTINGS = ("max_parallel", "max_attempts", "on_failure", "cleanup_seconds", "offline", "strict", "keep")
"""The arguments of a run that hold for it when it is resumed, too, and are plain data."""


def kept_settings(
    arguments: Mapping[str, object],
    local_actions: Iterable[str | os.PathLike[str]],
    is_usual: Callable[[object], bool],
) -> Mapping[str, object]:
    """What of a run's arguments its record keeps, for when it is resumed: those that were given.

    ``local_actions`` are the folders that were given. A runner that was given as an object, and is not the usual one,
    can't be made again: its class is noted, as ``{"class": NAME}``. So it is for the runner of a label.
    """
    kept = {name: value for name in SETTINGS if (value := arguments.get(name)) not in (None, False)}
    if folders := [str(Path(folder).absolute()) for folder in local_actions]:
        kept["local_actions"] = folders
    if (runner := _noted(arguments.get("runner"), is_usual)) is not None:
        kept["runner"] = runner
    by_label = arguments.get("runners")
    if isinstance(by_label, Mapping) and by_label:
        kept["runners"] = {label: _noted(chosen, is_usual) or "local" for label, chosen in by_label.items()}
    return kept


def _noted(runner: object, is_usual: Callable[[object], bool]) -> object:
    if runner is None or isinstance(runner, str):
        return runner
    return None if is_usual(runner) else {"class": type(runner).__name__}


@frozen(kw_only=True)
class RunOptions:
    """All that a run is given beside its pipeline.

    ``inputs``, ``event``, ``variables`` and ``secrets`` become the contexts of these names; ``pipeline`` and ``run``
    what is known of the pipeline's and the run's place on a platform. ``max_attempts`` is how often a job is started
    when its environment is lost. ``runners`` are those of jobs with labels (``runs-on``), by label; ``runner`` is that
    of all others. ``directory`` is the folder that gets the run's own folder (the user's state folder
    unless given); ``keep`` leaves the jobs' workspaces on disk. ``extra_checks`` look beside the library's own.
    ``locked`` is the lock that every action has to be as in, ``None`` for none; with ``same_commits`` it is that of an
    earlier beginning of the run, whose commits are taken wherever tags and branches are now.
    ``workspace`` is a folder that the jobs work in and that stays, for a pipeline of one job (a fresh one each unless
    given). ``trigger`` says what started the run; ``human`` asks people; ``selection`` is which jobs run.
    ``on_failure`` is what a failed job means for the others; ``cleanup_seconds`` how long the steps and jobs that run
    whatever happened may take after a cancellation. ``now`` gives the time that the record has, in seconds since the
    epoch. ``runner_name`` is what a person calls the runner: the name by which it was chosen, else its class;
    ``runner_names`` are those of ``runners``, by label. ``settings`` are what the record keeps of these options, as
    `kept_settings` gives it.
    """

    runner: Runner
    runtimes: Mapping[str, Runtime]
    resolvers: tuple[Resolver, ...] = field(converter=_resolvers)
    runners: Mapping[str, Runner] = field(factory=dict)
    inputs: Mapping[str, object] = field(factory=dict, converter=_mapping)
    event: Mapping[str, object] = field(factory=dict, converter=_mapping)
    trigger: Mapping[str, object] = field(factory=dict, converter=_mapping)
    variables: Mapping[str, object] = field(factory=dict, converter=_mapping)
    secrets: Mapping[str, str] = field(factory=dict, converter=_secrets, repr=_names)
    pipeline: Mapping[str, object] = field(factory=dict, converter=_mapping)
    run: Mapping[str, object] = field(factory=dict, converter=_mapping)
    local_actions: tuple[Path, ...] = field(default=(), converter=_paths)
    offline: bool = False
    strict: bool = False
    locked: Lock | None = None
    same_commits: bool = False
    max_parallel: int = field(factory=default_max_parallel, validator=validators.gt(0))
    max_attempts: int = field(default=3, validator=validators.gt(0))
    directory: Path | None = None
    keep: bool = False
    workspace: Path | None = None
    human: HumanHandler | None = None
    selection: Selection = Selection()
    on_failure: OnFailure = "keep-going"
    cleanup_seconds: float = field(default=CLEANUP_SECONDS, validator=validators.ge(0))
    now: Callable[[], float] = time.time
    extra_checks: tuple[Check, ...] = ()
    settings: Mapping[str, object] = field(factory=dict)
    limits: Limits = DEFAULT_LIMITS
    runner_name: str = field()
    runner_names: Mapping[str, str] = field()

    @runner_name.default
    def _class_name(self) -> str:
        return type(self.runner).__name__

    @runner_names.default
    def _class_names(self) -> Mapping[str, str]:
        return {label: type(runner).__name__ for label, runner in self.runners.items()}
