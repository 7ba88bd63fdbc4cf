"""Connections to git servers: dulwich's clients, with what they lack: time-outs, cancellation and a byte count.

dulwich's clients are made here from a `GitUrl` that was taken apart and checked, never from text, so that the user's
git configuration and dulwich's own guesses about URLs have no part in it.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import select
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, cast
from urllib.parse import urlsplit

import urllib3
from attrs import define, field
from dulwich.client import (
    GitClient,
    HttpGitClient,
    SSHGitClient,
    SSHVendor,
    SubprocessWrapper,
    TraditionalGitClient,
    default_urllib3_manager,
)
from dulwich.config import ConfigDict
from dulwich.protocol import Protocol
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from datatorch_pipelines.errors import ActionRefused, FetchFailed
from datatorch_pipelines.resolvers.bounds import StoreLimits, Timeouts
from datatorch_pipelines.resolvers.cancellation import Cancellation
from datatorch_pipelines.resolvers.urls import GitUrl

_GIT_PORT = 9418
_SERVICES = ("/info/refs", "/git-upload-pack")


@define
class Session:
    """One conversation with a server: its bounds, and what is known of it for the errors' texts."""

    cancellation: Cancellation
    timeouts: Timeouts
    limits: StoreLimits
    ssh_command: Sequence[str] = ("ssh",)
    received: int = 0
    expired: bool = False
    http_status: int | None = None
    ssh_errors: list[bytes] = field(factory=list)

    def metered(self, read: Callable[..., bytes]) -> Callable[..., bytes]:
        """The same read function, counting against the limit on what a server may send."""

        def counted(*args: Any, **options: Any) -> bytes:
            self.cancellation.check()
            data = read(*args, **options)
            self.received += len(data)
            if self.received > self.limits.max_received_bytes:
                raise ActionRefused(f"the server sends more than the {self.limits.max_received_bytes} bytes allowed")
            return data

        return counted

    @contextlib.contextmanager
    def deadline(self) -> Iterator[None]:
        """Ends the conversation, as `Cancellation.cancel` would, when its total time is over."""
        stop = Cancellation()
        own, self.cancellation = self.cancellation, stop

        def expire() -> None:
            self.expired = True
            stop.cancel()

        timer = threading.Timer(self.timeouts.total, expire)
        timer.daemon = True
        timer.start()
        try:
            with own.on_cancel(stop.cancel):
                yield
        finally:
            timer.cancel()
            self.cancellation = own


@contextlib.contextmanager
def open_client(url: GitUrl, session: Session) -> Iterator[GitClient]:
    """A dulwich client for a URL that is not ``file``; its sockets close when the block ends, or on cancellation."""
    if url.is_http:
        with _http_client(url, session) as client:
            yield client
        return
    client = _SshClient(url, session) if url.scheme == "ssh" else _TcpClient(url, session)
    try:
        yield client
    finally:
        # dulwich leaves a connection open when the server's first words are wrong.
        for protocol in client.opened:
            protocol.close()


class _SshClient(SSHGitClient):
    """ssh, by the program of that name."""

    def __init__(self, url: GitUrl, session: Session) -> None:
        super().__init__(
            url.host, port=url.port, username=url.username, vendor=_Ssh(session), config=ConfigDict(), thin_packs=False
        )
        self.opened: list[Protocol] = []

    def _connect(
        self, cmd: bytes, path: str | bytes, protocol_version: int | None = None
    ) -> tuple[Protocol, Callable[[], bool], IO[bytes] | None]:
        connected = super()._connect(cmd, path, protocol_version)
        self.opened.append(connected[0])
        return connected


class _TcpClient(TraditionalGitClient):
    """``git://``, over a socket that has time-outs."""

    def __init__(self, url: GitUrl, session: Session) -> None:
        super().__init__(thin_packs=False)
        self._url = url
        self._session = session
        self.opened: list[Protocol] = []

    def _connect(
        self, cmd: bytes, path: str | bytes, protocol_version: int | None = None
    ) -> tuple[Protocol, Callable[[], bool], IO[bytes] | None]:
        url, session = self._url, self._session
        connection = _connected(url.host, url.port or _GIT_PORT, session)
        key = session.cancellation.add(functools.partial(connection.shutdown, socket.SHUT_RDWR))
        incoming = connection.makefile("rb")

        def close() -> None:
            session.cancellation.remove(key)
            incoming.close()
            connection.close()

        def write(data: bytes) -> int:
            connection.sendall(data)
            return len(data)

        protocol = Protocol(session.metered(incoming.read), write, close)
        self.opened.append(protocol)
        name = path if isinstance(path, bytes) else path.encode()
        if name.startswith(b"/~"):
            name = name[1:]
        host = url.host if url.port is None else f"{url.host}:{url.port}"
        self.protocol_version = 2 if protocol_version is None else protocol_version
        version = b"\0\0version=2\0" if self.protocol_version == 2 else b""
        protocol.send_cmd(b"git-" + cmd, name, b"host=" + host.encode("ascii") + version)
        return protocol, lambda: _readable(connection, 0), None


