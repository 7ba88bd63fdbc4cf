"""Many processes and threads at one store, while others clean it: one fetch for all, and never a wrong action."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import GitHttpServer, make_repository, running_http_server

from datatorch_pipelines.resolvers import Store

pytestmark = pytest.mark.integration

PROCESSES, THREADS, ACTIONS = 8, 4, 6

# Each process resolves every action in each of its threads, in an order of its own, and reads all files that it was
# given. Two more prune and verify until all are done.
CROWD = """
import asyncio, json, os, random, sys, threading
from datetime import timedelta
import filelock, dulwich.client
from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, Store
from datatorch_pipelines.resolvers.asking import fetch
from datatorch_pipelines.resolvers.objects import tree
from datatorch_pipelines.resolvers.storage import keeping, upkeep

url, root, processes, threads, actions, age, rounds = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])

def resolve(shared, seed, found, written):
    chance = random.Random(seed)
    for _ in range(rounds):
        # With many rounds each has a store of its own, and wants one action, so that others are not used meanwhile.
        store = shared if shared and rounds == 1 else Store(root)
        resolver = GitHubResolver(url, store=store)
        references = [f"me/a{number}@{ref}" for number in range(actions) for ref in ("v1", "main")]
        chance.shuffle(references)
        if rounds > 1:
            references = references[:1]
        async def all_of_them():
            context = ResolveContext(warn=lambda text: found.append(["warning", text]))
            many = [resolver.resolve(ActionReference.parse(each), context) for each in references]
            return await asyncio.gather(*many)
        for action in asyncio.run(all_of_them()):
            right = action.digest == tree_digest(action.directory)
            found.append([action.reference.name, action.digest if right else "wrong"])
        kept = store.keep("a source", "1", lambda folder: written.append((folder / "a").write_text("a")))
        found.append(["kept", kept.digest if kept.digest == tree_digest(kept.directory) else "wrong"])

def user(number):
    found, written = [], []
    def each(thread):
        try:
            resolve(shared if thread % 2 else None, number * 100 + thread, found, written)
        except BaseException as error:
            found.append(["error", f"{type(error).__name__}: {error}"])
    shared = Store(root)
    workers = [threading.Thread(target=each, args=(thread,)) for thread in range(threads)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    return {"found": sorted(map(list, set(map(tuple, found)))), "written": len(written)}

def cleaner(gate):
    pruned = rounds = 0
    while not os.path.exists(gate):
        pruned += len(Store(root).prune(older_than=timedelta(seconds=age)))
        damaged = Store(root).verify(remove=True)
        Store(root).entries(), Store(root).size()
        rounds += 1
        if damaged:
            return {"found": [["damaged", str(damaged)]], "written": 0}
    return {"found": [], "written": 0, "pruned": pruned, "rounds": rounds}

def forked(work):
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        try:
            answer = work()
        except BaseException as error:
            answer = {"found": [["error", f"{type(error).__name__}: {error}"]], "written": 0}
        with open(writing, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    return reading

def answer(reading):
    with open(reading) as pipe:
        return json.load(pipe)

gate = root + ".over"
cleaners = [forked(lambda: cleaner(gate)) for _ in range(2)]
users = [answer(each) for each in [forked(lambda number=number: user(number)) for number in range(processes)]]
open(gate, "w").close()
print(json.dumps({"users": users, "cleaners": list(map(answer, cleaners))}))
"""


@pytest.fixture(autouse=True)
def _served(tmp_path: Path) -> None:
    """The actions' repositories."""
    for number in range(ACTIONS):
        files = {"action-datatorch.yaml": f"name: A{number}\n", **{f"lib/f{each}": f"{number}" for each in range(20)}}
        make_repository(tmp_path / "served" / "me" / f"a{number}.git", files, tags=["v1"])


def crowd(server: GitHttpServer, store: Store, age: int, rounds: int) -> dict[str, list[dict[str, object]]]:
    numbers = map(str, (PROCESSES, THREADS, ACTIONS, age, rounds))
    command = [sys.executable, "-c", CROWD, server.url, str(store.root), *numbers]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stderr == ""
    answers: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return answers


def pairs(found: object) -> list[tuple[str, str]]:
    assert isinstance(found, list)
    return [(name, digest) for name, digest in found]


def test_eight_processes_of_four_threads_fetch_each_action_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with running_http_server(tmp_path / "served") as server:
        answers = crowd(server, store, age=3600, rounds=1)
    found = [each["found"] for each in answers["users"]]
    assert found == [found[0]] * PROCESSES
    assert [name for name, _ in pairs(found[0])] == ["kept", *(f"me/a{number}" for number in range(ACTIONS))]
    assert "wrong" not in str(found)
    assert server.packs == ACTIONS
    assert sum(int(str(each["written"])) for each in answers["users"]) == 1
    assert [(each["found"], each["pruned"]) for each in answers["cleaners"]] == [([], 0)] * 2
    assert store.verify() == []
    assert list((store.root / "temp").iterdir()) == []


def test_what_is_used_stays_while_all_else_is_deleted_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with running_http_server(tmp_path / "served") as server:
        answers = crowd(server, store, age=0, rounds=8)
    found = [(name, digest) for each in answers["users"] for name, digest in pairs(each["found"])]
    digests = dict(found)
    assert set(digests) == {"kept", *(f"me/a{number}" for number in range(ACTIONS))}
    assert all(digests[name] == digest != "wrong" for name, digest in found)
    assert [each["found"] for each in answers["cleaners"]] == [[]] * 2
    assert sum(int(str(each["pruned"])) for each in answers["cleaners"]) > 0, answers["cleaners"]
    store.prune(older_than=timedelta(0))
    assert store.entries() == []
    assert list((store.root / "temp").iterdir()) == []
