"""A store on a disk that is full, read-only, or not ours, as a user without root's rights finds it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import git_daemon, make_repository

from datatorch_pipelines._files import remove_tree, tree_digest
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.errors import StoreError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, Store

pytestmark = pytest.mark.integration

ACTION = {"action-datatorch.yaml": "name: Add\n", "add.py": "print(1)\n"}

# What a process without root's rights finds. Everything is imported before it gives them up: the libraries may be where
# only root can read.
ORDINARY = """
import asyncio, os, resource, sys, tempfile
from datetime import timedelta
from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, Store
from datatorch_pipelines.resolvers.storage import keeping, upkeep
url, root = sys.argv[1:3]

def resolve(reference, store=root, **how):
    context = ResolveContext(**how)
    return asyncio.run(GitHubResolver(url, store=Store(store)).resolve(ActionReference.parse(reference), context))

with tempfile.TemporaryDirectory() as scratch:
    resolve("me/add@v1", scratch)

def drop():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

def told(work):
    try:
        print(work())
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for each in [folder, *folder.rglob("*")]:
        if not each.is_symlink() and each.is_dir():
            each.chmod(0o755)
    remove_tree(folder)


def ordinary(url: str, root: Path, code: str) -> list[str]:
    """The lines that an ordinary user's process prints."""
    done = subprocess.run([sys.executable, "-c", ORDINARY + code, url, str(root)], capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def stored(folder: Path) -> tuple[str, Path]:
    """A server's URL and a store that has me/add@v1 of it, and not v2."""
    make_repository(folder / "served" / "me" / "add.git", ACTION, tags=["v1", "v2"])
    url, root = (folder / "served").as_uri(), folder / "store"
    resolver = GitHubResolver(url, store=Store(root))
    asyncio.run(resolver.resolve(ActionReference.parse("me/add@v1"), ResolveContext()))
    return url, root


def test_of_a_store_of_somebody_else_what_is_there_is_served(open_folder: Path) -> None:
    url, root = stored(open_folder)
    (mark,) = root.glob("entries/*/entry.json")
    mark.write_text(json.dumps(json.loads(mark.read_bytes()) | {"fetched": "2024-01-01T00:00:00+00:00"}))
    os.utime(mark.with_name("used"), (0, 0))
    code = """
drop()
told(lambda: len(Store(root).prune(older_than=timedelta(0), dry_run=True)))
told(lambda: Store(root).prune(older_than=timedelta(0)))
told(lambda: resolve("me/add@v1").directory.name)
told(lambda: resolve("me/add@v2"))
told(lambda: len(Store(root).entries()))
told(lambda: Store(root).verify())
told(lambda: Store(root).size() > 1000)
told(lambda: Store(root).keep("a", "1", lambda folder: None))
"""
    refused = f"the action store at {root} can't be used: Permission denied; "
    refused += "set DATATORCH_PIPELINES_HOME to a folder that can be written"
    assert ordinary(url, root, code) == [
        "1",
        f"StoreError: {refused}",
        "files",
        f"StoreError: me/add@v2: {refused}",
        "1",
        "[]",
        "True",
        f"StoreError: {refused}",
    ]
    assert len(Store(root).entries()) == 1


def test_what_can_not_be_read_is_told_in_one_line(open_folder: Path) -> None:
    url, root = stored(open_folder)
    (entry,) = (root / "entries").iterdir()
    refused = f"the action store at {root} can't be used: Permission denied; "
    refused += "set DATATORCH_PIPELINES_HOME to a folder that can be written"
    (entry / "files" / "add.py").chmod(0o000)
    (entry / "seal.json").unlink()
    code = 'drop()\ntold(lambda: resolve("me/add@v1"))\ntold(lambda: Store(root).verify()[0].problem)\n'
    assert ordinary(url, root, code) == [f"StoreError: {refused}", "its files can't be read: Permission denied"]
    entry.chmod(0o000)
    code = 'drop()\ntold(lambda: resolve("me/add@v1"))\ntold(lambda: Store(root).verify()[0].problem)\n'
    code += "told(lambda: Store(root).entries())\n"
    assert ordinary(url, root, code) == [
        f"StoreError: {refused}",
        "its mark can't be read: Permission denied",
        "[]",
    ]
    (root / "entries").chmod(0o000)
    code = 'drop()\ntold(lambda: resolve("me/add@v1"))\ntold(lambda: Store(root).entries())\n'
    code += "told(lambda: Store(root).verify())\ntold(lambda: Store(root).size())\n"
    assert ordinary(url, root, code) == [f"StoreError: {refused}"] * 4


def test_a_lock_that_can_not_be_made_is_told(open_folder: Path) -> None:
    url, root = stored(open_folder)
    for each in root.rglob("*"):
        if each.is_dir() and not each.is_symlink():
            each.chmod(0o777)
    shutil.rmtree(root / "locks")
    (root / "locks").mkdir(mode=0o555)
    (line,) = ordinary(url, root, 'drop()\ntold(lambda: resolve("me/add@v2"))\n')
    assert line == (
        f"StoreError: me/add@v2: the action store at {root} can't be used: Permission denied; "
        "set DATATORCH_PIPELINES_HOME to a folder that can be written"
    )


def test_a_limit_on_the_size_of_files_leaves_nothing(open_folder: Path) -> None:
    make_repository(open_folder / "served" / "me" / "add.git", {**ACTION, "large": "x" * 100_000}, tags=["v1"])
    root = open_folder / "store"
    code = """
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
told(lambda: resolve("me/add@v1"))
told(lambda: Store(root).keep("a", "1", lambda folder: (folder / "large").write_text("x" * 100_000)))
"""
    refused = f"the action store at {root} can't be used: File too large; "
    refused += "raise the limit on the size of files (ulimit -f)"
    url = (open_folder / "served").as_uri()
    assert ordinary(url, root, code) == [f"StoreError: me/add@v1: {refused}", f"StoreError: {refused}"]
    assert list((root / "entries").iterdir()) == list((root / "temp").iterdir()) == []


def test_too_many_open_files_are_told(open_folder: Path) -> None:
    url, root = stored(open_folder)
    code = """
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
kept = []
try:
    while True:
        kept.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
told(lambda: Store(root).entries())
"""
    assert ordinary(url, root, code) == [
        f"StoreError: the action store at {root} can't be used: Too many open files; "
        "raise the limit on open files (ulimit -n)"
    ]


ROOT = os.geteuid() == 0 and shutil.which("mount") is not None
needs_mount = pytest.mark.skipif(not ROOT, reason="only root mounts")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", place], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def resolve(url: str, store: Store, reference: str = "me/add@v1") -> ResolvedAction:
    return asyncio.run(GitHubResolver(url, store=store).resolve(ActionReference.parse(reference), ResolveContext()))


@needs_mount
@pytest.mark.parametrize("size", [4, 40])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, small_disk: Path, size: int) -> None:
    # 4 MiB don't fit when they are written, 40 not even as the server sends them.
    path = tmp_path / "served" / "me" / "add.git"
    make_repository(path, {**ACTION, "large": os.urandom(size << 20)}, tags=["v1"])
    store = Store(small_disk / "store")
    with git_daemon(tmp_path / "served") as url:
        with pytest.raises(StoreError) as caught:
            resolve(url, store)
        assert str(caught.value) == (
            f"me/add@v1: the action store at {store.root} can't be used: No space left on device; make room on the disk"
        )
        assert list((store.root / "entries").iterdir()) == list((store.root / "temp").iterdir()) == []
        subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
        assert resolve(url, Store(store.root)).digest == tree_digest(store.entries()[0].directory)