def _connected(host: str, port: int, session: Session) -> socket.socket:
    """A socket that is connected, by the first address that answers."""
    failure: OSError = OSError(f"no address for {host}")
    for family, kind, number, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        connection = socket.socket(family, kind, number)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(session.timeouts.connect)
            with session.cancellation.on_cancel(functools.partial(connection.shutdown, socket.SHUT_RDWR)):
                session.cancellation.check()
                connection.connect(address)
            connection.settimeout(session.timeouts.idle)
            return connection
        except OSError as error:
            connection.close()
            session.cancellation.check()
            failure = error
        except BaseException:
            connection.close()
            raise
    raise failure


@contextlib.contextmanager
def _http_client(url: GitUrl, session: Session) -> Iterator[GitClient]:
    base = f"{url.origin}{url.path}"
    pools = _Pools(session, url)
    manager = default_urllib3_manager(
        ConfigDict(),
        pool_manager_cls=cast(Any, functools.partial(_manager, urllib3.PoolManager, pools)),
        proxy_manager_cls=cast(Any, functools.partial(_manager, urllib3.ProxyManager, pools)),
        base_url=base,
    )
    client = HttpGitClient(
        base,
        pool_manager=cast(urllib3.PoolManager, manager),
        config=ConfigDict(),
        username=url.username if url.username is not None or url.password is None else "",
        password=url.password,
        thin_packs=False,
    )
    # Packs from other places than the repository's own server are never asked for.
    client._fetch_capabilities.discard(b"packfile-uris")
    try:
        yield client
    finally:
        # An answer that was not read to its end keeps its connection out of the pool, and open.
        for response in pools.responses:
            response.close()
        manager.clear()


class _Pools:
    """What a pool manager is given: connections that close on cancellation, and a look at each request."""

    def __init__(self, session: Session, url: GitUrl) -> None:
        self.session = session
        self.url = url
        self.responses: list[Any] = []
        cancellation = session.cancellation

        def watched(kind: type[HTTPConnection]) -> type[HTTPConnection]:
            def connect(connection: HTTPConnection) -> None:
                cancellation.check()
                kind.connect(connection)
                opened = cast(socket.socket | None, connection.sock)
                if opened is not None:
                    cancellation.add(functools.partial(_shut, opened))

            return type(kind.__name__, (kind,), {"connect": connect})

        self.by_scheme = {
            "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": watched(HTTPConnection)}),
            "https": type("Pool", (HTTPSConnectionPool,), {"ConnectionCls": watched(HTTPSConnection)}),
        }

    def check(self, url: str) -> None:
        """Refuses what no git client asks for, and a redirect that leaves TLS."""
        self.session.cancellation.check()
        parts = urlsplit(url)
        if self.url.scheme == "https" and parts.scheme != "https":
            raise ActionRefused("the server redirects from https to http")
        if not parts.path.endswith(_SERVICES):
            raise ActionRefused("the server redirects to what is no git repository")

    def note(self, response: Any) -> Any:
        """Remembers the status and counts what is read."""
        self.session.http_status = response.status
        self.responses.append(response)
        response.read = self.session.metered(response.read)
        return response


