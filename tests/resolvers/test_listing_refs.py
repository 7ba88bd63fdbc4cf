"""What servers say of their branches and tags, and what is believed of it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from git_servers import GitHttpServer, commit_files, git, make_repository, running_http_server

from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.errors import ActionNotFound, AuthenticationFailed, FetchFailed, ResolveError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, MappingResolver, Timeouts
from datatorch_pipelines.resolvers.asking.listing import RemoteRefs, list_refs


def ask(resolvers: list[object], reference: object, **context: object) -> RemoteRefs:
    parsed = ActionReference.parse(reference)  # type: ignore[arg-type]  # the test says what
    return asyncio.run(list_refs(resolvers, parsed, ResolveContext(**context)))  # type: ignore[arg-type]


def git_action(url: str) -> dict[str, str]:
    return {"name": "acme/add", "tag": "v1", "git": url}


def test_branches_tags_and_the_default_branch_are_listed_and_tags_peeled(any_server: str, root: Path) -> None:
    folder = root / "acme" / "add"
    first = make_repository(folder, {"a": "1"}, tags=["v1", "@v1.0"])
    git("tag", "-a", "twice", "-m", "a tag of a tag", "v1.0", cwd=folder)
    git("branch", "side/one", cwd=folder)
    second = commit_files(folder, {"a": "2"}, tags=["@v2"])
    refs = ask([GitResolver()], git_action(f"{any_server}/acme/add"))
    assert refs.tags == {"v1": first, "v1.0": first, "twice": first, "v2": second}
    assert refs.branches == {"main": second, "side/one": first}
    assert (refs.default_branch, refs.default_commit) == ("main", second)
    assert refs.url == f"{any_server}/acme/add"
    assert (refs.commit("v1.0"), refs.commit(None), refs.commit("latest")) == (first, second, second)
    assert (refs.commit("refs/tags/v2"), refs.commit("refs/heads/side/one"), refs.commit("v9")) == (second, first, None)


def test_an_empty_repository_has_no_refs(any_server: str, root: Path) -> None:
    (root / "empty").mkdir()
    git("init", "-q", cwd=root / "empty")
    refs = ask([GitResolver()], git_action(f"{any_server}/empty"))
    assert (refs.tags, refs.branches, refs.default_commit) == ({}, {}, None)


def test_a_missing_repository_is_not_found(any_server: str, root: Path) -> None:
    with pytest.raises(ActionNotFound, match="acme/add@v1: "):
        ask([GitResolver()], git_action(f"{any_server}/none"))


def test_owners_are_looked_for_under_their_alias_first(http_server: GitHttpServer, root: Path) -> None:
    make_repository(root / "datatorch" / "add", {"a": "1"}, tags=["v1"])
    resolver = GitHubResolver(base_url=http_server.url)
    assert ask([resolver], "datatorch/add").url == f"{http_server.url}/datatorch/add"
    make_repository(root / "datatorch-actions" / "add", {"a": "1"}, tags=["v2"])
    assert ask([resolver], "datatorch/add").url == f"{http_server.url}/datatorch-actions/add"


def test_those_that_ask_in_one_run_share_the_answer(http_server: GitHttpServer, root: Path) -> None:
    make_repository(root / "acme" / "add", {"a": "1"}, tags=["v1"])
    resolver, context = GitHubResolver(base_url=http_server.url), ResolveContext()

    async def ask_often() -> list[RemoteRefs]:
        references = [ActionReference.parse(f"acme/add@v{number}") for number in range(20)]
        return await asyncio.gather(*(list_refs([resolver], item, context) for item in references))

    answers = asyncio.run(ask_often())
    assert all(answer is answers[0] for answer in answers)
    assert sum(request.startswith("POST") for request in http_server.requests) == 1


def test_a_private_repository_wants_its_token(root: Path) -> None:
    commit = make_repository(root / "acme" / "add", {"a": "1"}, tags=["v1"])
    with running_http_server(root, user="x-access-token", password="geheim") as server:
        assert ask([GitHubResolver(base_url=server.url, token="geheim")], "acme/add").tags == {"v1": commit}
        with pytest.raises(ActionNotFound) as missing:
            ask([GitHubResolver(base_url=server.url)], "acme/add")
        assert str(missing.value) == (
            f"acme/add: there is no repository at {server.url}/acme/add.git, or it is private; "
            "is the name right? for a private one give a token, or a login in netrc"
        )
        with pytest.raises(AuthenticationFailed) as refused:
            ask([GitHubResolver(base_url=server.url, token="falsch")], "acme/add")
        assert str(refused.value) == (f"acme/add: {server.url}/acme/add.git refused the user and password; check them")


def test_offline_nothing_is_asked(http_server: GitHttpServer) -> None:
    with pytest.raises(FetchFailed) as caught:
        ask([GitHubResolver(base_url=http_server.url)], "acme/add@v1", offline=True)
    assert str(caught.value) == ("acme/add@v1: the network is not to be used; its tags can only be asked of its server")
    assert http_server.requests == []


def test_resolvers_that_list_nothing_are_passed_over(tmp_path: Path) -> None:
    with pytest.raises(ActionNotFound) as caught:
        ask([MappingResolver({"acme/add": tmp_path}), GitResolver()], "acme/add@v1")
    assert str(caught.value) == "no resolver can list the tags of acme/add@v1; write its tag by hand"


def _packet(text: bytes) -> bytes:
    return f"{len(text) + 4:04x}".encode() + text


ID = b"1" * 40
HOSTILE = [
    b"refs/tags/v1\x1b[2J",
    b"refs/tags/v2 && rm",
    b"refs/tags/v3\xe2\x80\xae",
    b"refs/tags/../../etc",
    b"refs/tags/-x",
    b"refs/tags/v4\xff",
    b"refs/tags/" + b"v" * 300,
    b"refs/tags/v5\xc2\x85name: x",
    b"refs/heads/a:b",
]


@pytest.fixture
def liar() -> Iterator[tuple[str, list[bytes]]]:
    """A server of git:// that names refs as it likes, and the lines that it says of them."""
    lines: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as incoming:
                incoming.read(int(incoming.read(4), 16) - 4)
                first, *rest = lines
                connection.sendall(_packet(first + b"\0multi_ack\n"))
                connection.sendall(b"".join(_packet(line + b"\n") for line in rest) + b"0000")
                incoming.read()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"git://127.0.0.1:{listening.getsockname()[1]}/a", lines
        finally:
            with socket.socket() as wake:
                wake.connect_ex(listening.getsockname())
            thread.join()


