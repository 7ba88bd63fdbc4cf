"""Writes a commit's files into a new folder: nothing but files, folders and links that stay inside.

A tree from a server is a list of names made by a stranger. Each is checked before anything is written; links come
last, so that no file can be written through one. No filter, hook, attribute or configuration of git has any effect.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import define, field, frozen
from dulwich.objects import parse_tree

from datatorch_pipelines._files import digest_entries
from datatorch_pipelines.errors import ActionRefused, StoreError
from datatorch_pipelines.resolvers.bounds import StoreLimits
from datatorch_pipelines.resolvers.pack import BLOB, COMMIT, TAG, TREE, BrokenPack, Objects

_FOLDER, _LINK, _SUBMODULE = 0o040000, 0o120000, 0o160000
_KIND_BITS, _FILE, _EXECUTABLE = 0o170000, 0o100000, 0o100
# HFS+ drops these from names, so that ".g\u200cit" is ".git" there.
_IGNORED = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:[. ].*)?")
# Python's caches of compiled code: never wanted, and a digest doesn't count them, so that they could hide a change.
_CACHES = "__pycache__"
_MAX_TAGS = 10
_MAX_LINKS = 40


@frozen
class Written:
    """What was written: the digest that `tree_digest` would give, the number of files and links, and their bytes.

    ``entries`` is what the digest is made of, as for `digest_entries`.
    """

    digest: str
    files: int
    size: int
    entries: tuple[tuple[str, bytes, bytes], ...] = field(default=(), repr=False)


def peel(objects: Objects, sha: bytes) -> bytes:
    """The commit that an object leads to: itself, or what an annotated tag names.

    Raises `ActionRefused` for what leads to no commit.
    """
    for _ in range(_MAX_TAGS):
        kind, content = objects.get(sha)
        if kind == COMMIT:
            return sha
        if kind != TAG:
            raise ActionRefused("it names a file or folder in git, not a commit", hint="use a tag, branch or commit")
        sha = _header(content, b"object")
    raise ActionRefused("it is a tag of a tag of a tag, too deep to follow")


def write_tree(
    objects: Objects,
    commit: bytes,
    destination: Path,
    limits: StoreLimits,
    *,
    warn: Callable[[str], None],
    check: Callable[[], None],
) -> Written:
    """Writes the files of ``commit`` into ``destination``, a folder that must not exist.

    ``warn`` is told of submodules, which are left out; ``check`` is called now and then, and may raise. Files can't be
    written to afterwards. Raises `ActionRefused` for a tree that is not safe or passes the limits, `BrokenPack` for
    one with parts missing and `StoreError` when the disk fails.
    """
    plan = _Plan(objects, limits, warn)
    try:
        plan.read(_header(objects.get(commit)[1], b"tree"))
        plan.check_links()
        return _write(plan, destination, check)
    except KeyError as error:
        raise BrokenPack("an object is missing") from error
    except OSError as error:
        raise StoreError(f"the action store can't write {destination}: {error.strerror or error}") from error


@define
class _Plan:
    """The whole tree as data, checked. Paths are relative, with ``/``."""

    _objects: Objects
    limits: StoreLimits
    _warn: Callable[[str], None]
    folders: list[str] = field(factory=list)
    files: dict[str, tuple[bytes, bool]] = field(factory=dict)
    links: dict[str, str] = field(factory=dict)

    def read(self, root: bytes) -> None:
        todo = [("", root, 1)]
        while todo:
            prefix, sha, depth = todo.pop()
            if depth > self.limits.max_depth:
                raise ActionRefused(f"its folders nest deeper than {self.limits.max_depth}")
            todo.extend((f"{path}/", child, depth + 1) for path, child in self._read_folder(prefix, sha))

    def _read_folder(self, prefix: str, sha: bytes) -> list[tuple[str, bytes]]:
        kind, content = self._objects.get(sha)
        if kind != TREE:
            raise BrokenPack("a folder is none")
        folders = []
        seen: dict[str, str] = {}
        for raw, mode, child in parse_tree(content, sha_len=len(sha) // 2):
            name = os.fsdecode(raw)
            path = prefix + name
            check_name(name, path)
            if name == _CACHES:
                continue
            folded = _folded(name)
            if folded in seen:
                twin = _shown(prefix + seen[folded])
                raise ActionRefused(f"the names {twin} and {_shown(path)} are one file on some file systems")
            seen[folded] = name
            kind_bits = mode & _KIND_BITS
            if kind_bits == _FOLDER:
                self.folders.append(path)
                folders.append((path, bytes(child)))
            elif kind_bits == _FILE:
                self.files[path] = (bytes(child), bool(mode & _EXECUTABLE))
            elif kind_bits == _LINK:
                self.links[path] = self._read_link(path, bytes(child))
            elif kind_bits == _SUBMODULE:
                self._warn(f"the submodule {_shown(path)} is left out: actions are fetched without submodules")
            else:
                raise ActionRefused(f"{_shown(path)} is neither file nor folder (mode {mode:o})")
        if len(self.folders) + len(self.files) + len(self.links) > self.limits.max_entries:
            raise ActionRefused(f"it has more than {self.limits.max_entries} files")
        return folders

    def _read_link(self, path: str, sha: bytes) -> str:
        kind, content = self._objects.get(sha)
        target = os.fsdecode(content)
        if kind != BLOB or not target or len(target) > 4000 or "\0" in target:
            raise ActionRefused(f"the symbolic link {_shown(path)} has no target")
        return target

    def content(self, path: str, sha: bytes) -> bytes:
        kind, content = self._objects.get(sha)
        if kind != BLOB:
            raise BrokenPack("a file is none")
        if len(content) > self.limits.max_file_bytes:
            raise ActionRefused(
                f"{_shown(path)} is larger than the {self.limits.max_file_bytes} bytes allowed for a file"
            )
        return content

    def check_links(self) -> None:
        """Refuses links that leave the folder, each followed as the system would, through other links too."""
        # A file system that takes "A" for "a" follows the link "a" there too.
        links = {_folded(path): target for path, target in self.links.items()}
        for path in self.links:
            self._follow(path, links)

    def _follow(self, link: str, links: Mapping[str, str]) -> None:
        place: list[str] = []
        todo = link.split("/")[::-1]
        followed = 0
        while todo:
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not place:
                    raise ActionRefused(f"the symbolic link {_shown(link)} leads out of the action")
                place.pop()
                continue
            target = links.get(_folded("/".join([*place, part])))
            if target is None:
                place.append(part)
                continue
            followed += 1
            if target.startswith("/") or "\\" in target or re.match(r"[A-Za-z]:", target):
                raise ActionRefused(f"the symbolic link {_shown(link)} leads out of the action")
            if followed > _MAX_LINKS:
                raise ActionRefused(f"the symbolic link {_shown(link)} leads in a circle")
            todo.extend(target.split("/")[::-1])


def check_name(name: str, path: str) -> None:
    """Refuses a name that is a path, means git's own folder on some system, or is a device.

    >>> check_name("action.py", "action.py")
    >>> check_name("..", "a/..")
    Traceback (most recent call last):
        ...
    datatorch_pipelines.errors.ActionRefused: the file name 'a/..' is not allowed
    """
    plain = name.translate(_IGNORED).split(":", 1)[0].rstrip(". ").casefold()
    if (
        name in ("", ".", "..")
        or "/" in name
        or "\\" in name
        or any(ord(c) < 32 or ord(c) == 127 for c in name)
        or len(os.fsencode(name)) > 255
        or plain in (".git", "git~1")
        or _DEVICE.fullmatch(name)
    ):
        raise ActionRefused(f"the file name {_shown(path)} is not allowed")


def _write(plan: _Plan, destination: Path, check: Callable[[], None]) -> Written:
    """Writes a checked plan. The digest is made of what was written, as `tree_digest` makes it."""
    root = str(destination)
    entries: list[tuple[str, bytes, bytes]] = []
    size = 0
    os.mkdir(root)  # noqa: PTH102  # strings throughout: thousands of Path objects cost as much as the writing
    for folder in sorted(plan.folders):
        os.mkdir(f"{root}/{folder}")  # noqa: PTH102
    for path, (sha, executable) in plan.files.items():
        check()
        content = plan.content(path, sha)
        size += len(content)
        if size > plan.limits.max_tree_bytes:
            raise ActionRefused(f"its files are larger than the {plan.limits.max_tree_bytes} bytes allowed")
        _write_file(f"{root}/{path}", content, 0o555 if executable else 0o444)
        entries.append((path, b"x" if executable else b"f", hashlib.sha256(content).digest()))
    for path, target in plan.links.items():
        os.symlink(target, f"{root}/{path}")  # noqa: PTH211
        entries.append((path, b"l", os.fsencode(target)))
    return Written(digest_entries(entries), len(entries), size, tuple(entries))


def _write_file(path: str, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def _header(content: bytes, name: bytes) -> bytes:
    """The id that the first line of a commit or tag names."""
    match = re.match(name + rb" ([0-9a-f]{40}(?:[0-9a-f]{24})?)\n", content)
    if match is None:
        raise BrokenPack("a commit or tag has no target")
    return match[1]


def _folded(name: str) -> str:
    """What two names share when some file system takes them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name.translate(_IGNORED)).casefold())


def _shown(path: str) -> str:
    return ascii(path if len(path) <= 100 else path[:97] + "...")
