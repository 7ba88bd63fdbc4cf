"""Servers that say too much, too often, or what they were told: nothing grows without end, and nothing is repeated."""

from __future__ import annotations

import asyncio
import base64
import http.server
import logging
import os
import sys
import threading
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import pytest
from git_servers import make_repository
from rude_servers import packet, raw_server

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, ActionRefused, AuthenticationFailed
from datatorch_pipelines.model.reference import ActionReference, hide_credentials
from datatorch_pipelines.resolvers import Cancellation, GitResolver, Store, StoreLimits, Timeouts
from datatorch_pipelines.resolvers.flights import Flights, Task
from datatorch_pipelines.resolvers.refs import near_names
from datatorch_pipelines.resolvers.transport.session import Session
from datatorch_pipelines.resolvers.urls import parse_git_url

Resolve = Callable[..., ResolvedAction]
PASSWORD = "hunter2-hunter2"
CAPABILITIES = b"".join(map(packet, (b"version 2\n", b"ls-refs\n", b"fetch=shallow\n"))) + b"0000"


@contextmanager
def listing_server(*chunks: bytes) -> Iterator[str]:
    """A server of git:// and protocol 2 that lists its refs with these lines; gives its URL."""

    def talk(connection: socket) -> None:
        with connection.makefile("rb") as incoming:
            incoming.read(int(incoming.read(4), 16) - 4)
            connection.sendall(CAPABILITIES)
            asked = b""
            while not asked.endswith(b"0000"):
                more = incoming.read(1)
                if not more:
                    return
                asked += more
            for chunk in chunks:
                connection.sendall(chunk)
            connection.sendall(b"0000")
            incoming.read()

    with raw_server(talk) as port:
        yield f"git://127.0.0.1:{port}/add"


def test_what_a_server_adds_to_a_ref_is_not_logged(
    store: Store, resolve: Resolve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with (
        listing_server(packet(b"12ab" * 10 + b" refs/tags/v1 your-password:\n")) as url,
        pytest.raises(ActionNotFound, match=r"did you mean v1\?$"),
    ):
        resolve(GitResolver(store), {"name": "me/add", "tag": "v2", "git": url})
    assert caplog.records == []


def test_a_server_with_millions_of_tiny_refs_is_left(store: Store, resolve: Resolve) -> None:
    lines = b"".join(packet(b"12ab" * 10 + b" refs/tags/v1x%d" % number) for number in range(1000))
    resolver = GitResolver(store, limits=StoreLimits(max_received_bytes=10_000_000))
    with listing_server(*[lines] * 100) as url, pytest.raises(ActionRefused) as caught:
        resolve(resolver, {"name": "me/add", "tag": "v1", "git": url})
    assert str(caught.value) == (
        f"me/add@v1: {url}: the server sends too many branches and tags; "
        "StoreLimits(max_received_bytes=...) of the resolver allows more"
    )


@pytest.mark.parametrize("tag", ["\u00b2", "1\u00b2", "7" * 245])
def test_a_tag_of_odd_digits_is_shown_as_any_other(store: Store, resolve: Resolve, tag: str) -> None:
    with (
        listing_server(packet(b"12ab" * 10 + b" refs/tags/" + tag.encode())) as url,
        pytest.raises(ActionNotFound) as caught,
    ):
        resolve(GitResolver(store), {"name": "me/add", "tag": "main", "git": url})
    assert str(caught.value) == f"me/add@main: {url} has no tag or branch 'main'; it has the tags {tag}"


def test_tags_are_shown_by_their_numbers_and_none_that_cannot_be_written() -> None:
    tags = [b"v9", b"v010", b"v1", b"v" + b"8" * 5000, b"1" * 60_000]
    assert near_names({b"refs/tags/" + tag: b"" for tag in tags}, "zzz") == "it has the tags v1, v9, v010"


def test_a_server_that_calls_a_tag_like_the_password_is_not_repeated(store: Store, resolve: Resolve) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = base64.b64decode(self.headers["Authorization"].split()[1]).partition(b":")[2]
            line = b"12ab" * 10 + b" refs/tags/" + given
            self.send_response(200)
            self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
            self.end_headers()
            refs = packet(line + b"\0side-band-64k\n")
            self.wfile.write(packet(b"# service=git-upload-pack\n") + b"0000" + refs + b"0000")

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        try:
            place = f"127.0.0.1:{server.server_address[1]}/me/add.git"
            url = f"http://me:{PASSWORD}@{place}"
            with pytest.raises(ActionNotFound) as caught:
                resolve(GitResolver(store), {"name": "me/add", "tag": "v1", "git": url})
        finally:
            server.shutdown()
            thread.join()
    assert str(caught.value) == f"me/add@v1: http://{place} has no tag or branch 'v1'; it has the tags ***"
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_line_without_end_on_the_standard_error_of_ssh_is_not_kept(
    store: Store, resolve: Resolve, tmp_path: Path
) -> None:
    program = tmp_path / "fake_ssh.py"
    program.write_text(
        "import os\n"
        "for _ in range(320): os.write(2, b'x' * 65536)\n"
        "os.write(2, b'\\nHost key verification failed.\\n')\n"
    )
    resolver = GitResolver(store, ssh_command=(sys.executable, str(program)))
    tracemalloc.start()
    try:
        with pytest.raises(AuthenticationFailed, match=r"the ssh host key of example\.org is not known"):
            resolve(resolver, {"name": "me/add", "tag": "v1", "git": "git@example.org:me/add.git"})
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 10_000_000


def test_the_secrets_of_a_conversation_are_in_no_repr() -> None:
    session = Session(Cancellation(), Timeouts(), StoreLimits(), secrets=[PASSWORD])
    assert PASSWORD not in repr(session)


def test_a_user_with_a_slash_is_no_other_url() -> None:
    one, two = (
        parse_git_url("ssh://good.example%2Fx@evil.example/p"),
        parse_git_url("ssh://good.example/x@evil.example/p"),
    )
    assert one.identity != two.identity


def test_credentials_of_a_long_text_are_found_in_one_look() -> None:
    assert hide_credentials("://a:" * 200_000 + " @") == "://a:" * 200_000 + " @"
    assert hide_credentials("me:secret@host:path and https://me:secret@host/x") == "host:path and https://host/x"


def test_a_long_line_in_a_repository_s_configuration_is_read_in_one_look(
    root: Path, store: Store, resolve: Resolve
) -> None:
    make_repository(root / "add", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])
    with (root / "add" / ".git" / "config").open("a") as config:
        config.write("[a" + " " * 900_000 + "\n")
    url = (root / "add").as_uri()
    assert resolve(GitResolver(store), {"name": "me/add", "tag": "v1", "git": url}).commit


