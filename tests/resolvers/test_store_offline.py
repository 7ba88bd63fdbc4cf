"""What asks a server, how often, and what serves when none answers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import git_servers
import pytest
from git_servers import GitHttpServer, commit_files, make_repository, running_http_server

from datatorch_pipelines._files import remove_tree
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, AuthenticationFailed, FetchFailed
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, Store
from datatorch_pipelines.resolvers.refs import RefKind
from datatorch_pipelines.resolvers.storage.store import KnownRef
from datatorch_pipelines.resolvers.storage.stored import git_key
from datatorch_pipelines.resolvers.urls import parse_git_url

Resolve = Callable[..., ResolvedAction]
ACTION = {"action-datatorch.yaml": "name: Add\n", "add.py": "print(1)\n"}


@pytest.fixture
def path(root: Path) -> Path:
    return root / "me" / "add.git"


NETWORK = """
import asyncio, sys
from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, Store
url, root = sys.argv[1:]
used = []
sys.addaudithook(lambda event, arguments: used.append(event) if event in (
    "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
    "subprocess.Popen", "os.posix_spawn", "os.fork") else None)
resolver, git = GitHubResolver(url, store=Store(root)), GitResolver(Store(root))
for offline in (True, False):
    for reference in ("me/add@v1", "me/add@main", "me/add", "me/add@latest", "me/add@v2", "me/none@v1", "me/none"):
        if offline or reference == "me/add@v1":
            try:
                asyncio.run(resolver.resolve(ActionReference.parse(reference), ResolveContext(offline=offline)))
                print("there")
            except Exception as error:
                print(type(error).__name__)
