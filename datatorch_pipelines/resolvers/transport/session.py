"""One conversation with a git server: its bounds, and what is known of it when it fails."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import define, field

from datatorch_pipelines.resolvers.bounds import StoreLimits, Timeouts, passed_limit
from datatorch_pipelines.resolvers.cancellation import Cancellation
from datatorch_pipelines.resolvers.transport.credentials import Asker

_FEW_PIECES = 100_000
_PIECE_BYTES = 256
"""With the default limits, a million lines (two reads each): the refs of the largest repositories, below a gigabyte."""


@define
class Session:
    """One conversation with a server: its bounds, and what is known of it for the errors' texts."""

    cancellation: Cancellation
    timeouts: Timeouts
    limits: StoreLimits
    ssh_command: Sequence[str] = ("ssh",)
    scratch: str | None = None
    """Where a nameless file may be made for what is too large for memory; the system's folder unless given."""
    ca_file: str | None = None
    """A file (PEM) of the certificate authorities that https servers may be of; the system's unless given."""
    credentials: Asker | None = None
    """Finds a user and a password, where an http or https server wants them and the URL has none."""
    secrets: list[str] = field(factory=list, repr=False)
    """What was sent to a server and may be shown nowhere, beside the URL's own password."""
    received: int = 0
    pieces: int = 0
    expired: bool = False
    ssh_errors: list[bytes] = field(factory=list)

    def metered(self, read: Callable[..., bytes]) -> Callable[..., bytes]:
        """The same read function, counting against the limit on what a server may send."""

        def counted(*args: Any, **options: Any) -> bytes:
            self.cancellation.check()
            data = read(*args, **options)
            self.count(len(data))
            self.count_piece()
            return data

        return counted

    def count(self, size: int) -> None:
        """Counts bytes that came against the limit; raises `ActionRefused` when it is passed."""
        self.received += size
        if self.received > self.limits.max_received_bytes:
            most = self.limits.max_received_bytes
            raise passed_limit("max_received_bytes", f"the server sends more than the {most} bytes allowed")

    def count_piece(self) -> None:
        """Counts a read of git's protocol: of millions of tiny lines, each costs many times its size in memory.

        Raises `ActionRefused` when there are too many for what a server may send.
        """
        self.pieces += 1
        if self.pieces > max(_FEW_PIECES, self.limits.max_received_bytes // _PIECE_BYTES):
            raise passed_limit("max_received_bytes", "the server sends too many branches and tags")

    @contextlib.contextmanager
    def deadline(self) -> Iterator[None]:
        """Ends the conversation, as `Cancellation.cancel` would, when its total time is over."""
        stop = Cancellation()
        own, self.cancellation = self.cancellation, stop

        def expire() -> None:
            self.expired = True
            stop.cancel()

        timer = threading.Timer(self.timeouts.total, expire)
        timer.daemon = True
        timer.start()
        try:
            with own.on_cancel(stop.cancel):
                yield
        finally:
            timer.cancel()
            self.cancellation = own
