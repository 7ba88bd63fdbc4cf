"""Steps with ``cache: true``: whether a result may be kept, what it follows from, and that it is computed once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial

from attrs import asdict, frozen

from datatorch_pipelines.contracts import StepEnvironment
from datatorch_pipelines.engine.collecting.cache import KeptResult, ResultCache, result_key
from datatorch_pipelines.engine.planning.plan import PlannedStep
from datatorch_pipelines.engine.scoping.evaluation import uses_secrets
from datatorch_pipelines.engine.scoping.scope import JobScope
from datatorch_pipelines.engine.steps.leavings import Leavings, stoppable
from datatorch_pipelines.engine.steps.prepare import PreparedStep, templates
from datatorch_pipelines.engine.third_party import third_party
from datatorch_pipelines.model import Using
from datatorch_pipelines.records import StepLog

FROM_CACHE = "its result was in the cache"


@frozen(kw_only=True)
class Caching:
    """The place of a step's result in the cache, by all that it follows from."""

    cache: ResultCache
    key: str

    @contextlib.asynccontextmanager
    async def claimed(self, log: StepLog) -> AsyncIterator[None]:
        """Keeps others from computing the same result meanwhile; waits for one who does."""

        def waits() -> None:
            log.write("stderr", b"waiting for a step that does the same\n")

        async with self.cache.claimed(self.key, waits):
            yield

    async def find(self, left: Leavings) -> Mapping[str, object] | None:
        """The outputs of the kept result, its files then being in the run's folder; ``None`` where there is none."""
        kept = await stoppable(partial(self.cache.get, self.key, left.run, left.folder))
        if kept is None:
            return None
        left.artifacts, left.tests = kept.artifacts, kept.tests
        return kept.outputs

    async def keep(self, scope: JobScope, outputs: Mapping[str, object], left: Leavings) -> None:
        """Keeps a result, unless it holds a secret or leads into the job's own folders, which will be gone."""
        if left.secret or scope.run.masker.holds_secret(outputs) or _names_job_folders(scope, outputs):
            return
        result = KeptResult(outputs=outputs, artifacts=left.artifacts, tests=left.tests)
        await stoppable(partial(self.cache.keep, self.key, result, left.run))


async def caching_of(
    scope: JobScope, planned: PlannedStep, prepared: PreparedStep, place: Callable[[], StepEnvironment]
) -> Caching | None:
    """Where a step's result is in the cache; ``None`` when it is not to be cached, got a secret or what no JSON says.

    ``place`` makes what a runtime is asked with. Raises `RunnerError` when the step's runtime can't tell what the
    result follows from.
    """
    definition = planned.action.definition if planned.action else None
    wanted = planned.step.cache if planned.step.cache is not None else bool(definition and definition.cache)
    if not wanted or not _may_be_cached(scope, planned, prepared):
        return None
    identity = await _identity(scope, prepared, place)
    if identity is None:
        return None
    action, facts = prepared.action, scope.environment.facts
    workspace = str(scope.environment.paths.workspace)
    follows_from = {
        "action": action.digest if action else None,
        "file": planned.action.resolved.file if planned.action else None,
        "runs": _without(str(action.directory), asdict(action.runs)) if action else None,
        "runtime": identity,
        "run": [prepared.run, planned.step.shell],
        "folder": prepared.cwd.replace(workspace, ""),
        "inputs": prepared.inputs,
        "env": prepared.env,
        "inherited": _inherited(scope, planned),
        "python": facts.get("python"),
        "machine": facts.get("machine"),
    }
    try:
        return Caching(cache=ResultCache.default(), key=result_key(follows_from))
    except (TypeError, ValueError):  # keys that can't be sorted, a number of thousands of digits
        return None


def _may_be_cached(scope: JobScope, planned: PlannedStep, prepared: PreparedStep) -> bool:
    """Whether no secret went into a step, and all that it follows from is known."""
    runs = prepared.action.runs if prepared.action else None
    given = [prepared.inputs, prepared.env, prepared.run, *([runs.main, runs.command, runs.script] if runs else ())]
    return not uses_secrets(templates(scope, planned)) and not scope.run.masker.holds_secret(given)


async def _identity(scope: JobScope, prepared: PreparedStep, place: Callable[[], StepEnvironment]) -> str | None:
    """What the runtime says that a result follows from, too; ``None`` where that is not known."""
    if prepared.action is None:
        return ""
    runs = prepared.action.runs
    runtime = scope.run.options.runtimes.get(runs.using)
    if runtime is None:
        return ""
    with third_party(f"the runtime {runs.using!r}"):
        identity = await runtime.identity(prepared.action, place())
    # A tag may be another image tomorrow.
    known = identity or runs.using != Using.DOCKER or "@sha256:" in (runs.image or "")
    return identity if known else None


def _without(directory: str, value: object) -> object:
    """Data without the action's own folder: what is in it is in its digest."""
    if isinstance(value, str):
        return value.replace(directory, "") if directory.startswith("/") else value  # an image alone has no folder
    if isinstance(value, Mapping):
        return {key: _without(directory, item) for key, item in value.items()}
    return [_without(directory, item) for item in value] if isinstance(value, Sequence) else value


def _inherited(scope: JobScope, planned: PlannedStep) -> Mapping[str, str | None]:
    """The variables that an action says it reads, where it gets them from this process."""
    if planned.action is None or not scope.environment.runner.capabilities.inherits_environment:
        return {}
    return {name: os.environ.get(name) for name in sorted(planned.action.definition.env)}


def _names_job_folders(scope: JobScope, outputs: Mapping[str, object]) -> bool:
    """Whether an output leads into the job's own folders, which are gone when it is read from the cache."""
    root = str(scope.environment.paths.workspace.parent)

    def leads(value: object) -> bool:
        if isinstance(value, str):
            return root in value
        if isinstance(value, Mapping):
            return any(map(leads, value.values()))
        return isinstance(value, list | tuple) and any(map(leads, value))

    return leads(outputs)
