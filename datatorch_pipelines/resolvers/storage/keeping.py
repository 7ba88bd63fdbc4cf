"""What resolvers of other packages put into the store: written by a stranger, held to what a repository is held to."""

from __future__ import annotations

import os
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from attrs import define, field

from datatorch_pipelines._files import digest_entries, sha256_file
from datatorch_pipelines.contracts.resolver import ResolveRun
from datatorch_pipelines.errors import ActionRefused
from datatorch_pipelines.resolvers.bounds import StoreLimits, passed_limit
from datatorch_pipelines.resolvers.cancellation import Cancellation
from datatorch_pipelines.resolvers.objects.file_names import check_name, folded, shown
from datatorch_pipelines.resolvers.objects.links import check_links
from datatorch_pipelines.resolvers.objects.tree import Written
from datatorch_pipelines.resolvers.storage.store import DISK_ERRORS, Store
from datatorch_pipelines.resolvers.storage.stored import Entry, kept_key

_CACHES = "__pycache__"


def keep(
    store: Store,
    source: str,
    version: str,
    write: Callable[[Path], None],
    *,
    limits: StoreLimits | None,
    cancellation: Cancellation,
) -> Entry:
    """See `Store.keep`."""
    _check_source(source, version)
    name, run = kept_key(source, version), ResolveRun()
    entry = store.find(name, version)
    if entry is not None and store.settle(entry, run, cancellation) is None:
        return entry

    def make(folder: Path) -> Written:
        folder.mkdir()
        try:
            write(folder)
        except OSError as error:
            # Anything else that the system says may be about what the stranger reads from.
            if error.errno in DISK_ERRORS:
                raise store.error(error) from error
            raise
        cancellation.check()
        try:
            return accept(folder, limits or StoreLimits(), cancellation.check)
        except ActionRefused as error:
            raise ActionRefused(f"{source} {version}: {error.message}", hint=error.hint) from error
        except OSError as error:
            raise store.error(error) from error

    with store.locked_key(name[:32], cancellation):
        # Another process may have made it while this one waited for the lock.
        entry = store.find(name, version)
        if entry is None or store.settle(entry, run, cancellation) is not None:
            entry = store.put(name, source, version, make)
            store.use_new(entry, run)
    return entry


def accept(folder: Path, limits: StoreLimits, check: Callable[[], None]) -> Written:
    """Makes a folder that a stranger wrote what one of the store is: nothing that is not safe, and not writable.

    Folders of Python's caches are deleted. Raises `ActionRefused`, and ``OSError`` when the disk fails.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise ActionRefused("what was written is no folder")
    found = _Found(limits)
    found.read(folder)
    found.check_hard_links()
    check_links(found.links)
    entries: list[tuple[str, bytes, bytes]] = []
    for name, mode in found.files.items():
        check()
        path = folder / name
        _own(path, 0o555 if mode & 0o100 else 0o444)
        entries.append((name, b"x" if mode & 0o100 else b"f", bytes.fromhex(sha256_file(path))))
    entries += [(name, b"l", os.fsencode(target)) for name, target in found.links.items()]
    return Written(digest_entries(entries), len(entries), found.size, tuple(entries))


@define
class _Found:
    """What is in a folder, each by its path with ``/``; checked as it is found."""

    limits: StoreLimits
    files: dict[str, int] = field(factory=dict)
    links: dict[str, str] = field(factory=dict)
    size: int = 0
    _count: int = 0
    _names_of: dict[tuple[int, int], tuple[str, int]] = field(factory=dict)
    _seen: Counter[tuple[int, int]] = field(factory=Counter)

    def read(self, root: Path) -> None:
        todo = [(root, "", 1)]
        while todo:
            folder, prefix, depth = todo.pop()
            if depth > self.limits.max_depth:
                raise passed_limit("max_depth", f"its folders nest deeper than {self.limits.max_depth}")
            _own(folder, 0o755)
            names: dict[str, str] = {}
            for name in _names(folder):
                path = prefix + name
                check_name(name, path)
                state = (folder / name).lstat()
                if name == _CACHES and stat.S_ISDIR(state.st_mode):
                    shutil.rmtree(folder / name)
                    continue
                twin = names.setdefault(folded(name), name)
                if twin != name:
                    both = f"{shown(prefix + twin)} and {shown(path)}"
                    raise ActionRefused(f"the names {both} are one file on some file systems")
                self._count += 1
                if self._count > self.limits.max_entries:
                    most = self.limits.max_entries
                    raise passed_limit("max_entries", f"it has more than {most} files, folders and links")
                if stat.S_ISDIR(state.st_mode):
                    todo.append((folder / name, f"{path}/", depth + 1))
                else:
                    self._take(folder / name, path, state)

    def _take(self, place: Path, path: str, state: os.stat_result) -> None:
        if stat.S_ISLNK(state.st_mode):
            self.links[path] = str(place.readlink())
        elif not stat.S_ISREG(state.st_mode):
            raise ActionRefused(f"{shown(path)} is neither file nor folder (mode {state.st_mode:o})")
        elif state.st_size > self.limits.max_file_bytes:
            most = self.limits.max_file_bytes
            raise passed_limit("max_file_bytes", f"{shown(path)} is larger than the {most} bytes allowed for a file")
        else:
            self.size += state.st_size
            if self.size > self.limits.max_tree_bytes:
                most = self.limits.max_tree_bytes
                raise passed_limit("max_tree_bytes", f"its files are larger than the {most} bytes allowed")
            self.files[path] = state.st_mode
            inode = (state.st_dev, state.st_ino)
            self._seen[inode] += 1
            self._names_of[inode] = (path, state.st_nlink)

    def check_hard_links(self) -> None:
        """Refuses files that have another name somewhere else, through which they could be changed."""
        for inode, (path, links) in self._names_of.items():
            if links > self._seen[inode]:
                raise ActionRefused(f"{shown(path)} is a hard link to a file that is elsewhere", hint="copy it")


def _names(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as found:
        yield from sorted(item.name for item in found)


def _own(path: Path, mode: int) -> None:
    """Makes a file or folder one of ours, whoever its archive says that it belongs to."""
    if path.lstat().st_uid != os.geteuid():
        os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
    path.chmod(mode)


def _check_source(source: str, version: str) -> None:
    for text in (source, version):
        if not text or not text.isprintable():
            raise ValueError("a source and a version are printable texts, not empty")
    parts = urlsplit(source) if "://" in source else None
    if parts is not None and "@" in parts.netloc:
        raise ValueError("a source is a URL without user and password")
