"""``git://``: dulwich's client over a socket that has time-outs and can be cancelled."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import IO

from dulwich.client import TraditionalGitClient
from dulwich.protocol import Protocol

from datatorch_pipelines.errors import FetchFailed
from datatorch_pipelines.resolvers.transport.readiness import readable
from datatorch_pipelines.resolvers.transport.session import Session
from datatorch_pipelines.resolvers.transport.sockets import connected, shut
from datatorch_pipelines.resolvers.urls import GitUrl

_GIT_PORT = 9418


class TcpClient(TraditionalGitClient):
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
        try:
            connection = connected(url.host, url.port or _GIT_PORT, session)
        except TimeoutError as error:
            raise FetchFailed(f"{url.origin} did not answer the call in time", hint="is it online?") from error
        connection.settimeout(session.timeouts.idle)
        key = session.cancellation.add(functools.partial(shut, connection))
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
        return protocol, lambda: readable(connection.fileno(), 0), None
