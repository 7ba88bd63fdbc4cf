"""A git repository of this machine (``file:``), read in place: which commit a ref means, and the objects.

No program runs, no hook, and no configuration has an effect. As little is followed as git needs: a file ``.git`` that
names the real folder (work trees, submodules), ``commondir`` in that (work trees), and alternates. Everything else that
leads out of the repository is refused, since the folder may be a stranger's and the reader is not.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import frozen

from datatorch_pipelines.errors import ActionRefused, FetchFailed
from datatorch_pipelines.resolvers.bounds import StoreLimits, passed_limit
from datatorch_pipelines.resolvers.objects.disk_files import Folder
from datatorch_pipelines.resolvers.objects.disk_objects import DiskObjects
from datatorch_pipelines.resolvers.objects.pack import TAG, BrokenPack
from datatorch_pipelines.resolvers.refs import HEAD, PEELED, is_object_id
from datatorch_pipelines.resolvers.transport.failures import RepositoryMissing
from datatorch_pipelines.resolvers.urls import GitUrl

_LINE_BYTES = 8192
_CONFIG_BYTES = 1 << 20
_MAX_SYMBOLIC = 5
_MAX_TAGS = 10
_SYMBOLIC = b"ref:"
_TAGGED = re.compile(rb"object ([0-9a-f]{40}(?:[0-9a-f]{24})?)\n")
_SECTION = re.compile(r'\s*\[\s*([A-Za-z0-9.-]+)\s*(?:"[^"]*"\s*)?\]')
_SETTING = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*=\s*\"?([^\s\"#;]*)")


class DiskRepository:
    """A repository of this machine, bare or not, or one of its work trees.

    Raises `RepositoryMissing` where there is none, `ActionRefused` for one that leads elsewhere or passes the limits,
    `FetchFailed` for one of a format that is not known here, and `OSError`. ``check`` is called now and then.
    """

    def __init__(self, url: GitUrl, limits: StoreLimits, check: Callable[[], None]) -> None:
        self._url = url
        self._limits = limits
        self._place = _find(url)
        self.objects = DiskObjects(f"{self._place.common.path}/objects", _hash_name(url, self._place), limits, check)

    def close(self) -> None:
        """Lets go of its files."""
        self.objects.close()

    def ref(self, name: bytes) -> bytes | None:
        """The id that a whole ref's name leads to, ``None`` if there is no such ref."""
        return self._resolve(name)[1]

    def head(self) -> bytes | None:
        """The name of the branch that HEAD is; ``None`` where it is a commit."""
        name, _ = self._resolve(HEAD)
        return None if name == HEAD else name

    def refs(self) -> dict[bytes, bytes]:
        """All branches, tags and other refs, and HEAD; annotated tags also peeled, as a server lists them."""
        packed = self._packed()
        names = [HEAD, *packed, *self._loose()]
        found = {}
        for name in dict.fromkeys(names):
            sha = self._resolve(name, packed)[1]
            if sha is not None:
                found[name] = sha
        for name, sha in list(found.items()):
            end = self._peeled(sha) if name.startswith(b"refs/tags/") else sha
            if end != sha:
                found[name + PEELED] = end
        return found

    def _resolve(self, name: bytes, packed: dict[bytes, bytes] | None = None) -> tuple[bytes, bytes | None]:
        """Where a ref leads, through refs that name others: the last name, and its id."""
        for _ in range(_MAX_SYMBOLIC):
            if not _is_ref(name):
                break
            folder = self._place.own if name == HEAD else self._place.common
            text = (folder.read(os.fsdecode(name), _LINE_BYTES) or b"").strip()
            if text.startswith(_SYMBOLIC):
                name = text.removeprefix(_SYMBOLIC).strip()
                continue
            if not text:
                sha = (self._packed() if packed is None else packed).get(name)
                return name, sha
            sha = text.split()[0]
            if not is_object_id(sha):
                # Not shown: a link may have led to a file that is no ref at all.
                raise BrokenPack(f"the ref {os.fsdecode(name)!a} is no commit")
            return name, sha
        return name, None

    def _packed(self) -> dict[bytes, bytes]:
        content = self._place.common.read("packed-refs", self._limits.max_received_bytes) or b""
        found = {}
        for count, line in enumerate(io.BytesIO(content)):
            if count > 2 * self._limits.max_objects:  # a line for each, and one more for what an annotated tag names
                raise self._too_many()
            sha, space, name = line.rstrip(b"\r\n").partition(b" ")
            if space and is_object_id(sha):
                found[name] = sha
        return found

    def _too_many(self) -> ActionRefused:
        return passed_limit("max_objects", f"it has more than {self._limits.max_objects} branches and tags")

    def _loose(self) -> Iterator[bytes]:
        root = self._place.common.real("refs")
        count = 0
        for folder, _, files in os.walk(root):
            for name in files:
                count += 1
                if count > self._limits.max_objects:
                    raise self._too_many()
                path = os.fsencode(os.path.relpath(f"{folder}/{name}", root))
                if _is_ref(b"refs/" + path):
                    yield b"refs/" + path

    def _peeled(self, sha: bytes) -> bytes:
        """What a tag names in the end; itself where that is not there."""
        try:
            for _ in range(_MAX_TAGS):
                kind, content = self.objects.get(sha)
                if kind != TAG:
                    break
                match = _TAGGED.match(content)
                if match is None:
                    raise BrokenPack(f"the tag {sha.decode()} has no target")
                sha = match[1]
        except KeyError:
            return sha
        return sha


