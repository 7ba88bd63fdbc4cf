"""What the store says of itself, and how it is cleaned: whatever lies in its folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from git_servers import commit_files, git, make_repository

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import StoreError
from datatorch_pipelines.resolvers import DamagedAction, GitHubResolver, Store, StoredAction
from datatorch_pipelines.resolvers.cancellation import Cancellation
from datatorch_pipelines.resolvers.storage import leases
from datatorch_pipelines.resolvers.urls import parse_git_url

Resolve = Callable[..., ResolvedAction]
ACTION = {"action-datatorch.yaml": "name: Add\n", "add.py": "print(1)\n"}
NOTHING = timedelta(0)


@pytest.fixture
def github(root: Path, store: Store) -> GitHubResolver:
    make_repository(root / "me" / "add.git", ACTION, tags=["v1"])
    make_repository(root / "me" / "sub.git", ACTION, tags=["v1", "v1.0"])
    return GitHubResolver(root.as_uri(), store=store)


def folders(store: Store) -> list[str]:
    return sorted(each.name for each in (store.root / "entries").iterdir())


def let_go(store: Store) -> None:
    """As if the process of the runs that were given actions had ended."""
    store._leases = leases.Leases(f"{store.root}/leases")


def aged(action: ResolvedAction, days: int) -> None:
    """As if a run had last been given the action so long ago."""
    file = action.directory.parent / "entry.json"
    then = datetime.now(UTC) - timedelta(days=days)
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"fetched": then.isoformat()}))
    os.utime(file.with_name("used"), (then.timestamp(), then.timestamp()))


def test_the_entries_are_what_was_fetched(github: GitHubResolver, root: Path, resolve: Resolve, store: Store) -> None:
    before = datetime.now(UTC)
    for reference in ("me/sub@v1", "me/sub@v1.0", "me/sub", "me/sub@main", "me/sub@latest", "me/add@v1"):
        resolve(github, reference)
    resolve(github, f"me/add@{git('rev-parse', 'HEAD', cwd=root / 'me' / 'add.git')[:8]}")
    first, second = store.entries()
    assert (first.url, second.url) == (f"{root.as_uri()}/me/add.git", f"{root.as_uri()}/me/sub.git")
    assert first.directory == resolve(github, "me/add@v1").directory
    assert (first.refs, second.refs) == (("v1",), ("latest", "main", "v1", "v1.0"))
    assert (first.files, first.size) == (2, sum(map(len, ACTION.values())))
    assert first.commit == git("rev-parse", "HEAD", cwd=root / "me" / "add.git")
    assert first.digest == resolve(github, "me/add@v1").digest
    assert before <= first.fetched <= first.used <= datetime.now(UTC) + timedelta(seconds=1)
    assert first.fetched.tzinfo is UTC
    assert first.used.tzinfo is UTC
    assert first.in_use


def test_a_branch_that_moved_is_named_at_its_commit_only(
    github: GitHubResolver, root: Path, resolve: Resolve, store: Store
) -> None:
    resolve(github, "me/add@main")
    commit = commit_files(root / "me" / "add.git", {"more": ""})
    resolve(github, "me/add@main")
    assert {action.commit == commit: action.refs for action in store.entries()} == {True: ("main",), False: ()}


def test_a_store_that_is_not_there_is_empty(tmp_path: Path) -> None:
    store = Store(tmp_path / "none")
    assert (store.entries(), store.size(), store.verify(remove=True), store.prune(older_than=NOTHING)) == (
        [],
        0,
        [],
        [],
    )
    assert not store.root.exists()


def test_the_size_is_that_on_the_disk(github: GitHubResolver, resolve: Resolve, store: Store) -> None:
    resolve(github, "me/add@v1")
    before = store.size()
    (store.root / "temp" / "large").write_bytes(b"x" * 100_000)
    assert 100_000 <= store.size() - before <= 110_000
    told = subprocess.run(["du", "-s", "-B512", str(store.root)], capture_output=True, text=True, check=True).stdout
    assert int(told.split()[0]) * 512 == pytest.approx(store.size(), abs=64 * 1024)


def test_what_is_whole_is_verified(github: GitHubResolver, resolve: Resolve, store: Store) -> None:
    resolve(github, "me/add@v1")
    resolve(github, "me/sub@v1")
    assert Store(store.root).verify() == []


def test_verify_names_what_differs_and_deletes_it_only_when_told(
    github: GitHubResolver, root: Path, resolve: Resolve, store: Store
) -> None:
    action = resolve(github, "me/add@v1")
    resolve(github, "me/sub@v1")
    del github
    (action.directory / "add.py").unlink()
    (action.directory / "more\n\x1b[31m").write_text("")
    damaged = DamagedAction(
        directory=action.directory,
        url=f"{root.as_uri()}/me/add.git",
        commit=action.commit or "",
        problem="'add.py' is missing, 'more\\n\\x1b[31m' is too many",
        removed=False,
    )
    assert store.verify() == [damaged]
    assert action.directory.exists()
    (told,) = store.verify(remove=True)
    # The store that handed it out lives, and so may the run.
    assert (told.problem, told.removed) == (f"{damaged.problem}; it is in use", False)
    let_go(store)
    (told,) = store.verify(remove=True)
    assert (told.problem, told.removed) == (damaged.problem, True)
    assert not action.directory.exists()
    assert len(folders(store)) == 1
    assert store.verify() == []
    assert resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1").digest == action.digest


def test_verify_tells_of_whatever_lies_there(
    github: GitHubResolver, root: Path, resolve: Resolve, store: Store
) -> None:
    action = resolve(github, "me/add@v1")
    entries = store.root / "entries"
    key = action.directory.parent.name.partition("-")[0]
    strange = {
        "a" * 40: "its mark is missing",
        "b" * 40: "its mark is damaged, or another version's",
        "c" * 40: "its mark is damaged, or another version's",
        "d" * 40: "its mark can't be read: Is a directory",
        "e" * 40: "it is no folder",
        "f" * 40: "its mark is damaged, or another version's",
        "0" * 40: "its mark is damaged, or another version's",
    }
    mark = json.loads((action.directory.parent / "entry.json").read_bytes())
    for name in strange:
        (entries / f"{key}-{name}").mkdir()
    (entries / f"{key}-{'b' * 40}" / "entry.json").write_text("{")
    (entries / f"{key}-{'c' * 40}" / "entry.json").write_text(json.dumps(mark | {"version": 1}))
    (entries / f"{key}-{'d' * 40}" / "entry.json").mkdir()
    (entries / f"{key}-{'e' * 40}").rmdir()
    (entries / f"{key}-{'e' * 40}").symlink_to("/nowhere")
    (entries / f"{key}-{'f' * 40}" / "entry.json").write_text(json.dumps(mark))
    (entries / f"{key}-{'0' * 40}" / "entry.json").write_text(json.dumps(mark | {"fetched": 3}))
    (entries / "notes.txt").write_text("")
    (entries / ".DS_Store").write_text("")
    assert [action.commit for action in store.entries()] == [action.commit]
    told = {each.directory.name.partition("-")[2] or each.directory.name: each for each in store.verify()}
    assert {name: each.problem for name, each in told.items()} == {
        **strange,
        "notes.txt": "it is no entry of the store; look what it is, and delete it",
    }
    assert {(each.url, each.commit) for each in told.values()} == {("", "")}
    assert sum(each.removed for each in store.verify(remove=True)) == len(strange)
    assert sorted(folders(store)) == sorted([".DS_Store", action.directory.parent.name, "notes.txt"])
    assert (Path("/nowhere").exists(), list((store.root / "temp").iterdir())) == (False, [])


def test_a_mark_without_files_is_damage(github: GitHubResolver, resolve: Resolve, store: Store) -> None:
    action = resolve(github, "me/add@v1")
    action.directory.rename(action.directory.parent / "elsewhere")
    assert [each.problem for each in store.verify()] == ["its files are missing"]


def test_what_was_not_used_for_long_is_pruned_and_nothing_else(
    github: GitHubResolver, root: Path, resolve: Resolve, store: Store
) -> None:
    old, new = resolve(github, "me/add@v1"), resolve(github, "me/sub@v1")
    aged(old, 40)
    aged(new, 20)
    fresh = Store(store.root)
    assert fresh.prune(older_than=timedelta(days=30)) == []  # the store that handed it out lives
    let_go(store)
    (listed,) = (each for each in fresh.entries() if each.directory == old.directory)
    assert fresh.prune(older_than=timedelta(days=30), dry_run=True) == [listed]
    assert old.directory.exists()
    assert fresh.prune(older_than=timedelta(days=30)) == [listed]
    assert folders(store) == [new.directory.parent.name]
    assert len(list((store.root / "refs").iterdir())) == 1
    assert list((store.root / "temp").iterdir()) == []
    # A use, by whichever store, counts anew.
    resolve(GitHubResolver(root.as_uri(), store=Store(store.root)), "me/sub@v1")
    assert fresh.prune(older_than=timedelta(days=10)) == []


def test_a_check_is_no_use(github: GitHubResolver, root: Path, resolve: Resolve, store: Store) -> None:
    aged(resolve(github, "me/add@v1"), 40)
    other = Store(store.root)
    resolve(GitHubResolver(root.as_uri(), store=other), "me/add@v1", only_definition=True)
    let_go(store)
    assert len(other.prune(older_than=timedelta(days=30))) == 1


@pytest.mark.parametrize("days", [timedelta(days=30), timedelta.max])
def test_what_no_entry_belongs_to_is_swept(
    github: GitHubResolver, resolve: Resolve, store: Store, days: timedelta
) -> None:
    action = resolve(github, "me/add@v1")
    key = action.directory.parent.name.partition("-")[0]
    half = store.root / "entries" / f"{key}-{'a' * 40}"
    half.mkdir()
    (store.root / "temp" / f"{key}.0123").mkdir()
    (store.root / "temp" / f"{key}.4567").write_text("")
    refs = store.root / "refs"
    (note,) = refs.iterdir()
    (refs / "damaged.json").write_text("{")
    (refs / "old.json").write_text(json.dumps(json.loads(note.read_bytes()) | {"version": 1}))
    gone = json.loads(note.read_bytes()) | {"entry": half.name}
    (refs / "gone.json").write_text(json.dumps(gone))
    (refs / "folder").mkdir()
    assert store.prune(older_than=days, dry_run=True) == []
    assert half.exists()
    assert store.prune(older_than=days) == []
    assert folders(store) == [action.directory.parent.name]
    assert list((store.root / "temp").iterdir()) == []
    assert sorted(each.name for each in refs.iterdir()) == sorted([note.name, "folder"])


def test_what_is_being_fetched_is_not_pruned(
    github: GitHubResolver, root: Path, resolve: Resolve, store: Store
) -> None:
    resolve(github, "me/add@v1")
    resolve(github, "me/sub@v1")
    let_go(store)
    with store.locked(parse_git_url(f"{root.as_uri()}/me/add.git"), Cancellation()):
        scratch = store.scratch(store.entries()[0].directory.parent.name)
        scratch.mkdir()
        assert [action.url for action in Store(store.root).prune(older_than=NOTHING)] == [f"{root.as_uri()}/me/sub.git"]
        assert scratch.exists()
    assert [action.url for action in Store(store.root).entries()] == [f"{root.as_uri()}/me/add.git"]


USER = """
import sys
from datetime import timedelta
from datatorch_pipelines.contracts.resolver import ResolveRun
from datatorch_pipelines.resolvers import Store
from datatorch_pipelines.resolvers.urls import parse_git_url
store = Store(sys.argv[1])
entry = store.entry(parse_git_url(sys.argv[2]), sys.argv[3])
print(store.use(entry, ResolveRun()), flush=True)
sys.stdin.readline()
"""


def test_what_another_process_uses_is_kept_until_it_is_killed(
    github: GitHubResolver, resolve: Resolve, store: Store
) -> None:
    action = resolve(github, "me/add@v1")
    store.verify()  # seals it anew
    let_go(store)
    command = [sys.executable, "-c", USER, str(store.root), str(action.url), str(action.commit)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    assert [each.in_use for each in store.entries()] == [True]
    assert (store.prune(older_than=NOTHING, dry_run=True), store.prune(older_than=NOTHING)) == ([], [])
    process.kill()
    process.communicate()
    assert [each.in_use for each in store.entries()] == [False]
    assert [each.directory for each in store.prune(older_than=NOTHING)] == [action.directory]


def test_where_uses_can_not_be_known_the_last_day_is_kept(
    github: GitHubResolver, resolve: Resolve, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FakeSystemWithoutLocks:
        """A system that has no locks of open files."""

    monkeypatch.setattr(leases, "fcntl", FakeSystemWithoutLocks)
    old, new = resolve(github, "me/add@v1"), resolve(github, "me/sub@v1")
    aged(old, 2)
    assert [each.in_use for each in store.entries()] == [False, False]
    assert [each.directory for each in store.prune(older_than=NOTHING)] == [old.directory]
    assert folders(store) == [new.directory.parent.name]


def test_a_folder_that_can_not_be_read_is_one_line(github: GitHubResolver, resolve: Resolve, store: Store) -> None:
    resolve(github, "me/add@v1")
    loop = "Too many levels of symbolic links"
    works: list[tuple[Callable[[], object], str]] = [
        (store.entries, loop),
        (store.verify, loop),
        (lambda: store.prune(older_than=NOTHING, dry_run=True), loop),
        (lambda: store.prune(older_than=NOTHING), "File exists"),
    ]
    entries = store.root / "entries"
    entries.rename(store.root / "moved")
    entries.symlink_to(entries)
    for work, problem in works:
        with pytest.raises(StoreError) as caught:
            work()
        assert str(caught.value) == (
            f"the action store at {store.root} can't be used: {problem}; "
            "set DATATORCH_PIPELINES_HOME to a folder that can be written"
        )


def test_stored_actions_are_data(github: GitHubResolver, resolve: Resolve, store: Store) -> None:
    resolve(github, "me/add@v1")
    (action,) = store.entries()
    assert (action, repr(action).startswith("StoredAction(directory=")) == (store.entries()[0], True)
    assert isinstance(action, StoredAction)
