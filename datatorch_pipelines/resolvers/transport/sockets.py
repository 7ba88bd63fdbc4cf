"""Connected sockets whose making can be cancelled and has its time, the look-up of the host's name included."""

from __future__ import annotations

import functools
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from datatorch_pipelines.resolvers.transport.session import Session

_Addresses = Sequence[tuple[Any, ...]]


def connected(host: str, port: int, session: Session) -> socket.socket:
    """A socket that is connected, by the first of the host's addresses that answers.

    Its time-out is that for the call (``session.timeouts.connect``), which counts for the look-up of the name and for
    each address. Raises ``OSError`` (``TimeoutError`` where nothing answers), or `Cancelled`.
    """
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, number, _, address in _addresses(host, port, session):
        opened = socket.socket(family, kind, number)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.settimeout(session.timeouts.connect)
            with session.cancellation.on_cancel(functools.partial(shut, opened)):
                session.cancellation.check()
                opened.connect(address)
            session.cancellation.check()
            return opened
        except OSError as error:
            opened.close()
            session.cancellation.check()
            failure = error
        except BaseException:
            opened.close()
            raise
    raise failure


def shut(opened: socket.socket) -> None:
    """Ends what a thread waits for at a socket, which stays that thread's to close."""
    # The plain socket's method: an SSL socket's own also forgets its state, under the feet of the thread that reads.
    socket.socket.shutdown(opened, socket.SHUT_RDWR)


def _addresses(host: str, port: int, session: Session) -> _Addresses:
    """The addresses of a host. Nothing can interrupt the system's look-up: a thread of its own waits for it."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        found: Future[_Addresses] = Future()
    over = threading.Event()

    def look_up() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            found.set_exception(error)
        except UnicodeError:
            found.set_exception(OSError(f"{host} is no host name"))
        over.set()

    with session.cancellation.on_cancel(over.set):
        threading.Thread(target=look_up, name="datatorch-pipelines-look-up", daemon=True).start()
        in_time = over.wait(session.timeouts.connect)
    session.cancellation.check()
    if not in_time:
        raise TimeoutError(f"the address of {host} was not told in time")
    return found.result()
