"""Servers that misbehave: a proxy that spoils a real server's answers at one byte, and servers that say anything."""

from __future__ import annotations

import contextlib
import enum
import socket
import threading
from collections.abc import Callable, Iterator

from attrs import define, field


@contextlib.contextmanager
def raw_server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does ``answer`` with each connection, each in a thread; gives its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threads: list[threading.Thread] = []
        connections: list[socket.socket] = []

        def talk(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                answer(connection)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connections.append(connection)
                threads.append(threading.Thread(target=talk, args=(connection,)))
                threads[-1].start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for talker in threads:
                talker.join()


class Rudeness(enum.Enum):
    """What happens at a byte of what the server says."""

    NONE = enum.auto()
    CUT = enum.auto()
    """Both sides are closed, and every later connection at once."""
    FLIP = enum.auto()
    """All bits of it are turned."""
    STALL = enum.auto()
    """Nothing more is said, there and in later connections; `Proxy.stalled` is set."""


@define
class Proxy:
    """A proxy in front of a server of loopback. ``said`` counts what the server said since `be`."""

    target: int
    port: int = 0
    said: int = 0
    stalled: threading.Event = field(factory=threading.Event)
    replaced: tuple[bytes, bytes] = (b"", b"")
    """What is another thing in what the client says, of the same length."""
    _how: Rudeness = Rudeness.NONE
    _at: int = 0
    _lock: threading.Lock = field(factory=threading.Lock)

    def be(self, how: Rudeness, at: int = 0) -> None:
        """From now on, does this at the byte ``at`` of what the server says."""
        with self._lock:
            self._how, self._at, self.said = how, at, 0
            self.stalled.clear()

    def __call__(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            forward = threading.Thread(target=self._forward, args=(client, server))
            forward.start()
            try:
                self._answer(client, server)
            finally:
                for side in (client, server):
                    with contextlib.suppress(OSError):
                        side.shutdown(socket.SHUT_RDWR)
                forward.join()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 16):
                server.sendall(data.replace(*self.replaced) if self.replaced[0] else data)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        while data := server.recv(1 << 16):
            with self._lock:
                start, how, at = self.said, self._how, self._at
                self.said += len(data)
            here = at - start
            if how is Rudeness.FLIP and 0 <= here < len(data):
                data = data[:here] + bytes([data[here] ^ 0xFF]) + data[here + 1 :]
            if how in (Rudeness.NONE, Rudeness.FLIP) or here >= len(data):
                client.sendall(data)
                continue
            client.sendall(data[: max(here, 0)])
            if how is Rudeness.STALL:
                self.stalled.set()
                # Until the client goes, which ends `_forward` and so the server's side.
                while server.recv(1 << 16):
                    continue
            return


@contextlib.contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    """A `Proxy` in front of a port; it passes on all until it is told to be rude."""
    found = Proxy(target)
    with raw_server(found) as port:
        found.port = port
        yield found


def packet(content: bytes) -> bytes:
    """A pkt-line."""
    return b"%04x" % (len(content) + 4) + content


def banded(channel: int, content: bytes) -> bytes:
    """Content as packets of one channel of side-band-64k."""
    pieces = [content[start : start + 65000] for start in range(0, len(content), 65000)]
    return b"".join(packet(bytes([channel]) + piece) for piece in pieces)


CAPABILITIES = b"multi_ack side-band-64k ofs-delta shallow no-progress"


def advertised(*refs: tuple[bytes, bytes]) -> bytes:
    """The refs as a server of protocol 0 lists them, each an id and a name."""
    lines = [sha + b" " + name for sha, name in refs]
    lines[0] += b"\0" + CAPABILITIES
    return b"".join(packet(line + b"\n") for line in lines) + b"0000"


@contextlib.contextmanager
def lying_server(refs: bytes, answer: bytes, *, shallow: bytes = b"") -> Iterator[str]:
    """A server of git:// and protocol 0 that lists ``refs`` and answers every request with ``answer``; gives its URL.

    ``shallow`` is the id that it names as the end of the history.
    """

    def talk(connection: socket.socket) -> None:
        with connection.makefile("rb") as incoming:
            incoming.read(int(incoming.read(4), 16) - 4)
            connection.sendall(refs)
            if not answer:
                connection.shutdown(socket.SHUT_WR)
                incoming.read()
                return
            asked = b""
            while not asked.endswith(b"0000"):
                asked += incoming.read(1)
                if asked[-1:] == b"":
                    return
            connection.sendall((packet(b"shallow " + shallow) if shallow else b"") + b"0000")
            incoming.read(len(packet(b"done\n")))
            connection.sendall(packet(b"NAK\n") + answer)
            connection.shutdown(socket.SHUT_WR)
            incoming.read()

    with raw_server(talk) as port:
        yield f"git://127.0.0.1:{port}/add"
