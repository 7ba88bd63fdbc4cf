"""A run as it happens, as lines of JSON for programs."""

from __future__ import annotations

import codecs

from datatorch_pipelines.display.data import event_json
from datatorch_pipelines.results.events import Event, LogWritten, StepFinished


class JsonLog:
    """Turns a run's events, in their order, into a line of JSON each: the form of the record, and ``text`` for logs."""

    def __init__(self) -> None:
        self._decoders: dict[tuple[str, int | None, str], codecs.IncrementalDecoder] = {}

    def show(self, event: Event, data: bytes = b"") -> str:
        """The line for an event. ``data`` is what a log event's bytes are; undecodable ones become ``\\ufffd``.

        A character whose bytes come in two events is in the second one's text.
        """
        match event:
            case LogWritten():
                return f"{event_json(event, self._decoder(event).decode(data))}\n"
            case StepFinished():
                for stream in ("stdout", "stderr"):
                    self._decoders.pop((event.job, event.step, stream), None)
        return f"{event_json(event)}\n"

    def _decoder(self, event: LogWritten) -> codecs.IncrementalDecoder:
        key = (event.job, event.step, event.stream)
        if key not in self._decoders:
            self._decoders[key] = codecs.getincrementaldecoder("utf-8")("replace")
        return self._decoders[key]
