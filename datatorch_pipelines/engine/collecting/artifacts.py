"""The files that a step leaves in ``$DATATORCH_ARTIFACTS``, brought into the run's folder.

The folder is the step's, and nothing in it is trusted: links are not followed, only regular files are taken, and a
folder that is swapped for a link meanwhile leads nowhere. What is not taken is told by a warning, never an error.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from pathlib import Path

from attrs import define, field, frozen

from datatorch_pipelines._files import remove_tree, sync_directory
from datatorch_pipelines._masking import Masker
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.results import Artifact

_DEEPEST = 64
_LONGEST_NAME = 1_024
_CHUNK = 1 << 20
_HOLE = bytes(_CHUNK)
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_BAD_NAMES = frozenset({errno.ENAMETOOLONG, errno.EEXIST, errno.EINVAL, errno.EILSEQ, errno.ENOTDIR, errno.EISDIR})
"""What a file system says to a name that it can't have, as another one could."""

Told = Callable[[str, str], None]
"""Takes the name of what is not as it should be, and why, in a few words."""


@frozen(kw_only=True)
class Collected:
    """The files of a step that were kept, by name; ``secret`` says that one of them holds a secret."""

    artifacts: tuple[Artifact, ...] = ()
    secret: bool = False


@frozen
class _Found:
    """A regular file of the step, open, by its path in the step's folder."""

    name: str
    descriptor: int


@define(kw_only=True)
class Collecting:
    """How a step's files are brought, and what came of it so far.

    ``told`` gets what is left out, ``on_secret`` the name of a file that holds a secret; ``check`` is called time and
    again, and may raise to end it.
    """

    masker: Masker
    limits: Limits
    told: Told
    on_secret: Callable[[str], None]
    check: Callable[[], None] = lambda: None
    artifacts: list[Artifact] = field(factory=list, init=False)
    secret: bool = field(default=False, init=False)
    _size: int = field(default=0, init=False)
    _entries: int = field(default=0, init=False)

    def collect(self, source: Path, run: Path, folder: str) -> Collected:
        """Copies what a step left below ``source`` to ``folder`` in the run's directory, which appears whole.

        Raises ``OSError`` when the record can't be written, and what ``check`` does; then nothing of it is there.
        """
        target = run / folder
        with appearing(target) as beside, contextlib.closing(self._regular_files(source)) as files:
            for found in files:
                try:
                    if len(self.artifacts) == self.limits.max_artifact_files:
                        self.told(found.name, f"there are more than {self.limits.max_artifact_files} files")
                        break
                    self._take(found, beside, folder)
                finally:
                    os.close(found.descriptor)
        artifacts = tuple(sorted(self.artifacts, key=lambda artifact: artifact.name))
        return Collected(artifacts=artifacts, secret=self.secret)

    def _take(self, found: _Found, beside: Path, folder: str) -> None:
        room = self.limits.max_artifact_bytes - self._size
        if os.fstat(found.descriptor).st_size > room:
            self.told(found.name, f"the files are larger than {self.limits.max_artifact_bytes} bytes together")
            return
        if self.masker.text(found.name) != found.name:
            self.told(found.name, "its name holds a secret")
            return
        path = beside / found.name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            size, digest, secret = self._copy(found.descriptor, path, room)
        except OSError as error:
            if error.errno not in _BAD_NAMES:
                raise
            self.told(found.name, f"it can't be kept by this name: {error.strerror}")
            return
        self._size += size
        if secret:
            self.secret = True
            self.on_secret(found.name)
        self.artifacts.append(Artifact(name=found.name, file=f"{folder}/{found.name}", size=size, digest=digest))

    def _copy(self, descriptor: int, path: Path, most: int) -> tuple[int, str, bool]:
        """Copies an open file; gives its size and digest, and whether it holds a secret. Holes stay holes."""
        digest, size, secret, tail = hashlib.sha256(), 0, False, b""
        forms = self.masker.forms
        keep = max(0, forms.longest - 1)
        with path.open("xb") as file:
            os.chmod(file.fileno(), 0o600)  # noqa: PTH101  # the very file that was made
            while size < most and (chunk := os.read(descriptor, min(_CHUNK, most - size))):
                self.check()
                if chunk == _HOLE:
                    file.seek(len(chunk), os.SEEK_CUR)
                else:
                    file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                if forms.pattern is not None and not secret:
                    secret = forms.pattern.search(tail + chunk) is not None
                    tail = (tail + chunk)[-keep:] if keep else b""
            file.truncate(size)
            file.flush()
            os.fsync(file.fileno())
        return size, digest.hexdigest(), secret

    def _regular_files(self, source: Path) -> Generator[_Found]:
        """Each regular file below a folder, open, in the order of the names; nothing is followed."""
        try:
            top = os.open(source, _FLAGS | _DIRECTORY)
        except FileNotFoundError:
            return
        except OSError as error:
            self.told(".", f"the folder can't be read: {error.strerror}")
            return
        try:
            yield from self._files_in(top, "", 0)
        finally:
            os.close(top)

    def _files_in(self, folder: int, prefix: str, depth: int) -> Generator[_Found]:
        # Folders count too, and what is left out: to look at a million of them takes its time.
        room = 2 * self.limits.max_artifact_files + 1 - self._entries
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in islice(entries, room))
        except OSError as error:
            self.told(prefix.rstrip("/") or ".", f"the folder can't be read: {error.strerror}")
            return
        self._entries += len(names)
        for entry in names:
            self.check()
            name = f"{prefix}{entry}"
            if not _is_plain(name):
                self.told(name, "its name is no plain text of a common length")
                continue
            try:
                descriptor = _opened(entry, folder)
            except OSError as error:
                self.told(name, f"it can't be read: {error.strerror}")
                continue
            except _NotTaken as refused:
                self.told(name, str(refused))
                continue
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                yield _Found(name, descriptor)
                continue
            try:
                if depth + 1 >= _DEEPEST:
                    self.told(name, "it is too deep")
                else:
                    yield from self._files_in(descriptor, f"{name}/", depth + 1)
            finally:
                os.close(descriptor)


class _NotTaken(Exception):
    """What is neither a regular file nor a folder; the text says what it is."""


def _opened(entry: str, folder: int) -> int:
    """A descriptor of a regular file or a folder. Raises `_NotTaken` for another thing, and ``OSError``."""
    mode = os.stat(entry, dir_fd=folder, follow_symlinks=False).st_mode
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise _NotTaken("it is a link" if stat.S_ISLNK(mode) else "it is no regular file")
    descriptor = os.open(entry, _FLAGS | (_DIRECTORY if stat.S_ISDIR(mode) else 0), dir_fd=folder)
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):  # put there since we looked
        os.close(descriptor)
        raise _NotTaken("it is no regular file")
    return descriptor


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _is_plain(name: str) -> bool:
    """Whether a name can be shown and written as it is."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return len(name) <= _LONGEST_NAME and _CONTROL.search(name) is None


@contextlib.contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``target`` when the block ends without an error and it is not empty.

    Raises ``OSError`` as the system does; nothing is left then.
    """
    beside = target.with_name(f".{target.name}.tmp")
    remove_tree(beside)
    beside.mkdir(mode=0o700, parents=True)
    try:
        yield beside
        if not any(files for _directory, _folders, files in os.walk(beside)):
            remove_tree(beside)
            return
        for directory, _folders, _files in os.walk(beside):
            sync_directory(Path(directory))
        beside.rename(target)
    except BaseException:
        with contextlib.suppress(OSError):
            remove_tree(beside)
        raise
    sync_directory(target.parent)
