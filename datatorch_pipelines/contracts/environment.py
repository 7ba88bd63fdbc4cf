"""The place where a job runs: its folders, its facts, and how files get there and back."""

from __future__ import annotations

import asyncio
import contextlib
import io
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING

from attrs import evolve

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import JobSpec, LogSink, StepContext, Stream
from datatorch_pipelines.contracts.folders import PROBE, Paths, local_facts, local_folders, remote_folders
from datatorch_pipelines.errors import RunnerError

if TYPE_CHECKING:
    from datatorch_pipelines.contracts.runner import Runner

LeftOut = Callable[[str, str], None]
"""Takes the name of something that was left out, and why, in a few words."""

_LONGEST_COMPLAINT = 16 * 1024


def ignore_left_out(_name: str, _why: str) -> None:
    """Tells nobody."""


class JobEnvironment:
    """What `Runner.job` yields, also ``context.environment``.

    ``paths`` are the job's folders as its steps see them. ``facts`` describe the machine where the steps run: the
    contexts ``machine``, ``python``, ``runner``, ``agent`` and ``directory`` of an expression. ``late_output`` takes
    what children in the background write after their step has ended: the engine sets it to the job's log, and until
    then it is dropped.
    """

    def __init__(self, runner: Runner, job: JobSpec, paths: Paths, facts: Mapping[str, object]) -> None:
        self.runner = runner
        self.job = job
        self.paths = paths
        self.facts = facts
        self.late_output: LogSink = _drop
        self._placed: dict[str, PurePath] = {}
        self._ends = contextlib.AsyncExitStack()

    def at_end(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Has ``callback`` called when the job ends, while its folders are still there; the last one given first.

        A runner ends there what a step left behind.
        """
        self._ends.push_async_callback(callback)

    async def aclose(self) -> None:
        """Calls what `at_end` was given. `fresh_environment` does so; a `Runner.job` without it must. Safe twice."""
        await self._ends.aclose()

    async def run(self, command: Command, *, step: str, sink: LogSink) -> int:
        """Runs a command of the library's own in this place, such as an unpacking; gives its exit status.

        Raises as `Runner.execute`.
        """
        context = StepContext(job=self.job, step=step, environment=self, sink=sink)
        return exit_status(await self.runner.execute(command, context))

    async def move_files(self, command: Command, *, sink: LogSink) -> int:
        """Runs one of the commands by which `put` and `get` move files; a runner may know a quicker way."""
        return await self.run(command, step="files", sink=sink)

    async def put(self, source: Path, digest: str) -> PurePath:
        """Brings a folder here and gives its path here; a digest that was put before is not sent again.

        ``digest`` names the content and is a safe file name. Where files are shared the folder stays where it is.
        Raises `RunnerError` when it can't be brought.
        """
        if self.runner.capabilities.shares_files:
            return source
        if digest not in self._placed:
            from datatorch_pipelines.contracts.transfer import pack

            target = self.paths.actions / digest
            try:
                packed = await asyncio.to_thread(pack, source)
            except OSError as error:
                raise RunnerError(
                    f"the folder {source.name!r} can't be brought to where the job runs: {error.strerror}"
                ) from error
            unpacking = ("sh", "-c", 'mkdir -p -- "$0" && exec tar -x -p -f - -C "$0"', str(target))
            await self._files_command(unpacking, io.BytesIO(), stdin=packed)
            self._placed[digest] = target
        return self._placed[digest]

    def placed(self, source: Path, digest: str) -> PurePath:
        """The path here of a folder that `put` brought. Raises `RunnerError` when it did not."""
        if self.runner.capabilities.shares_files:
            return source
        try:
            return self._placed[digest]
        except KeyError:
            raise RunnerError(f"the folder {source.name!r} was not brought to where the job runs") from None

    async def get(
        self, path: PurePath, destination: Path, *, most: int | None = None, left_out: LeftOut = ignore_left_out
    ) -> None:
        """Copies a file or folder from here to ``destination``, which must not exist yet.

        Where files are not shared, what comes is not trusted: links and devices are left out, of which ``left_out`` is
        told by name and reason, and ``most`` is how many bytes may travel. Raises `RunnerError` when there is no such
        file, and for more than ``most``.
        """
        if self.runner.capabilities.shares_files:
            await asyncio.to_thread(_copy, Path(path), destination)
            return
        from datatorch_pipelines.contracts.transfer import unpack

        try:
            with tempfile.TemporaryFile() as archive:
                packing = ("tar", "-c", "-f", "-", "-C", str(path.parent), "--", path.name)
                await self._files_command(packing, archive, most=most)
                archive.seek(0)
                await asyncio.to_thread(unpack, archive, path.name, destination, left_out, most)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise RunnerError(
                f"files can't be copied from where the job runs: {why}", hint="free or change the temporary folder"
            ) from error

    async def _files_command(
        self, argv: Sequence[str], out: IO[bytes], *, stdin: bytes = b"", most: int | None = None
    ) -> None:
        """Runs a command here that moves files; its output goes to ``out``, what it complains of into the error.

        It is ended when more than ``most`` bytes have come.
        """
        complaint = io.BytesIO()
        loop, came, over, limit = asyncio.get_running_loop(), 0, False, asyncio.timeout(None)

        def end() -> None:
            if not over and not limit.expired():
                limit.reschedule(loop.time())

        def collect(stream: Stream, data: bytes) -> None:
            nonlocal came
            if stream != "stdout":
                complaint.write(data[: max(0, _LONGEST_COMPLAINT - complaint.tell())])
                return
            came += len(data)
            if most is None or came <= most:
                out.write(data)
            elif came - len(data) <= most:  # this once
                loop.call_soon_threadsafe(end)

        command = Command(argv=argv, cwd="/", stdin=stdin)
        try:
            async with limit:
                status = await self.move_files(command, sink=collect)
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            over = True
        if most is not None and came > most:
            raise RunnerError(f"files can't be copied from where the job runs: they are larger than {most} bytes")
        if status != 0:
            said = _one_line(complaint.getvalue()) or f"exit status {status}"
            raise RunnerError(f"files can't be copied to or from where the job runs: {said}")


def exit_status(given: object) -> int:
    """What `Runner.execute` gave. Raises `RunnerError` where that is no exit status, such as ``None``."""
    if type(given) is not int:
        raise RunnerError(f"the runner gave {given!r} where an exit status belongs", hint="execute returns a number")
    return given


@contextlib.asynccontextmanager
async def fresh_environment(runner: Runner, job: JobSpec) -> AsyncIterator[JobEnvironment]:
    """A place with new folders: on this machine where the runner shares files, else made through its `execute`."""
    if runner.capabilities.shares_files:
        async with local_folders(keep=job.keep) as fresh:
            paths = fresh if job.workspace is None else evolve(fresh, workspace=job.workspace)
            environment = JobEnvironment(runner, job, paths, local_facts(paths))
            try:
                yield environment
            finally:
                await environment.aclose()
        return
    nowhere = PurePath("/")
    unset = Paths(workspace=nowhere, temp=nowhere, actions=nowhere, environments=nowhere)
    environment = JobEnvironment(runner, job, unset, {})
    printed = io.BytesIO()
    await environment._files_command(("sh", "-c", PROBE), printed)
    root, environment.paths, environment.facts = remote_folders(printed.getvalue())
    try:
        yield environment
    finally:
        await environment.aclose()
        if not job.keep:
            with contextlib.suppress(RunnerError):  # the job's result stands, whatever is left of its folders
                await environment._files_command(("rm", "-rf", "--", str(root)), io.BytesIO())


def _copy(source: Path, destination: Path) -> None:
    try:
        if source.is_dir():
            shutil.copytree(source, destination, symlinks=True)
        else:
            shutil.copyfile(source, destination)
    except OSError as error:
        raise RunnerError(f"{source.name!r} can't be copied from where the job runs: {error.strerror}") from error


def _drop(_stream: Stream, _data: bytes) -> None:
    """Takes output that nobody asked for."""


def _one_line(said: bytes) -> str:
    return "; ".join(said.decode("utf-8", "replace").split("\n")).strip("; ")
