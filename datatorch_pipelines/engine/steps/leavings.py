"""What a step leaves beside its outputs, however it ended: files, and what its tests say."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from attrs import define, field

from datatorch_pipelines._files import remove_tree
from datatorch_pipelines.codes import Code
from datatorch_pipelines.engine.collecting.artifacts import Collected, Collecting
from datatorch_pipelines.engine.collecting.files import StepFiles
from datatorch_pipelines.engine.planning.plan import PlannedStep
from datatorch_pipelines.engine.scoping.scope import JobScope
from datatorch_pipelines.engine.third_party import third_party
from datatorch_pipelines.errors import RecordError
from datatorch_pipelines.results import Artifact, SuiteResult
from datatorch_pipelines.runners.system import insist

Result = TypeVar("Result")

_MOST_WARNINGS = 10


@define(kw_only=True)
class Leavings:
    """What the last try of a step left; known as soon as it is, whatever ends the step meanwhile.

    ``folder`` is its place in the run's directory; ``secret`` says that a file holds a secret.
    """

    run: Path
    folder: str
    artifacts: tuple[Artifact, ...] = ()
    tests: SuiteResult | None = None
    secret: bool = False

    async def forget(self) -> None:
        """Takes out of the record what a try left that is tried again."""
        if self.artifacts:
            self.artifacts, self.tests, self.secret = (), None, False
            with contextlib.suppress(OSError):
                await asyncio.to_thread(remove_tree, self.run / self.folder)


@define
class _Warnings:
    """Warnings about a step's files, of which the first are told one by one."""

    scope: JobScope
    planned: PlannedStep
    found: list[str] = field(factory=list)
    more: int = 0

    def artifact(self, name: str, why: str) -> None:
        what = "the artifacts were" if name == "." else f"the artifact {name!r} was"
        self._add(f"{what} not kept: {why}")

    def secret(self, name: str) -> None:
        self._add(f"the artifact {name!r} holds a secret; artifacts are kept as they are")

    def report(self, name: str, why: str) -> None:
        self._add(f"the test report {name!r} was not read: {why}")

    def _add(self, text: str) -> None:
        if len(self.found) < _MOST_WARNINGS:
            self.found.append(text)
        else:
            self.more += 1

    def tell(self) -> None:
        for text in self.found:
            self.scope.warn(text, Code.NOT_KEPT, self.planned.index)
        if self.more:
            self.scope.warn(f"so it is with {self.more} more of the step's files", Code.NOT_KEPT, self.planned.index)


async def collect(scope: JobScope, planned: PlannedStep, files: StepFiles, left: Leavings) -> None:
    """Brings what a step left into the run's folder, and reads the test reports among it.

    Warns of what is not taken. Raises `RecordError` when the record can't be written, `EnvironmentLost` when the step's
    place is gone and `RunnerError` for a runner that is broken; a cancellation ends it, and then nothing is kept.
    """
    warnings = _Warnings(scope, planned)
    try:
        with third_party("the runner"):
            source = await files.left(warnings.artifact)
        if source is None:
            return
        collected, tests = await stoppable(partial(_collect, scope, source, left, warnings))
    except OSError as error:
        raise RecordError(
            f"the files that the step left can't be kept: {error.strerror}", hint="free the disk and run again"
        ) from error
    finally:
        warnings.tell()
    left.artifacts, left.tests, left.secret = collected.artifacts, tests, collected.secret


def _collect(
    scope: JobScope, source: Path, left: Leavings, warnings: _Warnings, check: Callable[[], None]
) -> tuple[Collected, SuiteResult | None]:
    masker = scope.run.masker
    collecting = Collecting(
        masker=masker,
        limits=scope.run.options.limits,
        told=warnings.artifact,
        on_secret=warnings.secret,
        check=check,
    )
    collected = collecting.collect(source, left.run, left.folder)
    if not collected.artifacts:
        return collected, None
    from datatorch_pipelines.engine.collecting.junit import ReportFile, read_reports

    reports = (ReportFile(name=kept.name, path=left.run / kept.file) for kept in collected.artifacts)
    return collected, read_reports(reports, masker, warnings.report, check)


class _Stopped(Exception):
    """Work in a thread was asked to end."""


async def stoppable(work: Callable[[Callable[[], None]], Result]) -> Result:
    """Does in a thread what calls the function that it is given time and again.

    When this is cancelled, that function raises, and the thread's end is waited for.
    """
    stopped = threading.Event()

    def check() -> None:
        if stopped.is_set():
            raise _Stopped

    task = asyncio.ensure_future(asyncio.to_thread(work, check))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stopped.set()
        with contextlib.suppress(_Stopped, OSError):
            await insist(task)
        raise
