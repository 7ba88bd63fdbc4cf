"""`DaskRunner` passes the kit of tests for runners, on a real scheduler and a real worker."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest
from dask_processes import Forked, dask_processes

from datatorch_pipelines.contracts import Command, JobEnvironment, Runner
from datatorch_pipelines.runners import DaskRunner
from datatorch_pipelines.testing import RunnerConformance


@pytest.fixture(scope="module")
def workers():
    """A scheduler, and workers that come at once."""
    with dask_processes() as cluster, contextlib.closing(Forked(cluster, slots=32)) as workers:
        workers.start()
        yield cluster, workers


@pytest.mark.integration
class TestDaskRunner(RunnerConformance):
    @pytest.fixture
    def runner(self, workers) -> Runner:
        cluster, _ = workers
        return DaskRunner(cluster.address)

    @pytest.fixture
    def unreachable(self, monkeypatch) -> Runner:
        monkeypatch.setattr("datatorch_pipelines.runners.dask.connection.CONNECT_SECONDS", 0.5)
        return DaskRunner("tcp://127.0.0.1:1")

    @pytest.fixture
    def lose(self, workers):
        _, forked = workers

        async def lose(environment: JobEnvironment) -> None:
            said: list[bytes] = []
            await environment.run(
                Command(argv=("sh", "-c", "echo $PPID")), step="lose", sink=lambda _, data: said.append(data)
            )
            victim = int(b"".join(said))
            assert victim in forked.alive
            forked.alive.remove(victim)
            forked.start()
            os.kill(victim, signal.SIGKILL)

        return lose
