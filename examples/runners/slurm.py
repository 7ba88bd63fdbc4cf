"""An executor for Slurm: each job of a pipeline is an allocation, each of its commands an `srun` in that.

    from slurm import SlurmRunner

    pipeline.run(runner=SlurmRunner("--partition=gpu", "--gres=gpu:1", "--time=2:00:00"))

It runs where `srun` does. The nodes need a POSIX shell; nothing is installed there, and no files are shared
with them: actions and inputs travel. A job waits in Slurm's queue like any other; its labels (``runs-on``) are features
that its node must have.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import ClassVar

from datatorch_pipelines.contracts import Capabilities, Command, JobEnvironment, JobSpec, Runner, StepContext
from datatorch_pipelines.errors import EnvironmentLost, RunnerError, RunnerUnavailable
from datatorch_pipelines.runners import supervised

SRUN = ("srun", "--quiet", "--overlap", "--ntasks=1", "--export=PATH,HOME,USER,LOGNAME,LANG")
END_SECONDS = 1.0
HOLD = 'echo "$SLURM_JOB_ID" && exec cat'
"""What holds an allocation: it tells its number, and ends when its input does, also because this process died."""


class SlurmRunner(Runner):
    """Runs jobs in allocations of Slurm; ``options`` are those of ``srun`` for an allocation."""

    capabilities: ClassVar[Capabilities] = Capabilities(shares_files=False, takes_labels=True)

    def __init__(self, *options: str) -> None:
        self._options = options
        self._allocations: dict[JobSpec, str] = {}

    @contextlib.asynccontextmanager
    async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
        """An allocation for as long as the job takes, and a workspace on its node."""
        async with self._allocation(job) as number:
            self._allocations[job] = number
            try:
                async with super().job(job) as environment:
                    yield environment
            finally:
                del self._allocations[job]

    @contextlib.asynccontextmanager
    async def _allocation(self, job: JobSpec) -> AsyncIterator[str]:
        for label in job.runs_on:
            if not re.fullmatch(r"[A-Za-z0-9_.-]+", label):
                raise RunnerError(f"the label {label!r} is no feature of a node", hint="use letters, digits, '_', '-'")
        labels = [f"--constraint={'&'.join(job.runs_on)}"] if job.runs_on else []
        argv = [*SRUN, *labels, *self._options, "--job-name=datatorch", "sh", "-c", HOLD]
        pipe = asyncio.subprocess.PIPE
        try:
            holder = await asyncio.create_subprocess_exec(
                *argv, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except FileNotFoundError as error:
            raise RunnerUnavailable("the program 'srun' is not installed or not on PATH") from error
        number = b""
        try:
            number = (await holder.stdout.readline()).strip()
            if not number:
                said = (await holder.stderr.read()).decode("utf-8", "replace")
                raise RunnerUnavailable(f"Slurm gives no allocation: {'; '.join(said.split(chr(10))).strip('; ')}")
            yield number.decode()
        finally:
            holder.stdin.close()
            if not number:  # it still waits in the queue
                with contextlib.suppress(ProcessLookupError):
                    holder.terminate()
            ended = asyncio.ensure_future(holder.wait())
            try:
                await asyncio.wait_for(asyncio.shield(ended), END_SECONDS)
            except TimeoutError:
                cancel = await asyncio.create_subprocess_exec("scancel", "--full", number.decode())
                await asyncio.shield(cancel.wait())
                await asyncio.shield(ended)

    async def execute(self, command: Command, context: StepContext) -> int:
        """Runs the command as a step of the job's allocation (see `Runner.execute`)."""
        number = self._allocations[context.job]
        travelling = supervised(command, context)
        # Unbuffered, srun passes on what is no whole line yet, but makes the output a terminal, which tar refuses.
        line = f"{{ {travelling.line}; }} | cat"
        try:
            return await travelling.run([*SRUN, f"--jobid={number}", "--unbuffered", "sh", "-c", line])
        except RunnerUnavailable as error:
            # In an allocation that is there, a step starts at once: what doesn't start has lost its place.
            raise EnvironmentLost(f"the allocation {number} is gone: {error.message}") from error
