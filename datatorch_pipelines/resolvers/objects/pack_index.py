"""The index beside a pack on disk: where in the pack an object is. Nothing in it is believed before it was measured."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from datatorch_pipelines.resolvers.objects.pack import BrokenPack, Buffer

_MAGIC = b"\xfftOc"
_FAN_OUT = 256 * 4
_LARGE = 0x80000000


class PackIndex:
    """A pack's index, version 1 or 2, in memory or mapped. ``id_size`` is the length of an object's id in bytes.

    Raises `BrokenPack` for what is no index, or one whose parts don't fit its length.
    """

    def __init__(self, contents: Buffer, id_size: int) -> None:
        self._contents = contents
        self._id_size = id_size
        second = contents[:4] == _MAGIC
        start = 8 if second else 0
        if len(contents) < start + _FAN_OUT or (second and self._number(4) != 2):
            raise BrokenPack("the index of a pack is none")
        self._fan_out = [self._number(start + 4 * number) for number in range(256)]
        self._count = count = self._fan_out[-1]
        ids = start + _FAN_OUT
        if second:
            self._first, self._step = ids, id_size
            self._offsets = ids + count * (id_size + 4)
            self._large = self._offsets + count * 4
            whole = self._large + 2 * id_size
        else:
            self._first, self._step = ids + 4, id_size + 4
            self._offsets, self._large = ids, 0
            whole = ids + count * (id_size + 4) + 2 * id_size
        if len(contents) < whole or self._fan_out != sorted(self._fan_out):
            raise BrokenPack("the index of a pack is damaged")

    def offset(self, sha: bytes) -> int | None:
        """Where the pack has the object of a hexadecimal id; ``None`` if it has it not."""
        wanted = bytes.fromhex(sha.decode())
        low = self._fan_out[wanted[0] - 1] if wanted[0] else 0
        high = self._fan_out[wanted[0]]
        at = bisect.bisect_left(range(self._count), wanted, low, high, key=self._id)
        return self._offset(at) if at < high and self._id(at) == wanted else None

    def with_prefix(self, prefix: bytes) -> Iterator[bytes]:
        """The hexadecimal ids that begin with ``prefix``, two digits of one or more."""
        first = int(prefix[:2], 16)
        for at in range(self._fan_out[first - 1] if first else 0, self._fan_out[first]):
            sha = self._id(at).hex().encode()
            if sha.startswith(prefix):
                yield sha

    def _id(self, at: int) -> bytes:
        start = self._first + at * self._step
        return bytes(self._contents[start : start + self._id_size])

    def _offset(self, at: int) -> int:
        if not self._large:
            return self._number(self._offsets + at * self._step)
        offset = self._number(self._offsets + at * 4)
        if offset < _LARGE:
            return offset
        start = self._large + (offset - _LARGE) * 8
        return int.from_bytes(self._contents[start : start + 8], "big")

    def _number(self, start: int) -> int:
        return int.from_bytes(self._contents[start : start + 4], "big")
