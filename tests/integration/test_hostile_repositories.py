"""Hostile repositories over real servers, into a pipeline's report; and what no real git makes, by a server that does.

What may cost memory or time is fetched by a process of its own with little of both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fake_pack_server import (
    BLOB,
    COMMIT,
    OFS_DELTA,
    REF_DELTA,
    TAG,
    TREE,
    FakePackServer,
    bomb,
    make_pack,
    number,
    object_header,
    packed,
)
from git_servers import git_daemon, http_git_server, running_http_server
from hostile_repositories import (
    ACTION_FILE,
    FILE,
    FOLDER,
    POINTER,
    REFUSED_TREES,
    SUBMODULE,
    Entry,
    bare_repository,
    hostile_repository,
    put,
    put_commit,
    set_tag,
    tree_entry,
)

import datatorch_pipelines as dtp

pytestmark = pytest.mark.integration

PIPELINE = """\
name: P
jobs:
  j:
    steps:
      - name: S
        action: {{name: me/add, tag: v1, git: {url}}}
"""
SERVER_ITSELF = ("no name", "no name in a folder", "a file as a folder", "a folder as a file", "a folder as a link")
"""What git's own server trips over: then it is its words that are told."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where all is kept, and the working directory."""
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", [name for name in REFUSED_TREES if name not in SERVER_ITSELF])
def test_a_hostile_tree_is_told_at_the_step_that_names_it(home: Path, case: str) -> None:
    entries, text = REFUSED_TREES[case]
    hostile_repository(home / "served" / "add.git", entries)
    with http_git_server(home / "served") as server:
        url = f"{server}/add.git"
        (home / "p.yaml").write_text(PIPELINE.format(url=url))
        found = dtp.check("p.yaml", fetch=True)
    message = f"me/add@v1: {url}: {text}"
    assert [(item.code, item.message, item.line, item.column) for item in found] == [("DT402", message, 6, 17)]
    assert list((home / "home" / "cache" / "actions" / "entries").iterdir()) == []


@pytest.mark.parametrize("case", SERVER_ITSELF)
def test_a_tree_that_its_own_server_trips_over_is_one_line(home: Path, case: str) -> None:
    hostile_repository(home / "served" / "add.git", REFUSED_TREES[case][0])
    with http_git_server(home / "served") as server:
        (home / "p.yaml").write_text(PIPELINE.format(url=f"{server}/add.git"))
        (found,) = dtp.check("p.yaml", fetch=True)
    assert (found.code, found.line, found.column) == ("DT402", 6, 17)
    assert found.message.startswith(f"me/add@v1: {server}/add.git ")
    assert found.message.isprintable()


def test_the_command_says_it_in_one_line(home: Path) -> None:
    hostile_repository(home / "served" / "add.git", [(FOLDER, b"..", [(FILE, b"\x1b[2J", b"x")])])
    with http_git_server(home / "served") as server:
        (home / "p.yaml").write_text(PIPELINE.format(url=f"{server}/add.git"))
        command = [sys.executable, "-m", "datatorch_pipelines"]
        check = subprocess.run([*command, "check", "--fetch", "p.yaml"], capture_output=True, text=True)
        run = subprocess.run([*command, "run", "p.yaml"], capture_output=True, text=True)
    line = f"p.yaml:6:17: error: me/add@v1: {server}/add.git: the file name '..' is not allowed: it is a path [DT402]"
    assert (check.returncode, check.stdout.splitlines()[0]) == (1, line)
    assert run.returncode == 2
    assert line in run.stderr.splitlines()
    with pytest.raises(dtp.PlanError) as caught, http_git_server(home / "served") as server:
        dtp.loads(PIPELINE.format(url=f"{server}/add.git"), filename="p.yaml").plan()
    assert line.split("add.git: ")[1] in str(caught.value)


def test_what_is_left_out_is_told_where_the_action_is_named(home: Path) -> None:
    entries: list[Entry] = [(FILE, b"data.bin", POINTER), (FILE, b".lfsconfig", b"[lfs]\nurl = http://127.0.0.1:1/\n")]
    hostile_repository(home / "served" / "add.git", [*entries, (SUBMODULE, b"vendor", b"x")])
    with running_http_server(home / "served") as server:
        url = f"{server.url}/add.git"
        (home / "p.yaml").write_text(PIPELINE.format(url=url))
        found = dtp.check("p.yaml", fetch=True)
        # Nothing else was asked for: no objects of LFS, no submodule.
        assert {request.partition(" /")[2].partition("/")[0] for request in server.requests} == {"add.git"}
    assert [str(item) for item in found] == [
        "p.yaml:6:17: warning: me/add@v1: 'data.bin' is a Git LFS pointer; its content isn't fetched [DT409]",
        "p.yaml:6:17: warning: me/add@v1: the submodule 'vendor' is left out: actions are fetched without submodules "
        "[DT409]",
    ]


