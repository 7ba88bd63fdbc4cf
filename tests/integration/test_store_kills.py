"""Processes that are killed at random instants, of which the store must show nothing afterwards."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import git_daemon, make_repository

from datatorch_pipelines._files import remove_tree, tree_digest
from datatorch_pipelines.resolvers import Store
from datatorch_pipelines.resolvers.storage.url_locks import UrlLocks

pytestmark = pytest.mark.integration

KILLS = 200
FILES = {
    "action-datatorch.yaml": "name: Add\n",
    **{f"lib/f{number}.py": f"a = {number}\n" * 50 for number in range(25)},
}

# Forks a process for each order, so that the imports are paid for once. An order says what to do, and whether to be
# killed at the n-th event that Python audits (a file that is opened, renamed, locked, a socket...) or after some time.
NURSERY = """
import asyncio, json, os, signal, sys, time
from datetime import timedelta
from pathlib import Path
import filelock, dulwich.client, dulwich.repo
from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, Store
from datatorch_pipelines.resolvers.asking import fetch
from datatorch_pipelines.resolvers.objects import tree
from datatorch_pipelines.resolvers.storage import keeping, upkeep

url, root = sys.argv[1:]

def say(what):
    os.write(1, json.dumps(what).encode() + b"\\n")  # whole, or not at all

def write(folder):
    for number in range(25):
        (folder / f"f{number}").write_text("x" * number)

def work(order):
    store = Store(root)
    if order["work"] == "keep":
        return store.keep("a source", "1", write).digest
    if order["work"] == "prune":
        return len(store.prune(older_than=timedelta(0)))
    resolver = GitHubResolver(url, store=store)
    return asyncio.run(resolver.resolve(ActionReference.parse("me/add@v1"), ResolveContext())).digest

def child(order):
    events = 0
    def count(event, arguments):
        nonlocal events
        events += 1
        if events == order.get("at"):
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    begin = time.perf_counter()
    result = work(order)
    return {"result": result, "events": events, "seconds": time.perf_counter() - begin}

for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if not pid:
        status = 1
        try:
            say(child(order))
            status = 0
        except BaseException as error:
            say({"error": f"{type(error).__name__}: {error}"})
        finally:
            os._exit(status)
    if "after" in order:
        time.sleep(order["after"])
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    say({"over": True})
"""

Do = Callable[..., dict[str, Any]]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    make_repository(tmp_path / "served" / "me" / "add.git", FILES, tags=["v1"])
    with git_daemon(tmp_path / "served") as url:
        yield url


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def do(served: str, store: Store) -> Iterator[Do]:
    """Does one work in a process of its own; what comes of it, nothing if it was killed."""
    command = [sys.executable, "-c", NURSERY, served, str(store.root)]
    nursery = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert nursery.stdin is not None
    assert nursery.stdout is not None

    def order(work: str, **how: float) -> dict[str, Any]:
        print(json.dumps({"work": work, **how}), file=nursery.stdin, flush=True)
        said: dict[str, Any] = {}
        for line in nursery.stdout or ():
            answer = json.loads(line)
            if "over" in answer:
                return said
            said = answer
        raise AssertionError("the process that forks has ended")

    yield order
    nursery.stdin.close()
    nursery.wait()
    nursery.stdout.close()


def without_entries(store: Store) -> None:
    """As if nothing had been fetched, but for what the killed left elsewhere."""
    for name in ("entries", "refs"):
        remove_tree(store.root / name)


def check(store: Store, do: Do, right: dict[str, str]) -> None:
    """The store holds nothing that is wrong, gives what is right, and nothing of the dead is in the way."""
    assert store.verify() == []
    for entry in store.root.glob("entries/*"):
        mark = json.loads((entry / "entry.json").read_bytes())
        assert mark["digest"] == tree_digest(entry / "files")
    for lock in store.root.glob("locks/*.lock"):
        with UrlLocks(lock.parent).attempt(lock.stem) as free:
            assert free, lock
    for work, digest in right.items():
        assert do(work).get("result") == digest
    assert not any(action.in_use for action in store.entries())
    store.prune(older_than=timedelta.max)
    assert list((store.root / "temp").iterdir()) == []
    assert len(store.entries()) == len(right)


@pytest.mark.parametrize("part", range(4))
def test_a_process_that_is_killed_at_any_instant_leaves_nothing_wrong(do: Do, store: Store, part: int) -> None:
    chance = random.Random(part)
    whole = {work: do(work) for work in ("resolve", "keep", "prune")}
    assert whole["prune"]["result"] == 2, whole
    right = {work: whole[work]["result"] for work in ("resolve", "keep")}
    killed = 0
    for number in range(KILLS // 4):
        work = chance.choice(["resolve", "resolve", "resolve", "mend", "keep", "prune"])
        planted: Path | None = None
        if work in ("resolve", "keep"):
            without_entries(store)
        else:
            do("resolve")
        if work == "mend":
            (entry,) = (each for each in store.entries() if each.url != "a source")
            planted = entry.directory / f"more{number}"
            planted.write_text("")
            work = "resolve"
        if number % 2:
            said = do(work, at=chance.randint(1, whole[work]["events"]))
        else:
            said = do(work, after=chance.uniform(0, whole[work]["seconds"]))
        killed += not said
        assert "error" not in said
        if planted is not None and planted.exists():
            # Killed before it was mended: then it is what it was, and mended by the next one.
            assert [each.problem for each in store.verify()] == [f"{planted.name!r} is too many"]
            assert do("resolve").get("result") == right["resolve"]
        check(store, do, right)
    assert killed > KILLS // 8
