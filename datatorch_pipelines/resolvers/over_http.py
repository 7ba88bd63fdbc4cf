"""http and https: dulwich's client over connections that have time-outs, can be cancelled, and are looked at."""

from __future__ import annotations

import contextlib
import functools
import socket
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import urllib3
from dulwich.client import GitClient, HttpGitClient, default_urllib3_manager
from dulwich.config import ConfigDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from datatorch_pipelines.errors import ActionRefused
from datatorch_pipelines.resolvers.session import Session
from datatorch_pipelines.resolvers.urls import GitUrl

_SERVICES = ("/info/refs", "/git-upload-pack")


@contextlib.contextmanager
def http_client(url: GitUrl, session: Session) -> Iterator[GitClient]:
    """A client for one repository; its connections close when the block ends."""
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
        username=_as_sent(url.username if url.username is not None or url.password is None else ""),
        password=_as_sent(url.password),
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


def _as_sent(text: str | None) -> str | None:
    """What makes urllib3, which writes Latin-1, send UTF-8 as git does."""
    return None if text is None else text.encode().decode("latin-1")


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


def _shut(connection: socket.socket) -> None:
    # The plain socket's method: an SSL socket's own also forgets its state, under the feet of the thread that reads.
    socket.socket.shutdown(connection, socket.SHUT_RDWR)
