"""The objects of a git repository on this machine: loose ones, packs, and those that its alternates lend.

git's own formats, read with the bounds that a server's pack has: what an object says of its size is looked at before it
is inflated, and its id is made again from what it holds.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from dulwich.object_format import SHA1, SHA256
from dulwich.objects import sha_to_hex
from dulwich.pack import apply_delta, unpack_object_at

from datatorch_pipelines.errors import ActionRefused
from datatorch_pipelines.resolvers.bounds import StoreLimits, passed_limit
from datatorch_pipelines.resolvers.objects.disk_files import Folder, release
from datatorch_pipelines.resolvers.objects.pack import (
    COMMIT,
    MOST_CACHED,
    OBJECT_BYTES,
    BrokenPack,
    Buffer,
    declared_size,
    delta_size,
)
from datatorch_pipelines.resolvers.objects.pack_index import PackIndex

if TYPE_CHECKING:
    from hashlib import _Hash

_KINDS = {b"commit": 1, b"tree": 2, b"blob": 3, b"tag": 4}
_NAMES = {number: name for name, number in _KINDS.items()}
_OFS_DELTA, _REF_DELTA = 6, 7
_HEADER_BYTES = 64
_CHUNK = 1 << 16
_CACHE_BYTES = 64 * 1024 * 1024
_MAX_ALTERNATES = 5
_SMALL_FILE = 1 << 20
_WORK = 8
"""How often, on average, each byte may have to be made: chains of deltas that don't fit in memory."""


class DiskObjects:
    """The objects below a folder ``objects`` and its alternates. Raises `BrokenPack` for a damaged object.

    ``check`` is called for each object, and may raise.
    """

    def __init__(self, folder: str, hash_name: str, limits: StoreLimits, check: Callable[[], None]) -> None:
        self._hash: Callable[[], _Hash] = SHA256.hash_func if hash_name == "sha256" else SHA1.hash_func
        self._bounds = _Bounds(limits)
        self._check = check
        self._stores = [_Store(Folder(path), self._hash, self._bounds) for path in _with_alternates(folder)]

    def close(self) -> None:
        """Lets go of the packs."""
        for store in self._stores:
            store.close()

    def get(self, sha: bytes) -> tuple[int, bytes]:
        """The kind and content of an object. ``KeyError`` for one that is not there."""
        self._check()
        found = self._find(sha)
        if found is None:
            # A repack may have moved it into a new pack meanwhile.
            for store in self._stores:
                store.look_again()
            found = self._find(sha)
        if found is None:
            raise KeyError(sha)
        kind, content = found
        digest = self._hash()
        digest.update(b"%s %d\0" % (_NAMES[kind], len(content)))
        digest.update(content)
        if digest.hexdigest().encode() != sha:
            raise BrokenPack(f"the object {sha.decode()} holds something else")
        return kind, content

    def commits_with_prefix(self, prefix: bytes) -> list[bytes]:
        """The ids of all commits that begin with ``prefix``, two digits or more."""
        found = {sha for store in self._stores for sha in store.with_prefix(prefix)}
        return sorted(sha for sha in found if self.get(sha)[0] == COMMIT)

    def _find(self, sha: bytes) -> tuple[int, bytes] | None:
        try:
            for store in self._stores:
                found = store.find(sha)
                if found is not None:
                    return found
        except (ActionRefused, BrokenPack, OSError):
            raise
        except Exception as error:
            # zlib's, dulwich's and those of short data: all of them mean the same.
            raise BrokenPack(f"the object {sha.decode()} is damaged") from error
        return None


class _Bounds:
    """What may be inflated: one object, and all together; an object that is read again counts once."""

    def __init__(self, limits: StoreLimits) -> None:
        self._limits = limits
        self._counted: set[object] = set()
        self._total = 0
        self._work = self._made = 0

    def count(self, what: object, size: int) -> None:
        """Notes that an object of this size is about to be made. Raises `ActionRefused`."""
        most = self._limits.max_file_bytes
        if size > most:
            raise passed_limit(
                "max_file_bytes", f"an object of {size} bytes is larger than the {most} that are allowed"
            )
        most = self._limits.max_unpacked_bytes
        self._work += size
        if what not in self._counted:
            self._counted.add(what)
            self._total += size
        if self._total > most:
            raise passed_limit("max_unpacked_bytes", f"unpacked it is larger than the {most} bytes allowed")
        self._made += 1
        if self._made > _WORK * max(self._limits.max_objects, MOST_CACHED):
            raise passed_limit("max_objects", "its objects in git take too much work to unpack")
        if self._work > _WORK * most:
            raise passed_limit("max_unpacked_bytes", "its objects in git take too much work to unpack")


