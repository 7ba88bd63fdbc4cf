"""Servers that misbehave: that stall, break off, lie, or speak something else. Each ends soon, with a clear error."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from git_servers import CLEAN_ENVIRONMENT, git, git_daemon, make_repository
from rude_servers import raw_server

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, AuthenticationFailed, FetchFailed
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, Store, Timeouts

Resolve = Callable[..., ResolvedAction]
ACTION = {"action-datatorch.yaml": "name: Add\n"}


class Stall:
    """Reads what comes and never answers; ``reached`` is set when something came, ``left`` when the client went."""

    def __init__(self, greeting: bytes = b"") -> None:
        self.greeting = greeting
        self.reached = threading.Event()
        self.left = threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(self.greeting)
        self.reached.set()
        while connection.recv(65536):
            continue
        self.left.set()


HTTP_STALL = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n"


@pytest.mark.parametrize(
    ("scheme", "greeting"), [("http", b""), ("http", HTTP_STALL), ("git", b""), ("git", b"000eversion 2\n")]
)
def test_cancelling_while_a_server_stalls_ends_at_once(store: Store, scheme: str, greeting: bytes) -> None:
    stall = Stall(greeting)

    async def run(port: int) -> None:
        resolver = GitHubResolver(f"{scheme}://127.0.0.1:{port}", store=store)
        task = asyncio.create_task(resolver.resolve(ActionReference.parse("me/add@v1"), ResolveContext()))
        await asyncio.to_thread(stall.reached.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with raw_server(stall) as port:
        asyncio.run(run(port))
        assert stall.left.wait(10)
    assert list((store.root / "temp").iterdir()) == []


def test_cancelling_one_of_two_who_wait_leaves_the_other(root: Path, store: Store) -> None:
    commit = make_repository(root / "me" / "add.git", ACTION, tags=["v1"])

    async def run(url: str) -> str | None:
        resolver, context = GitHubResolver(url, store=store), ResolveContext()
        reference = ActionReference.parse("me/add@v1")
        one, two = (asyncio.create_task(resolver.resolve(reference, context)) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        return (await two).commit

    with git_daemon(root) as url:
        assert asyncio.run(run(url)) == commit


@pytest.mark.parametrize("scheme", ["http", "git"])
def test_a_server_that_does_not_answer_is_given_up(store: Store, resolve: Resolve, scheme: str) -> None:
    timeouts = Timeouts(connect=0.2, idle=0.2)
    with raw_server(Stall()) as port:
        url = f"{scheme}://127.0.0.1:{port}"
        with pytest.raises(FetchFailed) as caught:
            resolve(GitHubResolver(url, store=store, timeouts=timeouts), "me/add@v1")
    assert str(caught.value) == f"me/add@v1: {url}/me/add.git did not answer in time; try again later"


@pytest.mark.parametrize("scheme", ["http", "git"])
def test_a_server_that_trickles_is_given_up_in_the_end(store: Store, resolve: Resolve, scheme: str) -> None:
    line = b"1" * 40 + b" refs/heads/main\n"

    def trickle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(HTTP_STALL if scheme == "http" else b"")
        while True:
            connection.sendall(b"%04x%s" % (len(line) + 4, line))

    timeouts = Timeouts(total=0.5)
    with raw_server(trickle) as port:
        url = f"{scheme}://127.0.0.1:{port}"
        with pytest.raises(FetchFailed) as caught:
            resolve(GitHubResolver(url, store=store, timeouts=timeouts), "me/add@v1")
    assert str(caught.value) == f"me/add@v1: {url}/me/add.git took longer than 0.5 seconds; try again later"


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (b"", FetchFailed, "broke off|does not speak git|can't be reached"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", FetchFailed, "answered with the HTTP status 500"),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", AuthenticationFailed, "wants a user and password"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", ActionNotFound, "there is no git repository at"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", FetchFailed, "does not speak git"),
        (
            HTTP_STALL.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\nhello"),
            FetchFailed,
            "does not speak git",
        ),
        (
            b"HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:1/evil\r\nContent-Length: 0\r\n\r\n",
            Exception,
            "redirects to what is no git repository",
        ),
        (b"\x00\xff garbage", FetchFailed, "does not speak HTTP as expected: its answer has no status"),
    ],
)
def test_what_an_http_server_says_is_told(
    store: Store, resolve: Resolve, answer: bytes, error: type[Exception], text: str
) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)

    with raw_server(talk) as port:
        reference = {"name": "me/add", "tag": "v1", "git": f"http://127.0.0.1:{port}/add"}
        with pytest.raises(error, match=text) as caught:
            resolve(GitResolver(store), reference)
    assert len(str(caught.value).splitlines()) == 1


def test_a_dumb_http_server_is_told(root: Path, store: Store, resolve: Resolve) -> None:
    import functools
    import http.server

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Says nothing."""

    make_repository(root / "add", ACTION, tags=["v1"])
    git("update-server-info", cwd=root / "add")
    handler = functools.partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/add/.git"
        try:
            with pytest.raises(FetchFailed) as caught:
                resolve(GitResolver(store), {"name": "me/add", "tag": "v1", "git": url})
        finally:
            server.shutdown()
            thread.join()
    assert str(caught.value) == (
        f"me/add@v1: {url} serves a repository's files, and does not speak git's smart protocol; "
        "its server is to run git http-backend; else use another URL"
    )