@needs_mount
def test_an_entry_on_a_full_disk_still_serves(tmp_path: Path, small_disk: Path) -> None:
    make_repository(tmp_path / "served" / "me" / "add.git", ACTION, tags=["v1"])
    url, store = (tmp_path / "served").as_uri(), Store(small_disk / "store")
    resolve(url, store)
    with contextlib.suppress(OSError), (small_disk / "large").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    assert shutil.disk_usage(small_disk).free == 0
    assert resolve(url, Store(store.root)).commit == store.entries()[0].commit
    assert store.verify() == []
    with pytest.raises(StoreError, match="can't be used: No space left on device; make room on the disk"):
        resolve(url, Store(store.root), "me/add@main")  # what the branch means can't be noted
    (store.entries()[0].directory / "add.py").unlink()
    assert [each.problem for each in store.verify()] == ["'add.py' is missing"]


@needs_mount
def test_of_a_disk_that_is_mounted_read_only_what_is_there_is_served(tmp_path: Path, small_disk: Path) -> None:
    make_repository(tmp_path / "served" / "me" / "add.git", ACTION, tags=["v1", "v2"])
    url, store = (tmp_path / "served").as_uri(), Store(small_disk / "store")
    action = resolve(url, store)
    del store
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    store = Store(small_disk / "store")
    assert resolve(url, store).digest == action.digest
    assert [each.in_use for each in store.entries()] == [True]
    assert (store.verify(), store.prune(older_than=timedelta(0), dry_run=True)) == ([], [])
    refused = f"the action store at {store.root} can't be used: Read-only file system; "
    refused += "set DATATORCH_PIPELINES_HOME to a folder that can be written"
    with pytest.raises(StoreError) as caught:
        resolve(url, store, "me/add@v2")
    assert str(caught.value) == f"me/add@v2: {refused}"
    with pytest.raises(StoreError) as caught:
        store.keep("a", "1", lambda folder: None)
    assert str(caught.value) == refused