def test_packed_refs_without_end_are_refused(root: Path, store: Store, resolve: Resolve) -> None:
    make_repository(root / "add", {"action-datatorch.yaml": "name: Add\n"})
    (root / "add" / ".git" / "packed-refs").write_text("\n" * 100)
    url = (root / "add").as_uri()
    with pytest.raises(ActionRefused) as caught:
        resolve(GitResolver(store, limits=StoreLimits(max_objects=20)), {"name": "me/add", "tag": "v1", "git": url})
    assert str(caught.value) == (
        f"me/add@v1: {url}: it has more than 20 branches and tags; "
        "StoreLimits(max_objects=...) of the resolver allows more"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have names")
@pytest.mark.parametrize("name", ["entry.json", "seal.json", "manifest", "leases", "ref"])
def test_a_pipe_in_the_store_holds_up_nobody(root: Path, store: Store, resolve: Resolve, name: str) -> None:
    make_repository(root / "add", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])
    reference = {"name": "me/add", "tag": "v1", "git": (root / "add").as_uri()}
    first = resolve(GitResolver(store), reference)
    place = first.directory.parent / name
    if name == "leases":
        place = store.root / name
    if name == "ref":
        (place,) = (store.root / "refs").iterdir()
    if name == "manifest":
        (first.directory / "action-datatorch.yaml").unlink()
    place.unlink()
    os.mkfifo(place)
    again = Store(store.root)
    assert resolve(GitResolver(again), reference).digest == first.digest
    again.verify()
    again.entries()


def test_a_pipeline_with_thousands_of_actions_has_no_thread_for_each(store: Store) -> None:
    def stall(connection: socket) -> None:
        calls.append(connection)
        if len(calls) >= 32:
            full.set()
        # Who called first waits for the rest, so that all threads that there may be are there when they are counted.
        assert full.wait(60)
        counts.append(sum(thread.name == "datatorch-pipelines-resolve" for thread in threading.enumerate()))
        connection.recv(1 << 16)

    full = threading.Event()
    calls: list[socket] = []
    counts: list[int] = []
    with raw_server(stall) as port:
        resolver = GitResolver(store, timeouts=Timeouts(idle=10.0))

        async def resolve_all() -> None:
            context = ResolveContext()
            references = [
                ActionReference.parse({"name": "me/a", "tag": "v1", "git": f"git://127.0.0.1:{port}/a{number}"})
                for number in range(500)
            ]
            await asyncio.gather(*(resolver.resolve(each, context) for each in references), return_exceptions=True)

        asyncio.run(resolve_all())
    assert len(counts) >= 500
    assert max(counts) == 32


def test_when_no_thread_can_be_started_nobody_waits_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    flights: Flights[int] = Flights()

    async def ask() -> int:
        return await flights.share("key", lambda _: 42, print)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                asyncio.run(ask())
    assert asyncio.run(ask()) == 42


def test_work_that_waits_for_its_turn_ends_at_once_when_it_is_cancelled() -> None:
    flights: Flights[None] = Flights()
    go = threading.Event()
    begun: list[int] = []

    async def ask_all() -> None:
        def work(number: int) -> Callable[[Task], None]:
            return lambda _: (begun.append(number), go.wait())[0]

        asked = [asyncio.ensure_future(flights.share(number, work(number), print)) for number in range(40)]
        await asyncio.sleep(0)
        for task in asked[32:]:
            task.cancel()
        ended = await asyncio.gather(*asked[32:], return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ended)
        go.set()
        await asyncio.gather(*asked[:32])

    asyncio.run(ask_all())
    assert sorted(begun) == list(range(32))
