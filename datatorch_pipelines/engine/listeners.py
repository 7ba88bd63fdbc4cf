"""Callbacks that are told of a run's events: each in a thread of its own, so that none holds up a step."""

from __future__ import annotations

import logging
import threading
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

    def join(self) -> None:
        """Waits until every listener was told everything; the journal must be closed."""
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()


def _tell(journal: Journal, listener: Listener) -> None:
    for event in journal:
        try:
            listener(event)
        except Exception:
            _logger.exception("a listener of the event %r raised", event.type)