def _manager(kind: type[urllib3.PoolManager], pools: _Pools, *args: Any, **options: Any) -> urllib3.PoolManager:
    """A pool manager of dulwich's choice that looks at each request, redirects included."""

    class Manager(kind):  # type: ignore[valid-type,misc]  # PoolManager, or ProxyManager where there is a proxy
        def urlopen(self, method: str, url: str, redirect: bool = True, **more: Any) -> Any:
            pools.check(url)
            return pools.note(super().urlopen(method, url, redirect=redirect, **more))

    times = pools.session.timeouts
    manager = Manager(
        *args,
        **options,
        timeout=urllib3.Timeout(connect=times.connect, read=times.idle),
        retries=urllib3.Retry(total=8, connect=0, read=0, redirect=5, status=0, other=0),
    )
    manager.pool_classes_by_scheme = pools.by_scheme
    return cast(urllib3.PoolManager, manager)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those behind it. urllib3 keeps some as ``reason``, most as causes or contexts."""
    seen: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            todo += [getattr(one, "reason", None), one.__cause__, one.__context__]


def timed_out(error: BaseException) -> bool:
    """Whether a time-out is behind an error."""
    kinds = (TimeoutError, urllib3.exceptions.TimeoutError)
    return any(isinstance(one, kinds) and not isinstance(one, NewConnectionError) for one in _causes(error))


def unreachable_reason(error: BaseException) -> str | None:
    """The system's reason why a server can't be reached, or ``None`` if that is not what went wrong."""
    causes = list(_causes(error))
    system = [one for one in causes if isinstance(one, OSError) and not isinstance(one, urllib3.exceptions.HTTPError)]
    if system:
        return system[-1].strerror or str(system[-1])
    network = [one for one in causes if isinstance(one, urllib3.exceptions.HTTPError)]
    return str(network[-1]) if network else None


def _shut(connection: socket.socket) -> None:
    # The plain socket's method: an SSL socket's own also forgets its state, under the feet of the thread that reads.
    socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Ssh(SSHVendor):
    """The system's ``ssh``, asking nothing and giving up in time. The user's ssh configuration counts, as for git."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run_command(
        self,
        host: str,
        command: bytes,
        username: str | None = None,
        port: int | None = None,
        password: str | None = None,
        key_filename: str | None = None,
        ssh_command: str | None = None,
        protocol_version: int | None = None,
    ) -> SubprocessWrapper:
        times = self._session.timeouts
        program = shutil.which(self._session.ssh_command[0])
        if program is None:
            raise FetchFailed(f"the program {self._session.ssh_command[0]!r} is not installed", hint="install OpenSSH")
        argv = [program, *self._session.ssh_command[1:], "-x", "-T", "-oBatchMode=yes"]
        argv += [f"-oConnectTimeout={max(1, round(times.connect))}", "-oSetEnv=GIT_PROTOCOL=version=2"]
        argv += ["-oClearAllForwardings=yes", "-oPermitLocalCommand=no"]
        argv += ["-p", str(port)] if port else []
        argv += ["-l", username] if username else []
        process = subprocess.Popen(
            [*argv, "--", host, command],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        return cast(SubprocessWrapper, _SshProcess(process, self._session))


class _SshProcess:
    """A running ``ssh``: what dulwich wants of a `SubprocessWrapper`, with an idle time-out."""

    def __init__(self, process: subprocess.Popen[bytes], session: Session) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("ssh was started without pipes")
        self._process = process
        self._session = session
        self._key = session.cancellation.add(process.kill)
        self._incoming = io.BufferedReader(_TimedPipe(process.stdout.fileno(), session.timeouts.idle))
        self._outgoing = process.stdin
        self.read = session.metered(self._incoming.read)
        self._reader = threading.Thread(target=self._drain, args=(process.stderr,), daemon=True)
        self._reader.start()

    @property
    def stderr(self) -> IO[bytes]:
        """What ssh said so far."""
        self._reader.join(timeout=2)
        return io.BytesIO(b"\n".join(self._session.ssh_errors))

    def _drain(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                del self._session.ssh_errors[:-50]
                self._session.ssh_errors.append(line.rstrip()[:500])

    def write(self, data: bytes) -> int:
        """Writes to the server."""
        view = memoryview(data)
        while view:
            if not select.select([], [self._outgoing], [], self._session.timeouts.idle)[1]:
                raise TimeoutError("timed out")
            view = view[os.write(self._outgoing.fileno(), view[:4096]) :]
        return len(data)

    def can_read(self) -> bool:
        """Whether the server has said something more."""
        return bool(self._process.stdout and select.select([self._process.stdout], [], [], 0)[0])

    def close(self) -> None:
        """Ends ssh."""
        self._session.cancellation.remove(self._key)
        self._outgoing.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=2)
        for stream in (self._incoming, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


class _TimedPipe(io.RawIOBase):
    """A pipe whose read gives up when nothing comes for some seconds."""

    def __init__(self, descriptor: int, seconds: float) -> None:
        self._descriptor = descriptor
        self._seconds = seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not _readable(self._descriptor, self._seconds):
            raise TimeoutError("timed out")
        data = os.read(self._descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _readable(source: socket.socket | int, seconds: float) -> bool:
    return bool(select.select([source], [], [], seconds)[0])
