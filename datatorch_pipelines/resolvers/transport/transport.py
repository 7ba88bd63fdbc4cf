"""Connections to git servers: dulwich's clients, with what they lack: time-outs, cancellation and a byte count.

dulwich's clients are made here from a `GitUrl` that was taken apart and checked, never from text, so that the user's
git configuration and dulwich's own guesses about URLs have no part in it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from dulwich.client import GitClient

from datatorch_pipelines.resolvers.transport.over_git import TcpClient
from datatorch_pipelines.resolvers.transport.over_http import http_client
from datatorch_pipelines.resolvers.transport.over_ssh import SshClient
from datatorch_pipelines.resolvers.transport.session import Session
from datatorch_pipelines.resolvers.urls import GitUrl

_SAYS_WHAT_SERVERS_SAY = "read_pkt_refs_v2"
"""The function of dulwich that logs whatever a server adds to a ref."""


def _is_own(record: logging.LogRecord) -> bool:
    """Whether a record of dulwich's log is its own words."""
    return record.funcName != _SAYS_WHAT_SERVERS_SAY


@contextlib.contextmanager
def open_client(url: GitUrl, session: Session) -> Iterator[GitClient]:
    """A dulwich client for a URL that is not ``file``; its sockets close when the block ends, or on cancellation."""
    # What a server says may be a password that it was sent, or meant to be taken for this program's words.
    logging.getLogger(GitClient.__module__).addFilter(_is_own)
    if url.is_http:
        with http_client(url, session) as client:
            yield client
        return
    client = SshClient(url, session) if url.scheme == "ssh" else TcpClient(url, session)
    try:
        yield client
    finally:
        # dulwich leaves a connection open when the server's first words are wrong.
        for protocol in client.opened:
            protocol.close()
