"""Where the store may be, and processes that fork in the middle of a fetch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from git_servers import GitHttpServer, make_repository

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import StoreError
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, Store

Resolve = Callable[..., ResolvedAction]
ACTION = {"action-datatorch.yaml": "name: Add\n", "add.py": "print(1)\n"}


def test_a_store_may_be_behind_a_link(root: Path, tmp_path: Path, resolve: Resolve) -> None:
    make_repository(root / "me" / "add.git", ACTION, tags=["v1"])
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    action = resolve(GitHubResolver(root.as_uri(), store=Store(tmp_path / "link")), "me/add@v1")
    assert action.directory.is_relative_to(tmp_path / "link")
    assert [each.commit for each in Store(tmp_path / "real").entries()] == [action.commit]


@pytest.mark.parametrize("kind", ["file", "link to nothing", "circle"])
def test_a_store_that_is_no_folder_is_told(root: Path, tmp_path: Path, resolve: Resolve, kind: str) -> None:
    make_repository(root / "me" / "add.git", ACTION, tags=["v1"])
    place = tmp_path / "store"
    if kind == "file":
        place.write_text("")
    else:
        place.symlink_to("store" if kind == "circle" else "nowhere")
    said = {"file": "Not a directory", "link to nothing": "File exists", "circle": "Too many levels of symbolic links"}
    with pytest.raises(StoreError) as caught:
        resolve(GitHubResolver(root.as_uri(), store=Store(place)), "me/add@v1")
    assert str(caught.value).removeprefix("me/add@v1: ") == (
        f"the action store at {place} can't be used: {said[kind]}; "
        "set DATATORCH_PIPELINES_HOME to a folder that can be written"
    )


def test_without_a_home_the_folder_must_be_given() -> None:
    code = """
import os
if os.geteuid() == 0:
    import datatorch_pipelines.resolvers.storage.store, platformdirs.unix
    os.setuid(54321)
from datatorch_pipelines.resolvers import Store
try:
    Store()
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""
    if os.geteuid() != 0:
        pytest.skip("only root becomes a user without a home")
    hidden = ("HOME", "XDG_CACHE_HOME", "DATATORCH_PIPELINES_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (
        "StoreError: there is no home folder to keep actions in; set DATATORCH_PIPELINES_HOME to a folder for them\n",
        "",
    )


FORKS = """
import asyncio, os, sys, threading
from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitResolver, Store
from datatorch_pipelines.resolvers.asking import fetch
url, root = sys.argv[1:3]
resolver, context = GitResolver(Store(root)), ResolveContext()
reference = ActionReference.parse({"name": "add", "tag": "v1", "git": url})
fetching, go_on = threading.Event(), threading.Event()
peel = fetch.peel

def slowly(*arguments):
    if threading.current_thread().name == "datatorch-pipelines-resolve" and os.getpid() == parent:
        fetching.set()
        go_on.wait()
    return peel(*arguments)

fetch.peel, parent = slowly, os.getpid()

def resolve():
    return asyncio.run(resolver.resolve(reference, context)).digest

found = []
thread = threading.Thread(target=lambda: found.append(resolve()))
thread.start()
fetching.wait()
reading, writing = os.pipe()
pid = os.fork()
if not pid:
    # The resolver, its store and the run are the parent's, which is in the middle of the same fetch.
    os.write(writing, resolve().encode())
    os._exit(0)
os.close(writing)
go_on.set()
thread.join()
print(found[0] == os.read(reading, 100).decode(), os.waitpid(pid, 0)[1], fetch.peel is slowly)
"""


def test_a_process_may_fork_in_the_middle_of_a_fetch(http_server: GitHttpServer, root: Path, store: Store) -> None:
    make_repository(root / "me" / "add.git", ACTION, tags=["v1"])
    command = [sys.executable, "-W", "ignore", "-c", FORKS, f"{http_server.url}/me/add.git", str(store.root)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True 0 True\n", "")
    assert http_server.packs == 1
    assert store.verify() == []


def test_the_clock_may_jump(root: Path, store: Store, resolve: Resolve) -> None:
    make_repository(root / "me" / "add.git", ACTION, tags=["v1"])
    action = resolve(GitResolver(store), {"name": "add", "tag": "v1", "git": f"{root.as_uri()}/me/add.git"})
    for seconds in (0, 2**33):
        for each in ("used", "entry.json", "seal.json"):
            os.utime(action.directory.parent / each, (seconds, seconds))
        again = Store(store.root)
        found = resolve(GitResolver(again), {"name": "add", "tag": "v1", "git": f"{root.as_uri()}/me/add.git"})
        assert found.digest == action.digest
        assert again.prune(older_than=timedelta(days=1)) == again.verify() == []
