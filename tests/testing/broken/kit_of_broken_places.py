"""Runners that are each wrong in one way: in where a job runs.

Run by `support/kit_outcomes.py`, never collected by itself. Each class says in ``FAILS`` which tests of the kit name
its fault; all others pass or are skipped.
"""

# ruff: noqa: ASYNC240  # what they block the loop with is tiny, or their very fault
from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path, PurePath
from typing import Any, ClassVar

from attrs import evolve
from spoilt_runners import Good, HasPlaces, Kit, Travels

from datatorch_pipelines.contracts import Command, JobEnvironment, JobSpec, StepContext
from datatorch_pipelines.errors import RunnerError


class TestSharesWorkspaces(Kit):
    FAILS: ClassVar = {"test_jobs_share_no_workspace"}

    class Broken(HasPlaces):
        def spec(self, job: JobSpec) -> JobSpec:
            shared = Path(tempfile.gettempdir()) / "shared"
            shared.mkdir(exist_ok=True)
            return job if job.workspace or job.keep else evolve(job, workspace=shared)


class TestHasAWorkspaceForEachStep(Kit):
    FAILS: ClassVar = {"test_the_steps_of_a_job_share_its_workspace"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            workspace = Path(context.environment.paths.workspace)
            shutil.rmtree(workspace)
            workspace.mkdir()
            return await super().execute(command, context)


class TestBeginsWithSomething(Kit):
    FAILS: ClassVar = {"test_a_workspace_is_empty_at_first"}

    class Broken(HasPlaces):
        def place(self, environment: JobEnvironment) -> None:
            Path(environment.paths.workspace, ".lock").touch()


class TestLeavesWorkspaces(Kit):
    FAILS: ClassVar = {"test_a_workspace_is_gone_after_its_job"}

    class Broken(HasPlaces):
        def spec(self, job: JobSpec) -> JobSpec:
            return evolve(job, keep=True)


class TestDeletesWhatItWasGiven(Kit):
    FAILS: ClassVar = {"test_a_workspace_that_is_given_is_used_and_stays"}

    class Broken(Good):
        @contextlib.asynccontextmanager
        async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
            async with super().job(job) as environment:
                yield environment
            shutil.rmtree(environment.paths.workspace, ignore_errors=not job.keep) if not job.keep else None


class TestUsesItsOwnWorkspace(Kit):
    FAILS: ClassVar = {"test_a_workspace_that_is_given_is_used_and_stays"}

    class Broken(HasPlaces):
        def spec(self, job: JobSpec) -> JobSpec:
            return evolve(job, workspace=None)


class TestKeepsNothing(Kit):
    FAILS: ClassVar = {"test_a_workspace_is_kept_where_that_is_asked"}

    class Broken(HasPlaces):
        def spec(self, job: JobSpec) -> JobSpec:
            return evolve(job, keep=False)


class TestHasNoTemporaryFolder(Kit):
    FAILS: ClassVar = {"test_the_temporary_folder_can_be_written_to"}

    class Broken(HasPlaces):
        def place(self, environment: JobEnvironment) -> None:
            environment.paths = evolve(environment.paths, temp=PurePath("/no/such/folder"))


class HasFacts(HasPlaces):
    """Says something wrong of its machine."""

    wrong: Mapping[str, Mapping[str, str]]

    def place(self, environment: JobEnvironment) -> None:
        for context, facts in self.wrong.items():
            known: Any = environment.facts[context]
            environment.facts = {**environment.facts, context: {**known, **facts}}


class TestIsAnotherMachine(Kit):
    FAILS: ClassVar = {"test_the_facts_are_of_where_the_steps_run"}

    class Broken(HasFacts):
        wrong: ClassVar = {"machine": {"name": "host"}}


class TestHasAnotherPython(Kit):
    FAILS: ClassVar = {"test_the_facts_name_a_python_that_runs"}

    class Broken(HasFacts):
        wrong: ClassVar = {"python": {"executable": "/no/such/python3"}}


class TestDeniesItsPython(Kit):
    FAILS: ClassVar = {"test_the_facts_name_a_python_that_runs"}
    has_python = False


class TestForgetsModes(Kit):
    FAILS: ClassVar = {"test_a_folder_is_put_where_the_steps_see_it"}

    class Broken(Travels):
        class Environment(JobEnvironment):
            async def put(self, source: Path, digest: str) -> PurePath:
                there = Path(self.paths.temp, digest)
                return shutil.copytree(source, there, copy_function=shutil.copyfile, dirs_exist_ok=True)

            def placed(self, source: Path, digest: str) -> PurePath:
                return Path(self.paths.temp, digest)


class TestPutsAgain(Kit):
    FAILS: ClassVar = {"test_a_folder_that_was_put_is_not_put_again"}

    class Broken(Travels):
        class Environment(JobEnvironment):
            async def put(self, source: Path, digest: str) -> PurePath:
                return shutil.copytree(source, Path(tempfile.mkdtemp(dir=self.paths.temp)) / "put")


class TestGetsText(Kit):
    FAILS: ClassVar = {"test_files_are_got_as_they_are"}

    class Broken(Travels):
        class Environment(JobEnvironment):
            async def get(self, path: PurePath, destination: Path) -> None:
                await super().get(path, destination)
                files = [destination] if destination.is_file() else [p for p in destination.rglob("*") if p.is_file()]
                for file in files:
                    file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n"))


class TestGetsAPart(Kit):
    FAILS: ClassVar = {"test_eight_megabytes_go_there_and_back"}

    class Broken(Travels):
        class Environment(JobEnvironment):
            async def get(self, path: PurePath, destination: Path) -> None:
                await super().get(path, destination)
                if destination.is_file():
                    os.truncate(destination, min(destination.stat().st_size, 1_000_000))


class TestGetsNothing(Kit):
    FAILS: ClassVar = {"test_what_is_not_there_can_not_be_got"}

    class Broken(Travels):
        class Environment(JobEnvironment):
            async def get(self, path: PurePath, destination: Path) -> None:
                with contextlib.suppress(RunnerError):
                    await super().get(path, destination)


class TestGetsAnOSError(Kit):
    FAILS: ClassVar = {"test_what_is_not_there_can_not_be_got"}

    class Broken(Travels):
        class Environment(JobEnvironment):
            async def get(self, path: PurePath, destination: Path) -> None:
                if not Path(path).exists():
                    raise FileNotFoundError(path)
                await super().get(path, destination)
