"""Repositories made to do harm: refused by name, and nothing of them is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from git_servers import git, git_daemon, make_repository
from hostile_repositories import (
    ACTION_FILE,
    AUTHOR,
    EXECUTABLE,
    FILE,
    FOLDER,
    LINK,
    POINTER,
    REFUSED_TREES,
    SUBMODULE,
    Entry,
    bare_repository,
    hostile_repository,
    put,
    put_commit,
    put_tree,
    set_tag,
    tree_entry,
)

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import ActionRefused, FetchFailed, ResolveError
from datatorch_pipelines.resolvers import GitHubResolver, Store, StoreLimits

Resolve = Callable[..., ResolvedAction]


@pytest.fixture
def repository(root: Path) -> Path:
    """Where the repository of ``me/add`` is to be made."""
    return root / "me" / "add.git"


@pytest.fixture
def resolver(root: Path, store: Store) -> GitHubResolver:
    """Finds ``me/add`` in ``root``."""
    return GitHubResolver(root.as_uri(), store=store)


@pytest.mark.parametrize("case", REFUSED_TREES)
def test_a_hostile_tree_is_refused_and_nothing_is_left(
    repository: Path, root: Path, store: Store, resolver: GitHubResolver, resolve: Resolve, case: str
) -> None:
    entries, text = REFUSED_TREES[case]
    hostile_repository(repository, entries)
    with pytest.raises((ActionRefused, FetchFailed)) as caught:
        resolve(resolver, "me/add@v1")
    url = f"{root.as_uri()}/me/add.git"
    assert caught.value.message in (f"me/add@v1: {url}: {text}", f"me/add@v1: {url} is damaged: {text}")
    assert [*(store.root / "entries").iterdir(), *(store.root / "temp").iterdir()] == []


def test_a_hostile_tree_from_a_server_is_refused_too(
    repository: Path, root: Path, store: Store, resolve: Resolve
) -> None:
    hostile_repository(repository, [(FOLDER, b"..", [(FILE, b"x", b"x")])])
    with git_daemon(root) as url, pytest.raises(ActionRefused, match=r"the file name '\.\.' is not allowed"):
        resolve(GitHubResolver(url, store=store), "me/add@v1")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"100644 a", "its root folder is no list of files"),
        (b"100644 a\0" + b"x" * 19, "its root folder is no list of files"),
        (b"100644\0" + b"x" * 20, "its root folder is no list of files"),
        (b" a\0" + b"x" * 20, "its root folder is no list of files"),
        (b"1_00644 a\0" + b"x" * 20, "its root folder is no list of files"),
        (b"+100644 a\0" + b"x" * 20, "its root folder is no list of files"),
        (b"99999 a\0" + b"x" * 20, "its root folder is no list of files"),
        (b"7" * 500 + b" a\0" + b"x" * 20, "its root folder is no list of files"),
        (b"100644 " + b"x" * 5000, "its root folder is no list of files"),
        (b"100644 a\0" + b"x" * 20, "'a' is missing"),
        (b"40000 a\0" + b"x" * 20, "'a' is missing"),
        (b"120000 a\0" + b"x" * 20, "'a' is missing"),
    ],
)
def test_a_damaged_tree_is_refused(
    repository: Path, root: Path, resolver: GitHubResolver, resolve: Resolve, content: bytes, text: str
) -> None:
    bare_repository(repository)
    set_tag(repository, "v1", put_commit(repository, put(repository, "tree", content)))
    with pytest.raises(FetchFailed) as caught:
        resolve(resolver, "me/add@v1")
    assert caught.value.message == f"me/add@v1: {root.as_uri()}/me/add.git is damaged: {text}"


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("commit", b"", "a commit or tag has no target"),
        ("commit", b"author %s\n\n" % AUTHOR, "a commit or tag has no target"),
        ("commit", b"tree ../../../etc/passwd\n\n", "a commit or tag has no target"),
        ("commit", b"tree " + b"0" * 39 + b"\n", "a commit or tag has no target"),
        ("commit", b"tree " + b"0" * 40 + b"\n", "its root folder is missing"),
        ("commit", b"encoding tree\ntree " + b"0" * 40 + b"\n", "a commit or tag has no target"),
        ("commit", b"x" * 1_000_000, "a commit or tag has no target"),
        ("tag", b"", "a commit or tag has no target"),
        ("tag", b"type commit\nobject " + b"0" * 40 + b"\n", "a commit or tag has no target"),
    ],
)
def test_a_commit_or_tag_without_a_target_is_refused(
    repository: Path, root: Path, resolver: GitHubResolver, resolve: Resolve, kind: str, content: bytes, text: str
) -> None:
    bare_repository(repository)
    set_tag(repository, "v1", put(repository, kind, content))
    with pytest.raises(FetchFailed) as caught:
        resolve(resolver, "me/add@v1")
    assert caught.value.message == f"me/add@v1: {root.as_uri()}/me/add.git is damaged: {text}"


def test_headers_that_are_strange_but_name_a_tree_do_no_harm(
    repository: Path, resolver: GitHubResolver, resolve: Resolve
) -> None:
    bare_repository(repository)
    tree = put_tree(repository, [ACTION_FILE]).hex().encode()
    body = b"tree %s\nencoding utf-7\ngpgsig %s\nauthor \xff\0\x1b[2J\n" % (tree, b"x" * 1_000_000)
    set_tag(repository, "v1", put(repository, "commit", body))
    assert (resolve(resolver, "me/add@v1").directory / "action-datatorch.yaml").read_bytes() == ACTION_FILE[2]


def test_a_tag_that_lies_about_what_it_names_leads_to_what_it_names(
    repository: Path, root: Path, resolver: GitHubResolver, resolve: Resolve
) -> None:
    bare_repository(repository)
    tag = b"object %s\ntype commit\ntag v1\n\n" % put(repository, "blob", b"x").hex().encode()
    set_tag(repository, "v1", put(repository, "tag", tag))
    with pytest.raises(ActionRefused, match="it names a file or folder in git, not a commit"):
        resolve(resolver, "me/add@v1")


def test_a_tag_of_a_tag_of_a_tag_without_end_is_refused(
    repository: Path, root: Path, resolver: GitHubResolver, resolve: Resolve
) -> None:
    bare_repository(repository)
    raw = put_commit(repository, put_tree(repository, [ACTION_FILE]))
    for number in range(12):
        kind = b"tag" if number else b"commit"
        raw = put(repository, "tag", b"object %s\ntype %s\ntag v1\n\n" % (raw.hex().encode(), kind))
    set_tag(repository, "v1", raw)
    with pytest.raises(ActionRefused) as caught:
        resolve(resolver, "me/add@v1")
    text = f"me/add@v1: {root.as_uri()}/me/add.git: it is a tag of a tag of a tag, too deep to follow"
    assert caught.value.message == text


def test_entries_out_of_order_and_old_modes_are_taken_as_they_are(
    repository: Path, resolver: GitHubResolver, resolve: Resolve
) -> None:
    bare_repository(repository)
    blob = put(repository, "blob", b"x")
    names = [("100664", b"z"), ("100600", b"m"), ("100755", b"b"), ("0100644", b"a")][:3]
    folder = put(repository, "tree", tree_entry("100644", b"inner", blob))
    content = b"".join(tree_entry(mode, name, blob) for mode, name in names)
    content += tree_entry("040000", b"d", folder)
    content += tree_entry(FILE, ACTION_FILE[1], put(repository, "blob", b"name: Add\n"))
    set_tag(repository, "v1", put_commit(repository, put(repository, "tree", content)))
    directory = resolve(resolver, "me/add@v1").directory
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in directory.iterdir() if path.is_file()}
    assert modes == {"action-datatorch.yaml": "0o444", "b": "0o555", "m": "0o444", "z": "0o444"}
    assert (directory / "d" / "inner").read_bytes() == b"x"


def test_names_that_are_no_utf_8_are_kept_byte_for_byte(
    repository: Path, resolver: GitHubResolver, resolve: Resolve
) -> None:
    hostile_repository(repository, [(FILE, b"caf\xe9", b"x"), (FOLDER, b"\xff\xfe", [(FILE, b"\x80", b"y")])])
    directory = resolve(resolver, "me/add@v1").directory
    assert Path(str(directory), "caf\udce9").read_bytes() == b"x"
    assert Path(str(directory), "\udcff\udcfe", "\udc80").read_bytes() == b"y"


def test_names_with_colons_and_spaces_are_kept(repository: Path, resolver: GitHubResolver, resolve: Resolve) -> None:
    names = [b"Foo::Bar.3pm", b" leading", b"trailing ", b"-rf", b"console.py", b"com10", b"$(id)", b"${{ x }}"]
    hostile_repository(repository, [(FILE, name, b"x") for name in names])
    found = {path.name.encode() for path in resolve(resolver, "me/add@v1").directory.iterdir()}
    assert found == {*names, b"action-datatorch.yaml"}


def test_a_link_into_git_s_folder_leads_nowhere(repository: Path, resolver: GitHubResolver, resolve: Resolve) -> None:
    hostile_repository(repository, [(LINK, b"hooks", b".git/hooks"), (LINK, b"config", b"./.git/config")])
    directory = resolve(resolver, "me/add@v1").directory
    assert (directory / "hooks").readlink() == Path(".git/hooks")
    assert not (directory / "hooks").exists()
    assert not (directory / "config").exists()


def test_links_that_stay_inside_are_kept(repository: Path, resolver: GitHubResolver, resolve: Resolve) -> None:
    body: list[Entry] = [(FILE, b"a", b"x"), (LINK, b"up", b"..")]
    chain: list[Entry] = [(LINK, b"l%02d" % n, b"l%02d" % (n + 1)) for n in range(38)]
    hostile_repository(repository, [(FOLDER, b"d", body), *chain, (LINK, b"l38", b"d/up/d/./a"), (LINK, b"n", b"no")])
    directory = resolve(resolver, "me/add@v1").directory
    assert (directory / "l00").read_bytes() == b"x"
    assert not (directory / "n").exists()


def test_caches_of_compiled_code_are_left_out(repository: Path, resolver: GitHubResolver, resolve: Resolve) -> None:
    cache: Entry = (FOLDER, b"__pycache__", [(FILE, b"main.cpython-311.pyc", b"evil")])
    hostile_repository(repository, [cache, (FOLDER, b"d", [(LINK, b"__pycache__", b"/tmp")])])
    directory = resolve(resolver, "me/add@v1").directory
    assert sorted(path.name for path in directory.rglob("*")) == ["action-datatorch.yaml", "d"]


def test_submodules_are_left_out_with_one_warning(
    repository: Path, resolver: GitHubResolver, resolve: Resolve, warnings: list[str]
) -> None:
    modules = b'[submodule "v"]\npath = ../../x\nurl = -u./evil\nupdate = !touch /tmp/x\n'
    hostile_repository(repository, [(SUBMODULE, b"vendor", b"x"), (FILE, b".gitmodules", modules)])
    directory = resolve(resolver, "me/add@v1").directory
    assert sorted(path.name for path in directory.iterdir()) == [".gitmodules", "action-datatorch.yaml"]
    assert warnings == ["me/add@v1: the submodule 'vendor' is left out: actions are fetched without submodules"]


def test_many_submodules_are_one_warning(
    repository: Path, resolver: GitHubResolver, resolve: Resolve, warnings: list[str]
) -> None:
    hostile_repository(repository, [(SUBMODULE, b"m%04d" % n, b"x") for n in range(1000)])
    resolve(resolver, "me/add@v1")
    text = "the submodules 'm0000', 'm0001', 'm0002' and 997 more are left out: actions are fetched without submodules"
    assert warnings == [f"me/add@v1: {text}"]


def test_a_pointer_to_git_lfs_stays_one_and_is_told(
    repository: Path, resolver: GitHubResolver, resolve: Resolve, warnings: list[str]
) -> None:
    config = b'[lfs]\nurl = http://127.0.0.1:1/\n[lfs "transfer"]\ncustomtransfer.x.path = touch\n'
    attributes = b"*.bin filter=lfs diff=lfs merge=lfs -text\n"
    hostile_repository(
        repository, [(FILE, b".lfsconfig", config), (FILE, b".gitattributes", attributes), (FILE, b"data.bin", POINTER)]
    )
    assert (resolve(resolver, "me/add@v1").directory / "data.bin").read_bytes() == POINTER
    assert warnings == ["me/add@v1: 'data.bin' is a Git LFS pointer; its content isn't fetched"]


def test_many_pointers_to_git_lfs_are_one_warning(
    repository: Path, resolver: GitHubResolver, resolve: Resolve, warnings: list[str]
) -> None:
    hostile_repository(repository, [(FILE, name, POINTER) for name in (b"a", b"\x1b[2J".replace(b"\x1b", b"b"), b"c")])
    resolve(resolver, "me/add@v1")
    assert warnings == ["me/add@v1: 'a', 'b[2J' and 'c' are Git LFS pointers; their content isn't fetched"]


def test_attributes_have_no_effect(
    repository: Path, resolver: GitHubResolver, resolve: Resolve, warnings: list[str]
) -> None:
    attributes = b"* filter=evil text=auto eol=crlf\ntext ident export-subst\nutf working-tree-encoding=UTF-16\n"
    files: list[Entry] = [(FILE, b"text", b"a\n$Id$\n$Format:%H$\n"), (FILE, b"utf", "é\n".encode())]
    hidden: Entry = (FILE, b"hidden", b"x")
    ignored: Entry = (FILE, b".gitignore", b"*\n")
    hostile_repository(
        repository, [(FILE, b".gitattributes", attributes + b"hidden export-ignore\n"), *files, hidden, ignored]
    )
    (repository / "config").write_text(
        (repository / "config").read_text() + '[filter "evil"]\nsmudge = touch /tmp/evil\nrequired = true\n'
    )
    directory = resolve(resolver, "me/add@v1").directory
    assert {
        path.name: path.read_bytes() for path in directory.iterdir() if not path.name.startswith((".", "action"))
    } == {
        "text": b"a\n$Id$\n$Format:%H$\n",
        "utf": "é\n".encode(),
        "hidden": b"x",
    }
    assert warnings == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            [(FOLDER, b"action-datatorch.yaml", [(FILE, b"x", b"")])],
            "action-datatorch.yaml of me/add@v1 is a folder, not a file",
        ),
        (
            [(LINK, b"action-datatorch.yaml", b"nowhere")],
            "action-datatorch.yaml of me/add@v1 is a link that leads nowhere",
        ),
        ([(LINK, b"action-datatorch.yaml", b"/etc/passwd")], "the symbolic link 'action-datatorch.yaml' leads out of"),
        (
            [(FOLDER, b"d", []), (LINK, b"action-datatorch.json", b"d")],
            "action-datatorch.json of me/add@v1 is a folder",
        ),
        ([(FILE, b"other", b"")], "me/add@v1 has no action-datatorch.yaml"),
        ([], "me/add@v1 has no action-datatorch.yaml"),
    ],
)
def test_an_action_file_that_is_none_is_told(
    repository: Path, resolver: GitHubResolver, resolve: Resolve, body: Sequence[Entry], text: str
) -> None:
    hostile_repository(repository, body, action_file=False)
    with pytest.raises(ResolveError) as caught:
        resolve(resolver, "me/add@v1")
    assert text in caught.value.message


def test_an_action_file_may_be_a_link_inside_the_action(
    repository: Path, resolver: GitHubResolver, resolve: Resolve
) -> None:
    real: Entry = (FOLDER, b"d", [(EXECUTABLE, b"real.yaml", b"name: Add\n")])
    hostile_repository(repository, [real, (LINK, b"action-datatorch.yaml", b"d/real.yaml")], action_file=False)
    directory = resolve(resolver, "me/add@v1").directory
    assert (directory / "action-datatorch.yaml").read_bytes() == b"name: Add\n"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("folder", "folder of me/add@v1 is a folder, not a file"),
        ("folder/none.yaml", "me/add@v1 has no folder/none.yaml"),
        ("nowhere", "nowhere of me/add@v1 is a link that leads nowhere"),
        ("action-datatorch.yaml/x", "me/add@v1 has no action-datatorch.yaml/x"),
        ("x" * 300, f"me/add@v1 has no {'x' * 300}"),
    ],
)
def test_the_file_of_an_action_object_that_is_none_is_told(
    repository: Path, resolver: GitHubResolver, resolve: Resolve, file: str, text: str
) -> None:
    hostile_repository(repository, [(FOLDER, b"folder", [(FILE, b"x", b"")]), (LINK, b"nowhere", b"none")])
    with pytest.raises(ResolveError) as caught:
        resolve(resolver, {"name": "me/add", "tag": "v1", "file": file})
    assert caught.value.message == text


@pytest.mark.parametrize(
    ("name", "limit", "text"),
    [
        ("max_entries", 2, "it has more than 2 files, folders and links"),
        ("max_file_bytes", 1000, "an object of 2000 bytes is larger than the 1000 that are allowed"),
        ("max_tree_bytes", 1000, "its files are larger than the 1000 bytes allowed"),
        ("max_depth", 2, "its folders nest deeper than 2"),
        ("max_objects", 5, "it has more than 5 objects in git"),
        ("max_received_bytes", 300, "the server sends more than the 300 bytes allowed"),
        ("max_unpacked_bytes", 1500, "unpacked it is larger than the 1500 bytes allowed"),
    ],
)
def test_what_passes_the_limits_is_refused(
    root: Path, store: Store, resolve: Resolve, name: str, limit: int, text: str
) -> None:
    files = {"action-datatorch.yaml": "name: Add\n", "a/b/c/d": "x" * 2000, "z": "z"}
    limits = StoreLimits(**{name: limit})
    make_repository(root / "me" / "add.git", files, tags=["v1"])
    with git_daemon(root) as url, pytest.raises(ActionRefused) as caught:
        resolve(GitHubResolver(url, store=store, limits=limits), "me/add@v1")
    assert caught.value.message == f"me/add@v1: {url}/me/add.git: {text}"
    assert caught.value.hint == f"StoreLimits({name}=...) of the resolver allows more"
    assert list((store.root / "temp").iterdir()) == []


def test_a_tag_of_a_file_is_refused(root: Path, store: Store, resolve: Resolve) -> None:
    path = root / "me" / "add.git"
    make_repository(path, {})
    git("tag", "v1", git("hash-object", "-w", "--stdin", cwd=path, stdin=b"x"), cwd=path)
    with pytest.raises(ActionRefused, match="it names a file or folder in git, not a commit"):
        resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1")
