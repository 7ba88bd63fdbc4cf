"""The interface of an executor: where commands run. One method must be written."""

from __future__ import annotations

import abc
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from attrs import field, frozen, validators

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import JobSpec, StepContext
from datatorch_pipelines.contracts.environment import JobEnvironment, fresh_environment


@frozen(kw_only=True)
class Capabilities:
    """The few facts about a runner that are read before a run.

    ``shares_files``: its processes see the engine's files under the same paths. ``containers``: it can start a docker
    command line. ``max_jobs``: how many jobs it takes at once (``None``: any number). ``inherits_environment``: its
    processes have the environment variables of this one. ``takes_labels``: it looks at a job's ``runs_on`` itself, as
    at the resources of a cluster's workers; of another runner a label is asked for that it was given for.
    """

    shares_files: bool = True
    containers: bool = False
    max_jobs: int | None = field(default=None, validator=validators.optional(validators.gt(0)))
    inherits_environment: bool = False
    takes_labels: bool = False


class Runner(abc.ABC):
    """Where the commands of a pipeline run.

    The engine calls, in its event loop: `open` once, then for each job `job`, in it `execute` for every command one
    after the other (jobs overlap), then `aclose`. Policy (time-outs, retries, conditions, masks, outputs) is the
    engine's and never a runner's. See ``docs/how-to/write-a-runner.md``.
    """

    capabilities: ClassVar[Capabilities] = Capabilities()

    async def open(self) -> None:
        """Makes ready, before the first job. Raises `RunnerUnavailable` where that may succeed later."""

    async def aclose(self) -> None:
        """Lets go of everything, after the last job, also when a run failed or was cancelled. Safe to call twice."""

    def job(self, job: JobSpec) -> AbstractAsyncContextManager[JobEnvironment]:
        """The place where one job runs, from its first step to its last: with a fresh, empty workspace.

        When the context ends, nothing that the job started still runs, and the workspace is gone (unless ``job.keep``).
        Where there is a ``job.workspace``, that is the workspace, and it stays.
        The default makes the folders on this machine, or through `execute` where no files are shared.

        Raises `RunnerUnavailable` or `EnvironmentLost`.
        """
        return fresh_environment(self, job)

    @abc.abstractmethod
    async def execute(self, command: Command, context: StepContext) -> int:
        """Runs one command to its end, and gives its exit status (``-signal`` where a signal ended it).

        What it writes goes to ``context.log`` as it comes; what comes before its end is handed on before this returns.
        A child that it leaves in the background doesn't hold it up. Cancelling ends the command's whole process tree
        before the cancellation leaves this method; the environment stays usable.

        Raises `CommandRejected` for what can't be started, `RunnerUnavailable` for what may succeed later, and
        `EnvironmentLost` when the job's place is gone.
        """
