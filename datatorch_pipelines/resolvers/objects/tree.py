"""Writes a commit's files into a new folder: nothing but files, folders and links that stay inside.

A tree from a server is a list of names made by a stranger. Each is checked before anything is written; links come
last, so that no file can be written through one. No filter, hook, attribute or configuration of git has any effect.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from attrs import define, field, frozen

from datatorch_pipelines._files import digest_entries
from datatorch_pipelines.errors import ActionRefused, StoreError
from datatorch_pipelines.resolvers.bounds import StoreLimits, passed_limit
from datatorch_pipelines.resolvers.objects.file_names import check_name, folded, shown
from datatorch_pipelines.resolvers.objects.links import check_links
from datatorch_pipelines.resolvers.objects.pack import BLOB, COMMIT, TAG, TREE, BrokenPack, MissingObject, Objects

_FOLDER, _LINK, _SUBMODULE = 0o040000, 0o120000, 0o160000
_FILE, _EXECUTABLE, _PERMISSIONS = 0o100000, 0o100, 0o7777
_MODE = re.compile(rb"[0-7]{1,6}")
# Python's caches of compiled code: never wanted, and a digest doesn't count them, so that they could hide a change.
_CACHES = "__pycache__"
_MAX_TAGS = 10
_MAX_TARGET = 4000
_MAX_NAME = 4096
_POINTER, _POINTER_BYTES = b"version https://git-lfs.github.com/spec/", 1024
_NAMED = 3


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

    Raises `ActionRefused` for what leads to no commit, and `BrokenPack` where a part is missing.
    """
    for _ in range(_MAX_TAGS):
        kind, content = _get(objects, sha, "what it names")
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

    ``warn`` is told of submodules, which are left out, and of pointers to Git LFS, which stay such; ``check`` is called
    now and then, and may raise. Files can't be written to afterwards. Raises `ActionRefused` for a tree that is not
    safe or passes the limits, `BrokenPack` for one with parts missing and `StoreError` when the disk fails.
    """
    plan = _Plan(objects, limits)
    try:
        plan.read(_header(_get(objects, commit, "the commit")[1], b"tree"))
        check_links(plan.links)
        return _write(plan, destination, warn, check)
    except OSError as error:
        raise StoreError(f"the action store can't write {destination}: {error.strerror or error}") from error


@define
class _Plan:
    """The whole tree as data, checked. Paths are relative, with ``/``."""

    _objects: Objects
    limits: StoreLimits
    _entries: int = 0
    folders: list[str] = field(factory=list)
    files: dict[str, tuple[bytes, bool]] = field(factory=dict)
    links: dict[str, str] = field(factory=dict)
    submodules: list[str] = field(factory=list)

    def read(self, root: bytes) -> None:
        todo = [("", root, 1)]
        while todo:
            path, sha, depth = todo.pop()
            if depth > self.limits.max_depth:
                raise passed_limit("max_depth", f"its folders nest deeper than {self.limits.max_depth}")
            todo.extend((child, child_sha, depth + 1) for child, child_sha in self._read_folder(path, sha))

    def _read_folder(self, folder: str, sha: bytes) -> list[tuple[str, bytes]]:
        """Notes what is in a folder, and gives the folders in it."""
        folders = []
        seen: dict[str, str] = {}
        prefix = f"{folder}/" if folder else ""
        for raw, mode, child in _parse_tree(self._content(sha, TREE, folder), len(sha) // 2, folder):
            name = os.fsdecode(raw)
            path = prefix + name
            # Each counts, also what is left out: a tree that is in itself many times over is small, and has no end.
            self._entries += 1
            if self._entries > self.limits.max_entries:
                most = self.limits.max_entries
                raise passed_limit("max_entries", f"it has more than {most} files, folders and links")
            check_name(name, path)
            same = folded(name)
            if same in seen:
                twin = shown(prefix + seen[same])
                raise ActionRefused(f"the names {twin} and {shown(path)} are one file on some file systems")
            seen[same] = name
            if name == _CACHES:
                continue
            kind_bits = mode & ~_PERMISSIONS
            if kind_bits == _FOLDER:
                self.folders.append(path)
                folders.append((path, child))
            elif kind_bits == _FILE:
                self.files[path] = (child, bool(mode & _EXECUTABLE))
            elif kind_bits == _LINK:
                self.links[path] = self._read_link(path, child)
            elif kind_bits == _SUBMODULE:
                self.submodules.append(path)
            else:
                raise ActionRefused(f"{shown(path)} is neither file nor folder (mode {mode:o})")
        return folders

    def _read_link(self, path: str, sha: bytes) -> str:
        target = self._content(sha, BLOB, path)
        if not target or len(target) > _MAX_TARGET or b"\0" in target:
            raise ActionRefused(f"the symbolic link {shown(path)} has no target")
        return os.fsdecode(target)

    def content(self, path: str, sha: bytes) -> bytes:
        content = self._content(sha, BLOB, path)
        if len(content) > self.limits.max_file_bytes:
            most = self.limits.max_file_bytes
            raise passed_limit("max_file_bytes", f"{shown(path)} is larger than the {most} bytes allowed for a file")
        return content

    def _content(self, sha: bytes, kind: int, path: str) -> bytes:
        found, content = _get(self._objects, sha, _shown_folder(path))
        if found != kind:
            raise BrokenPack(f"{_shown_folder(path)} is not what the list that it is in says")
        return content


def _write(plan: _Plan, destination: Path, warn: Callable[[str], None], check: Callable[[], None]) -> Written:
    """Writes a checked plan. The digest is made of what was written, as `tree_digest` makes it."""
    root = str(destination)
    entries: list[tuple[str, bytes, bytes]] = []
    pointers: list[str] = []
    size = 0
    os.mkdir(root)  # noqa: PTH102  # strings throughout: thousands of Path objects cost as much as the writing
    for folder in sorted(plan.folders):
        os.mkdir(f"{root}/{folder}")  # noqa: PTH102
    for path, (sha, executable) in plan.files.items():
        check()
        content = plan.content(path, sha)
        size += len(content)
        if size > plan.limits.max_tree_bytes:
            most = plan.limits.max_tree_bytes
            raise passed_limit("max_tree_bytes", f"its files are larger than the {most} bytes allowed")
        if len(content) < _POINTER_BYTES and content.startswith(_POINTER):
            pointers.append(path)
        _write_file(f"{root}/{path}", content, 0o555 if executable else 0o444)
        entries.append((path, b"x" if executable else b"f", hashlib.sha256(content).digest()))
    for path, target in plan.links.items():
        os.symlink(target, f"{root}/{path}")  # noqa: PTH211
        entries.append((path, b"l", os.fsencode(target)))
    _tell(plan.submodules, pointers, warn)
    return Written(digest_entries(entries), len(entries), size, tuple(entries))


def _write_file(path: str, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def _tell(submodules: Sequence[str], pointers: Sequence[str], warn: Callable[[str], None]) -> None:
    """One warning for each kind of what is not here, however many there are."""
    if submodules:
        what = "submodules" if len(submodules) > 1 else "submodule"
        be = "are" if len(submodules) > 1 else "is"
        warn(f"the {what} {_listed(submodules)} {be} left out: actions are fetched without submodules")
    if len(pointers) == 1:
        warn(f"{_listed(pointers)} is a Git LFS pointer; its content isn't fetched")
    elif pointers:
        warn(f"{_listed(pointers)} are Git LFS pointers; their content isn't fetched")


def _listed(paths: Sequence[str]) -> str:
    """The first of some paths, and how many more there are."""
    names = [shown(path) for path in sorted(paths)[:_NAMED]]
    if len(paths) > _NAMED:
        names.append(f"{len(paths) - _NAMED} more")
    return " and ".join([", ".join(names[:-1]), names[-1]]) if names[1:] else names[0]


def _parse_tree(content: bytes, sha_length: int, folder: str) -> Iterator[tuple[bytes, int, bytes]]:
    """Name, mode and hexadecimal id of each entry, one after the other: a list of them all may not fit in memory."""
    position = 0
    while position < len(content):
        space = content.find(b" ", position, position + 8)
        mode = content[position:space] if space > 0 else b""
        end = content.find(b"\0", space + 1, space + 1 + _MAX_NAME)
        position = end + 1 + sha_length
        if not _MODE.fullmatch(mode) or end < 0 or position > len(content):
            raise BrokenPack(f"{_shown_folder(folder)} is no list of files")
        yield content[space + 1 : end], int(mode, 8), content[end + 1 : position].hex().encode()


def _get(objects: Objects, sha: bytes, what: str) -> tuple[int, bytes]:
    """An object; ``what`` is what an error calls it."""
    try:
        return objects.get(sha)
    except KeyError as error:
        raise MissingObject(f"{what} is missing") from error


def _shown_folder(path: str) -> str:
    return shown(path) if path else "its root folder"


def _header(content: bytes, name: bytes) -> bytes:
    """The id that the first line of a commit or tag names."""
    match = re.match(name + rb" ([0-9a-f]{40}(?:[0-9a-f]{24})?)\n", content)
    if match is None:
        raise BrokenPack("a commit or tag has no target")
    return match[1]