SSH = """\
import os, sys
arguments = sys.argv[1:]
host, command = arguments[-2:]
assert arguments[-3] == "--" and "-oBatchMode=yes" in arguments, arguments
if host == "denied.example":
    sys.exit("git@denied.example: Permission denied (publickey).")
os.chdir({root!r})
os.environ["GIT_PROTOCOL"] = "version=2"
os.execvp("sh", ["sh", "-c", command])
"""


@pytest.fixture
def ssh(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands for ssh: runs the command here. The real one is for the integration tests."""
    script = tmp_path / "ssh.py"
    script.write_text(SSH.format(root=str(root)))
    for name, value in CLEAN_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return [sys.executable, str(script)]


@pytest.mark.parametrize("form", ["git@example.org:me/add.git", "ssh://git@example.org:2222{root}/me/add.git"])
def test_ssh_urls_work(root: Path, store: Store, resolve: Resolve, ssh: list[str], form: str) -> None:
    commit = make_repository(root / "me" / "add.git", ACTION, tags=["v1"])
    reference = {"name": "me/add", "tag": "v1", "git": form.format(root=root)}
    assert resolve(GitResolver(store, ssh_command=ssh), reference).commit == commit


def test_what_ssh_says_is_told(root: Path, store: Store, resolve: Resolve, ssh: list[str]) -> None:
    resolver = GitResolver(store, ssh_command=ssh)
    with pytest.raises(AuthenticationFailed) as caught:
        resolve(resolver, {"name": "me/add", "tag": "v1", "git": "git@denied.example:add.git"})
    assert str(caught.value) == (
        "me/add@v1: ssh://denied.example/~/add.git refused the ssh key; can `ssh denied.example` log in to it?"
    )
    with pytest.raises(ActionNotFound) as missing:
        resolve(resolver, {"name": "me/add", "tag": "v1", "git": "git@example.org:none.git"})
    assert str(missing.value) == (
        "me/add@v1: there is no git repository at ssh://example.org/~/none.git; is the name right?"
    )


def test_a_missing_ssh_program_is_told(store: Store, resolve: Resolve) -> None:
    resolver = GitResolver(store, ssh_command=["/nonexistent/ssh"])
    with pytest.raises(FetchFailed, match="the program '/nonexistent/ssh' is not installed; install OpenSSH"):
        resolve(resolver, {"name": "me/add", "tag": "v1", "git": "git@example.org:add.git"})


def test_a_moved_repository_is_followed_and_the_password_is_not(store: Store, resolve: Resolve) -> None:
    heard: list[bytes] = []

    def elsewhere(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with raw_server(elsewhere) as other:

        def moved(connection: socket.socket) -> None:
            heard.append(connection.recv(65536))
            place = b"http://127.0.0.1:%d/b/info/refs?service=git-upload-pack" % other
            connection.sendall(
                b"HTTP/1.1 301 Moved\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % place
            )

        with raw_server(moved) as port:
            reference = {"name": "me/a", "tag": "v1", "git": f"http://me:s3cr3t@127.0.0.1:{port}/a"}
            with pytest.raises(ActionNotFound, match="there is no git repository at"):
                resolve(GitResolver(store), reference)
    first, second = heard
    assert b"Authorization: Basic" in first
    assert second.startswith(b"GET /b/info/refs")
    assert b"authorization" not in second.lower()


@pytest.mark.parametrize("sha", [b"../" * 12 + b"tmp", b"a" * 40 + b"/files", b"z" * 40, b"\xff" * 40, b"a" * 3000])
@pytest.mark.parametrize("tag", ["v1", "abcdef1"])
def test_what_is_no_commit_id_never_becomes_a_path(store: Store, resolve: Resolve, sha: bytes, tag: str) -> None:
    def advertise(connection: socket.socket) -> None:
        connection.recv(65536)
        line = sha + b" refs/tags/v1\0ofs-delta shallow\n"
        connection.sendall(b"%04x" % (len(line) + 4) + line + b"0000")
        connection.recv(65536)

    with raw_server(advertise) as port:
        url = f"git://127.0.0.1:{port}/a"
        with pytest.raises(FetchFailed) as caught:
            resolve(GitResolver(store), {"name": "me/a", "tag": tag, "git": url})
    assert str(caught.value) == f"me/a@{tag}: {url} names what is no commit; is the URL right?"


def test_names_that_a_server_makes_up_reach_no_terminal(store: Store, resolve: Resolve) -> None:
    def advertise(connection: socket.socket) -> None:
        connection.recv(65536)
        for name in (b"refs/tags/\x1b[31mv1\0ofs-delta shallow\n", b"refs/tags/\xc2\x9b1mv1\n", b"refs/tags/v12\n"):
            line = b"a" * 40 + b" " + name
            connection.sendall(b"%04x" % (len(line) + 4) + line)
        connection.sendall(b"0000")
        connection.recv(65536)

    with raw_server(advertise) as port:
        url = f"git://127.0.0.1:{port}/a"
        with pytest.raises(ActionNotFound) as caught:
            resolve(GitResolver(store), {"name": "me/a", "tag": "v1", "git": url})
    assert str(caught.value) == f"me/a@v1: {url} has no tag or branch 'v1'; did you mean v12?"


@pytest.mark.parametrize("scheme", ["git", "http"])
def test_a_name_that_is_looked_up_for_ever_is_given_up(
    store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    never = threading.Event()
    real = socket.getaddrinfo

    def fake_getaddrinfo(host: str, *args: object, flags: int = 0, **more: object) -> object:
        if host != "slow.example":
            return real(host, *args, flags=flags, **more)  # type: ignore[arg-type]  # as it was called
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        never.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", fake_getaddrinfo)
    reference = {"name": "me/a", "tag": "v1", "git": f"{scheme}://slow.example/a"}
    try:
        with pytest.raises(FetchFailed) as caught:
            resolve(GitResolver(store, timeouts=Timeouts(connect=0.05)), reference)
    finally:
        never.set()
    assert str(caught.value) == f"me/a@v1: {scheme}://slow.example did not answer the call in time; is it online?"


FAKE_SSH = """\
import subprocess, sys
child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
with open({pipe!r}, "w") as pipe:
    pipe.write(str(child.pid))
sys.stdin.read()
"""


def test_a_child_of_ssh_that_left_its_group_and_holds_its_pipes_holds_up_nobody(tmp_path: Path, store: Store) -> None:
    pipe, script = tmp_path / "pipe", tmp_path / "fake_ssh.py"
    os.mkfifo(pipe)
    script.write_text(FAKE_SSH.format(pipe=str(pipe)))

    async def run() -> int:
        resolver = GitResolver(store, ssh_command=[sys.executable, str(script)])
        reference = ActionReference.parse({"name": "me/add", "tag": "v1", "git": "git@example.org:me/add.git"})
        task = asyncio.create_task(resolver.resolve(reference, ResolveContext()))
        child = int(await asyncio.to_thread(pipe.read_text))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return child

    child = asyncio.run(run())
    try:
        for thread in threading.enumerate():
            if thread.name == "datatorch-pipelines-resolve":
                thread.join(10)
                assert not thread.is_alive()
    finally:
        os.kill(child, signal.SIGKILL)
