"""The library's own runners pass the kit that others get. (Those that need a server: tests/integration.)"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from processes_in_threads import run_in_thread

from datatorch_pipelines.contracts import Capabilities, Command, JobEnvironment, Runner, StepContext
from datatorch_pipelines.runners import LocalRunner, ThreadRunner, supervised
from datatorch_pipelines.testing import RunnerConformance
from datatorch_pipelines.testing.leftovers import children


class TestLocalRunner(RunnerConformance):
    @pytest.fixture
    def runner(self) -> Runner:
        return LocalRunner()


@pytest.mark.integration
class TestBoundLocalRunner(RunnerConformance):
    @pytest.fixture
    def runner(self) -> Runner:
        return LocalRunner(inherit=["PATH"], nice=5, memory=4 * 2**30, cpu_seconds=3600)


class ShellRunner(Runner):
    """Runs commands at the far end of a pipe, where a shell of this machine stands for another machine."""

    capabilities: ClassVar[Capabilities] = Capabilities(shares_files=False)

    def __init__(self, *shell: str) -> None:
        self.shell = shell

    async def execute(self, command: Command, context: StepContext) -> int:
        travelling = supervised(command, context)
        return await travelling.run([*self.shell, "-c", travelling.line])


class FarShell(RunnerConformance):
    """The far end has nothing of the library's and none of this machine's variables."""

    shell: ClassVar[tuple[str, ...]]

    @pytest.fixture
    def runner(self, tmp_path: Path) -> Runner:
        if not shutil.which(self.shell[0]):
            pytest.skip(f"{self.shell[0]} is not installed")
        # The far end runs `sh` itself, so that must be the shell in question too.
        (tmp_path / "bin").mkdir()
        (tmp_path / "far").mkdir()
        shell = tmp_path / "bin" / "sh"
        shell.write_text(f'#!/bin/sh\nexec {shutil.which(self.shell[0])} {" ".join(self.shell[1:])} "$@"\n')
        shell.chmod(0o755)
        path = f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        far = ("env", "-i", f"PATH={path}", f"HOME={tmp_path / 'far'}", f"TMPDIR={tmp_path / 'far'}", "sh")
        return ShellRunner(*far)

    @pytest.fixture
    def unreachable(self) -> Runner:
        return ShellRunner("false")

    @pytest.fixture
    def lose(self) -> object:
        def lose(environment: JobEnvironment) -> None:
            """Kills what carries the job's commands."""
            mark = f"TMPDIR={environment.paths.workspace.parent.parent}".encode()
            for pid in map(int, children()):
                if mark in Path(f"/proc/{pid}/environ").read_bytes():
                    os.kill(pid, signal.SIGKILL)

        return lose


class TestFarDash(FarShell):
    shell = ("dash",)


# One shell is enough for every day.
@pytest.mark.integration
class TestFarBash(FarShell):
    shell = ("bash",)


@pytest.mark.integration
class TestFarBusybox(FarShell):
    shell = ("busybox", "sh")


class TestThreadRunner(RunnerConformance):
    @pytest.fixture
    def runner(self) -> Runner:
        return ThreadRunner(run_in_thread)
