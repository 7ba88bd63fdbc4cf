"""Whether an entry's files are still what was fetched: a cheap look, a thorough one, and what differs.

Beside an entry's mark there are two files:

- the **seal**, a digest over path, kind, size, change time and inode of every file and link. It is taken again before a
  run uses the entry: whoever writes to a file, replaces or truncates it, adds or deletes one, changes it. A seal that
  differs proves nothing (a store that was copied has other times and inodes): then the files are read.
- the **manifest**, the digest of every file, which says which of them differ.

The seal is not believed if it was taken within a tick of the file system's clock after a file was changed, since
another change in that tick would leave no trace; nor, once, after the machine was started anew: a power cut may have
lost what was written, and its time does not tell.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import frozen

from datatorch_pipelines._files import digest_entries, tree_entries
from datatorch_pipelines.resolvers.storage.stored import FILES, FORMAT, MANIFEST, SEAL, read_small

_TICK_NS = 20_000_000
"""More than a tick of any file system's clock (10 ms at the most on Linux)."""
_SHOWN = 3
_FOLDER = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_TRIES = 3
Contents = tuple[tuple[str, bytes, bytes], ...]
"""Path, kind and digest of each file, as for `digest_entries`."""


@functools.cache
def boot() -> str | None:
    """What tells this start of the machine from every other, where the system has it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


@frozen
class _Seal:
    """A seal: its digest, the file system's time before the files were looked at, and the start of the machine in
    which they were written (``None`` when they are known to be on the disk)."""

    digest: str
    taken: int
    written: str | None

    def agrees(self, found: str, newest: int) -> bool:
        """Whether the files are those that were sealed, as far as their times tell."""
        return self.digest == found and newest + _TICK_NS < self.taken


def is_sealed(entry: str) -> bool:
    """Whether the entry at this path has a seal to be believed, and its files agree. Reads no file's content."""
    seal = _read_seal(entry)
    if seal is None or seal.written not in (None, boot()):
        return False
    try:
        return seal.agrees(*_look(f"{entry}/{FILES}"))
    except OSError:
        return False


def seal_new(entry: Path) -> None:
    """Seals an entry that was written just now. Raises ``OSError``."""
    # Not flushed: a seal that is lost costs one look at the files.
    with (entry / SEAL).open("wb") as file:
        taken = os.fstat(file.fileno()).st_mtime_ns
        found, _ = _look(f"{entry}/{FILES}")
        file.write(_record(_Seal(found, taken, boot())))


def examine(entry: Path, digest: str, scratch: Path, check: Callable[[], None] = lambda: None) -> str | None:
    """As `differences`; what is as it was fetched is sealed, where that can be written.

    ``scratch`` is a path of the same file system for a file that is gone afterwards.
    """
    for _ in range(_TRIES):
        try:
            taken = _now(scratch)
            before, _ = _look(f"{entry}/{FILES}")
            problem = differences(entry, digest, check)
            if problem is not None or taken is None:
                return problem
            if _look(f"{entry}/{FILES}")[0] == before:
                # Seals by other times and inodes are of a store that was copied, perhaps just now.
                old = _read_seal(str(entry))
                on_disk = old is not None and old.digest == before and old.written != boot()
                with contextlib.suppress(OSError):  # on a full disk it is looked at again each time
                    scratch.write_bytes(_record(_Seal(before, taken, None if on_disk else boot())))
                    scratch.replace(entry / SEAL)
                return None
        except FileNotFoundError:
            if not (entry / FILES).is_dir():
                return "its files are missing"
        finally:
            with contextlib.suppress(OSError):
                scratch.unlink()
    return "its files change all the time"


def _now(scratch: Path) -> int | None:
    """The file system's time, by a file made for it; ``None`` where none can be made."""
    try:
        scratch.touch()
        return scratch.stat().st_mtime_ns
    except OSError:
        return None


def _read_seal(entry: str) -> _Seal | None:
    try:
        record = json.loads(read_small(f"{entry}/{SEAL}")[0].decode())
        if record["version"] == FORMAT and isinstance(record["taken"], int):
            return _Seal(record["seal"], record["taken"], record["written"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return None


def _record(seal: _Seal) -> bytes:
    record = {"version": FORMAT, "seal": seal.digest, "taken": seal.taken, "written": seal.written}
    return json.dumps(record).encode()


def _look(root: str) -> tuple[str, int]:
    """The seal of a folder, and the newest change in it, in nanoseconds. Raises ``OSError``."""
    found = []
    newest = 0
    todo = [(root, "")]
    for folder, prefix in todo:
        # By a descriptor the system need not go through the whole path again for each file.
        descriptor = os.open(folder, os.O_RDONLY | _FOLDER)
        try:
            with os.scandir(descriptor) as items:
                for item in items:
                    name = item.name
                    if item.is_dir(follow_symlinks=False):
                        if name != "__pycache__":
                            todo.append((f"{folder}/{name}", f"{prefix}{name}/"))
                        continue
                    state = item.stat(follow_symlinks=False)
                    changed = state.st_ctime_ns
                    if changed > newest:
                        newest = changed
                    found.append((prefix + name, state.st_mode, state.st_size, changed, state.st_ino))
        finally:
            os.close(descriptor)
    found.sort()
    return hashlib.sha256(repr(found).encode("utf-8", "surrogateescape")).hexdigest(), newest


def write_manifest(entry: Path, contents: Contents) -> None:
    """Writes down the digest of every file. Raises ``OSError``."""
    lines = (kind + b" " + content.hex().encode() + b" " + os.fsencode(name) for name, kind, content in contents)
    (entry / MANIFEST).write_bytes(b"\n".join(sorted(lines)))


def differences(entry: Path, digest: str, check: Callable[[], None] = lambda: None) -> str | None:
    """What of an entry's files is not as its digest says, in a few words; ``None`` if all is as it was fetched.

    Reads every file; ``check`` is called now and then, and may raise. Raises ``OSError`` when a file can't be read.
    """
    root = entry / FILES
    if not root.is_dir() or root.is_symlink():
        return "its files are missing"
    found = tree_entries(root, check)
    if digest_entries(found) == digest:
        return None
    meant = _read_manifest(entry, digest)
    if meant is None:
        return "its files are not those that were fetched"
    there = {name: (kind, content) for name, kind, content in found}
    shown = [
        *(f"{name!a} is missing" for name in sorted(meant.keys() - there.keys())),
        *(f"{name!a} differs" for name in sorted(meant.keys() & there.keys()) if meant[name] != there[name]),
        *(f"{name!a} is too many" for name in sorted(there.keys() - meant.keys())),
    ]
    more = f", and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def _read_manifest(entry: Path, digest: str) -> dict[str, tuple[bytes, bytes]] | None:
    """The digest of every file, or ``None`` where that was not noted, or is damaged itself."""
    with contextlib.suppress(OSError, ValueError):
        if not (entry / MANIFEST).is_file():
            return None
        contents = tuple(_lines((entry / MANIFEST).read_bytes()))
        if digest_entries(contents) == digest:
            return {name: (kind, content) for name, kind, content in contents}
    return None


def _lines(data: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    for line in data.split(b"\n") if data else ():
        kind, content, name = line.split(b" ", 2)
        yield os.fsdecode(name), kind, bytes.fromhex(content.decode("ascii"))
