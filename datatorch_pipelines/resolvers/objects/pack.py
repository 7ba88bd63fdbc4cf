"""The objects of a pack that a server sent: bounded, each inflated once while they fit in memory.

dulwich inflates one object and applies one delta (`unpack_object_at`, `apply_delta`: both bounded by the sizes that
are declared); here those sizes are checked first, so that a few kilobytes can't become gigabytes. How many objects
there are, and how much work it is to put them together, is bounded too.
"""

from __future__ import annotations

import mmap
import zlib
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from attrs import frozen
from dulwich.errors import ApplyDeltaError
from dulwich.object_format import SHA1, SHA256
from dulwich.objects import sha_to_hex
from dulwich.pack import UnpackedObject, apply_delta, unpack_object_at

from datatorch_pipelines.resolvers.bounds import StoreLimits, passed_limit

if TYPE_CHECKING:
    from hashlib import _Hash

COMMIT, TREE, BLOB, TAG = 1, 2, 3, 4
"""git's numbers for the kinds of objects."""
_OFS_DELTA, _REF_DELTA = 6, 7
_NAMES = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}
_CACHE_BYTES = 64 * 1024 * 1024
OBJECT_BYTES = 200
"""What an object costs in memory beside its content."""
MOST_CACHED = _CACHE_BYTES // OBJECT_BYTES
_MAX_NUMBER_BYTES = 10
_WORK = 8
"""How often, on average, each byte that is unpacked may have to be made: chains of deltas that don't fit in memory."""

Buffer = bytes | mmap.mmap


class Objects(Protocol):
    """Where git objects come from, each by its hexadecimal id. ``KeyError`` for one that is not there."""

    def get(self, sha: bytes) -> tuple[int, bytes]:
        """The kind and content of an object."""

    def commits_with_prefix(self, prefix: bytes) -> list[bytes]:
        """The ids of all commits that begin with ``prefix``."""


class BrokenPack(ValueError):
    """What the server sent is not a whole, consistent pack."""


class MissingObject(BrokenPack, KeyError):
    """A part of what was sent is not there."""

    __str__ = BrokenPack.__str__


def _no_check() -> None:
    """Nothing can end the work."""


@frozen
class _Delta:
    offset: int
    base: int | bytes


