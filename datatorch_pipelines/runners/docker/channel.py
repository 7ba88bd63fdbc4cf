"""A shell that stays in a job's container, for the library's own small commands: it saves the start of one for each."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shlex
from collections.abc import Sequence

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import LogSink, Stream
from datatorch_pipelines.runners.system import insist
from datatorch_pipelines.runners.tags import Tags

_SERVE = 'while read -r n; do eval "$(dd bs=1 count="$n" 2>/dev/null)"; done'

_CHUNK_BYTES = 64 * 1024


class ChannelLost(Exception):
    """The shell is gone; ``told`` says whether a part of the output has been handed on already."""

    def __init__(self, *, told: bool) -> None:
        super().__init__("the shell in the container is gone")
        self.told = told


class Channel:
    """Commands of one container, one after the other, by way of one process of docker's command line.

    For commands that move files: they come from the library, read all that they are given, and leave nothing behind.
    ``transport`` is the command line by which a program is started in the container.
    """

    def __init__(self, transport: Sequence[str]) -> None:
        self._transport = transport
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def run(self, command: Command, sink: LogSink) -> int:
        """Runs a command in its folder, without its variables; gives its exit status.

        Raises `ChannelLost` when that can't be done. A cancellation ends the shell and the command with it.
        """
        async with self._turn:
            said: list[None] = []

            def tell(stream: Stream, data: bytes) -> None:
                said.append(None)
                sink(stream, data)

            tag = f"datatorch-{secrets.token_hex(16)}-"
            try:
                process = self._process = self._process or await self._start()
                return await _exchange(process, _script(command, tag), command.stdin, Tags(tag.encode(), tell))
            except (OSError, EOFError) as error:
                await self._close()
                raise ChannelLost(told=bool(said)) from error
            except BaseException:
                await insist(asyncio.ensure_future(self._close()))
                raise

    async def aclose(self) -> None:
        """Ends the shell. Safe to call twice."""
        async with self._turn:
            await self._close()

    async def _start(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *self._transport, "sh", "-c", _SERVE, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )

    async def _close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # Its input ends with it, and so does the shell in the container.
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


def _script(command: Command, tag: str) -> str:
    """What the shell in the container evaluates: the command between two tags, and nothing of its input left over."""
    words = shlex.join(command.argv)
    return f"""\
printf '{tag}start;' && printf '{tag}start;' >&2
head -c {len(command.stdin)} | {{ (cd -- {shlex.quote(command.cwd or "/")} && exec {words}); s=$?; cat >/dev/null
printf '{tag}exit %s;' "$s" && printf '{tag}exit %s;' "$s" >&2; }}
"""


async def _exchange(process: asyncio.subprocess.Process, script: str, stdin: bytes, tags: Tags) -> int:
    """Hands a script and a command's input over, and its output on. Raises ``EOFError`` or ``OSError``."""
    reading, writing = (process.stdout, process.stderr), process.stdin
    if reading[0] is None or reading[1] is None or writing is None:
        raise EOFError
    data = script.encode("utf-8", "surrogateescape")

    async def send() -> None:
        writing.write(b"%d\n%s%s" % (len(data), data, stdin))
        await writing.drain()

    async def listen(stream: Stream, reader: asyncio.StreamReader) -> None:
        while not tags.heard.done():
            chunk = await reader.read(_CHUNK_BYTES)
            if not chunk:
                raise EOFError
            tags.feed(stream, chunk)

    work = [
        asyncio.ensure_future(task) for task in (send(), listen("stdout", reading[0]), listen("stderr", reading[1]))
    ]
    try:
        while not tags.heard.done():
            waiting: list[asyncio.Future[object]] = [*work, tags.heard]  # type: ignore[list-item]  # only waited for
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in work:
                if task.done():
                    task.result()
            work = [task for task in work if not task.done()]
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    return tags.heard.result().status
