"""A stored action whose files were changed is noticed before it runs, and fetched again; never a wrong action."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from git_servers import GitHttpServer, commit_files, git, make_repository, running_http_server

from datatorch_pipelines._files import remove_tree, tree_digest
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, FetchFailed, StoreError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, Store
from datatorch_pipelines.resolvers.storage import seal

Resolve = Callable[..., ResolvedAction]
ACTION = {"action-datatorch.yaml": "name: Add\n", "add.py": "print(1)\n", "lib/a.py": "a = 1\n"}


@pytest.fixture
def path(root: Path) -> Path:
    return root / "me" / "add.git"


@pytest.fixture
def commit(path: Path) -> str:
    path.mkdir(parents=True)
    (path / "link").symlink_to("add.py")
    return make_repository(path, ACTION, tags=["v1"])


def writable(file: Path) -> Path:
    file.chmod(0o644)
    return file


def replaced_by_a_folder(folder: Path) -> None:
    (folder / "add.py").unlink()
    (folder / "add.py").mkdir()
    (folder / "add.py" / "x").write_text("")


def replaced_by_a_link(folder: Path) -> None:
    (folder / "add.py").unlink()
    (folder / "add.py").symlink_to("/bin/sh")


def led_elsewhere(folder: Path) -> None:
    (folder / "link").unlink()
    (folder / "link").symlink_to("lib/a.py")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "written": (lambda folder: writable(folder / "add.py").write_text("print(2)\n"), "'add.py' differs"),
    "truncated": (lambda folder: writable(folder / "add.py").write_text(""), "'add.py' differs"),
    "executable": (lambda folder: (folder / "add.py").chmod(0o755), "'add.py' differs"),
    "added": (lambda folder: (folder / "lib" / "log.txt").write_text(""), "'lib/log.txt' is too many"),
    "a pipe": (lambda folder: os.mkfifo(folder / "pipe"), "'pipe' is too many"),
    "deleted": (lambda folder: (folder / "lib" / "a.py").unlink(), "'lib/a.py' is missing"),
    "all deleted": (lambda folder: remove_tree(folder / "lib"), "'lib/a.py' is missing"),
    "a folder": (replaced_by_a_folder, "'add.py' is missing, 'add.py/x' is too many"),
    "a link": (replaced_by_a_link, "'add.py' differs"),
    "a link elsewhere": (led_elsewhere, "'link' differs"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_action_that_was_changed_on_disk_is_fetched_again_with_a_warning(
    root: Path, commit: str, resolve: Resolve, store: Store, warnings: list[str], damage: str
) -> None:
    folder = resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1").directory
    change, problem = DAMAGES[damage]
    change(folder)
    # The same store, in a later run, and a store that knows nothing.
    action = resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1")
    assert (action.directory, action.digest) == (folder, tree_digest(folder))
    assert (folder / "add.py").read_text() == "print(1)\n"
    assert warnings == [
        f"me/add@v1: the commit {commit[:12]} in {folder} was changed after it was fetched: {problem}; "
        "it was fetched again"
    ]
    resolve(GitHubResolver(root.as_uri(), store=Store(store.root)), "me/add@v1")
    assert len(warnings) == 1
    assert list((store.root / "temp").iterdir()) == []


def test_many_changes_are_counted(root: Path, path: Path, resolve: Resolve, store: Store, warnings: list[str]) -> None:
    make_repository(path, {**ACTION, **{f"n{number}": "" for number in range(9)}}, tags=["v1"])
    folder = resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1").directory
    for number in range(9):
        (folder / f"n{number}").unlink()
    resolve(GitHubResolver(root.as_uri(), store=Store(store.root)), "me/add@v1")
    assert "fetched: 'n0' is missing, 'n1' is missing, 'n2' is missing, and 6 more; it was" in warnings[0]


def test_a_branch_that_did_not_move_is_mended_too(
    root: Path, commit: str, resolve: Resolve, store: Store, warnings: list[str]
) -> None:
    folder = resolve(GitHubResolver(root.as_uri(), store=store), "me/add").directory
    (folder / "add.py").unlink()
    assert resolve(GitHubResolver(root.as_uri(), store=store), "me/add").commit == commit
    assert (folder / "add.py").read_text() == "print(1)\n"
    assert len(warnings) == 1


def test_what_was_fetched_is_fetched_again_and_not_what_the_tag_means_now(
    root: Path, path: Path, commit: str, resolve: Resolve, store: Store
) -> None:
    folder = resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1").directory
    commit_files(path, {"add.py": "print(3)\n"})
    git("tag", "-f", "v1", cwd=path)
    (folder / "add.py").unlink()
    action = resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1")
    assert (action.commit, (folder / "add.py").read_text()) == (commit, "print(1)\n")


def test_a_commit_that_the_server_has_no_more_is_an_error_and_nothing_is_lost(
    http_server: GitHttpServer, path: Path, commit: str, resolve: Resolve, store: Store
) -> None:
    folder = resolve(GitHubResolver(http_server.url, store=store), "me/add@v1").directory
    (folder / "add.py").unlink()
    remove_tree(path)
    make_repository(path, {"action-datatorch.yaml": "name: Other\n"}, tags=["v1"])
    with pytest.raises(ActionNotFound) as caught:
        resolve(GitHubResolver(http_server.url, store=store), "me/add@v1")
    assert str(caught.value) == (
        f"me/add@v1: the commit {commit[:12]} in {folder} was changed after it was fetched: 'add.py' is missing; "
        f"it can't be fetched again: {http_server.url}/me/add.git has no commit {commit}; was it pushed?"
    )
    assert (folder / "lib" / "a.py").exists()


def test_offline_a_changed_action_is_refused(root: Path, commit: str, resolve: Resolve, store: Store) -> None:
    folder = resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1").directory
    (folder / "more").write_text("")
    with pytest.raises(StoreError) as caught:
        resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1", offline=True)
    assert str(caught.value) == (
        f"me/add@v1: the commit {commit[:12]} in {folder} was changed after it was fetched: 'more' is too many; "
        "the network is not to be used; run once without offline"
    )


def test_a_changed_action_does_not_serve_when_the_server_can_not_be_reached(
    root: Path, commit: str, resolve: Resolve, store: Store
) -> None:
    with running_http_server(root) as server:
        github = GitHubResolver(server.url, store=store)
        folder = resolve(github, "me/add").directory
    (folder / "more").write_text("")
    with pytest.raises(FetchFailed) as caught:
        resolve(github, "me/add")
    assert str(caught.value) == (
        f"me/add: the commit {commit[:12]} in {folder} was changed after it was fetched: 'more' is too many; "
        f"it can't be fetched again: {server.url} can't be reached: Connection refused; is it online?"
    )


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The trees that were read to the last byte."""
    seen: list[Path] = []

    def counted(root: Path, check: Callable[[], None]) -> list[tuple[str, bytes, bytes]]:
        seen.append(root)
        return tree_entries(root, check)

    tree_entries = seal.tree_entries
    monkeypatch.setattr(seal, "tree_entries", counted)
    return seen


