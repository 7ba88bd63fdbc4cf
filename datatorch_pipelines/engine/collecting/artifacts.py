"""The files that a step leaves in ``$DATATORCH_ARTIFACTS``, brought into the run's folder.

The folder is the step's, and nothing in it is trusted: links are not followed, only regular files are taken, and a
folder that is swapped for a link meanwhile leads nowhere. What is not taken is told by a warning, never an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import define, frozen

from datatorch_pipelines._files import remove_tree, sync_directory
from datatorch_pipelines._masking import Masker
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.results import Artifact

_DEEPEST = 64
_CHUNK = 1 << 20
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

Told = Callable[[str, str], None]
"""Takes the name of what is not as it should be, and why, in a few words."""


@frozen
class _Found:
    """A regular file of the step, open, by its path in the step's folder."""

    name: str
    descriptor: int


@define
class _Room:
    """What may still be taken."""

    files: int
    size: int


def is_empty(folder: str) -> bool:
    """Whether a step left nothing; a folder that is gone is empty."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def collect_artifacts(
    source: Path, run: Path, folder: str, masker: Masker, limits: Limits, told: Told
) -> tuple[Artifact, ...]:
    """Copies what a step left below ``source`` to ``folder`` in the run's directory; gives it sorted by name.

    The folder appears whole. ``told`` gets what is left out. Raises ``OSError`` when the record can't be written; then
    nothing of it is there.
    """
    target = run / folder
    beside = target.with_name(f".{target.name}.tmp")
    with contextlib.suppress(FileNotFoundError):
        remove_tree(beside)
    beside.mkdir(mode=0o700, parents=True)
    try:
        artifacts = list(_copied(source, beside, folder, masker, limits, told))
        if not artifacts:
            remove_tree(beside)
            return ()
        for directory, _folders, _files in os.walk(beside):
            sync_directory(Path(directory))
        beside.rename(target)
    except BaseException:
        with contextlib.suppress(OSError):
            remove_tree(beside)
        raise
    sync_directory(target.parent)
    return tuple(sorted(artifacts, key=lambda artifact: artifact.name))


def _copied(source: Path, beside: Path, folder: str, masker: Masker, limits: Limits, told: Told) -> Iterator[Artifact]:
    room = _Room(limits.max_artifact_files, limits.max_artifact_bytes)
    for found in _regular_files(source, told):
        try:
            if room.files == 0:
                told(found.name, f"there are more than {limits.max_artifact_files} files")
                return
            if os.fstat(found.descriptor).st_size > room.size:
                told(found.name, f"the files are larger than {limits.max_artifact_bytes} bytes together")
                continue
            path = beside / found.name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            size, digest, secret = _copy(found.descriptor, path, room.size, masker)
        finally:
            os.close(found.descriptor)
        room.files -= 1
        room.size -= size
        if secret:
            told(found.name, "it holds a secret, and artifacts are kept as they are")
        shown = masker.text(found.name)
        yield Artifact(name=shown, file=f"{folder}/{shown}", size=size, digest=digest)


def _copy(descriptor: int, path: Path, most: int, masker: Masker) -> tuple[int, str, bool]:
    """Copies an open file; gives its size and digest, and whether it holds a secret."""
    digest, size, secret, tail = hashlib.sha256(), 0, False, b""
    keep = max(0, masker.forms.longest - 1)
    with path.open("xb") as file:
        os.chmod(file.fileno(), 0o600)  # noqa: PTH101  # the very file that was made
        while size < most and (chunk := os.read(descriptor, min(_CHUNK, most - size))):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            if masker.forms.pattern is not None and not secret:
                secret = masker.forms.pattern.search(tail + chunk) is not None
                tail = (tail + chunk)[-keep:] if keep else b""
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest(), secret


def _regular_files(source: Path, told: Told) -> Iterator[_Found]:
    """Each regular file below a folder, open, in the order of the names; nothing is followed."""
    try:
        top = os.open(source, _FLAGS | os.O_DIRECTORY)
    except OSError as error:
        told(".", f"the folder can't be read: {error.strerror}")
        return
    try:
        yield from _files_in(top, "", told, 0)
    finally:
        os.close(top)


def _files_in(folder: int, prefix: str, told: Told, depth: int) -> Iterator[_Found]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        told(prefix.rstrip("/") or ".", f"the folder can't be read: {error.strerror}")
        return
    for entry in names:
        name = f"{prefix}{entry}"
        if not _is_plain(entry):
            told(name, "its name is no plain text")
            continue
        try:
            mode = os.stat(entry, dir_fd=folder, follow_symlinks=False).st_mode  # by descriptor
            if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                told(name, "it is a link" if stat.S_ISLNK(mode) else "it is no regular file")
                continue
            flags = _FLAGS | (os.O_DIRECTORY if stat.S_ISDIR(mode) else 0)
            descriptor = os.open(entry, flags, dir_fd=folder)
        except OSError as error:
            told(name, f"it can't be read: {error.strerror}")
            continue
        if stat.S_ISDIR(mode):
            try:
                if depth + 1 >= _DEEPEST:
                    told(name, "it is too deep")
                else:
                    yield from _files_in(descriptor, f"{name}/", told, depth + 1)
            finally:
                os.close(descriptor)
        elif stat.S_ISREG(os.fstat(descriptor).st_mode):
            yield _Found(name, descriptor)
        else:  # put there since we looked
            os.close(descriptor)
            told(name, "it is no regular file")


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _is_plain(name: str) -> bool:
    """Whether a name can be shown and written as it is."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return _CONTROL.search(name) is None


def drop_artifacts(run: Path, folder: str) -> None:
    """Takes out of the run's directory what a try of a step left that is tried again."""
    shutil.rmtree(run / folder, ignore_errors=True)
