"""Files that are whole or not there: write beside, flush to disk, rename."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def atomic_writer(path: Path, *, mode: int = 0o644, scratch: Path | None = None) -> Iterator[IO[bytes]]:
    """A binary file beside ``path`` that takes its place, flushed to disk, when the block ends without an error.

    ``scratch`` is the name that it has until then, where that must be another one of the same file system. Raises
    ``OSError`` as the system does; ``path`` then is as it was, and nothing is left beside it.
    """
    beside = scratch or path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    sync_directory(path.parent)


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644, scratch: Path | None = None) -> None:
    """Replaces ``path`` by a file that holds ``data``: it is the old file or the new one at every instant."""
    with atomic_writer(path, mode=mode, scratch=scratch) as file:
        file.write(data)


def sync_directory(path: Path) -> None:
    """Flushes a directory's entries to disk, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree_digest(root: Path) -> str:
    """A SHA-256 over the names, kinds, executable bits and content of everything below ``root``, in hexadecimal.

    Two trees have one digest only if they are the same to a step that reads them. ``__pycache__`` folders don't count:
    Python writes them as it runs.
    """
    return digest_entries(tree_entries(root))


def tree_entries(root: Path, check: Callable[[], None] = lambda: None) -> list[tuple[str, bytes, bytes]]:
    """What `tree_digest` looks at, as `digest_entries` takes it.

    ``check`` is called before each file, and may raise. Raises ``OSError`` when something can't be read, also a folder.
    """
    entries = []
    for path in _walk(root):
        check()
        name = path.relative_to(root).as_posix()
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            # Not by Path, which makes "a" of "./a".
            entries.append((name, b"l", os.fsencode(os.readlink(path))))  # noqa: PTH115
        elif stat.S_ISREG(mode):
            entries.append((name, b"x" if mode & 0o100 else b"f", bytes.fromhex(sha256_file(path))))
        else:
            # A pipe, socket or device: to read it would wait for somebody to write.
            entries.append((name, b"o", b""))
    return entries


def digest_entries(entries: Iterable[tuple[str, bytes, bytes]]) -> str:
    """The digest of `tree_digest`, from what it looks at.

    Each entry is a relative path with ``/``, a kind (``f`` file, ``x`` executable file, ``l`` link, ``o`` other) and
    the SHA-256 of the content, the link's target, or nothing.
    """
    digest = hashlib.sha256()
    for name, kind, content in sorted(entries):
        for part in (kind, name.encode("utf-8", "surrogateescape"), content):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _walk(root: Path) -> Iterator[Path]:
    """Every file and symbolic link below ``root``, links not followed. Raises ``OSError`` for what can't be read."""

    def fail(error: OSError) -> None:
        raise error

    for directory, folders, files in os.walk(root, onerror=fail):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in [*files, *(folder for folder in folders if Path(directory, folder).is_symlink())]:
            yield Path(directory, name)


def safe_name(text: str, *, length: int = 80) -> str:
    """A file name that no text can turn into a path: other characters than ``A-Za-z0-9._-`` become ``_``.

    A text that had to change gets a few digits of its digest, so that two different texts stay two names.

    >>> safe_name("train"), safe_name("../x") != safe_name(".._x")
    ('train', True)
    """
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in text)[:length]
    if kept == text and kept.strip(".") and not kept.startswith("-"):
        return kept
    return f"{kept.lstrip('.-')}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def remove_tree(path: Path) -> None:
    """Deletes a folder and all below it, also what its owner made read-only; one that is gone is no error.

    Raises ``OSError`` when something can't be deleted.
    """

    def retry(function: Callable[[str], object], name: str, error: BaseException) -> None:
        if isinstance(error, FileNotFoundError):
            return
        for locked in (os.path.dirname(name), name):  # noqa: PTH120  # rmtree hands over strings
            if not os.path.islink(locked):  # noqa: PTH114
                os.chmod(locked, stat.S_IRWXU)  # noqa: PTH101
        if os.path.isdir(name) and not os.path.islink(name):  # noqa: PTH112, PTH114
            remove_tree(Path(name))
        else:
            function(name)

    try:
        if sys.version_info >= (3, 12):
            shutil.rmtree(path, onexc=retry)
        else:
            shutil.rmtree(path, onerror=lambda function, name, info: retry(function, name, info[1]))
    except RecursionError:
        _remove_deep_tree(path)


def _remove_deep_tree(root: Path) -> None:
    """Deletes a folder that is too deep to call oneself for each level: lifts all folders below it to just below."""
    token = secrets.token_hex(6)
    root.chmod(stat.S_IRWXU)
    waiting = [root]
    number = 0
    while waiting:
        folder = waiting.pop()
        for entry in list(os.scandir(folder)):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)  # noqa: PTH108  # scandir hands over strings
                continue
            number += 1
            lifted = root / f"{token}-{number}"
            os.chmod(entry.path, stat.S_IRWXU)  # noqa: PTH101
            Path(entry.path).rename(lifted)
            waiting.append(lifted)
        if folder != root:
            folder.rmdir()
    root.rmdir()
