"""On the client: a job's environment whose files travel by calls of its worker."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING

from datatorch_pipelines.contracts.context import JobSpec, Stream
from datatorch_pipelines.contracts.environment import JobEnvironment, LeftOut, ignore_left_out
from datatorch_pipelines.contracts.folders import Paths
from datatorch_pipelines.contracts.transfer import pack, unpack
from datatorch_pipelines.errors import RunnerError
from datatorch_pipelines.runners.dask import wire
from datatorch_pipelines.runners.dask.files import names_content
from datatorch_pipelines.runners.dask.remote import RemotePlace

if TYPE_CHECKING:
    from datatorch_pipelines.contracts.runner import Runner


class DaskEnvironment(JobEnvironment):
    """What `DaskRunner.job` yields: the folders and facts are those of the worker."""

    def __init__(
        self, runner: Runner, job: JobSpec, paths: Paths, facts: Mapping[str, object], place: RemotePlace
    ) -> None:
        super().__init__(runner, job, paths, facts)
        self.place = place
        place.late = self._pass_late

    def _pass_late(self, stream: Stream, data: bytes) -> None:
        self.late_output(stream, data)  # which the engine sets later

    async def put(self, source: Path, digest: str) -> PurePath:
        """Brings a folder to the worker, once for all jobs there; each gets a copy of its own."""
        if digest not in self._placed:
            self._placed[digest] = PurePath(await self._sent(source, digest))
        return self._placed[digest]

    async def _sent(self, source: Path, digest: str) -> str:
        place = self.place
        if not names_content(digest):
            return await self._send(source, digest, share=False)
        async with place.link.sending.setdefault(digest, asyncio.Lock()):
            there: str | None = await place.ask(wire.Reuse(key=place.key, digest=digest))
            return there or await self._send(source, digest, share=True)

    async def _send(self, source: Path, digest: str, *, share: bool) -> str:
        try:
            packed = memoryview(await asyncio.to_thread(pack, source))
        except OSError as error:
            raise RunnerError(f"the folder {source.name!r} can't be read: {error.strerror}") from error
        there: str | None = None
        for offset in range(0, len(packed), wire.CHUNK_BYTES):
            data = bytes(packed[offset : offset + wire.CHUNK_BYTES])
            last = offset + len(data) == len(packed)
            piece = wire.Put(key=self.place.key, digest=digest, offset=offset, data=data, last=last, share=share)
            there = await self.place.ask(piece)
        if there is None:
            raise RunnerError(f"the folder {source.name!r} did not arrive where the job runs")
        return there

    async def get(
        self, path: PurePath, destination: Path, *, most: int | None = None, left_out: LeftOut = ignore_left_out
    ) -> None:
        """Copies a file or folder of the worker to ``destination`` (see `JobEnvironment.get`)."""
        try:
            with tempfile.TemporaryFile() as archive:
                await self._receive(path, archive, most)
                archive.seek(0)
                await asyncio.to_thread(unpack, archive, path.name, destination, left_out, most)
        except OSError as error:
            raise RunnerError(
                f"files can't be copied from where the job runs: {error.strerror}",
                hint="free or change the temporary folder",
            ) from error

    async def _receive(self, path: PurePath, archive: IO[bytes], most: int | None) -> None:
        """Writes a file or folder of the worker to an archive. Raises ``OSError`` when that can't be."""
        key = self.place.key
        piece: wire.Piece = await self.place.ask(wire.Get(key=key, path=str(path)))
        if most is not None and piece.size > most:
            raise RunnerError(f"files can't be copied from where the job runs: they are larger than {most} bytes")
        received = archive.write(piece.data)
        while received < piece.size:
            piece = await self.place.ask(wire.More(key=key, token=piece.token, offset=received))
            if not piece.data:
                raise RunnerError(f"the file {path.name!r} did not arrive whole from where the job runs")
            received += archive.write(piece.data)
