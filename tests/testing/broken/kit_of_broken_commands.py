"""Runners that are each wrong in one way: in what a command is given, and in what errors say.

Run by `support/kit_outcomes.py`, never collected by itself. Each class says in ``FAILS`` which tests of the kit name
its fault; all others pass or are skipped.
"""

# what they block the loop with is tiny, or their very fault
from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import evolve
from spoilt_runners import Chunk, Good, Kit

from datatorch_pipelines.contracts import Capabilities, Command, JobEnvironment, JobSpec, Runner, StepContext
from datatorch_pipelines.errors import CommandRejected, EnvironmentLost, RunnerUnavailable
from datatorch_pipelines.runners import LocalRunner
from datatorch_pipelines.runners.system import insist


class TestExpandsArguments(Kit):
    FAILS: ClassVar = {"test_arguments_arrive_as_they_are"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, argv=(*command.argv[:3], *map(os.path.expandvars, command.argv[3:])))


class TestDropsEmptyArguments(Kit):
    FAILS: ClassVar = {"test_arguments_arrive_as_they_are"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, argv=filter(None, command.argv))


class TestDropsVariables(Kit):
    FAILS: ClassVar = {"test_a_variable_of_the_command_is_set"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, env={})


class Changes(Good):
    """Changes the values of variables."""

    def value(self, value: str) -> str:
        return value

    def change(self, command: Command) -> Command:
        return evolve(command, env={name: self.value(value) for name, value in command.env.items()})


class TestExpandsVariables(Kit):
    FAILS: ClassVar = {"test_variables_arrive_as_they_are", "test_inputs_become_variables"}

    class Broken(Changes):
        def value(self, value: str) -> str:
            return os.path.expandvars(value)


class TestSplitsVariables(Kit):
    FAILS: ClassVar = {"test_variables_arrive_as_they_are", "test_inputs_become_variables"}

    class Broken(Changes):
        def value(self, value: str) -> str:
            return value.replace("\n", " ")


class TestShortensVariables(Kit):
    FAILS: ClassVar = {"test_a_variable_of_100_kilobytes_arrives"}

    class Broken(Changes):
        def value(self, value: str) -> str:
            return value[:65536]


class TestKeepsVariables(Kit):
    FAILS: ClassVar = {"test_variables_do_not_pass_on_to_the_next_step"}

    class Broken(Good):
        def __init__(self) -> None:
            super().__init__()
            self.kept: dict[str, str] = {}

        def change(self, command: Command) -> Command:
            self.kept |= command.env
            return evolve(command, env=self.kept)


class TestInheritsInSecret(Kit):
    FAILS: ClassVar = {"test_the_hosts_variables_are_there_only_where_it_says_so"}

    class Broken(Good):
        capabilities = evolve(LocalRunner.capabilities, inherits_environment=False)


class TestSaysThatItInherits(Kit):
    FAILS: ClassVar = {"test_the_hosts_variables_are_there_only_where_it_says_so"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, env={"KIT_OF_THE_HOST": "", **command.env})


class TestPrefersTheHosts(Kit):
    FAILS: ClassVar = {"test_a_variable_of_the_command_wins_over_the_hosts"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, env={**command.env, **os.environ})


class TestDropsInputs(Kit):
    FAILS: ClassVar = {"test_inputs_become_variables", "test_what_one_job_gives_another_gets"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, env={n: value for n, value in command.env.items() if not n.startswith("INPUT_")})


class TestDropsTheInputsFile(Kit):
    FAILS: ClassVar = {"test_an_input_of_a_megabyte_is_read_from_the_file"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, env={n: value for n, value in command.env.items() if n != "DATATORCH_INPUTS"})


class TestDropsTheArtifactsFolder(Kit):
    FAILS: ClassVar = {"test_artifacts_are_kept", "test_artifacts_of_a_step_that_fails_are_kept"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, env={n: value for n, value in command.env.items() if n != "DATATORCH_ARTIFACTS"})


