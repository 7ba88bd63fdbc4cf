"""A git server that sends the bytes of a pack that it was given: what the real git would never make."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import zlib
from collections.abc import Iterator

COMMIT, TREE, BLOB, TAG, OFS_DELTA, REF_DELTA = 1, 2, 3, 4, 6, 7
_CAPABILITIES = b"ofs-delta shallow"


def pkt(line: bytes) -> bytes:
    """A line of git's protocol."""
    return b"%04x" % (len(line) + 4) + line


def object_header(kind: int, size: int) -> bytes:
    """What stands before an object in a pack."""
    out, byte = bytearray(), kind << 4 | size & 15
    size >>= 4
    while size:
        out.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    out.append(byte)
    return bytes(out)


def number(value: int) -> bytes:
    """A size at the beginning of a delta."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def packed(kind: int, data: bytes, *, base: bytes = b"", says: int | None = None) -> bytes:
    """An object in a pack, which may lie about its size."""
    return object_header(kind, len(data) if says is None else says) + base + zlib.compress(data, 1)


def bomb(size: int) -> bytes:
    """A zlib stream of ``size`` NULs, a whole number of MiB: a thousandth of that."""
    compressor = zlib.compressobj(9)
    block = bytes(1 << 20)
    begin = compressor.compress(block) + compressor.flush(zlib.Z_FULL_FLUSH)
    again = compressor.compress(block) + compressor.flush(zlib.Z_FULL_FLUSH)
    # What follows a full flush is the same each time. Only the checksum at the end would differ: nobody comes so far.
    return begin + again * (size // len(block) - 1) + compressor.flush()


def make_pack(*objects: bytes, count: int | None = None) -> bytes:
    """A pack of some objects, with a right checksum."""
    body = b"PACK" + (2).to_bytes(4, "big") + (len(objects) if count is None else count).to_bytes(4, "big")
    body += b"".join(objects)
    return body + hashlib.sha1(body).digest()


class FakePackServer:
    """Says that its tag v1 is ``commit``, and sends ``pack`` to whoever wants it, by ``git://``."""

    def __init__(self, commit: str, pack: bytes) -> None:
        self._commit = commit.encode()
        self._pack = pack

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Serves, and gives the URL."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=self._serve, args=(listener,))
            thread.start()
            try:
                yield f"git://127.0.0.1:{listener.getsockname()[1]}/add.git"
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        lines.read(int(lines.read(4), 16) - 4)
        refs = pkt(self._commit + b" HEAD\0" + _CAPABILITIES + b"\n") + pkt(self._commit + b" refs/tags/v1\n")
        connection.sendall(refs + b"0000")
        self._until(lines, b"0000")
        connection.sendall(pkt(b"shallow " + self._commit) + b"0000")
        self._until(lines, b"done")
        connection.sendall(pkt(b"NAK\n") + self._pack)

    def _until(self, lines: object, end: bytes) -> None:
        """Reads lines until one is ``end``, or a flush."""
        while size := lines.read(4):  # type: ignore[attr-defined]  # a file of bytes
            line = lines.read(max(int(size, 16) - 4, 0)).rstrip(b"\n")  # type: ignore[attr-defined]  # as above
            if size == end or line == end:
                return