def settled(folder: Path) -> None:
    """As if some time had passed since the files were written: what is sealed within a tick is read once more."""
    file = folder.parent / "seal.json"
    record = json.loads(file.read_bytes())
    file.write_text(json.dumps(record | {"taken": record["taken"] + 10**9}))


def test_what_was_fetched_in_this_run_is_not_read_once_more(
    http_server: GitHttpServer, commit: str, resolve: Resolve, store: Store, reads: list[Path]
) -> None:
    resolve(GitHubResolver(http_server.url, store=store), "me/add@v1")
    store.keep("a source", "1", lambda folder: None)
    assert reads == []


def test_what_was_not_changed_is_not_read_again(
    http_server: GitHttpServer, commit: str, resolve: Resolve, store: Store, reads: list[Path]
) -> None:
    folder = resolve(GitHubResolver(http_server.url, store=store), "me/add@v1").directory
    del reads[:]
    settled(folder)
    (folder / "lib" / "__pycache__").mkdir()
    (folder / "lib" / "__pycache__" / "a.pyc").write_text("")
    for _ in range(3):
        resolve(GitHubResolver(http_server.url, store=Store(store.root)), "me/add@v1")
    assert reads == []


def test_a_store_that_was_copied_is_read_once(
    http_server: GitHttpServer, commit: str, resolve: Resolve, store: Store, tmp_path: Path, reads: list[Path]
) -> None:
    resolve(GitHubResolver(http_server.url, store=store), "me/add@v1")
    shutil.copytree(store.root, tmp_path / "copy", symlinks=True)
    del reads[:]
    for _ in range(3):
        action = resolve(GitHubResolver(http_server.url, store=Store(tmp_path / "copy")), "me/add@v1")
        settled(action.directory)
    assert (reads, http_server.packs) == ([action.directory], 1)