class PackObjects:
    """The objects of one whole pack, in memory or mapped. Checks the pack's checksum and every object's id.

    ``check`` is called before each object, and may raise. Raises `BrokenPack` for what is no pack and `ActionRefused`
    for what passes the limits.
    """

    def __init__(
        self, contents: Buffer, hash_name: str, limits: StoreLimits, check: Callable[[], None] = _no_check
    ) -> None:
        self._contents = contents
        self._check = check
        self._hash: Callable[[], _Hash] = SHA256.hash_func if hash_name == "sha256" else SHA1.hash_func
        self._limits = limits
        self._unpacked = 0
        self._work = self._made = 0
        self._offsets: dict[bytes, int] = {}
        self._kinds: dict[int, int] = {}
        self._bases: dict[int, int] = {}
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._cached = 0
        self._counted: set[int] = set()
        self._check_whole()
        self._index()

    def get(self, sha: bytes) -> tuple[int, bytes]:
        """The kind and content of an object."""
        offset = self._offsets[sha]
        return self._kinds[offset], self._content(offset)

    def commits_with_prefix(self, prefix: bytes) -> list[bytes]:
        """The ids of all commits that begin with ``prefix``."""
        return [
            sha for sha, offset in self._offsets.items() if sha.startswith(prefix) and self._kinds[offset] == COMMIT
        ]

    def _check_whole(self) -> None:
        size = self._hash().digest_size
        if len(self._contents) < 12 + size or self._contents[:4] != b"PACK":
            raise BrokenPack("it is not a pack")
        digest = self._hash()
        with memoryview(self._contents) as view:
            for start in range(0, len(view) - size, 1 << 20):
                digest.update(view[start : min(start + (1 << 20), len(view) - size)])
        if digest.digest() != self._contents[-size:]:
            raise BrokenPack("its checksum is wrong")

    def _index(self) -> None:
        """One pass over the pack, then the deltas as soon as what they are based on is known."""
        count = int.from_bytes(self._contents[8:12], "big")
        if count > self._limits.max_objects:
            raise passed_limit("max_objects", f"it has more than {self._limits.max_objects} objects in git")
        waiting: dict[int | bytes, list[_Delta]] = defaultdict(list)
        known: list[tuple[int, bytes]] = []
        for offset, kind, base, data in self._records(count):
            if base is not None:
                waiting[base].append(_Delta(offset, base))
                continue
            known.append((offset, self._add(offset, kind, data)))
        while known:
            offset, sha = known.pop()
            for delta in waiting.pop(offset, []) + waiting.pop(sha, []):
                self._bases[delta.offset] = offset
                self._kinds[delta.offset] = self._kinds[offset]
                data = self._content(delta.offset)
                known.append((delta.offset, self._add(delta.offset, self._kinds[offset], data)))
        if waiting:
            raise BrokenPack("an object is based on one that is not there")

    def _records(self, count: int) -> Iterator[tuple[int, int, int | bytes | None, bytes]]:
        """Each object in the pack's order: offset, kind, the base of a delta (an offset or an id), content or delta."""
        position = 12
        for _ in range(count):
            self._check()
            self._count(declared_size(self._contents, position))
            unpacked, end = _unpack(self._contents, position, self._hash)
            kind, base = unpacked.pack_type_num, unpacked.delta_base
            data = b"".join(unpacked.decomp_chunks)
            if kind in _NAMES:
                yield position, kind, None, data
            elif kind == _OFS_DELTA and isinstance(base, int):
                yield position, kind, position - base, data
            elif kind == _REF_DELTA and isinstance(base, bytes):
                yield position, kind, sha_to_hex(base), data  # type: ignore[arg-type]  # raw ids are plain bytes here
            else:
                raise BrokenPack("an object has an unknown kind")
            position = end

    def _add(self, offset: int, kind: int, data: bytes) -> bytes:
        digest = self._hash()
        digest.update(b"%s %d\0" % (_NAMES[kind], len(data)))
        digest.update(data)
        sha = digest.hexdigest().encode()
        self._offsets[sha] = offset
        self._kinds[offset] = kind
        self._remember(offset, data)
        return sha

    def _content(self, offset: int) -> bytes:
        """The content at an offset; what fell out of memory is inflated again, along its chain of deltas."""
        chain = []
        while (data := self._cache.get(offset)) is None:
            chain.append(offset)
            if offset not in self._bases:
                break
            offset = self._bases[offset]
        for position in reversed(chain):
            data = self._inflate(position, data)
            self._remember(position, data)
        if data is None:
            raise BrokenPack("an object has no content")
        return data

    def _inflate(self, offset: int, base: bytes | None) -> bytes:
        self._check()
        unpacked, _ = _unpack(self._contents, offset, self._hash)
        content = b"".join(unpacked.decomp_chunks)
        if base is None or offset not in self._bases:
            self._charge(len(content))
            return content
        size = delta_size(content)
        if offset not in self._counted:
            self._counted.add(offset)
            self._count(size)
        self._charge(len(content) + size)
        try:
            return b"".join(apply_delta(base, content))
        except ApplyDeltaError as error:
            raise BrokenPack("an object does not fit the one that it is based on") from error

    def _charge(self, size: int) -> None:
        """Adds to what was made so far, each time that it is."""
        self._work += size
        self._made += 1
        # Small ones cost more than their size; as many as fit in memory are made once.
        if self._made > _WORK * max(self._limits.max_objects, MOST_CACHED):
            raise passed_limit("max_objects", "its objects in git take too much work to unpack")
        if self._work > _WORK * self._limits.max_unpacked_bytes:
            raise passed_limit("max_unpacked_bytes", "its objects in git take too much work to unpack")

    def _count(self, size: int) -> None:
        """Adds to what was unpacked so far."""
        self._unpacked += size
        if size > self._limits.max_file_bytes:
            most = self._limits.max_file_bytes
            raise passed_limit(
                "max_file_bytes", f"an object of {size} bytes is larger than the {most} that are allowed"
            )
        if self._unpacked > self._limits.max_unpacked_bytes:
            most = self._limits.max_unpacked_bytes
            raise passed_limit("max_unpacked_bytes", f"unpacked it is larger than the {most} bytes allowed")

    def _remember(self, offset: int, data: bytes) -> None:
        if offset in self._cache:
            return
        self._cache[offset] = data
        self._cached += len(data) + OBJECT_BYTES
        # The newest stays however large it is: most often it is what the next delta is based on.
        while self._cached > _CACHE_BYTES and len(self._cache) > 1:
            self._cached -= len(self._cache.popitem(last=False)[1]) + OBJECT_BYTES


def _unpack(contents: Buffer, position: int, hash_function: Callable[[], _Hash]) -> tuple[UnpackedObject, int]:
    """The object at a position, and where it ends."""
    try:
        return unpack_object_at(contents, position, hash_function)
    except (zlib.error, ApplyDeltaError, AssertionError, ValueError) as error:
        raise BrokenPack("an object can't be unpacked") from error


def declared_size(contents: Buffer, position: int) -> int:
    """The size that an object's header declares (pack-format: four bits, then seven a byte).

    Raises `BrokenPack` where a number of the header has no end: who reads it bit by bit would read for very long.
    """
    number = _number(contents, position)
    size, shift = number[0] & 0x0F, 4
    for byte in number[1:]:
        size |= (byte & 0x7F) << shift
        shift += 7
    if (number[0] >> 4) & 7 == _OFS_DELTA:
        _number(contents, position + len(number))
    return size


def _number(contents: Buffer, position: int) -> bytes:
    """The bytes of a number: the last one is the first that is below 128."""
    found = contents[position : position + _MAX_NUMBER_BYTES]
    for index, byte in enumerate(found):
        if not byte & 0x80:
            return found[: index + 1]
    raise BrokenPack("an object's size is no number")


def delta_size(delta: bytes) -> int:
    """The size of what a delta makes: the second number of its header."""
    number = _number(delta, len(_number(delta, 0)))
    return sum((byte & 0x7F) << (7 * index) for index, byte in enumerate(number))
