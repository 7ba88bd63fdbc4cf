"""`DockerRunner` passes the kit of runners, in an image with Python and in one without."""

from __future__ import annotations

import subprocess

import pytest
from docker_engine import PYTHON, SMALL

from datatorch_pipelines.contracts import JobEnvironment, Runner
from datatorch_pipelines.runners import DockerRunner
from datatorch_pipelines.runners.docker.runner import ContainerEnvironment
from datatorch_pipelines.testing import RunnerConformance

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("docker")]


class TestWithPython(RunnerConformance):
    @pytest.fixture
    def runner(self) -> Runner:
        return DockerRunner(PYTHON, network="none")

    @pytest.fixture
    def unreachable(self) -> Runner:
        return DockerRunner(PYTHON, docker=["docker", "--host", "unix:///no/socket"])

    @pytest.fixture
    def lose(self):
        def kill(environment: JobEnvironment) -> None:
            assert isinstance(environment, ContainerEnvironment)
            subprocess.run(["docker", "kill", environment.container.name], check=True, capture_output=True)

        return kill


class TestWithoutPython(TestWithPython):
    has_python = False

    @pytest.fixture
    def runner(self) -> Runner:
        return DockerRunner(SMALL, network="none")
