"""One conversation with a git server: its bounds, and what is known of it when it fails."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import define, field

from datatorch_pipelines.errors import ActionRefused
from datatorch_pipelines.resolvers.bounds import StoreLimits, Timeouts
from datatorch_pipelines.resolvers.cancellation import Cancellation


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
    received: int = 0
    expired: bool = False
    http_status: int | None = None
    ssh_errors: list[bytes] = field(factory=list)

    def metered(self, read: Callable[..., bytes]) -> Callable[..., bytes]:
        """The same read function, counting against the limit on what a server may send."""

        def counted(*args: Any, **options: Any) -> bytes:
            self.cancellation.check()
            data = read(*args, **options)
            self.received += len(data)
            if self.received > self.limits.max_received_bytes:
                raise ActionRefused(f"the server sends more than the {self.limits.max_received_bytes} bytes allowed")
            return data

        return counted

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
