"""Real servers, started once for all integration tests."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SSHD = shutil.which("sshd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
SSH_EXAMPLE = Path(__file__).parents[2] / "examples" / "runners" / "ssh.py"


@pytest.fixture(scope="session")
def ssh_example() -> ModuleType:
    """The example executor, as a module."""
    spec = importlib.util.spec_from_file_location("ssh_runner_example", SSH_EXAMPLE)
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
    if SSHD is None or not shutil.which("ssh"):
        pytest.skip("OpenSSH's sshd and ssh are not installed")
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder}/authorized\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "MaxStartups 100\nPermitRootLogin yes\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd gives up its privileges
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=log)
    try:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert server.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
        known = folder / "known"
        known.write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
        yield [
            "-F", "none", "-p", str(port), "-i", str(folder / "user"), "-o", "IdentitiesOnly=yes",
            "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes",
        ]  # fmt: skip
    finally:
        server.terminate()
        server.wait()