class _Store:
    """One folder ``objects``."""

    def __init__(self, folder: Folder, hash_func: Callable[[], _Hash], bounds: _Bounds) -> None:
        self._folder = folder
        self._hash = hash_func
        self._bounds = bounds
        self._packs: dict[str, _Pack] = {}
        self._inside: dict[str, Folder | None] = {}
        self.look_again()

    def look_again(self) -> None:
        """Finds the packs that there are now."""
        for name in sorted(_names(self._folder, "pack")):
            stem = name.removesuffix(".idx")
            if name.endswith(".idx") and stem not in self._packs:
                index, contents = self._folder.mapped(f"pack/{name}"), self._folder.mapped(f"pack/{stem}.pack")
                if index is not None and contents is not None:
                    self._packs[stem] = _Pack(contents, index, self._hash, self._bounds)

    def close(self) -> None:
        for pack in self._packs.values():
            pack.close()

    def find(self, sha: bytes) -> tuple[int, bytes] | None:
        for pack in self._packs.values():
            found = pack.find(sha)
            if found is not None:
                return found
        return self._loose(sha)

    def with_prefix(self, prefix: bytes) -> Iterator[bytes]:
        for pack in self._packs.values():
            yield from pack.index.with_prefix(prefix)
        head = prefix[:2].decode()
        for name in _names(self._folder, head):
            sha = f"{head}{name}".encode()
            if sha.startswith(prefix) and len(sha) == self._hash().digest_size * 2:
                yield sha

    def _loose(self, sha: bytes) -> tuple[int, bytes] | None:
        name = sha.decode()
        fan = name[:2]
        if fan not in self._inside:
            path = self._folder.real(fan)
            self._inside[fan] = Folder(path) if os.path.isdir(path) else None  # noqa: PTH112
        folder = self._inside[fan]
        descriptor = folder.open(name[2:]) if folder is not None else None
        if descriptor is None:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return self._inflate(sha, file.read)

    def _inflate(self, sha: bytes, read: Callable[[int], bytes]) -> tuple[int, bytes]:
        """A loose object: ``kind size``, a NUL and the content, deflated together."""
        stream = zlib.decompressobj()
        start = stream.decompress(read(_CHUNK), _HEADER_BYTES)
        header, nul, begin = start.partition(b"\0")
        kind, _, digits = header.partition(b" ")
        if not nul or kind not in _KINDS or not digits.isdigit():
            raise BrokenPack(f"the object {sha.decode()} has no header")
        size = int(digits)
        self._bounds.count(sha, size)
        parts, left = [begin], size + 1 - len(begin)
        while left > 0 and not stream.eof:
            data = stream.unconsumed_tail or read(_CHUNK)
            if not data:
                break
            parts.append(stream.decompress(data, left))
            left -= len(parts[-1])
        content = b"".join(parts)
        if len(content) != size:
            raise BrokenPack(f"the object {sha.decode()} is not as large as it says")
        return _KINDS[kind], content


class _Pack:
    """One pack and its index."""

    def __init__(self, contents: Buffer, index: Buffer, hash_func: Callable[[], _Hash], bounds: _Bounds) -> None:
        self.index = PackIndex(index, hash_func().digest_size)
        self._mapped = (contents, index)
        self._contents = contents
        self._hash = hash_func
        self._bounds = bounds
        self._cache: OrderedDict[int, tuple[int, bytes]] = OrderedDict()
        self._cached = 0

    def close(self) -> None:
        for buffer in self._mapped:
            release(buffer)

    def find(self, sha: bytes) -> tuple[int, bytes] | None:
        offset = self.index.offset(sha)
        return None if offset is None else self._read(offset)

    def _read(self, offset: int) -> tuple[int, bytes]:
        """The kind and content at an offset: down the chain of deltas to a whole object, and up again."""
        chain: list[tuple[int, bytes]] = []
        seen: set[int] = set()
        while (found := self._cache.get(offset)) is None:
            if offset in seen or offset < 0:
                raise BrokenPack("an object of a pack is based on itself")
            seen.add(offset)
            self._bounds.count((id(self), offset), declared_size(self._contents, offset))
            unpacked, _ = unpack_object_at(self._contents, offset, self._hash)
            kind, base = unpacked.pack_type_num, unpacked.delta_base
            data = b"".join(unpacked.decomp_chunks)
            if kind in _NAMES:
                found = (kind, data)
                self._remember(offset, found)
                break
            chain.append((offset, data))
            offset = self._base(offset, base)
        for position, delta in reversed(chain):
            self._bounds.count((id(self), position, "made"), delta_size(delta))
            found = (found[0], b"".join(apply_delta(found[1], delta)))
            self._remember(position, found)
        return found

    def _base(self, offset: int, base: int | bytes | None) -> int:
        if isinstance(base, int):
            return offset - base
        if isinstance(base, bytes):
            found = self.index.offset(sha_to_hex(base))  # type: ignore[arg-type]  # raw ids are plain bytes here
            if found is not None:
                return found
        raise BrokenPack("an object of a pack is based on one that is not there")

    def _remember(self, offset: int, found: tuple[int, bytes]) -> None:
        size = len(found[1])
        if offset in self._cache or size > _CACHE_BYTES // 4:
            return
        self._cache[offset] = found
        self._cached += size + OBJECT_BYTES
        while self._cached > _CACHE_BYTES:
            self._cached -= len(self._cache.popitem(last=False)[1][1]) + OBJECT_BYTES


def _names(folder: Folder, name: str) -> list[str]:
    """The names in a folder below another; none where there is no such folder."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return os.listdir(folder.real(name))  # noqa: PTH208
    return []


def _with_alternates(folder: str) -> list[str]:
    """A folder ``objects`` and those that it borrows from, as git has it: anywhere, and five steps deep."""
    found = [os.path.realpath(folder)]
    step = found[:]
    for _ in range(_MAX_ALTERNATES):
        lent: list[str] = []
        for borrower in step:
            lines = (Folder(borrower).read("info/alternates", _SMALL_FILE) or b"").splitlines()
            named = [os.fsdecode(line) for line in lines if line and not line.startswith((b"#", b'"'))]
            lent += [os.path.realpath(os.path.join(borrower, path)) for path in named]  # noqa: PTH118
        step = [path for path in dict.fromkeys(lent) if path not in found and os.path.isdir(path)]  # noqa: PTH112
        found += step
    return found
