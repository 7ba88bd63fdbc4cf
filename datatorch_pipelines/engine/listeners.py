"""Callbacks that are told of a run's events: each in a thread of its own, so that none holds up a step."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from datatorch_pipelines.records import Journal
from datatorch_pipelines.results import Event

Listener = Callable[[Event], object]

_logger = logging.getLogger("datatorch_pipelines")


class Listeners:
    """Tells every listener every event, from the first on. One that raises is told the next event all the same."""

    def __init__(self, journal: Journal, listeners: Iterable[Listener]) -> None:
        self._threads = [
            threading.Thread(target=_tell, args=(journal, listener), name="datatorch-listener", daemon=True)
            for listener in listeners
        ]
        for thread in self._threads:
            thread.start()

    def join(self, timeout: float | None = None) -> bool:
        """Waits until every listener was told everything; the journal must be closed.

        Gives ``False`` when that takes longer than ``timeout`` seconds. A listener itself waits for none: two that
        waited for each other would do so for ever.
        """
        if threading.current_thread() in self._threads:
            return True
        end = None if timeout is None else time.monotonic() + timeout
        for thread in self._threads:
            thread.join(None if end is None else max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)


def _tell(journal: Journal, listener: Listener) -> None:
    for event in journal:
        try:
            listener(event)
        except Exception:
            _logger.exception("a listener of the event %r raised", event.type)