print(used)
"""


def test_offline_and_for_a_tag_that_is_there_no_socket_is_opened(
    http_server: GitHttpServer, path: Path, resolve: Resolve, store: Store
) -> None:
    make_repository(path, ACTION, tags=["v1"])
    for reference in ("me/add@v1", "me/add@main", "me/add"):
        resolve(GitHubResolver(http_server.url, store=store), reference)
    command = [sys.executable, "-c", NETWORK, http_server.url, str(store.root)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.split("\n") == [*["there"] * 4, *["ActionNotFound"] * 3, "there", "[]", ""]
    assert done.stderr == ""


def test_the_default_branch_is_asked_for_once_a_run_by_threads_under_each_of_its_names(
    http_server: GitHttpServer, path: Path, store: Store
) -> None:
    commit = make_repository(path, ACTION)
    github, context = GitHubResolver(http_server.url, store=store), ResolveContext()

    def thread(number: int) -> set[str | None]:
        async def run() -> set[str | None]:
            names = ["me/add", "me/add@latest"] * 3
            many = [github.resolve(ActionReference.parse(name), context) for name in names]
            return {action.commit for action in await asyncio.gather(*many)}

        return asyncio.run(run())

    with ThreadPoolExecutor(5) as pool:
        assert [*pool.map(thread, range(5))] == [{commit}] * 5
    commit_files(path, {"more": ""})
    assert thread(0) == {commit}
    assert len(http_server.requests) == 3  # what it can do, its refs, the pack


@pytest.fixture
def patient_server(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHttpServer]:
    """A server that answers the first requests only when twelve of them are there."""
    all_there = threading.Barrier(12, timeout=60)
    answer = git_servers._GitHttpHandler.do_GET

    def wait(handler: git_servers._GitHttpHandler) -> None:
        all_there.wait()
        answer(handler)

    monkeypatch.setattr(git_servers._GitHttpHandler, "do_GET", wait)
    with running_http_server(root) as server:
        yield server


def test_all_references_are_asked_for_at_the_same_time(root: Path, patient_server: GitHttpServer, store: Store) -> None:
    make_repository(root / "me" / "a0.git", ACTION, tags=["v1"])
    for number in range(1, 12):
        (root / "me" / f"a{number}.git").symlink_to("a0.git")
    github, context = GitHubResolver(patient_server.url, store=store), ResolveContext()

    async def run() -> int:
        many = [github.resolve(ActionReference.parse(f"me/a{number}@v1"), context) for number in range(12)]
        return len({action.directory for action in await asyncio.gather(*many)})

    assert asyncio.run(run()) == 12


def failing(server: GitHttpServer, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    def fail(handler: git_servers._GitHttpHandler, _: bytes) -> None:
        headers = {"WWW-Authenticate": 'Basic realm="git"'} if status == 401 else {}
        handler._answer(status, headers, b"no")

    monkeypatch.setattr(git_servers._GitHttpHandler, "_serve", fail)


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_fails_leaves_the_stored_commit_with_a_warning_unless_strict(
    http_server: GitHttpServer,
    path: Path,
    resolve: Resolve,
    store: Store,
    warnings: list[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    commit = make_repository(path, ACTION, tags=["v1"])
    github = GitHubResolver(http_server.url, store=store)
    resolve(github, "me/add@main")
    resolve(github, "me/add@v1")
    failing(http_server, monkeypatch, status)
    assert resolve(github, "me/add@main").commit == commit
    reason = f"{http_server.url}/me/add.git answered with the HTTP status {status}"
    assert warnings == [f"me/add@main: {reason}; the commit {commit[:12]} that was fetched before is used"]
    with pytest.raises(FetchFailed) as caught:
        resolve(github, "me/add@main", strict=True)
    assert str(caught.value) == f"me/add@main: {reason}; try again later"
    assert resolve(github, "me/add@v1", strict=True).commit == commit
    assert len(warnings) == 1


def test_a_name_that_can_not_be_looked_up_leaves_the_stored_commit_with_a_warning(
    path: Path, root: Path, resolve: Resolve, store: Store, warnings: list[str]
) -> None:
    commit = make_repository(path, ACTION)
    action = resolve(GitHubResolver(root.as_uri(), store=store), "me/add")
    # As if it had been fetched from a server whose name nobody knows any more.
    url = parse_git_url("http://no-such-host.invalid/me/add.git")
    mark = action.directory.parent / "entry.json"
    mark.write_text(json.dumps(json.loads(mark.read_bytes()) | {"url": str(url)}))
    mark.parent.rename(mark.parent.with_name(git_key(url, commit)))
    store.remember(url, None, KnownRef(commit, RefKind.DEFAULT))
    github = GitHubResolver("http://no-such-host.invalid", store=store)
    assert resolve(github, "me/add").commit == commit
    (warning,) = warnings
    assert warning.startswith("me/add: http://no-such-host.invalid can't be reached: ")
    assert warning.endswith(f"; the commit {commit[:12]} that was fetched before is used")
    with pytest.raises(FetchFailed, match=r"^me/add: http://no-such-host.invalid can't be reached: "):
        resolve(github, "me/add", strict=True)


def test_a_repository_that_was_deleted_is_an_error_for_a_branch_and_none_for_a_tag(
    http_server: GitHttpServer, path: Path, resolve: Resolve, store: Store, warnings: list[str]
) -> None:
    commit = make_repository(path, ACTION, tags=["v1"])
    github = GitHubResolver(http_server.url, store=store)
    resolve(github, "me/add@main")
    resolve(github, "me/add@v1")
    remove_tree(path)
    with pytest.raises(ActionNotFound) as caught:
        resolve(github, "me/add@main")
    assert str(caught.value) == (
        f"me/add@main: there is no git repository at {http_server.url}/me/add.git; is the name right?"
    )
    assert resolve(github, "me/add@v1").commit == commit
    assert resolve(github, "me/add@main", offline=True).commit == commit
    assert warnings == []


def test_a_repository_that_wants_a_password_now_is_an_error_for_a_branch(
    http_server: GitHttpServer, path: Path, resolve: Resolve, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(path, ACTION, tags=["v1"])
    git = GitResolver(store)
    reference = {"name": "add", "git": f"{http_server.url}/me/add.git"}
    for tag in ("main", "v1"):
        resolve(git, {**reference, "tag": tag})
    failing(http_server, monkeypatch, 401)
    with pytest.raises(AuthenticationFailed):
        resolve(git, {**reference, "tag": "main"})
    resolve(git, {**reference, "tag": "v1"})
