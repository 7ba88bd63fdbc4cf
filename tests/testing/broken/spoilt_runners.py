"""A runner that is right, for others to spoil, and the kit for them."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, ClassVar

import pytest
from attrs import evolve

from datatorch_pipelines.contracts import Command, JobEnvironment, JobSpec, Runner, StepContext
from datatorch_pipelines.runners import LocalRunner
from datatorch_pipelines.testing import RunnerConformance

Chunk = tuple[Any, bytes]


class Good(LocalRunner):
    """Is right. Others change one thing of it."""

    def change(self, command: Command) -> Command:
        """What is executed in place of a command."""
        return command

    def hear(self, stream: Any, data: bytes) -> Iterable[Chunk]:
        """What is logged in place of what is written."""
        return [(stream, data)]

    async def execute(self, command: Command, context: StepContext) -> int:
        def sink(stream: Any, data: bytes) -> None:
            for chunk in self.hear(stream, data):
                context.log(*chunk)

        return await super().execute(self.change(command), evolve(context, sink=sink))


class Kit(RunnerConformance):
    FAILS: ClassVar[set[str]]
    patience = 12.0
    Broken: Callable[[], Any] = Good

    @pytest.fixture(autouse=True)
    def _nothing_stays(self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temp")))

    @pytest.fixture
    def runner(self, monkeypatch: pytest.MonkeyPatch) -> Runner:
        self.spoil(monkeypatch)
        return self.Broken()

    def spoil(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Breaks what is below the runner."""


class HasPlaces(Good):
    """Gives a job another place than the right one."""

    def spec(self, job: JobSpec) -> JobSpec:
        return job

    def place(self, environment: JobEnvironment) -> None:
        """Changes it."""

    @contextlib.asynccontextmanager
    async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
        async with super().job(self.spec(job)) as environment:
            self.place(environment)
            yield environment


class Travels(HasPlaces):
    """Has files travel its own way."""

    Environment: type[JobEnvironment]

    def place(self, environment: JobEnvironment) -> None:
        environment.__class__ = self.Environment
