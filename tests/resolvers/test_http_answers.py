"""What servers answer that is no git, or too slow, or too much: each ends soon, with words of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from git_servers import make_repository
from http_services import GitServer, Stalling, git_server, request_of
from rude_servers import raw_server

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.errors import (
    ActionNotFound,
    AuthenticationFailed,
    FetchFailed,
    PipelinesError,
)
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitResolver, Store, StoreLimits, Timeouts

Resolve = Callable[..., ResolvedAction]
pytestmark = pytest.mark.usefixtures("own_environment")
TYPE = b"Content-Type: application/x-git-upload-pack-advertisement\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
LATER = "; try again later"
WEB_PAGE = "answered with a web page; is the URL right, or does it want a login in a browser?"


def reference(port: int, scheme: str = "http") -> dict[str, object]:
    return {"name": "me/add", "tag": "v1", "git": f"{scheme}://127.0.0.1:{port}/add"}


def failure(resolve: Resolve, resolver: GitResolver, port: int, scheme: str = "http") -> PipelinesError:
    with pytest.raises(PipelinesError) as caught:
        resolve(resolver, reference(port, scheme))
    return caught.value


def saying(*parts: bytes) -> Callable[[socket.socket], None]:
    """Answers one request with some bytes, and ends the connection."""

    def answer(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(b"".join(parts))
        connection.shutdown(socket.SHUT_WR)

    return answer


def body(content: bytes, kind: bytes = TYPE, status: bytes = OK) -> bytes:
    return status + kind + b"Content-Length: %d\r\n\r\n" % len(content) + content


def status(code: int, *headers: bytes) -> bytes:
    return b"HTTP/1.1 %d Oh\r\n" % code + b"".join(headers) + b"Content-Length: 0\r\n\r\n"


LOGIN = "wants a user and password; give them in ~/.netrc or in the URL"
LIST = b"001e# service=git-upload-pack\n0000"


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (b"", FetchFailed, "{url} broke off" + LATER),
        (status(500), FetchFailed, "{url} answered with the HTTP status 500" + LATER),
        (status(503), FetchFailed, "{url} answered with the HTTP status 503" + LATER),
        (status(429), FetchFailed, "{url} answered with the HTTP status 429" + LATER),
        (
            status(429, b"Retry-After: 120\r\n"),
            FetchFailed,
            "{url} answered with the HTTP status 429; try again in 120 seconds",
        ),
        (status(503, b"Retry-After: \x1b[31m\r\n"), FetchFailed, "{url} answered with the HTTP status 503" + LATER),
        (status(400), FetchFailed, "{url} answered with the HTTP status 400; is the URL right?"),
        (status(204), FetchFailed, "{url} answered with the HTTP status 204; is the URL right?"),
        (status(401), AuthenticationFailed, f"{{url}} {LOGIN}"),
        (status(403), AuthenticationFailed, f"{{url}} {LOGIN}"),
        (status(404), ActionNotFound, "there is no git repository at {url}; is the name right?"),
        (status(410), ActionNotFound, "there is no git repository at {url}; is the name right?"),
        (body(b"<html>Log in", b"Content-Type: text/html; charset=utf-8\r\n"), FetchFailed, f"{{url}} {WEB_PAGE}"),
        (body(b"\n <!DOCTYPE html>", b""), FetchFailed, f"{{url}} {WEB_PAGE}"),
        (body(b"", b""), FetchFailed, "{url} answered with nothing; is the URL right?"),
        (body(b"", b"Content-Type: text/html\r\n"), FetchFailed, "{url} answered with nothing; is the URL right?"),
        (body(b""), FetchFailed, "{url} broke off" + LATER),
        (body(b"{}", b""), FetchFailed, "{url} does not speak git's smart protocol; is the URL right?"),
        (body(b"0" * 2, b""), FetchFailed, "{url} does not speak git's smart protocol; is the URL right?"),
        (
            body(b"a" * 40 + b"\trefs/heads/main\n", b"Content-Type: text/plain\r\n"),
            FetchFailed,
            "{url} serves a repository's files, and does not speak git's smart protocol; "
            "its server is to run git http-backend; else use another URL",
        ),
        (
            OK + TYPE + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(10_000_000)),
            FetchFailed,
            "{url} sends a compressed answer, unasked; is there a proxy on the way?",
        ),
        (
            b"hello\r\n\r\n",
            FetchFailed,
            "{origin} does not speak HTTP as expected: its answer has no status; is the port right?",
        ),
        (
            OK + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
            FetchFailed,
            "{origin} does not speak HTTP as expected: its headers are too large; is the port right?",
        ),
        (
            OK + b"X: x\r\n" * 200 + b"\r\n",
            FetchFailed,
            "{origin} does not speak HTTP as expected: its headers are too large; is the port right?",
        ),
        (OK + TYPE + b"Content-Length: 5000\r\n\r\n" + LIST, FetchFailed, "{url} broke off" + LATER),
        (OK + TYPE + b"Content-Length: 20\r\n\r\n" + LIST, FetchFailed, "{url} broke off" + LATER),
        (OK + TYPE + b"Content-Length: -1\r\n\r\n" + LIST[:-2], FetchFailed, "{url} broke off" + LATER),
        (OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", FetchFailed, "{url} broke off" + LATER),
        (OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + LIST, FetchFailed, "{url} broke off" + LATER),
        (OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\n1e\r\n001e", FetchFailed, "{url} broke off" + LATER),
        (OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\n4\r\n001e", FetchFailed, "{url} broke off" + LATER),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + status(404),
            ActionNotFound,
            "there is no git repository at {url}; is the name right?",
        ),
    ],
)
def test_what_a_server_answers_is_told(
    store: Store, resolve: Resolve, answer: bytes, kind: type[PipelinesError], text: str
) -> None:
    with raw_server(saying(answer)) as port:
        error = failure(resolve, GitResolver(store), port)
    assert isinstance(error, kind)
    origin = f"http://127.0.0.1:{port}"
    assert str(error) == "me/add@v1: " + text.format(url=f"{origin}/add", origin=origin)
    assert [*(store.root / "entries").iterdir(), *(store.root / "temp").iterdir()] == []


TOO_MUCH = "http://127.0.0.1:{port}/add: the server sends more than the 100000 bytes allowed"


@pytest.mark.parametrize(
    ("begin", "text"),
    [
        (OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\n", TOO_MUCH),
        (OK + TYPE + b"\r\n", TOO_MUCH),
        (OK + b"X: x\r\n", "http://127.0.0.1:{port} does not speak HTTP as expected: its headers are too large"),
        (OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", "http://127.0.0.1:{port}/add broke off"),
        (OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", TOO_MUCH),
        (b"", TOO_MUCH),
    ],
    ids=["chunks", "content", "headers", "negative", "trailers", "continue"],
)
def test_what_never_ends_is_refused_when_it_is_too_much(
    store: Store, resolve: Resolve, begin: bytes, text: str
) -> None:
    line = b"1" * 40 + b" refs/heads/main\n"
    packet = b"%04x" % (len(line) + 4) + line
    more = b"%x\r\n" % len(packet) + packet + b"\r\n" if begin.endswith(b"chunked\r\n\r\n") else packet
    if not begin:
        more = b"HTTP/1.1 100 Continue\r\n\r\n"

    def answer(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(begin)
        while True:
            connection.sendall(more * 100)

    with raw_server(answer) as port:
        error = failure(resolve, GitResolver(store, limits=StoreLimits(max_received_bytes=100_000)), port)
    assert error.message == "me/add@v1: " + text.format(port=port)


def test_a_pack_that_is_a_web_page_is_told(root: Path, store: Store, resolve: Resolve) -> None:
    make_repository(root / "add", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])

    def answer(handler: object, content: bytes) -> bool:
        if content:
            handler._answer(200, {"Content-Type": "text/html"}, b"<html>")  # type: ignore[attr-defined]
        return bool(content)

    with git_server(root) as server:
        server.override = answer
        error = failure(resolve, GitResolver(store), server.server_address[1])
    assert str(error) == f"me/add@v1: {server.url}/add {WEB_PAGE}"


@contextlib.contextmanager
def ending(root: Path) -> Iterator[tuple[GitServer, list[int]]]:
    """A server that promises to keep each connection and ends it after one answer."""
    make_repository(root / "add", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])
    ports: list[int] = []

    def answer(handler: object, _: bytes) -> bool:
        ports.append(handler.client_address[1])  # type: ignore[attr-defined]
        handler.close_connection = True  # type: ignore[attr-defined]
        return False

    with git_server(root) as server:
        server.override = answer
        yield server, ports


def test_a_connection_that_ends_between_two_requests_is_made_anew(root: Path, store: Store, resolve: Resolve) -> None:
    with ending(root) as (server, ports):
        resolve(GitResolver(store), reference(server.server_address[1]))
    assert len(set(ports)) == 3


def test_one_connection_serves_all_requests(
    root: Path, authority: trustme.CA, ca_file: Path, store: Store, resolve: Resolve
) -> None:
    make_repository(root / "add", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])
    ports: list[int] = []
    with git_server(root, user="me", password="x", certificate=authority.issue_cert("127.0.0.1")) as server:
        server.override = lambda handler, _: bool(ports.append(handler.client_address[1]))  # type: ignore[func-returns-value]
        resolver = GitResolver(store, ca_file=ca_file, credentials=lambda _: ("me", "x"))
        resolve(resolver, reference(server.server_address[1], "https"))
    assert len(ports) == 4
    assert len(set(ports)) == 1


GREETINGS = {
    "connection": b"",
    "status": b"HTTP/1.1 20",
    "headers": OK + b"X: ",
    "content": OK + TYPE + b"Content-Length: 100\r\n\r\n001e",
    "chunks": OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\n4\r\n001e\r\n",
    "login": status(401)[:-2] + b"Content-Length: 100\r\n\r\n",
}


@pytest.mark.parametrize("greeting", GREETINGS)
def test_a_server_that_stalls_is_given_up(store: Store, resolve: Resolve, greeting: str) -> None:
    with raw_server(Stalling(GREETINGS[greeting])) as port:
        error = failure(resolve, GitResolver(store, timeouts=Timeouts(idle=0.2)), port)
    text = LOGIN if greeting == "login" else "did not answer in time; try again later"
    assert str(error) == f"me/add@v1: http://127.0.0.1:{port}/add {text}"


def test_a_server_that_stalls_when_tls_begins_is_given_up(store: Store, resolve: Resolve) -> None:
    with raw_server(Stalling()) as port:
        error = failure(resolve, GitResolver(store, timeouts=Timeouts(connect=0.2)), port, "https")
    text = "did not begin TLS in time; does it speak https at this port?"
    assert str(error) == f"me/add@v1: https://127.0.0.1:{port} {text}"


def test_a_proxy_that_stalls_is_given_up(store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(Stalling()) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        error = failure(resolve, GitResolver(store, timeouts=Timeouts(connect=0.2)), 1, "https")
    assert str(error) == f"me/add@v1: the proxy http://127.0.0.1:{port} did not answer in time; see https_proxy"


@contextlib.contextmanager
def full_listener() -> Iterator[int]:
    """A port of loopback that answers no call: as many wait for an answer as the system lets wait."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])


