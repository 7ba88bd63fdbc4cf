"""Repositories made to do harm: refused by name, and nothing of them is left."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from git_servers import git, git_daemon, make_repository

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import ActionRefused, ResolveError
from datatorch_pipelines.resolvers import GitHubResolver, Store, StoreLimits

Resolve = Callable[..., ResolvedAction]
FILE, EXECUTABLE, LINK, FOLDER, SUBMODULE = "100644", "100755", "120000", "40000", "160000"
Entry = tuple[str, bytes, "bytes | list[Entry]"]


def put(path: Path, kind: str, content: bytes) -> bytes:
    """Stores an object as it stands, however wrong, and returns its raw id."""
    sha = git("hash-object", "-t", kind, "-w", "--stdin", "--literally", cwd=path, stdin=content)
    return bytes.fromhex(sha)


def put_tree(path: Path, entries: list[Entry]) -> bytes:
    content = b""
    for mode, name, body in entries:
        if isinstance(body, list):
            raw = put_tree(path, body)
        else:
            raw = hashlib.sha1(body).digest() if mode == SUBMODULE else put(path, "blob", body)
        content += mode.encode() + b" " + name + b"\0" + raw
    return put(path, "tree", content)


@pytest.fixture
def hostile(root: Path) -> Callable[[list[Entry]], None]:
    """Makes the repository ``me/add.git`` whose tag v1 has the given tree."""

    def make(entries: list[Entry]) -> None:
        path = root / "me" / "add.git"
        make_repository(path, {})
        tree = put_tree(path, [(FILE, b"action-datatorch.yaml", b"name: Add\n"), *entries])
        author = b"Author <author@example.org> 1700000000 +0000"
        body = b"tree %s\nauthor %s\ncommitter %s\n\nhostile\n" % (tree.hex().encode(), author, author)
        git("update-ref", "refs/tags/v1", put(path, "commit", body).hex(), cwd=path)

    return make


HOSTILE: dict[str, tuple[list[Entry], str]] = {
    "parent": ([(FILE, b"..", b"x")], "the file name '..' is not allowed"),
    "parent folder": ([(FOLDER, b"..", [(FILE, b"x", b"x")])], "the file name '..' is not allowed"),
    "here": ([(FILE, b".", b"x")], "the file name '.' is not allowed"),
    "slash": ([(FILE, b"a/../../x", b"x")], "the file name 'a/../../x' is not allowed"),
    "absolute": ([(FILE, b"/tmp/x", b"x")], "the file name '/tmp/x' is not allowed"),
    "backslash": ([(FILE, b"..\\x", b"x")], r"the file name '..\\x' is not allowed"),
    "newline": ([(FILE, b"a\nb", b"x")], r"the file name 'a\nb' is not allowed"),
    "git": ([(FOLDER, b".git", [(FILE, b"config", b"x")])], "the file name '.git' is not allowed"),
    "GIT": ([(FOLDER, b"d", [(FOLDER, b".GIT", [])])], "the file name 'd/.GIT' is not allowed"),
    "short git": ([(FOLDER, b"GIT~1", [])], "the file name 'GIT~1' is not allowed"),
    "git dot": ([(FOLDER, b".git. .", [])], "the file name '.git. .' is not allowed"),
    "git stream": (
        [(FOLDER, b".git::$INDEX_ALLOCATION", [])],
        "the file name '.git::$INDEX_ALLOCATION' is not allowed",
    ),
    "zero width git": ([(FOLDER, ".g\u200cit".encode(), [])], r"the file name '.g\u200cit' is not allowed"),
    "device": ([(FILE, b"nul.txt", b"x")], "the file name 'nul.txt' is not allowed"),
    "long": ([(FILE, b"x" * 300, b"x")], "is not allowed"),
    "case": (
        [(FILE, b"README", b"x"), (FILE, b"readme", b"x")],
        "the names 'README' and 'readme' are one file on some file systems",
    ),
    "unicode": (
        [(FILE, "é".encode(), b"x"), (FILE, "e\u0301".encode(), b"x")],
        r"the names '\xe9' and 'e\u0301' are one file on some file systems",
    ),
    "twice": ([(LINK, b"d", b"/tmp"), (FOLDER, b"d", [(FILE, b"x", b"x")])], "the names 'd' and 'd' are one file"),
    "absolute link": ([(LINK, b"l", b"/etc/passwd")], "the symbolic link 'l' leads out of the action"),
    "escaping link": ([(FOLDER, b"d", [(LINK, b"l", b"../../x")])], "the symbolic link 'd/l' leads out of the action"),
    "link by a link": (
        [(FOLDER, b"s", [(LINK, b"t", b"..")]), (LINK, b"u", b"s/t/..")],
        "the symbolic link 'u' leads out of the action",
    ),
    "there and back": ([(LINK, b"l", b"../files/x")], "the symbolic link 'l' leads out of the action"),
    "link by a link of other case": (
        [(FOLDER, b"d", [(LINK, b"b", b".")]), (LINK, b"u", b"d/B/../../x")],
        "the symbolic link 'u' leads out of the action",
    ),
    "backslash link": ([(LINK, b"l", b"..\\..\\x")], "the symbolic link 'l' leads out of the action"),
    "circle": ([(LINK, b"a", b"b"), (LINK, b"b", b"a")], "leads in a circle"),
    "empty link": ([(LINK, b"l", b"")], "the symbolic link 'l' has no target"),
    "strange mode": ([("10644", b"pipe", b"x")], "'pipe' is neither file nor folder (mode 10644)"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_tree_is_refused_and_nothing_is_left(
    hostile: Callable[[list[Entry]], None], root: Path, store: Store, resolve: Resolve, case: str
) -> None:
    entries, text = HOSTILE[case]
    hostile(entries)
    with pytest.raises(ActionRefused) as caught:
        resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1")
    assert text in str(caught.value)
    assert str(caught.value).startswith(f"me/add@v1: {root.as_uri()}/me/add.git: ")
    assert [*(store.root / "entries").iterdir(), *(store.root / "temp").iterdir()] == []


def test_a_hostile_tree_from_a_server_is_refused_too(
    hostile: Callable[[list[Entry]], None], root: Path, store: Store, resolve: Resolve
) -> None:
    hostile([(FOLDER, b"..", [(FILE, b"x", b"x")])])
    with git_daemon(root) as url, pytest.raises(ActionRefused, match=r"the file name '\.\.' is not allowed"):
        resolve(GitHubResolver(url, store=store), "me/add@v1")


def test_a_submodule_is_left_out_with_a_warning(
    hostile: Callable[[list[Entry]], None], root: Path, store: Store, resolve: Resolve, warnings: list[str]
) -> None:
    hostile([(SUBMODULE, b"vendor", b"x"), (FILE, b".gitmodules", b'[submodule "v"]\nupdate = !touch /tmp/x\n')])
    action = resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1")
    assert sorted(path.name for path in action.directory.iterdir()) == [".gitmodules", "action-datatorch.yaml"]
    assert warnings == ["me/add@v1: the submodule 'vendor' is left out: actions are fetched without submodules"]


def test_filters_attributes_and_lfs_have_no_effect(
    hostile: Callable[[list[Entry]], None], root: Path, store: Store, resolve: Resolve
) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n"
    hostile(
        [
            (FILE, b".gitattributes", b"* filter=evil text=auto eol=crlf\n*.bin filter=lfs ident\n"),
            (FILE, b".lfsconfig", b"[lfs]\nurl = http://127.0.0.1:1/\n"),
            (FILE, b"data.bin", pointer),
            (FILE, b"text", b"a\n$Id$\n"),
        ]
    )
    directory = resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1").directory
    assert (directory / "data.bin").read_bytes() == pointer
    assert (directory / "text").read_bytes() == b"a\n$Id$\n"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ([(FOLDER, b"action-datatorch.yaml", [(FILE, b"x", b"")])], "is a folder, not a file"),
        ([(LINK, b"action-datatorch.yaml", b"nowhere")], "me/add@v1 has no action-datatorch.yaml"),
    ],
)
def test_an_action_file_that_is_none_is_told(
    root: Path, store: Store, resolve: Resolve, body: list[Entry], text: str
) -> None:
    path = root / "me" / "add.git"
    make_repository(path, {})
    author = b"Author <author@example.org> 1700000000 +0000"
    tree = put_tree(path, body).hex().encode()
    commit = put(path, "commit", b"tree %s\nauthor %s\ncommitter %s\n\n\n" % (tree, author, author))
    git("update-ref", "refs/tags/v1", commit.hex(), cwd=path)
    with pytest.raises(ResolveError, match=text):
        resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1")


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (StoreLimits(max_entries=2), "it has more than 2 files"),
        (StoreLimits(max_file_bytes=1000), "larger than the 1000"),
        (StoreLimits(max_tree_bytes=1000), "its files are larger than the 1000 bytes allowed"),
        (StoreLimits(max_depth=2), "its folders nest deeper than 2"),
        (StoreLimits(max_received_bytes=300), "the server sends more than the 300 bytes allowed"),
        (StoreLimits(max_unpacked_bytes=1500), "unpacked it is larger than the 1500 bytes allowed"),
    ],
)
def test_what_passes_the_limits_is_refused(
    root: Path, store: Store, resolve: Resolve, limits: StoreLimits, text: str
) -> None:
    files = {"action-datatorch.yaml": "name: Add\n", "a/b/c/d": "x" * 2000, "z": "z"}
    make_repository(root / "me" / "add.git", files, tags=["v1"])
    with git_daemon(root) as url, pytest.raises(ActionRefused) as caught:
        resolve(GitHubResolver(url, store=store, limits=limits), "me/add@v1")
    assert text in str(caught.value)
    assert list((store.root / "temp").iterdir()) == []


def test_a_tag_of_a_file_is_refused(root: Path, store: Store, resolve: Resolve) -> None:
    path = root / "me" / "add.git"
    make_repository(path, {})
    git("tag", "v1", put(path, "blob", b"x").hex(), cwd=path)
    with pytest.raises(ActionRefused, match="it names a file or folder in git, not a commit"):
        resolve(GitHubResolver(root.as_uri(), store=store), "me/add@v1")