class TestStartsAnywhere(Kit):
    FAILS: ClassVar = {"test_a_command_starts_in_the_workspace"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return command if command.cwd else evolve(command, cwd="/")


class TestStartsInTheWorkspace(Kit):
    FAILS: ClassVar = {"test_a_command_starts_in_the_folder_that_it_names"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, cwd=None)


class TestDropsInput(Kit):
    FAILS: ClassVar = {"test_standard_input_is_read"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, stdin=b"")


class TestHalvesInput(Kit):
    FAILS: ClassVar = {"test_a_megabyte_of_input_arrives_as_it_is"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return evolve(command, stdin=command.stdin[:500_000])


class TestLeavesInputOpen(Kit):
    FAILS: ClassVar = {"test_without_input_the_end_is_read_at_once"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            if command.stdin or not shutil.which(command.argv[0]):
                return command
            pipe = Path(tempfile.gettempdir()) / "never-written"
            if not pipe.exists():
                os.mkfifo(pipe)
            return evolve(command, argv=("sh", "-c", 'exec "$@" <>"$0"', str(pipe), *command.argv))


class TestWantsItsInputRead(Kit):
    FAILS: ClassVar = {"test_input_that_nobody_reads_holds_nothing_up"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            status = await super().execute(command, context)
            if status == 3 and len(command.stdin) > 1000:
                raise BrokenPipeError("nobody reads")
            return status


class TestStartsNothing(Kit):
    FAILS: ClassVar = {"test_a_program_that_is_not_there_is_rejected"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            if "\0" not in "".join(command.argv) and not shutil.which(command.argv[0]):
                return 127
            return await super().execute(command, context)


class TestRaisesOSErrors(Kit):
    FAILS: ClassVar = {"test_a_program_that_is_not_there_is_rejected"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            if "\0" not in "".join(command.argv) and not shutil.which(command.argv[0]):
                raise FileNotFoundError(command.argv[0])
            return await super().execute(command, context)


class TestNamesNoProgram(Kit):
    FAILS: ClassVar = {"test_a_program_that_is_not_there_is_rejected"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            if "\0" not in "".join(command.argv) and not shutil.which(command.argv[0]):
                raise CommandRejected("the command can't be started")
            return await super().execute(command, context)


class TestRunsElsewhereInstead(Kit):
    FAILS: ClassVar = {"test_a_folder_that_is_not_there_is_rejected"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            return command if command.cwd is None or Path(command.cwd).is_dir() else evolve(command, cwd="/")


class TestRaisesValueErrors(Kit):
    FAILS: ClassVar = {"test_what_no_process_can_be_given_is_rejected"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            if "\0" in "".join(command.argv):
                raise ValueError("embedded null byte")
            return await super().execute(command, context)


class TestGivesUp(Kit):
    FAILS: ClassVar = {"test_after_a_rejected_command_the_job_goes_on"}

    class Broken(Good):
        rejected = False

        async def execute(self, command: Command, context: StepContext) -> int:
            if self.rejected:
                return 1
            try:
                return await super().execute(command, context)
            except CommandRejected:
                self.rejected = True
                raise

        @contextlib.asynccontextmanager
        async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
            self.rejected = False
            async with super().job(job) as environment:
                yield environment


class TestShowsVariablesInErrors(Kit):
    FAILS: ClassVar = {"test_no_error_shows_a_secret"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            try:
                return await super().execute(command, context)
            except CommandRejected as error:
                raise CommandRejected(error.message, hint=f"it had {dict(command.env)}") from error


class TestShowsInputInTheCause(Kit):
    FAILS: ClassVar = {"test_no_error_shows_a_secret"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            try:
                return await super().execute(command, context)
            except CommandRejected as error:
                raise error from RuntimeError(command.argv, command.stdin)


class TestPassesVariablesAsArguments(Kit):
    FAILS: ClassVar = {"test_no_secret_is_in_an_argument"}

    class Broken(Good):
        async def execute(self, command: Command, context: StepContext) -> int:
            words = [f"--env={name}={value}" for name, value in command.env.items() if len(value) < 1000]
            client = await asyncio.create_subprocess_exec(
                "sh", "-c", "read -r _", "client", *words, stdin=asyncio.subprocess.PIPE
            )
            try:
                return await super().execute(command, context)
            finally:
                client.kill()
                await client.wait()


class TestPrintsVariables(Kit):
    FAILS: ClassVar = {"test_no_secret_is_logged_or_printed"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            print("running with", dict(command.env))
            return command


class TestLogsInput(Kit):
    FAILS: ClassVar = {"test_no_secret_is_logged_or_printed"}

    class Broken(Good):
        def change(self, command: Command) -> Command:
            logging.getLogger(__name__).debug("input: %s", command.stdin)
            return command


class TestIsUnreachableInItsWay(Kit):
    FAILS: ClassVar = {"test_a_place_that_cannot_be_reached_is_unavailable"}

    @pytest.fixture
    def unreachable(self) -> Runner:
        class Far(Good):
            async def open(self) -> None:
                raise OSError("no route to host")

        return Far()


class Losable(Good):
    """Has places that can be lost."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[JobEnvironment] = set()
        self.changed = asyncio.Event()

    def lose(self, environment: JobEnvironment) -> None:
        self.lost.add(environment)
        self.changed.set()

    async def execute(self, command: Command, context: StepContext) -> int:
        work = asyncio.ensure_future(super().execute(command, context))
        try:
            while not work.done() and context.environment not in self.lost:
                waiting = asyncio.ensure_future(self.changed.wait())
                await asyncio.wait((work, waiting), return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                self.changed.clear()
        finally:
            if not work.done():
                work.cancel()
                await insist(asyncio.ensure_future(asyncio.wait((work,))))
        return self.gone() if work.cancelled() else work.result()

    def gone(self) -> int:
        raise EnvironmentLost("the place of the job is gone")


class TestLosable(Kit):
    FAILS: ClassVar[set[str]] = set()
    Broken: ClassVar = Losable

    @pytest.fixture
    def lose(self, runner: Losable) -> Callable[..., object]:
        async def lose(environment: JobEnvironment) -> None:
            runner.lose(environment)

        return lose

    @pytest.fixture
    def unreachable(self) -> Runner:
        class Far(Good):
            async def open(self) -> None:
                raise RunnerUnavailable("the place can't be reached")

        return Far()


class TestIsLostInItsWay(TestLosable):
    FAILS: ClassVar = {"test_a_place_that_is_gone_is_lost", "test_a_job_whose_place_is_lost_starts_anew"}

    class Broken(Losable):
        def gone(self) -> int:
            return -9


class TestDoesNotComeBack(TestLosable):
    FAILS: ClassVar = {"test_a_job_whose_place_is_lost_starts_anew"}

    class Broken(Losable):
        @contextlib.asynccontextmanager
        async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
            if self.lost:
                raise RunnerUnavailable("no worker is left")
            async with super().job(job) as environment:
                yield environment


class TestDropsOutputLines(Kit):
    FAILS: ClassVar = {"test_outputs_are_read", "test_what_one_job_gives_another_gets", "test_an_action_in_python_runs"}

    class Broken(Good):
        def hear(self, stream: Any, data: bytes) -> Iterable[Chunk]:
            lines = data.splitlines(keepends=True)
            return [(stream, b"".join(line for line in lines if not line.startswith(b"::")))]


class TestTakesOneJobAndSaysSo(Kit):
    FAILS: ClassVar[set[str]] = set()

    class Broken(Good):
        capabilities = Capabilities(shares_files=True, max_jobs=1, inherits_environment=True)
