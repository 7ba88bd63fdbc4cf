"""The table of refs against every server there is: sshd in both forms of its URLs, passwords, and protocol 0."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen
from git_matrix import CASES, Case, Matrix, check, make_matrix
from git_servers import git_daemon, running_http_server
from rude_servers import proxy
from ssh_server import can_serve_ssh, ssh_server

from datatorch_pipelines.resolvers import Store

pytestmark = pytest.mark.integration


@frozen
class Service:
    """A server of all repositories: its URL, and whether it speaks protocol 0 alone.

    ``brief`` ones get a part of the table: each connection of ssh takes a fifth of a second.
    """

    url: str
    old: bool = False
    brief: bool = False
    ssh_command: tuple[str, ...] = ("ssh",)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return make_matrix(tmp_path_factory.mktemp("matrix") / "served")


KINDS = ("git", "git-v0", "http", "http-v0", "http-password", "ssh", "ssh-v0", "scp")


@pytest.fixture(scope="module", params=KINDS)
def service(
    request: pytest.FixtureRequest, matrix: Matrix, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    kind, old = str(request.param).removesuffix("-v0"), str(request.param).endswith("-v0")
    with contextlib.ExitStack() as stack:
        if kind in ("ssh", "scp"):
            if not can_serve_ssh():
                pytest.skip("OpenSSH's sshd and ssh are not installed")
            settings = [] if old else ["AcceptEnv GIT_PROTOCOL"]
            server = stack.enter_context(ssh_server(tmp_path_factory.mktemp("sshd"), settings=settings))
            url = f"{server.url}{matrix.root}" if kind == "ssh" else f"127.0.0.1:{matrix.root}"
            yield Service(url, old, request.param != "ssh", ("ssh", *server.options()))
            return
        if kind == "git":
            url = stack.enter_context(git_daemon(matrix.root))
        else:
            user = ("me", "pass word") if kind == "http-password" else (None, None)
            url = stack.enter_context(running_http_server(matrix.root, user=user[0], password=user[1])).url
            url = url.replace("//", "//me:pass%20word@") if user[0] else url
        if old:
            front = stack.enter_context(proxy(int(url.rpartition(":")[2])))
            front.replaced = (b"version=2", b"version=0")
            url = f"{url.rpartition(':')[0]}:{front.port}"
        yield Service(url, old)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.repository}-{case.ref}")
def test_a_ref_means_the_same_by_every_service(case: Case, matrix: Matrix, service: Service, tmp_path: Path) -> None:
    if service.brief and CASES.index(case) % 5:
        pytest.skip("told by the other ssh servers")
    if service.old and not case.old:
        case = case.refused_by_old_servers()
    check(case, matrix, service.url, Store(tmp_path), ssh_command=service.ssh_command)