@frozen
class _Place:
    """The folder of HEAD, and that of everything else: another one in a work tree."""

    own: Folder
    common: Folder


def _find(url: GitUrl) -> _Place:
    """Where a repository keeps its things, under the names that git tries."""
    path = url.path.rstrip("/") or "/"
    for name in (f"{path}/.git", path, f"{path}.git/.git", f"{path}.git"):
        place = _named_by(name) if Path(name).is_file() else _place(name)
        if place is not None:
            return place
    # `exists` is False where a folder on the way can't be entered; `stat` says why.
    if not Path(path).exists():
        try:
            Path(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            raise RepositoryMissing(f"{url} does not exist", hint="write file:///path/to/repository") from None
    raise RepositoryMissing(f"there is no git repository at {url}", hint="is the name right?")


def _named_by(name: str) -> _Place | None:
    """The folder that a file ``.git`` names."""
    folder = os.path.dirname(name)  # noqa: PTH120  # names are text here, as everywhere in this room
    text = Folder(folder).read(".git", _LINE_BYTES) if name.endswith("/.git") else None
    if text is None or not text.startswith(b"gitdir:"):
        return None
    return _place(os.path.join(folder, os.fsdecode(text.removeprefix(b"gitdir:").strip())))  # noqa: PTH118


def _place(path: str) -> _Place | None:
    """What git takes for its own folder: a HEAD, ``objects`` and ``refs``."""
    own = Folder(path)
    if not Path(path).is_dir() or own.read("HEAD", _LINE_BYTES) is None:
        return None
    text = own.read("commondir", _LINE_BYTES)
    common = own if text is None else Folder(os.path.join(path, os.fsdecode(text.strip())))  # noqa: PTH118
    return _Place(own, common) if common.is_folder("objects") and common.is_folder("refs") else None


def _hash_name(url: GitUrl, place: _Place) -> str:
    """The hash of a repository's ids. Raises `FetchFailed` for a repository of a format that is not known here."""
    config = place.common.read("config", _CONFIG_BYTES) or b""
    extensions: dict[str, str] = {}
    section = ""
    for line in config.decode("utf-8", "replace").splitlines():
        begun = _SECTION.match(line)
        if begun is not None:
            section = begun[1].lower()
        setting = _SETTING.match(line, begun.end() if begun else 0)
        if setting is not None and section == "extensions":
            extensions[setting[1].lower()] = setting[2].lower()
    hash_name, refs = extensions.get("objectformat", "sha1"), extensions.get("refstorage", "files")
    if hash_name not in ("sha1", "sha256") or refs != "files":
        what = f"refs as {refs!a}" if refs != "files" else f"the hash {hash_name!a}"
        raise FetchFailed(
            f"{url} is a git repository with {what}, which can't be read in place", hint="serve it with git"
        )
    return hash_name


def _is_ref(name: bytes) -> bool:
    """Whether a name may be a ref's, so that it stays among them when it becomes a path."""
    parts = name.split(b"/")
    if name == HEAD:
        return True
    return (
        parts[0] == b"refs"
        and len(parts) > 1
        and all(
            part and not part.startswith(b".") and not part.endswith(b".lock") and b"\0" not in part for part in parts
        )
    )