CHILD = """
import asyncio, json, resource, sys, time
from datatorch_pipelines import ActionReference
from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.resolvers import GitResolver, Store, StoreLimits
import dulwich.client, urllib3, filelock  # what is loaded late must not count
url, store, limits, room = sys.argv[1:]
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + int(room)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
resolver = GitResolver(Store(store), limits=StoreLimits(**json.loads(limits)))
reference = ActionReference.parse({"name": "me/add", "tag": "v1", "git": url})
try:
    print(json.dumps(["resolved", asyncio.run(resolver.resolve(reference, ResolveContext())).commit, None]))
except Exception as error:
    print(json.dumps([type(error).__name__, error.message, error.hint]))
"""
MIB = 1 << 20


def fetched(url: str, folder: Path, *, room: int, **limits: int) -> list[str | None]:
    """What came of fetching an action in a process that gets ``room`` bytes of memory for it: error, text and hint."""
    command = [sys.executable, "-c", CHILD, url, str(folder / "store"), json.dumps(limits), str(room)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stderr == ""
    told: list[str | None] = json.loads(done.stdout)
    if told[0] != "resolved":
        assert [path for name in ("entries", "temp") for path in (folder / "store" / name).glob("*")] == []
    return told


TOO_LARGE = "an object of 4294967296 bytes is larger than the 268435456 that are allowed"
ANY = "0" * 39 + "1"


@pytest.mark.parametrize("kind", [COMMIT, TREE, BLOB, TAG], ids=["commit", "tree", "blob", "tag"])
@pytest.mark.parametrize("says", [4 << 30, 100], ids=["honest", "lying"])
def test_four_gigabytes_in_four_megabytes_are_refused_in_little_memory(tmp_path: Path, kind: int, says: int) -> None:
    pack = make_pack(object_header(kind, says) + bomb(4 << 30))
    assert len(pack) < 5 * MIB
    with FakePackServer(ANY, pack).running() as url:
        told = fetched(url, tmp_path, room=150 * MIB)
    if says == 100:
        text = f"me/add@v1: {url} sent a broken pack: an object can't be unpacked"
        assert told == ["FetchFailed", text, "try again later"]
    else:
        hint = "StoreLimits(max_file_bytes=...) of the resolver allows more"
        assert told == ["ActionRefused", f"me/add@v1: {url}: {TOO_LARGE}", hint]


def test_a_delta_whose_result_is_huge_is_refused(tmp_path: Path) -> None:
    base = packed(BLOB, bytes(65536))
    delta = number(65536) + number(4 << 30) + b"\x80" * 65536
    pack = make_pack(base, packed(OFS_DELTA, delta, base=bytes([0x80 | (len(base) >> 7) - 1, len(base) & 0x7F])))
    with FakePackServer(ANY, pack).running() as url:
        told = fetched(url, tmp_path, room=150 * MIB)
    assert told[:2] == ["ActionRefused", f"me/add@v1: {url}: {TOO_LARGE}"]


def test_deltas_in_a_circle_are_refused(tmp_path: Path) -> None:
    delta = number(1) + number(1) + b"\x01a"
    pack = make_pack(
        packed(REF_DELTA, delta, base=bytes.fromhex("11" * 20)), packed(REF_DELTA, delta, base=bytes.fromhex("22" * 20))
    )
    with FakePackServer(ANY, pack).running() as url:
        told = fetched(url, tmp_path, room=150 * MIB)
    text = f"me/add@v1: {url} sent a broken pack: an object is based on one that is not there"
    assert told == ["FetchFailed", text, "try again later"]


def test_many_objects_that_are_large_together_are_refused(tmp_path: Path) -> None:
    pack = make_pack(*(packed(BLOB, bytes([n]) * (16 * MIB)) for n in range(10)))
    with FakePackServer(ANY, pack).running() as url:
        told = fetched(url, tmp_path, room=400 * MIB, max_unpacked_bytes=100 * MIB)
    assert told == [
        "ActionRefused",
        f"me/add@v1: {url}: unpacked it is larger than the {100 * MIB} bytes allowed",
        "StoreLimits(max_unpacked_bytes=...) of the resolver allows more",
    ]


def test_a_pack_that_lacks_what_was_asked_for_is_refused(tmp_path: Path) -> None:
    with FakePackServer(ANY, make_pack(packed(BLOB, b"x"))).running() as url:
        told = fetched(url, tmp_path, room=150 * MIB)
    assert told == ["FetchFailed", f"me/add@v1: {url} sent a broken pack: what it names is missing", "try again later"]


def test_a_number_without_an_end_is_refused(tmp_path: Path) -> None:
    pack = make_pack(object_header(OFS_DELTA, 10) + b"\xff" * (50 * MIB))
    with FakePackServer(ANY, pack).running() as url:
        told = fetched(url, tmp_path, room=300 * MIB)
    assert told[:2] == ["FetchFailed", f"me/add@v1: {url} sent a broken pack: an object's size is no number"]


def test_what_there_is_no_memory_for_is_told_as_such(tmp_path: Path) -> None:
    with FakePackServer(ANY, make_pack(packed(BLOB, bytes(200 * MIB)))).running() as url:
        told = fetched(url, tmp_path, room=60 * MIB)
    text = f"me/add@v1: there is not enough memory for what {url} holds"
    assert told == ["FetchFailed", text, "free some, or allow less"]


TOO_MANY = "it has more than 50000 files, folders and links"


def wide_tree(repository: Path) -> bytes:
    """A folder of 100,000 files."""
    blob = put(repository, "blob", b"x")
    return put(repository, "tree", b"".join(tree_entry(FILE, b"f%06d" % n, blob) for n in range(100_000)))


def deep_tree(repository: Path) -> bytes:
    """100,000 folders in one another."""
    raw = put(repository, "tree", b"")
    for _ in range(100):
        raw = put(repository, "tree", tree_entry(FOLDER, b"d", raw))
    return raw


def tree_bomb(repository: Path) -> bytes:
    """Ten times the same folder in each folder, forty levels deep: more files than there are atoms in a star."""
    raw = put(repository, "tree", tree_entry(FILE, b"f", put(repository, "blob", b"x")))
    for _ in range(40):
        raw = put(repository, "tree", b"".join(tree_entry(FOLDER, b"d%d" % n, raw) for n in range(10)))
    return raw


def bomb_of_what_is_left_out(repository: Path) -> bytes:
    """As above, with what is not written anyway."""
    modules = b"".join(tree_entry(SUBMODULE, b"m%02d" % n, bytes(20)) for n in range(50))
    raw = put(repository, "tree", tree_entry(FOLDER, b"__pycache__", put(repository, "tree", b"")) + modules)
    for _ in range(40):
        raw = put(repository, "tree", b"".join(tree_entry(FOLDER, b"d%d" % n, raw) for n in range(10)))
    return raw


def empty_bomb(repository: Path) -> bytes:
    """As above, with nothing in it at all."""
    raw = put(repository, "tree", b"")
    for _ in range(40):
        raw = put(repository, "tree", b"".join(tree_entry(FOLDER, b"d%d" % n, raw) for n in range(10)))
    return raw


@pytest.mark.parametrize(
    ("make", "text", "limit"),
    [
        (wide_tree, TOO_MANY, "max_entries"),
        (deep_tree, "its folders nest deeper than 64", "max_depth"),
        (tree_bomb, TOO_MANY, "max_entries"),
        (bomb_of_what_is_left_out, TOO_MANY, "max_entries"),
        (empty_bomb, TOO_MANY, "max_entries"),
    ],
)
@pytest.mark.parametrize("protocol", ["git", "file"])
def test_a_tree_of_very_many_files_is_refused_soon_and_in_little_memory(
    tmp_path: Path, make: object, text: str, limit: str, protocol: str
) -> None:
    repository = bare_repository(tmp_path / "served" / "add.git")
    set_tag(repository, "v1", put_commit(repository, make(repository)))  # type: ignore[operator]  # one of the above
    if protocol == "file":
        url = repository.as_uri()
        told = fetched(url, tmp_path, room=200 * MIB)
    else:
        with git_daemon(tmp_path / "served") as server:
            url = f"{server}/add.git"
            told = fetched(url, tmp_path, room=200 * MIB)
    hint = f"StoreLimits({limit}=...) of the resolver allows more"
    assert told == ["ActionRefused", f"me/add@v1: {url}: {text}", hint]


def test_a_large_file_written_many_times_over_stays_within_the_limit(tmp_path: Path) -> None:
    repository = bare_repository(tmp_path / "served" / "add.git")
    blob = put(repository, "blob", bytes(10 * MIB))
    folder = put(repository, "tree", b"".join(tree_entry(FILE, b"f%03d" % n, blob) for n in range(500)))
    set_tag(repository, "v1", put_commit(repository, folder))
    with git_daemon(tmp_path / "served") as server:
        url = f"{server}/add.git"
        told = fetched(url, tmp_path, room=200 * MIB, max_tree_bytes=50 * MIB)
    text = f"me/add@v1: {url}: its files are larger than the {50 * MIB} bytes allowed"
    assert told == ["ActionRefused", text, "StoreLimits(max_tree_bytes=...) of the resolver allows more"]


def test_as_many_files_as_are_allowed_are_fetched(tmp_path: Path) -> None:
    repository = bare_repository(tmp_path / "served" / "add.git")
    blob = put(repository, "blob", b"x")
    many = put(repository, "tree", b"".join(tree_entry(FILE, b"f%06d" % n, blob) for n in range(10_000)))
    action = put(repository, "blob", b"name: Add\n")
    top = tree_entry(FILE, ACTION_FILE[1], action) + b"".join(tree_entry(FOLDER, b"d%d" % n, many) for n in range(4))
    commit = put_commit(repository, put(repository, "tree", top))
    set_tag(repository, "v1", commit)
    assert fetched(repository.as_uri(), tmp_path, room=300 * MIB) == ["resolved", commit.hex(), None]
