"""Waiting for a pipe or a socket, whatever the number of its descriptor."""

from __future__ import annotations

import select


def readable(descriptor: int, seconds: float) -> bool:
    """Whether something can be read within so many seconds, or the other end is closed."""
    return _ready(descriptor, seconds, write=False)


def writable(descriptor: int, seconds: float) -> bool:
    """Whether something can be written within so many seconds, or the other end is closed."""
    return _ready(descriptor, seconds, write=True)


def _ready(descriptor: int, seconds: float, *, write: bool) -> bool:
    if hasattr(select, "poll"):
        # `select` fails from the 1024th open file on.
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT if write else select.POLLIN)
        return bool(poll.poll(max(0.0, seconds) * 1000))
    waiting = [descriptor]
    found = select.select([], waiting, [], seconds) if write else select.select(waiting, [], [], seconds)
    return any(found)
