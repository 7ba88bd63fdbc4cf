"""On a worker: one job, its commands and its files."""

from __future__ import annotations

import asyncio
from pathlib import Path

from attrs import evolve, field, frozen

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import StepContext, Stream
from datatorch_pipelines.contracts.environment import JobEnvironment
from datatorch_pipelines.errors import PipelinesError, RunnerError
from datatorch_pipelines.runners.dask.files import Archives, Outgoing, unpack_here
from datatorch_pipelines.runners.dask.outbox import Backlog, Outbox
from datatorch_pipelines.runners.dask.wire import JOB, Ended, Entered, Get, More, News, Output, Piece, Put
from datatorch_pipelines.runners.local import LocalRunner
from datatorch_pipelines.runners.process import Keeping
from datatorch_pipelines.runners.system import in_thread


@frozen(kw_only=True)
class _PacedContext(StepContext):
    """A context whose output may have to wait."""

    backlog: Backlog = field(repr=False)


class PacedRunner(LocalRunner):
    """Runs the commands of places: a step that writes more than can be fetched is made to wait."""

    def _keeping(self, command: Command, context: StepContext) -> Keeping:
        pace = context.backlog if isinstance(context, _PacedContext) else None
        return evolve(super()._keeping(command, context), pace=pace)


class Place:
    """A job's place on a worker, from when the job begins to when it ends.

    ``over`` is set when it has to end, for whatever reason.
    """

    def __init__(self, key: str, environment: JobEnvironment, outbox: Outbox, archives: Archives) -> None:
        self.over = asyncio.Event()
        self.ended = asyncio.Event()
        self._key = key
        self._environment = environment
        self._root = Path(environment.paths.workspace).parent
        self._outbox = outbox
        self._backlog = Backlog()
        self._archives = archives
        self._commands: dict[int, asyncio.Task[None]] = {}
        self._outgoing: dict[int, Outgoing] = {}
        environment.late_output = lambda stream, data: self._tell(JOB, Output(stream=stream, data=data))
        environment.paths = evolve(environment.paths, actions=self._root / "actions")

    def enter(self) -> Entered:
        """The folders and facts of the place."""
        paths, facts = self._environment.paths, dict(self._environment.facts)
        folders = facts.get("directory")
        if isinstance(folders, dict):
            facts["directory"] = {**folders, "actions": str(paths.actions)}
        names = ("workspace", "temp", "actions", "environments")
        return Entered(paths={name: str(getattr(paths, name)) for name in names}, facts=facts)

    def _tell(self, number: int, event: Output | Ended) -> None:
        self._outbox.add(News(key=self._key, number=number, event=event), self._backlog)

    def start(self, number: int, command: Command) -> None:
        """Starts a command; everything else about it is told as news."""
        if number not in self._commands and not self.over.is_set():
            self._commands[number] = asyncio.ensure_future(self._run(number, command))

    async def _run(self, number: int, command: Command) -> None:
        def sink(stream: Stream, data: bytes) -> None:
            self._tell(number, Output(stream=stream, data=data))

        environment = self._environment
        context = _PacedContext(
            job=environment.job, step=str(number), environment=environment, sink=sink, backlog=self._backlog
        )
        ended = Ended()
        try:
            ended = Ended(status=await environment.runner.execute(command, context))
        except PipelinesError as error:
            ended = Ended(error=error.with_traceback(None))
        except Exception as error:
            ended = Ended(error=RunnerError(f"the Dask worker failed to run the command: {type(error).__name__}"))
        finally:
            self._tell(number, ended)

    async def cancel(self, number: int) -> None:
        """Ends a command that runs, with its whole tree."""
        task = self._commands.get(number)
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait((task,))

    async def cancel_all(self) -> None:
        """Ends every command that runs."""
        await asyncio.gather(*(self.cancel(number) for number in list(self._commands)))

    async def reuse(self, digest: str) -> str | None:
        """The path of a folder that the worker has an archive of, unpacked for this job."""
        if not self._archives.has(digest):
            return None
        return await in_thread(lambda: self._unpack(self._archives.path(digest), digest))

    async def put(self, piece: Put) -> str | None:
        """Takes a piece of a folder's archive; unpacks it with the last one, and gives its path."""
        return await in_thread(lambda: self._receive(piece))

    def _receive(self, piece: Put) -> str | None:
        incoming = f"incoming-{self._key}-{piece.digest}.tar"
        try:
            part = self._archives.beside(incoming) if piece.share else self._root / incoming
            with part.open("r+b" if piece.offset else "wb") as file:
                file.seek(piece.offset)
                file.write(piece.data)
            if not piece.last:
                return None
            try:
                folder = self._unpack(part, piece.digest)
                if piece.share:
                    self._archives.keep(part, piece.digest)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise _not_copied(error) from error
        return folder

    def _unpack(self, archive: Path, digest: str) -> str:
        target = self._root / "actions" / digest
        try:
            unpack_here(archive, target)
        except OSError as error:
            raise _not_copied(error) from error
        return str(target)

    async def get(self, request: Get) -> Piece:
        """Packs a file or folder, and gives the first piece."""
        try:
            outgoing = await in_thread(lambda: Outgoing(Path(request.path), request.most))
        except OSError as error:
            raise _not_copied(error) from error
        token = max(self._outgoing, default=0) + 1
        self._outgoing[token] = outgoing
        return self._piece(token, 0)

    def more(self, request: More) -> Piece:
        """The next piece of what is on its way."""
        if request.token not in self._outgoing:
            raise RunnerError("files can't be copied from where the job runs: they were not asked for")
        return self._piece(request.token, request.offset)

    def _piece(self, token: int, offset: int) -> Piece:
        outgoing = self._outgoing[token]
        piece = Piece(token=token, size=outgoing.size, data=outgoing.read(offset))
        if offset + len(piece.data) >= outgoing.size:
            self._outgoing.pop(token).close()
        return piece

    def finish(self) -> None:
        """Tells that nothing is left of the job, and lets go of its files."""
        for outgoing in self._outgoing.values():
            outgoing.close()
        self._tell(JOB, Ended())
        self.ended.set()


def _not_copied(error: OSError) -> RunnerError:
    return RunnerError(f"files can't be copied to or from where the job runs: {error.strerror or error}")
