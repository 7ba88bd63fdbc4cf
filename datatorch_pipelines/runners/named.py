"""Runners by their names: those of this package, and those that other packages register."""

from __future__ import annotations

from collections.abc import Mapping

from datatorch_pipelines._plugins import make, registered
from datatorch_pipelines.contracts import Capabilities, Runner
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.runners.local import LocalRunner

LOCAL = "local"
DOCKER = "docker"
DASK = "dask"
NAMES = (DASK, DOCKER, LOCAL)
"""The names of the package's own runners."""


def named_runner(runner: Runner | str | None) -> Runner:
    """A runner itself, or the one of a name; ``None`` is this machine.

    Raises `PipelinesError` for an unknown name, and for what is neither.
    """
    if isinstance(runner, Runner):
        return _believed(runner)
    if runner is not None and not isinstance(runner, str):
        raise PipelinesError(f"a runner is of the type {type(runner).__name__}", hint="give a Runner, or its name")
    if runner is None or runner == LOCAL:
        return LocalRunner()
    if runner == DOCKER:
        from datatorch_pipelines.runners.docker import DockerRunner

        return DockerRunner()
    if runner == DASK:
        from datatorch_pipelines.runners.dask import DaskRunner

        return DaskRunner()
    if runner not in registered("runners"):
        known = ", ".join(sorted({*NAMES, *registered("runners")}))
        raise PipelinesError(f"there is no runner {runner!r}", hint=f"use one of {known}")
    return _believed(make("runners", runner, Runner))  # type: ignore[type-abstract]  # only used for isinstance


def _believed(runner: Runner) -> Runner:
    """The runner, whose capabilities are read before anything runs."""
    found: object = runner.capabilities
    if not isinstance(found, Capabilities):
        kind = f"the capabilities of {type(runner).__name__} are of the type {type(found).__name__}"
        raise PipelinesError(kind, hint="give Capabilities(...)")
    return runner


def runner_name(runner: Runner | str) -> str:
    """What a person calls a runner: the name by which it is chosen, else its class."""
    return runner if isinstance(runner, str) else type(runner).__name__


def runners_by_label(usual: Runner | str | None, by_label: object) -> tuple[Runner, dict[str, Runner]]:
    """The usual runner, and the one of each label, out of a mapping or ``None``; one name is one runner.

    Raises as `named_runner`.
    """
    given = {} if by_label is None else by_label
    if not isinstance(given, Mapping):
        kind = type(by_label).__name__
        raise PipelinesError(f"runners is of the type {kind}", hint="give a Runner, or its name, by label")
    known: dict[str, Runner] = {}

    def named(runner: Runner | str | None) -> Runner:
        if runner is not None and not isinstance(runner, str):
            return named_runner(runner)
        name = runner or LOCAL
        if name not in known:
            known[name] = named_runner(name)
        return known[name]

    return named(usual), {label: named(runner) for label, runner in given.items()}