def test_names_that_git_does_not_allow_are_not_believed(liar: tuple[str, list[bytes]]) -> None:
    url, lines = liar
    lines += [ID + b" HEAD", ID + b" refs/tags/v1", *(ID + b" " + name for name in HOSTILE)]
    refs = ask([GitResolver()], git_action(url))
    assert (refs.tags, refs.branches) == ({"v1": ID.decode()}, {})


def test_what_is_no_commit_is_refused(liar: tuple[str, list[bytes]]) -> None:
    url, lines = liar
    lines += [b"2" * 40 + b" HEAD", b"../../../../x".ljust(40, b"x") + b" refs/tags/v1"]
    with pytest.raises(ResolveError) as caught:
        ask([GitResolver()], git_action(url))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"acme/add@v1: {url} ")


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"git://127.0.0.1:{listening.getsockname()[1]}/a"
        resolver = GitResolver(timeouts=Timeouts(idle=0.05))
        with pytest.raises(FetchFailed) as caught:
            ask([resolver], git_action(url))
    assert str(caught.value) == f"acme/add@v1: {url} did not answer in time; try again later"


def test_who_no_longer_waits_ends_the_question() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"git://127.0.0.1:{listening.getsockname()[1]}/a"
        reference = ActionReference.parse(git_action(url))

        async def cancelled() -> None:
            task = asyncio.create_task(list_refs([GitResolver()], reference, ResolveContext()))
            connection, _ = await asyncio.to_thread(listening.accept)
            with connection:
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                while await asyncio.to_thread(connection.recv, 4096):
                    continue

        asyncio.run(cancelled())
