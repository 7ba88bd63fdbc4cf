"""Real servers, started once for all integration tests."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from docker_engine import can_serve_docker, docker_engine
from slurm_cluster import SlurmCluster, can_run_slurm, slurm_cluster
from ssh_server import can_serve_ssh, ssh_server

EXAMPLES = Path(__file__).parents[2] / "examples" / "runners"


@pytest.fixture(scope="session")
def ssh_example() -> ModuleType:
    """The example executor over ssh, as a module."""
    return _example("ssh")


@pytest.fixture(scope="session")
def slurm_example() -> ModuleType:
    """The example executor for Slurm, as a module."""
    return _example("slurm")


def _example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_runner_example", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NODE_PACKAGES = ("yaml-language-server@1.25.0", "@microsoft/sarif-multitool-linux@5.7.0")


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the npm packages that tests start, installed once into the folder that NODE_TOOLS names."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    folder = Path(os.environ.get("NODE_TOOLS") or tmp_path_factory.mktemp("node"))
    installed = folder / "installed.txt"
    if not installed.exists() or installed.read_text().split() != list(NODE_PACKAGES):
        command = [
            npm,
            "install",
            "--prefix",
            folder,
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--silent",
            *NODE_PACKAGES,
        ]
        subprocess.run(command, check=True)
        installed.write_text("\n".join(NODE_PACKAGES))
    return folder / "node_modules"


@pytest.fixture(scope="session")
def ssh_options(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The options by which ssh reaches a server that lives as long as the tests."""
    if not can_serve_ssh():
        pytest.skip("OpenSSH's sshd and ssh are not installed")
    with ssh_server(tmp_path_factory.mktemp("sshd") / "keys") as server:
        yield server.options()


@pytest.fixture(scope="session")
def docker() -> Iterator[None]:
    """A container engine that lives as long as the tests, named by DOCKER_HOST, with the images of `docker_engine`."""
    if not can_serve_docker():
        pytest.skip("docker, dockerd and a static busybox are not installed")
    with (
        _short_folder("docker-") as folder,
        docker_engine(folder / "engine") as host,
        pytest.MonkeyPatch.context() as patch,
    ):
        if host is not None:
            patch.setenv("DOCKER_HOST", host)
        yield


@pytest.fixture(scope="session")
def slurm() -> Iterator[SlurmCluster]:
    """A Slurm of two nodes that lives as long as the tests, named by SLURM_CONF."""
    if not can_run_slurm():
        pytest.skip("Slurm is not installed, or this is not root")
    with (
        _short_folder("slurm-") as folder,
        slurm_cluster(folder) as cluster,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SLURM_CONF", cluster.env["SLURM_CONF"])
        yield cluster


@contextlib.contextmanager
def _short_folder(prefix: str) -> Iterator[Path]:
    """A folder for sockets, whose paths have no room for the usual one of temporary files."""
    with tempfile.TemporaryDirectory(prefix=prefix, dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