def test_a_seal_of_the_tick_in_which_a_file_was_written_is_not_believed(
    http_server: GitHttpServer, commit: str, resolve: Resolve, store: Store, reads: list[Path]
) -> None:
    folder = resolve(GitHubResolver(http_server.url, store=store), "me/add@v1").directory
    file = folder.parent / "seal.json"
    newest = max(each.lstat().st_ctime_ns for each in folder.rglob("*") if not each.is_dir())
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"taken": newest + 1_000_000}))
    del reads[:]
    resolve(GitHubResolver(http_server.url, store=Store(store.root)), "me/add@v1")
    assert reads == [folder]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": 1}', '{"version": 2, "taken": "x"}', "[" * 9999])
def test_a_damaged_seal_proves_nothing(
    http_server: GitHttpServer, commit: str, resolve: Resolve, store: Store, reads: list[Path], content: str
) -> None:
    folder = resolve(GitHubResolver(http_server.url, store=store), "me/add@v1").directory
    (folder.parent / "seal.json").write_text(content)
    (folder.parent / "manifest").write_text(content)
    resolve(GitHubResolver(http_server.url, store=Store(store.root)), "me/add@v1")
    (folder / "more").write_text("")
    action = resolve(GitHubResolver(http_server.url, store=Store(store.root)), "me/add@v1")
    assert action.digest == tree_digest(action.directory)
    assert http_server.packs == 2


def test_it_is_looked_at_once_a_run_and_not_for_a_definition(
    http_server: GitHttpServer, commit: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    is_sealed = seal.is_sealed
    monkeypatch.setattr(
        "datatorch_pipelines.resolvers.storage.store.is_sealed",
        lambda entry: (looks.append(entry), is_sealed(entry))[1],
    )
    github = GitHubResolver(http_server.url, store=store)
    reference = ActionReference.parse("me/add@v1")

    def many(context: ResolveContext) -> int:
        async def run() -> None:
            for _ in range(5):
                await github.resolve(reference, context)

        del looks[:]
        asyncio.run(run())
        return len(looks)

    assert many(ResolveContext(only_definition=True)) == 0
    assert many(ResolveContext()) <= 2  # the first look may not be believed: see the tick
    settled(store.entries()[0].directory)
    assert many(ResolveContext()) == 1


def test_many_files_are_looked_at_in_a_thread(
    root: Path, path: Path, resolve: Resolve, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(path, {**ACTION, **{f"n{number}": "" for number in range(300)}}, tags=["v1"])
    folder = resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1").directory
    threads: list[bool] = []
    look, main = seal._look, threading.main_thread()
    monkeypatch.setattr(
        seal,
        "_look",
        lambda root: (threads.append(threading.current_thread() is main), look(root))[1],
    )
    resolve(GitHubResolver(root.as_uri(), store=Store(store.root)), "me/add@v1")
    assert set(threads) == {False}
    (folder / "n7").unlink()
    resolve(GitHubResolver(root.as_uri(), store=Store(store.root)), "me/add@v1")
    assert (folder / "n7").exists()


def test_who_finds_the_damage_at_once_mends_it_once(
    http_server: GitHttpServer, commit: str, resolve: Resolve, store: Store
) -> None:
    folder = resolve(GitHubResolver(http_server.url, store=store), "me/add@v1").directory
    (folder / "add.py").unlink()

    def each(_: int) -> str:
        return resolve(GitHubResolver(http_server.url, store=Store(store.root)), "me/add@v1").digest

    with ThreadPoolExecutor(6) as pool:
        assert {*pool.map(each, range(6))} == {tree_digest(folder)}
    assert http_server.packs == 2


def test_what_is_half_deleted_is_fetched_again(root: Path, commit: str, resolve: Resolve, store: Store) -> None:
    folder = resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1").directory
    remove_tree(folder)
    assert resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1").commit == commit
    folder.parent.joinpath("entry.json").unlink()
    assert resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1").commit == commit
    assert tree_digest(folder) == store.entries()[0].digest
