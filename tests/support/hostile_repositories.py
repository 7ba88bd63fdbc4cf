"""Repositories that git itself would not make: their objects are written by hand, byte for byte."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path

from git_servers import git

FILE, EXECUTABLE, LINK, FOLDER, SUBMODULE = "100644", "100755", "120000", "40000", "160000"
Entry = tuple[str, bytes, "bytes | list[Entry]"]
"""Mode, name, and what it holds: bytes, or the entries of a folder."""
ACTION_FILE: Entry = (FILE, b"action-datatorch.yaml", b"name: Add\nruns: {using: cmd, command: 'true'}\n")
AUTHOR = b"Author <author@example.org> 1700000000 +0000"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n"


def put(repository: Path, kind: str, content: bytes) -> bytes:
    """Stores an object as it stands, however wrong, as ``git hash-object --literally`` does; gives its raw id."""
    data = f"{kind} {len(content)}\0".encode() + content
    digest = hashlib.sha1(data).hexdigest()
    path = repository / "objects" / digest[:2] / digest[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zlib.compress(data, 1))
    return bytes.fromhex(digest)


def tree_entry(mode: str, name: bytes, raw: bytes) -> bytes:
    """One entry of a tree, as git stores it."""
    return mode.encode() + b" " + name + b"\0" + raw


def put_tree(repository: Path, entries: Sequence[Entry]) -> bytes:
    """Stores a tree and all that is in it; gives its raw id."""
    content = b""
    for mode, name, body in entries:
        if isinstance(body, list):
            raw = put_tree(repository, body)
        else:
            raw = hashlib.sha1(body).digest() if mode == SUBMODULE else put(repository, "blob", body)
        content += tree_entry(mode, name, raw)
    return put(repository, "tree", content)


def put_commit(repository: Path, tree: bytes) -> bytes:
    """Stores a commit of a tree; gives its raw id."""
    body = b"tree %s\nauthor %s\ncommitter %s\n\nhostile\n" % (tree.hex().encode(), AUTHOR, AUTHOR)
    return put(repository, "commit", body)


def bare_repository(path: Path) -> Path:
    """An empty repository without a work tree."""
    path.mkdir(parents=True)
    git("init", "-q", "--bare", cwd=path)
    return path


def set_tag(repository: Path, name: str, raw: bytes) -> None:
    """Lets a tag name an object of any kind, without a look at it."""
    (repository / "refs" / "tags" / name).write_text(f"{raw.hex()}\n")


def hostile_repository(path: Path, entries: Sequence[Entry], *, action_file: bool = True) -> Path:
    """A repository whose tag v1 has the given tree, beside a sound action file."""
    repository = bare_repository(path)
    tree = put_tree(repository, [ACTION_FILE, *entries] if action_file else entries)
    set_tag(repository, "v1", put_commit(repository, tree))
    return repository


REFUSED_TREES: dict[str, tuple[list[Entry], str]] = {
    "parent": ([(FILE, b"..", b"x")], "the file name '..' is not allowed: it is a path"),
    "parent folder": ([(FOLDER, b"..", [(FILE, b"x", b"x")])], "the file name '..' is not allowed: it is a path"),
    "here": ([(FILE, b".", b"x")], "the file name '.' is not allowed: it is a path"),
    "no name": ([(FILE, b"", b"x")], "the file name '' is not allowed: it is empty"),
    "no name in a folder": (
        [(FOLDER, b"d", [(FILE, b"", b"x")])],
        "the file name 'd/' is not allowed: it is empty",
    ),
    "slash": ([(FILE, b"a/../../x", b"x")], "the file name 'a/../../x' is not allowed: it is a path"),
    "absolute": ([(FILE, b"/tmp/x", b"x")], "the file name '/tmp/x' is not allowed: it is a path"),
    "backslash": ([(FILE, b"..\\x", b"x")], r"the file name '..\\x' is not allowed: it is a path"),
    "newline": ([(FILE, b"a\nb", b"x")], r"the file name 'a\nb' is not allowed: it holds a control character"),
    "escape codes": (
        [(FILE, b"\x1b[2Ja", b"x")],
        r"the file name '\x1b[2Ja' is not allowed: it holds a control character",
    ),
    "C1 escape codes": (
        [(FILE, "\x9b2Ja".encode(), b"x")],
        r"the file name '\x9b2Ja' is not allowed: it holds a control character",
    ),
    "DEL": ([(FILE, b"a\x7f", b"x")], r"the file name 'a\x7f' is not allowed: it holds a control character"),
    "git": (
        [(FOLDER, b".git", [(FILE, b"config", b"x")])],
        "the file name '.git' is not allowed: it is git's own folder on some systems",
    ),
    "git file": (
        [(FILE, b".git", b"gitdir: /tmp\n")],
        "the file name '.git' is not allowed: it is git's own folder on some systems",
    ),
    "GIT": (
        [(FOLDER, b"d", [(FOLDER, b".GIT", [])])],
        "the file name 'd/.GIT' is not allowed: it is git's own folder on some systems",
    ),
    "git space": (
        [(FOLDER, b".git ", [])],
        "the file name '.git ' is not allowed: it is git's own folder on some systems",
    ),
    "git dot": (
        [(FOLDER, b".git.", [])],
        "the file name '.git.' is not allowed: it is git's own folder on some systems",
    ),
    "git dots and spaces": (
        [(FOLDER, b".git. .", [])],
        "the file name '.git. .' is not allowed: it is git's own folder on some systems",
    ),
    "git stream": (
        [(FOLDER, b".git::$INDEX_ALLOCATION", [])],
        "the file name '.git::$INDEX_ALLOCATION' is not allowed: it is git's own folder on some systems",
    ),
    "short git": (
        [(FOLDER, b"git~1", [])],
        "the file name 'git~1' is not allowed: it is git's own folder on some systems",
    ),
    "short GIT": (
        [(FOLDER, b"GIT~1", [])],
        "the file name 'GIT~1' is not allowed: it is git's own folder on some systems",
    ),
    "zero width git": (
        [(FOLDER, ".g\u200cit".encode(), [])],
        r"the file name '.g\u200cit' is not allowed: it is git's own folder on some systems",
    ),
    "marked git": (
        [(FOLDER, "\ufeff.git\u206f".encode(), [])],
        r"the file name '\ufeff.git\u206f' is not allowed: it is git's own folder on some systems",
    ),
    "long": (
        [(FILE, b"x" * 256, b"x")],
        f"the file name '{'x' * 97}...' is not allowed: it is longer than 255 bytes",
    ),
    "long in bytes": (
        [(FILE, "\u00e9".encode() * 128, b"x")],
        r"the file name '" + r"\xe9" * 97 + "...' is not allowed: it is longer than 255 bytes",
    ),
    "long path": (
        [(FOLDER, b"a" * 250, [(FOLDER, b"b" * 250, [(FOLDER, b"c" * 250, [(FOLDER, b"d" * 250, [])])])])],
        f"the file name '{'a' * 97}...' is not allowed: its path is longer than 1000 bytes",
    ),
    "drive": ([(FOLDER, b"C:", [])], "the file name 'C:' is not allowed: it begins with a drive on Windows"),
    "drive path": ([(FILE, b"c:x", b"x")], "the file name 'c:x' is not allowed: it begins with a drive on Windows"),
    "con": ([(FOLDER, b"con", [])], "the file name 'con' is not allowed: it is a device on Windows"),
    "nul.txt": ([(FILE, b"nul.txt", b"x")], "the file name 'nul.txt' is not allowed: it is a device on Windows"),
    "COM1": ([(FILE, b"COM1", b"x")], "the file name 'COM1' is not allowed: it is a device on Windows"),
    "aux.c": ([(FILE, b"aux.c", b"x")], "the file name 'aux.c' is not allowed: it is a device on Windows"),
    "device stream": ([(FILE, b"NUL:x", b"x")], "the file name 'NUL:x' is not allowed: it is a device on Windows"),
    "case": (
        [(FILE, b"README", b"x"), (FILE, b"readme", b"x")],
        "the names 'README' and 'readme' are one file on some file systems",
    ),
    "case of folders": (
        [(FOLDER, b"A", [(FILE, b"x", b"1")]), (FOLDER, b"a", [(FILE, b"x", b"2")])],
        "the names 'A' and 'a' are one file on some file systems",
    ),
    "case of a link and a folder": (
        [(LINK, b"D", b"e"), (FOLDER, b"d", [(FILE, b"x", b"x")])],
        "the names 'D' and 'd' are one file on some file systems",
    ),
    "case of letters beyond ASCII": (
        [(FILE, "Straße".encode(), b"x"), (FILE, b"STRASSE", b"x")],
        r"the names 'Stra\xdfe' and 'STRASSE' are one file on some file systems",
    ),
    "unicode": (
        [(FILE, "é".encode(), b"x"), (FILE, "e\u0301".encode(), b"x")],
        r"the names '\xe9' and 'e\u0301' are one file on some file systems",
    ),
    "zero width": (
        [(FILE, b"run.py", b"x"), (FILE, "run\u200d.py".encode(), b"x")],
        r"the names 'run.py' and 'run\u200d.py' are one file on some file systems",
    ),
    "twice": (
        [(FILE, b"x", b"1"), (FILE, b"x", b"2")],
        "the names 'x' and 'x' are one file on some file systems",
    ),
    "a link, then a file below it": (
        [(LINK, b"d", b"/tmp"), (FOLDER, b"d", [(FILE, b"x", b"x")])],
        "the names 'd' and 'd' are one file on some file systems",
    ),
    "a folder, then a link": (
        [(FOLDER, b"d", [(FILE, b"x", b"x")]), (LINK, b"d", b"/tmp")],
        "the names 'd' and 'd' are one file on some file systems",
    ),
    "absolute link": ([(LINK, b"l", b"/etc/passwd")], "the symbolic link 'l' leads out of the action"),
    "link to a device": ([(LINK, b"l", b"/dev/zero")], "the symbolic link 'l' leads out of the action"),
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
    "link by a link of other normal form": (
        [(FOLDER, b"d", [(LINK, "é".encode(), b".")]), (LINK, b"u", "d/e\u0301/../../x".encode())],
        "the symbolic link 'u' leads out of the action",
    ),
    "backslash link": ([(LINK, b"l", b"..\\..\\x")], "the symbolic link 'l' leads out of the action"),
    "drive link": ([(LINK, b"l", b"C:x")], "the symbolic link 'l' leads out of the action"),
    "circle": (
        [(LINK, b"a", b"b"), (LINK, b"b", b"a")],
        "the symbolic link 'a' leads in a circle or through too many links",
    ),
    "link to itself": ([(LINK, b"a", b"./a")], "the symbolic link 'a' leads in a circle or through too many links"),
    "long chain of links": (
        [(LINK, b"l%02d" % n, b"l%02d" % (n + 1)) for n in range(45)],
        "the symbolic link 'l00' leads in a circle or through too many links",
    ),
    "tangled links": (
        [(LINK, b"l%03d" % n, b"./" * 1900 + b"m") for n in range(600)],
        "its symbolic links are too tangled to follow",
    ),
    "deep link": (
        [(LINK, b"l", b"/".join([b"a" * 255] * 15)), (LINK, b"m", b"l/" + b"b" * 250 + b"/c" * 50)],
        "the symbolic link 'm' leads too deep",
    ),
    "empty link": ([(LINK, b"l", b"")], "the symbolic link 'l' has no target"),
    "link with a NUL": ([(LINK, b"l", b"a\0b")], "the symbolic link 'l' has no target"),
    "link as large as a file": ([(LINK, b"l", b"a/" * 10_000)], "the symbolic link 'l' has no target"),
    "strange mode": ([("10644", b"pipe", b"x")], "'pipe' is neither file nor folder (mode 10644)"),
    "mode 0": ([("0", b"x", b"x")], "'x' is neither file nor folder (mode 0)"),
    "mode with bits too many": ([("300644", b"x", b"x")], "'x' is neither file nor folder (mode 300644)"),
    "block device": ([("60644", b"x", b"x")], "'x' is neither file nor folder (mode 60644)"),
    "a file as a folder": ([(FOLDER, b"d", b"x")], "'d' is not what the list that it is in says"),
    "a folder as a file": ([(FILE, b"f", [])], "'f' is not what the list that it is in says"),
    "a folder as a link": ([(LINK, b"l", [])], "'l' is not what the list that it is in says"),
}
"""What no action may hold, and how each is refused."""
