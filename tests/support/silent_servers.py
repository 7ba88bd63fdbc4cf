"""A server that takes calls and says nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes calls and says nothing; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        calls: list[socket.socket] = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    calls.append(listener.accept()[0])

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for call in calls:
                call.close()
