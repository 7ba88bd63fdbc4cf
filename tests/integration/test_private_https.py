"""All commands that ask a server, against a private one: https of an authority of one's own, its login in netrc."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from git_servers import commit_files, make_repository
from http_services import GitServer, git_server

pytestmark = pytest.mark.integration
PASSWORD = "s3cr3t-w0rd"
ACTION = {"action-datatorch.yaml": "name: Add\ndescription: Adds.\nruns:\n  using: cmd\n  command: echo added\n"}
PIPELINE = """\
name: Private
jobs:
  private:
    steps:
      - name: Add
        action:
          name: team/add
          tag: {tag}
          git: {url}/add
"""

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    root = tmp_path / "served"
    make_repository(root / "add", ACTION, tags=["v1"])
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    certificate = authority.issue_cert("127.0.0.1")
    with git_server(root, user="me", password=PASSWORD, certificate=certificate) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, server: GitServer) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "p.yaml").write_text(PIPELINE.format(tag="v1", url=server.url))
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login me password {PASSWORD}\n")
    return folder


@pytest.fixture
def call(tmp_path: Path, project: Path) -> Call:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(tmp_path),
        "NETRC": str(tmp_path / "netrc"),
        "SSL_CERT_FILE": str(tmp_path / "authority.pem"),
        "DATATORCH_PIPELINES_HOME": str(tmp_path / "home"),
    }

    def run(*arguments: str, **other: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "datatorch_pipelines", *arguments]
        done = subprocess.run(command, cwd=project, env={**environment, **other}, capture_output=True, text=True)
        assert PASSWORD not in done.stdout + done.stderr
        return done

    return run


def test_every_command_that_asks_a_server_logs_in(call: Call, server: GitServer, project: Path, tmp_path: Path) -> None:
    def done(*arguments: str) -> str:
        # Each has a store of its own: what is in one is not asked for.
        ended = call(*arguments, DATATORCH_PIPELINES_HOME=str(tmp_path / "home" / "-".join(arguments)))
        assert ended.returncode == 0, ended.stderr
        assert any(server.logins)
        del server.logins[:]
        return ended.stdout + ended.stderr

    done("check", "--fetch", "p.yaml")
    done("lock", "p.yaml")
    commit_files(tmp_path / "served" / "add", {"more": "x"}, tags=["v2"])
    assert "v2" in done("upgrade", "p.yaml")
    done("pin", "p.yaml")
    (project / "p.yaml").write_text(PIPELINE.format(tag="main", url=server.url))
    done("actions", "pull", "p.yaml")
    assert done("run", "p.yaml")
    for path in (*(tmp_path / "home").rglob("*"), *project.rglob("*")):
        assert PASSWORD not in str(path)
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        (
            "SSL_CERT_FILE",
            "",
            "is from an authority that is not known here",
        ),
        ("NETRC", "/nonexistent", "/nonexistent: the netrc file can't be read: No such file or directory"),
        ("HTTPS_PROXY", "socks5://127.0.0.1:1", "HTTPS_PROXY names a SOCKS proxy, which is not supported"),
    ],
)
def test_what_is_missing_is_told_on_one_line(call: Call, variable: str, value: str, text: str) -> None:
    ended = call("run", "p.yaml", **{variable: value})
    assert ended.returncode == 2
    assert text in ended.stderr
    assert "Traceback" not in ended.stderr
