"""The store: what needs the network and what does not, one fetch for all, nothing half."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from git_servers import GitHttpServer, commit_files, git, make_repository, running_http_server

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, FetchFailed, StoreError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, Store

Resolve = Callable[..., ResolvedAction]
ACTION = {"action-datatorch.yaml": "name: Add\n", "add.py": "print(1)\n", "lib/a.py": "a = 1\n"}


@pytest.fixture
def path(root: Path) -> Path:
    return root / "me" / "add.git"


@pytest.fixture
def github(http_server: GitHttpServer, store: Store) -> GitHubResolver:
    return GitHubResolver(http_server.url, store=store)


def entries(store: Store) -> list[Path]:
    return sorted((store.root / "entries").iterdir())


def test_the_digest_is_that_of_the_files_on_disk(github: GitHubResolver, path: Path, resolve: Resolve) -> None:
    path.mkdir(parents=True)
    (path / "link").symlink_to("lib/a.py")
    make_repository(path, {**ACTION, "run*": "x", "Ünïcode.txt": "", "lib/__pycache__/a.pyc": "no"}, tags=["v1"])
    action = resolve(github, "me/add@v1")
    assert action.digest == tree_digest(action.directory)
    assert not (action.directory / "lib" / "__pycache__").exists()


def test_a_tag_that_is_present_needs_no_network(
    github: GitHubResolver, http_server: GitHttpServer, path: Path, resolve: Resolve, store: Store
) -> None:
    commit = make_repository(path, ACTION, tags=["v1", "@v2"])
    for ref in ("v1", "v2", commit, commit[:9]):
        resolve(github, f"me/add@{ref}")
    del http_server.requests[:]
    for resolver in (github, GitHubResolver(http_server.url, store=Store(store.root))):
        for ref in ("v1", "v2", commit, commit[:9]):
            assert resolve(resolver, f"me/add@{ref}").commit == commit
    assert http_server.requests == []


def test_one_commit_under_many_names_is_stored_and_fetched_once(
    github: GitHubResolver, http_server: GitHttpServer, path: Path, resolve: Resolve, store: Store
) -> None:
    commit = make_repository(path, ACTION, tags=["v1"])
    for ref in ("@v1", "@main", "", f"@{commit}", f"@{commit[:7]}"):
        resolve(github, f"me/add{ref}")
    assert (http_server.packs, len(entries(store))) == (1, 1)


def test_a_branch_is_asked_for_in_each_run_and_moves(
    github: GitHubResolver, path: Path, resolve: Resolve, store: Store
) -> None:
    first = make_repository(path, ACTION)
    assert resolve(github, "me/add").commit == first
    second = commit_files(path, {"more": ""})
    assert resolve(github, "me/add").commit == second
    assert len(entries(store)) == 2


def test_a_branch_is_asked_for_once_a_run(github: GitHubResolver, http_server: GitHttpServer, path: Path) -> None:
    make_repository(path, ACTION)
    reference = ActionReference.parse("me/add@main")
    context = ResolveContext()

    async def run() -> set[str | None]:
        first = await asyncio.gather(*(github.resolve(reference, context) for _ in range(20)))
        commit_files(path, {"more": ""})
        return {action.commit for action in [*first, await github.resolve(reference, context)]}

    assert len(asyncio.run(run())) == 1
    assert len(http_server.requests) == 3  # what it can do, its refs, the pack


def test_a_moved_tag_stays_what_it_was(github: GitHubResolver, path: Path, resolve: Resolve) -> None:
    first = make_repository(path, ACTION, tags=["v1"])
    resolve(github, "me/add@v1")
    commit_files(path, {"more": ""})
    git("tag", "-f", "v1", cwd=path)
    assert resolve(github, "me/add@v1").commit == first


def test_offline_serves_what_is_there_and_refuses_the_rest(
    github: GitHubResolver, http_server: GitHttpServer, path: Path, resolve: Resolve, store: Store, warnings: list[str]
) -> None:
    commit = make_repository(path, ACTION, tags=["v1"])
    for ref in ("@v1", "@main", ""):
        resolve(github, f"me/add{ref}")
    del http_server.requests[:]
    for ref in ("@v1", "@main", "", f"@{commit}"):
        assert resolve(github, f"me/add{ref}", offline=True).commit == commit
    with pytest.raises(ActionNotFound) as caught:
        resolve(github, "me/add@v2", offline=True)
    assert str(caught.value) == (
        f"me/add@v2 is not in the store at {store.root}, and the network is not to be used; run once without offline"
    )
    assert (http_server.requests, warnings) == ([], [])


def test_a_server_that_stopped_leaves_the_stored_commit_with_a_warning(
    root: Path, path: Path, resolve: Resolve, store: Store, warnings: list[str]
) -> None:
    commit = make_repository(path, ACTION)
    with running_http_server(root) as server:
        github = GitHubResolver(server.url, store=store)
        resolve(github, "me/add@main")
    assert resolve(github, "me/add@main").commit == commit
    assert warnings == [
        f"me/add@main: {server.url} can't be reached: Connection refused; "
        f"the commit {commit[:12]} that was fetched before is used"
    ]
    with pytest.raises(FetchFailed) as caught:
        resolve(github, "me/add@other")
    assert str(caught.value) == f"me/add@other: {server.url} can't be reached: Connection refused; is it online?"


def test_tasks_threads_and_resolvers_at_once_fetch_once(http_server: GitHttpServer, path: Path, store: Store) -> None:
    commit = make_repository(path, ACTION, tags=["v1"])
    shared = GitHubResolver(http_server.url, store=store)

    def thread(number: int) -> list[str | None]:
        resolver = shared if number % 2 else GitHubResolver(http_server.url, store=Store(store.root))

        async def run() -> list[str | None]:
            reference = ActionReference.parse("me/add@v1")
            context = ResolveContext()
            actions = await asyncio.gather(*(resolver.resolve(reference, context) for _ in range(5)))
            return [action.commit for action in actions]

        return asyncio.run(run())

    with ThreadPoolExecutor(6) as pool:
        assert [*pool.map(thread, range(6))] == [[commit] * 5] * 6
    assert http_server.packs == 1


PROCESS = """
import asyncio, sys
from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, Store
resolver = GitHubResolver(sys.argv[1], store=Store(sys.argv[2]))
sys.stdin.readline()
print(asyncio.run(resolver.resolve(ActionReference.parse("me/add@v1"), ResolveContext())).commit)
"""


def start(url: str, store: Store) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROCESS, url, str(store.root)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_at_once_fetch_once(http_server: GitHttpServer, path: Path, store: Store) -> None:
    commit = make_repository(path, ACTION, tags=["v1"])
    processes = [start(http_server.url, store) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0].strip() for process in processes] == [commit] * 3
    assert http_server.packs == 1


def test_a_process_that_is_killed_leaves_nothing_that_counts(
    root: Path, path: Path, store: Store, resolve: Resolve
) -> None:
    commit = make_repository(path, {**ACTION, **{f"f{n}": "x" * 2000 for n in range(400)}}, tags=["v1"])
    temp, made = store.root / "temp", store.root / "entries"
    with running_http_server(root) as server:
        for _ in range(3):
            process = start(server.url, store)
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            # Killed as soon as it writes: what it leaves is below temp, or whole.
            while process.poll() is None and not (temp.is_dir() and any(temp.iterdir())):
                pass
            process.send_signal(signal.SIGKILL)
            process.communicate()
            for entry in made.iterdir():
                mark = json.loads((entry / "entry.json").read_bytes())
                assert mark["digest"] == tree_digest(entry / "files")
                (entry / "entry.json").unlink()
        action = resolve(GitHubResolver(server.url, store=Store(store.root)), "me/add@v1")
    assert (action.commit, action.digest) == (commit, tree_digest(action.directory))
    assert list(temp.iterdir()) == []


def test_an_entry_without_a_mark_is_fetched_again(
    github: GitHubResolver, path: Path, resolve: Resolve, store: Store
) -> None:
    make_repository(path, ACTION, tags=["v1"])
    action = resolve(github, "me/add@v1")
    (action.directory.parent / "entry.json").write_text("{")
    (action.directory / "add.py").unlink()
    again = resolve(GitHubResolver(github._base.origin, store=Store(store.root)), "me/add@v1")
    assert (again.directory / "add.py").read_text() == "print(1)\n"


@pytest.mark.parametrize("damage", ["none", "lost"])
def test_an_entry_from_before_the_machine_started_is_looked_at_once(
    http_server: GitHttpServer, path: Path, resolve: Resolve, store: Store, damage: str
) -> None:
    make_repository(path, ACTION, tags=["v1"])
    folder = resolve(GitHubResolver(http_server.url, store=store), "me/add@v1").directory
    seal = folder.parent / "seal.json"
    seal.write_text(json.dumps(json.loads(seal.read_bytes()) | {"written": "another"}))
    if damage == "lost":
        (folder / "add.py").chmod(0o644)
        (folder / "add.py").write_text("")
    del http_server.requests[:]
    action = resolve(GitHubResolver(http_server.url, store=Store(store.root)), "me/add@v1")
    assert (action.directory / "add.py").read_text() == "print(1)\n"
    assert http_server.packs == (1 if damage == "lost" else 0)
    written = json.loads(seal.read_bytes())["written"]
    assert (written is None) == (damage == "none")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_store_serves_and_refuses_clearly(
    github: GitHubResolver, path: Path, resolve: Resolve, store: Store
) -> None:
    make_repository(path, ACTION, tags=["v1", "v2"])
    resolve(github, "me/add@v1")
    for folder in ("locks", "temp", "refs", "entries"):
        (store.root / folder).chmod(0o555)
    resolve(github, "me/add@v1")
    with pytest.raises(StoreError, match="can't be used: Permission denied; set DATATORCH_PIPELINES_HOME"):
        resolve(github, "me/add@v2")


def test_a_store_that_can_not_be_made_is_told(
    http_server: GitHttpServer, path: Path, resolve: Resolve, tmp_path: Path
) -> None:
    make_repository(path, ACTION, tags=["v1"])
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        resolve(GitHubResolver(http_server.url, store=Store(tmp_path / "file" / "store")), "me/add@v1")
    assert str(caught.value) == (
        f"me/add@v1: the action store at {tmp_path}/file/store can't be used: Not a directory; "
        "set DATATORCH_PIPELINES_HOME to a folder that can be written"
    )


def test_the_store_is_in_the_cache_folder_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(tmp_path))
    assert Store().root == tmp_path / "cache" / "actions"


def test_threads_exclude_one_another(store: Store) -> None:
    from datatorch_pipelines.resolvers.cancellation import Cancellation, Cancelled
    from datatorch_pipelines.resolvers.urls import parse_git_url

    url, other = parse_git_url("https://example.org/a.git"), Cancellation()
    outcome: list[str] = []

    def wait() -> None:
        try:
            with store.locked(url, other):
                outcome.append("locked")
        except Cancelled:
            outcome.append("cancelled")

    with store.locked(url, Cancellation()):
        thread = threading.Thread(target=wait)
        thread.start()
        other.cancel()
        thread.join()
    assert outcome == ["cancelled"]


@pytest.mark.parametrize("damage", ["fetched", "digest", "url", "nested"])
def test_a_damaged_mark_is_fetched_again(
    http_server: GitHttpServer, path: Path, resolve: Resolve, store: Store, damage: str
) -> None:
    make_repository(path, ACTION, tags=["v1"])
    file = resolve(GitHubResolver(http_server.url, store=store), "me/add@v1").directory.parent / "entry.json"
    mark = json.loads(file.read_bytes())
    mark.pop(damage, None)
    file.write_text("[" * 100_000 if damage == "nested" else json.dumps(mark))
    action = resolve(GitHubResolver(http_server.url, store=Store(store.root)), "me/add@v1")
    assert (action.directory / "add.py").read_text() == "print(1)\n"
    assert http_server.packs == 2


def test_a_noted_ref_that_is_no_commit_is_asked_for_again(
    http_server: GitHttpServer, path: Path, resolve: Resolve, store: Store
) -> None:
    commit = make_repository(path, ACTION, tags=["v1"])
    resolve(GitHubResolver(http_server.url, store=store), "me/add@v1")
    (noted,) = (store.root / "refs").iterdir()
    noted.write_text(json.dumps({"version": 2, "commit": f"{commit}/files", "kind": "tag"}))
    assert resolve(GitHubResolver(http_server.url, store=Store(store.root)), "me/add@v1").commit == commit
    assert json.loads(noted.read_bytes())["commit"] == commit