def test_a_server_that_does_not_answer_the_call_is_given_up(store: Store, resolve: Resolve) -> None:
    with full_listener() as port:
        error = failure(resolve, GitResolver(store, timeouts=Timeouts(connect=0.2)), port)
    assert str(error) == f"me/add@v1: http://127.0.0.1:{port} did not answer the call in time; is it online?"


class FakeStalledLookUp:
    """Stands for a name server that does not answer: that of a test's machine can't be had."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.over = threading.Event()
        self.left = self.over  # nothing can interrupt the look-up itself

    def __call__(self, host: str, *args: object, **options: object) -> list[object]:
        if options.get("flags"):
            raise socket.gaierror("no number")
        self.reached.set()
        self.over.wait()
        raise socket.gaierror("too late")


@pytest.fixture
def stalled_look_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStalledLookUp]:
    fake = FakeStalledLookUp()
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", fake)
        yield fake
        fake.over.set()


def test_a_name_that_is_not_found_in_time_is_told(
    stalled_look_up: FakeStalledLookUp, store: Store, resolve: Resolve
) -> None:
    resolver = GitResolver(store, timeouts=Timeouts(connect=0.2))
    with pytest.raises(FetchFailed) as caught:
        resolve(resolver, {"name": "me/add", "tag": "v1", "git": "http://git.invalid/add"})
    assert str(caught.value) == "me/add@v1: http://git.invalid did not answer the call in time; is it online?"


def test_a_host_that_can_t_be_is_told(store: Store, resolve: Resolve) -> None:
    host = "a" * 64 + ".invalid"
    with pytest.raises(FetchFailed) as caught:
        resolve(GitResolver(store), {"name": "me/add", "tag": "v1", "git": f"http://{host}/add"})
    assert str(caught.value) == f"me/add@v1: http://{host} can't be reached: {host} is no host name; is it online?"


def cancelled(store: Store, url: str, reached: threading.Event) -> None:
    """Cancels a fetch when something was reached, and returns when the fetch has ended, its thread included."""

    async def run() -> None:
        reference = ActionReference.parse({"name": "me/add", "tag": "v1", "git": url})
        task = asyncio.create_task(GitResolver(store).resolve(reference, ResolveContext()))
        await asyncio.to_thread(reached.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    # The thread of the fetch ends too, although the server still holds the line: it has the repository's lock.
    for thread in threading.enumerate():
        if thread.name == "datatorch-pipelines-resolve":
            thread.join()


@pytest.mark.parametrize("greeting", [name for name in GREETINGS if name != "login"])
def test_cancelling_while_an_answer_is_awaited_ends_at_once(store: Store, greeting: str) -> None:
    stall = Stalling(GREETINGS[greeting])
    with raw_server(stall) as port:
        cancelled(store, f"http://127.0.0.1:{port}/add", stall.reached)
        stall.left.wait()


def test_cancelling_while_tls_begins_ends_at_once(store: Store) -> None:
    stall = Stalling()
    with raw_server(stall) as port:
        cancelled(store, f"https://127.0.0.1:{port}/add", stall.reached)
        stall.left.wait()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cancelling_while_a_proxy_is_awaited_ends_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    stall = Stalling()
    with raw_server(stall) as port:
        monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{port}")
        cancelled(store, f"{scheme}://git.invalid/add", stall.reached)
        stall.left.wait()


def test_cancelling_while_a_name_is_looked_up_ends_at_once(store: Store, stalled_look_up: FakeStalledLookUp) -> None:
    cancelled(store, "https://git.invalid/add", stalled_look_up.reached)


def test_cancelling_while_a_server_is_called_ends_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calling = threading.Event()
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        calling.set()
        real(self, address)  # type: ignore[arg-type]

    with full_listener() as port:
        monkeypatch.setattr(socket.socket, "connect", connect)
        cancelled(store, f"http://127.0.0.1:{port}/add", calling)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_total_time_ends_what_drips(store: Store, resolve: Resolve, scheme: str) -> None:
    dripping = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        # A handshake of TLS and the headers of an answer, a byte at a time, without an end.
        begin = b"\x16\x03\x03\x40\x00" if scheme == "https" else OK + b"X: "
        connection.sendall(begin)
        while not dripping.wait(0.01):
            connection.sendall(b"\x02")

    with raw_server(drip) as port:
        error = failure(resolve, GitResolver(store, timeouts=Timeouts(total=0.4)), port, scheme)
    assert str(error) == f"me/add@v1: {scheme}://127.0.0.1:{port}/add took longer than 0.4 seconds; try again later"
