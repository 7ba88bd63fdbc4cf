"""Real servers for what is special to http and https: TLS with a throw-away authority, proxies, any raw answer."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import select
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import trustme
from git_servers import GitHttpServer, _GitHttpHandler


class _Recording(_GitHttpHandler):
    """Notes who wants to log in, and answers what the server's ``override`` says, if it says anything."""

    def _serve(self, body: bytes) -> None:
        server = self.server
        assert isinstance(server, GitServer)
        server.logins.append(self.headers.get("Authorization"))
        count = len(server.requests)
        server.requests.append(f"{self.command} {self.path}")
        if server.override is not None and server.override(self, body):
            return
        del server.requests[count]
        super()._serve(body)

    def redirect(self, place: str, status: int = 301) -> bool:
        """Sends the client elsewhere."""
        self._answer(status, {"Location": place}, b"")
        return True


class GitServer(GitHttpServer):
    """A smart-HTTP server, with TLS if it is given a certificate. ``logins`` has each request's Authorization."""

    def __init__(
        self, root: Path, *, user: str | None, password: str | None, certificate: trustme.LeafCert | None
    ) -> None:
        super().__init__(root, user=user, password=password)
        self.RequestHandlerClass = _Recording
        self.logins: list[str | None] = []
        self.override: Callable[[Any, bytes], bool] | None = None
        self.scheme = "http"
        if certificate is not None:
            self.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            # The handshake is the handler's: a client that is slow with it holds up nobody else.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"


@contextlib.contextmanager
def serving(server: http.server.HTTPServer) -> Iterator[None]:
    """Runs a server as long as the block."""
    with server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def git_server(
    root: Path,
    *,
    user: str | None = None,
    password: str | None = None,
    certificate: trustme.LeafCert | None = None,
) -> Iterator[GitServer]:
    """A running `GitServer` of all repositories below ``root``."""
    server = GitServer(root, user=user, password=password, certificate=certificate)
    with serving(server):
        yield server


class _ProxyHandler(http.server.BaseHTTPRequestHandler):
    server: ProxyServer

    def log_message(self, *args: object) -> None:
        """Says nothing."""

    def _is_allowed(self) -> bool:
        given = self.headers.get("Proxy-Authorization")
        self.server.requests.append((f"{self.command} {self.path}", given))
        if self.server.wanted is not None and given != self.server.wanted:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False
        if self.server.status is not None:
            self.send_response(self.server.status)
            self.end_headers()
        return self.server.status is None

    def do_CONNECT(self) -> None:
        self.close_connection = True
        if not self._is_allowed():
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as target:
            self.send_response(200)
            self.end_headers()
            ends: dict[Any, Any] = {self.connection: target, target: self.connection}
            while True:
                pending = isinstance(self.connection, ssl.SSLSocket) and self.connection.pending()
                for one in [self.connection] if pending else select.select(list(ends), [], [])[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    ends[one].sendall(data)

    def do_GET(self) -> None:
        self._forward(None)

    def do_POST(self) -> None:
        self._forward(self.rfile.read(int(self.headers["Content-Length"])))

    def _forward(self, body: bytes | None) -> None:
        if not self._is_allowed():
            return
        parts = urllib.parse.urlsplit(self.path)
        headers = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
        with contextlib.closing(http.client.HTTPConnection(parts.netloc)) as target:
            target.request(self.command, f"{parts.path}?{parts.query}".rstrip("?"), body, headers)
            answer = target.getresponse()
            content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class ProxyServer(http.server.ThreadingHTTPServer):
    """A real proxy. ``requests`` lists what it was asked for, each with the ``Proxy-Authorization`` that came with it.

    It answers 407 unless that is ``wanted``, and ``status`` to everything where that is set.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, certificate: trustme.LeafCert | None = None) -> None:
        self.requests: list[tuple[str, str | None]] = []
        self.wanted: str | None = None
        self.status: int | None = None
        super().__init__(("127.0.0.1", 0), _ProxyHandler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def place(self) -> str:
        """``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of clients that break off."""


@contextlib.contextmanager
def proxy_server(certificate: trustme.LeafCert | None = None) -> Iterator[ProxyServer]:
    """A running `ProxyServer`, with TLS to its clients if it is given a certificate."""
    server = ProxyServer(certificate)
    with serving(server):
        yield server


class Stalling:
    """Answers ``greeting`` to the first words and then holds the connection until the client goes.

    ``reached`` is set when something came and was answered, ``left`` when the client went.
    """

    def __init__(self, greeting: bytes = b"") -> None:
        self.greeting = greeting
        self.reached = threading.Event()
        self.left = threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(self.greeting)
        self.reached.set()
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                continue
        self.left.set()


def request_of(connection: socket.socket) -> bytes:
    """One whole request of a client, without its content."""
    data = b""
    while b"\r\n\r\n" not in data and (more := connection.recv(65536)):
        data += more
    return data
