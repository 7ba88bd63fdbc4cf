"""What the far end of a pipe says about a command, told apart from what the command writes."""

from __future__ import annotations

import asyncio

from attrs import frozen

from datatorch_pipelines.contracts.context import LogSink, Stream

_NOISE_BYTES = 16 * 1024


@frozen(kw_only=True)
class Verdict:
    """How a command ended at the far end: with ``status``, or ``refused`` before it started, by the thing named.

    ``left`` says that something that it started still runs.
    """

    status: int = 0
    refused: str = ""
    left: bool = False


class Tags:
    """Takes both streams of a transport, and passes on to ``sink`` what the command itself wrote.

    What the far end says is ``TAG TEXT ;`` in both streams, where the tag is known to nobody else: ``start`` before the
    command's first byte, ``exit`` or ``refused`` after its last. What comes before the start is the transport's own
    (banners, complaints) and goes to ``noise``. ``heard`` gets the verdict when both streams have brought it.
    """

    def __init__(self, tag: bytes, sink: LogSink) -> None:
        self.heard: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self.sink = sink
        self.noise = b""
        self._tag = tag
        self._kept: dict[Stream, bytes] = {"stdout": b"", "stderr": b""}
        self._started: set[Stream] = set()
        self._ended: set[Stream] = set()

    @property
    def started(self) -> bool:
        """Whether the far end has answered."""
        return bool(self._started)

    def feed(self, stream: Stream, data: bytes) -> None:
        """Takes what came in a stream."""
        data = self._kept[stream] + data
        while (start := data.find(self._tag)) >= 0:
            self._pass(stream, data[:start])
            end = data.find(b";", start)
            if end < 0:
                self._kept[stream] = data[start:]
                return
            self._hear(stream, data[start + len(self._tag) : end].decode("ascii", "replace").split())
            data = data[end + 1 :]
        held = _beginning(data, self._tag)
        self._pass(stream, data[: len(data) - held])
        self._kept[stream] = data[len(data) - held :]

    def flush(self) -> None:
        """Passes on what was held back, since it might have become a tag: nothing more comes."""
        for stream, data in self._kept.items():
            self._kept[stream] = b""
            self._pass(stream, data)

    def _pass(self, stream: Stream, data: bytes) -> None:
        if not data:
            return
        if stream in self._started:
            self.sink(stream, data)
        else:
            self.noise = (self.noise + data)[-_NOISE_BYTES:]

    def _hear(self, stream: Stream, words: list[str]) -> None:
        if words[:1] == ["start"]:
            self._started.add(stream)
            return
        self._ended.add(stream)
        if len(self._ended) < len(self._kept) or self.heard.done():
            return
        if words[:1] == ["exit"]:
            self.heard.set_result(Verdict(status=int(words[1]), left="left" in words[2:]))
        else:
            self.heard.set_result(Verdict(refused=words[1]))


def _beginning(data: bytes, tag: bytes) -> int:
    """How many bytes at the end of ``data`` may be the beginning of ``tag``."""
    for length in range(min(len(tag) - 1, len(data)), 0, -1):
        if data.endswith(tag[:length]):
            return length
    return 0
