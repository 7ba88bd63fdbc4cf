"""One connection to an http or https server, directly or by a proxy, kept for the next request.

The standard library's client speaks HTTP; the sockets are this library's own, so that each wait has its time, ends on
cancellation, and counts what comes, headers included.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any, cast

from datatorch_pipelines.errors import FetchFailed
from datatorch_pipelines.resolvers.transport.proxies import Proxy
from datatorch_pipelines.resolvers.transport.session import Session
from datatorch_pipelines.resolvers.transport.sockets import connected, shut
from datatorch_pipelines.resolvers.transport.tls import secured, tls_failure
from datatorch_pipelines.resolvers.urls import GitUrl

PORTS = {"http": 80, "https": 443}
_BUFFER = 64 * 1024
_MOST_LEFT_OVER = 16 * 1024


class Connection:
    """Sends requests to one server. Raises `FetchFailed`, which names the server, or `Cancelled`."""

    def __init__(
        self,
        url: GitUrl,
        proxy: Proxy | None,
        session: Session,
        trust: Callable[[], ssl.SSLContext],
        *,
        name: str,
        about: str,
    ) -> None:
        """``name`` is the server's in the texts of errors, ``about`` the repository that it is asked for."""
        self._url = url
        self._proxy = proxy
        self._session = session
        self._trust = trust
        self._name = name
        self._about = about
        self._wire: _Wire | None = None
        self._last: http.client.HTTPResponse | None = None

    def close(self) -> None:
        """Ends the connection; a later request begins another."""
        if self._last is not None:
            self._last.close()
            self._last = None
        if self._wire is not None:
            self._wire.end()
            self._wire = None

    def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        """The server's answer (``http.client.HTTPResponse``), of which only status and headers were read."""
        wire = self._wire if self._is_free() else None
        if wire is not None:
            try:
                return self._exchange(wire, method, target, headers, body)
            except _Stale:
                # A server may end a connection between two requests. All that is sent here are questions, so that to
                # send one again does no harm.
                self._session.cancellation.check()
        self.close()
        self._wire = self._opened()
        problem: FetchFailed | None = None
        try:
            return self._exchange(self._wire, method, target, headers, body)
        except _Stale:
            problem = FetchFailed(f"{self._about} broke off", hint="try again later")
        raise problem

    def _exchange(self, wire: _Wire, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        wire.socket.settimeout(self._session.timeouts.idle)
        connection = _speaker(self._url.host, self._url.port or PORTS[self._url.scheme], wire)
        connection.default_port = PORTS[self._url.scheme]
        proxy = self._proxy if self._url.scheme == "http" else None
        if proxy is not None:
            target = f"{self._url.origin}{target}"
            if proxy.authorization is not None:
                headers = {**headers, "Proxy-Authorization": proxy.authorization}
        problem: FetchFailed | _Stale
        try:
            connection.request(method, target, body, dict(headers))
            self._last = connection.getresponse()
            return self._last
        except TimeoutError as error:
            raise FetchFailed(f"{self._about} did not answer in time", hint="try again later") from error
        except OSError:
            problem = _Stale()
        except http.client.HTTPException as error:
            # Its text may be what the server said.
            problem = FetchFailed(f"{self._name} does not speak HTTP as expected: {_broken(error)}", hint=_HINT)
        raise problem

    def _is_free(self) -> bool:
        """Whether the connection can be used again: all of the last answer was read, and it stays open."""
        if self._wire is None or self._last is None or self._last.will_close:
            return False
        try:
            if not self._last.isclosed():
                # What is left of an answer is the end mark of its chunks.
                self._last.read(_MOST_LEFT_OVER)
            return self._last.isclosed()
        except (OSError, http.client.HTTPException, ValueError):
            self._session.cancellation.check()
            return False

    def _opened(self) -> _Wire:
        session, url, proxy = self._session, self._url, self._proxy
        context = self._trust() if "https" in (url.scheme, proxy and proxy.scheme) else None
        place = (url.host, url.port or PORTS[url.scheme]) if proxy is None else (proxy.host, proxy.port)
        opened: Any = self._connected(*place)
        try:
            if proxy is not None and proxy.scheme == "https" and context is not None:
                opened = secured(opened, proxy.host, f"the proxy {proxy}", context, session)
            if proxy is not None and url.scheme == "https":
                self._tunnel(opened, proxy)
            if url.scheme == "https" and context is not None:
                opened = self._with_tls(opened, context)
            return _Wire(opened, session)
        except BaseException:
            opened.close()
            raise

    def _connected(self, host: str, port: int) -> socket.socket:
        proxy = self._proxy
        name, hint = (self._name, "is it online?") if proxy is None else (f"the proxy {proxy}", f"see {proxy.variable}")
        try:
            return connected(host, port, self._session)
        except TimeoutError as error:
            raise FetchFailed(f"{name} did not answer the call in time", hint=hint) from error
        except OSError as error:
            raise FetchFailed(f"{name} can't be reached: {reason_of(error)}", hint=hint) from error

    def _with_tls(self, opened: socket.socket, context: ssl.SSLContext) -> Any:
        if not isinstance(opened, ssl.SSLSocket):
            return secured(opened, self._url.host, self._name, context, self._session)
        # TLS within TLS, which the standard library's sockets can't do.
        from urllib3.util.ssltransport import SSLTransport

        with self._session.cancellation.on_cancel(functools.partial(shut, opened)):
            try:
                return SSLTransport(opened, context, self._url.host.rstrip("."))
            except OSError as error:
                self._session.cancellation.check()
                raise tls_failure(error, self._name) from error

    def _tunnel(self, opened: socket.socket, proxy: Proxy) -> None:
        """Has a proxy connect to the server; what is said from then on goes to that."""
        host = f"[{self._url.host}]" if ":" in self._url.host else self._url.host
        place = f"{host}:{self._url.port or PORTS[self._url.scheme]}"
        headers = {"Host": place}
        if proxy.authorization is not None:
            headers["Proxy-Authorization"] = proxy.authorization
        wire = _Wire(opened, self._session)
        problem: FetchFailed
        try:
            connection = _speaker(proxy.host, proxy.port, wire)
            connection.request("CONNECT", place, headers=headers)
            status = connection.getresponse().status
            if status == http.HTTPStatus.OK:
                return
            problem = FetchFailed(
                f"the proxy {proxy} does not connect to {place}: it answered with the HTTP status {status}",
                hint=f"see {proxy.variable} and no_proxy",
            )
            if status == http.HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                problem = proxy_refusal(proxy)
        except TimeoutError as error:
            raise FetchFailed(f"the proxy {proxy} did not answer in time", hint=f"see {proxy.variable}") from error
        except (OSError, http.client.HTTPException):
            # Its text may be what the proxy said.
            problem = FetchFailed(f"the proxy {proxy} broke off", hint=f"is it one? see {proxy.variable}")
        finally:
            wire.release()
        raise problem


def _speaker(host: str, port: int, wire: _Wire) -> http.client.HTTPConnection:
    """What speaks HTTP over a connection that is there."""
    connection = http.client.HTTPConnection(host, port)
    connection.debuglevel = 0  # else the class's own would have it print what is secret
    connection.response_class = _Response
    connection.sock = cast(Any, wire)
    return connection


def proxy_refusal(proxy: Proxy) -> FetchFailed:
    """What is said of a proxy that wants another user and password, or some."""
    if proxy.authorization is None:
        hint = f"write http://user:password@host:port in {proxy.variable}"
        return FetchFailed(f"the proxy {proxy} wants a user and password", hint=hint)
    return FetchFailed(f"the proxy {proxy} refused the user and password", hint=f"check them in {proxy.variable}")


def reason_of(error: OSError) -> str:
    """The system's reason for an error, for a text: on one line."""
    return " ".join(str(error.strerror or error or type(error).__name__).split())


_HINT = "is the port right?"


def _broken(error: http.client.HTTPException) -> str:
    """What is wrong with an answer, without any of it."""
    if isinstance(error, http.client.LineTooLong) or "headers" in str(error):
        return "its headers are too large"
    if isinstance(error, http.client.UnknownProtocol | http.client.BadStatusLine):
        return "its answer has no status"
    return "its answer has the wrong form"


class _Stale(Exception):
    """A connection ended before the first byte of an answer."""


class _Response(http.client.HTTPResponse):
    def _read_next_chunk_size(self) -> int:
        # The standard library takes "-1" for a size, and would read whatever comes into memory.
        size = int(cast(Any, super())._read_next_chunk_size())
        if size < 0:
            raise http.client.IncompleteRead(b"")
        return size


class _Wire:
    """A socket as ``http.client`` uses it. It ends on cancellation, and by `end`; to `close` it does nothing."""

    def __init__(self, opened: Any, session: Session) -> None:
        self.socket = opened
        self._session = session
        base = opened if isinstance(opened, socket.socket) else opened.socket
        self._key = session.cancellation.add(functools.partial(shut, base))

    def sendall(self, data: bytes) -> None:
        """Sends all of it."""
        self._session.cancellation.check()
        self.socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What comes, as a file."""
        return io.BufferedReader(_Incoming(self.socket, self._session), _BUFFER)

    def close(self) -> None:
        """Nothing yet: an answer may still be read."""

    def release(self) -> None:
        """Leaves the socket to another."""
        self._session.cancellation.remove(self._key)

    def end(self) -> None:
        """Closes the socket."""
        self.release()
        self.socket.close()


class _Incoming(io.RawIOBase):
    """What comes from a socket: counted, and no more after cancellation."""

    def __init__(self, opened: Any, session: Session) -> None:
        super().__init__()
        self._socket = opened
        self._session = session

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._session.cancellation.check()
        size = int(self._socket.recv_into(buffer))
        self._session.count(size)
        return size
