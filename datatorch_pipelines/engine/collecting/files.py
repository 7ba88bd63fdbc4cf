"""The files of each step: ``$DATATORCH_INPUTS``, which it reads, ``$DATATORCH_OUTPUT``, which it writes, and the folder
``$DATATORCH_ARTIFACTS`` for all else that is to stay.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import secrets
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path, PurePath

from attrs import define, field, frozen

from datatorch_pipelines._files import remove_tree
from datatorch_pipelines.contracts import JobEnvironment
from datatorch_pipelines.engine.collecting.outputs import read_output_file
from datatorch_pipelines.engine.collecting.scratch import cant_be_made, scratch_folder
from datatorch_pipelines.errors import EnvironmentLost, InputError, RunnerError
from datatorch_pipelines.limits import Limits

INPUTS_FILE = "inputs.json"
OUTPUT_FILE = "outputs.jsonl"
ARTIFACTS_FOLDER = "artifacts"
_LEFT = "left"
"""On another machine, the folder of what is fetched from there."""


@frozen(kw_only=True)
class _Brought:
    """What was fetched from where the step ran to ``folder``, and what was not: by name, why."""

    folder: Path
    output: str | None = None
    artifacts: str | None = None
    left_out: Sequence[tuple[str, str]] = ()


@define(kw_only=True)
class StepFiles:
    """The paths of a step's files and of its folder for artifacts, as the step sees them.

    ``most`` is how many bytes are fetched from another machine, to ``scratch``, which is ``None`` on this one.
    """

    environment: JobEnvironment
    inputs: PurePath
    output: PurePath
    artifacts: PurePath
    most: int
    scratch: Path | None = None
    _brought: _Brought | None = field(default=None, init=False)

    async def outputs(self, limit: int, on_junk: Callable[[str, str], None]) -> Mapping[str, object]:
        """What the step wrote to ``$DATATORCH_OUTPUT``. Raises `EnvironmentLost` when the step's place is gone."""
        if self.scratch is None:
            return read_output_file(str(self.output), limit, on_junk)
        brought = await self._bring(self.scratch)
        refused = [why for name, why in brought.left_out if name == OUTPUT_FILE]
        if why := brought.output or "".join(refused[:1]):
            on_junk("DATATORCH_OUTPUT", why)
            return {}
        return read_output_file(str(brought.folder / OUTPUT_FILE), limit, on_junk)

    async def left(self, told: Callable[[str, str], None]) -> Path | None:
        """A folder of this machine with what the step left in ``$DATATORCH_ARTIFACTS``; ``None`` for nothing.

        ``told`` gets what could not be fetched. Raises `EnvironmentLost` when the step's place is gone.
        """
        if self.scratch is None:
            return Path(self.artifacts) if _holds_something(str(self.artifacts)) else None
        brought = await self._bring(self.scratch)
        if brought.artifacts is not None:
            told(".", brought.artifacts)
        for name, why in brought.left_out:
            if name != OUTPUT_FILE:
                told(name.removeprefix(f"{ARTIFACTS_FOLDER}/") if name != ARTIFACTS_FOLDER else ".", why)
        folder = brought.folder / ARTIFACTS_FOLDER
        return folder if _holds_something(str(folder)) else None

    async def _bring(self, scratch: Path) -> _Brought:
        """Fetches all that the step left, once: each way there and back takes its time.

        Where that fails as a whole, as for files that change meanwhile, there are at least the outputs.
        """
        if self._brought is None:
            left_out: list[tuple[str, str]] = []

            def note(name: str, why: str) -> None:
                if len(left_out) < _MOST_TOLD:
                    left_out.append((name, why))

            place = Path(tempfile.mkdtemp(dir=scratch))  # a new one, since the last time may have been cut short
            folder = place / "whole"
            refused = await self._fetch(self.output.parent, folder, note)
            if refused is None:
                self._brought = _Brought(folder=folder, left_out=left_out)
            else:
                folder = place / "outputs"
                folder.mkdir()
                output = await self._fetch(self.output, folder / OUTPUT_FILE, note)
                self._brought = _Brought(folder=folder, output=output, artifacts=refused)
        return self._brought

    async def _fetch(self, path: PurePath, destination: Path, note: Callable[[str, str], None]) -> str | None:
        """Fetches something; gives in a few words why it can't be had."""
        try:
            await self.environment.get(path, destination, most=self.most, left_out=note)
        except EnvironmentLost:
            raise
        except RunnerError as error:
            return error.message
        return None


_MOST_TOLD = 100


def _most_bytes(limits: Limits) -> int:
    """What a step may leave, with what an archive needs around each file."""
    return limits.max_artifact_bytes + limits.max_output_bytes + 4096 * (limits.max_artifact_files + 16)


@contextlib.asynccontextmanager
async def step_files(
    environment: JobEnvironment, index: int, inputs: Mapping[str, object], limits: Limits
) -> AsyncIterator[StepFiles]:
    """A step's files, for as long as it runs: for their owner only.

    Raises `InputError` for inputs that JSON can't hold and `RunnerError` when the files can't be made.
    """
    content = inputs_json(inputs)
    # A name that no earlier step of the job could know and put something in the place of.
    name = f"step-{index + 1}-{secrets.token_hex(8)}"
    most = _most_bytes(limits)
    if environment.runner.capabilities.shares_files:
        # To make a file costs as much as half of what the engine does for a step: the output is made by a step that has
        # some, and the inputs of a step that has none are one file for all of these.
        beside = f"{environment.paths.temp}{os.sep}{name if inputs else 'no'}-{INPUTS_FILE}"
        output = f"{environment.paths.temp}{os.sep}{name}-{OUTPUT_FILE}"
        artifacts = f"{environment.paths.temp}{os.sep}{name}-{ARTIFACTS_FOLDER}"
        # Folders cost ten times as much as their names: one that was left empty becomes the next step's.
        spare = f"{environment.paths.temp}{os.sep}no-{ARTIFACTS_FOLDER}"
        try:
            if inputs or not _is_there(beside, content):
                _write_new(beside, content)
            _make_folder(artifacts, spare)
            yield StepFiles(
                environment=environment,
                inputs=PurePath(beside),
                output=PurePath(output),
                artifacts=PurePath(artifacts),
                most=most,
            )
        finally:
            for path in (beside, output) if inputs else (output,):
                with contextlib.suppress(OSError):
                    os.unlink(path)  # noqa: PTH108  # once a step, for each step: a Path costs more than the call
            if _holds_something(artifacts):
                with contextlib.suppress(OSError):  # it goes with the job's folders then
                    await asyncio.to_thread(_remove, Path(artifacts))
            else:
                with contextlib.suppress(OSError):
                    os.rename(artifacts, spare)  # noqa: PTH104
        return
    async with scratch_folder("datatorch-step-") as folder:
        there = await environment.put(_sent(folder, content), name)
        yield StepFiles(
            environment=environment,
            inputs=there / INPUTS_FILE,
            output=there / _LEFT / OUTPUT_FILE,
            artifacts=there / _LEFT / ARTIFACTS_FOLDER,
            most=most,
            scratch=folder,
        )


def _sent(folder: Path, content: str) -> Path:
    """What of a step's files travels to where it runs. Raises `RunnerError` when it can't be made."""
    sent = folder / "sent"
    try:
        (sent / _LEFT / ARTIFACTS_FOLDER).mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise cant_be_made(error) from error
    _write_new(f"{sent}/{INPUTS_FILE}", content)
    _write_new(f"{sent}/{_LEFT}/{OUTPUT_FILE}", "")
    return sent


def _make_folder(path: str, spare: str) -> None:
    """Makes a folder that is its owner's alone, out of ``spare`` where that is one. Raises `RunnerError`."""
    try:
        with contextlib.suppress(FileNotFoundError):
            os.rename(spare, path)  # noqa: PTH104  # a string, as above
            found = os.lstat(path)
            if stat.S_IMODE(found.st_mode) == _OWNERS and found.st_uid == os.geteuid() and not _holds_something(path):
                return
            _remove(Path(path))  # what a step made of it, or put there
        os.mkdir(path, _OWNERS)  # noqa: PTH102
    except OSError as error:
        raise RunnerError(f"the step's files can't be made: {error.strerror}") from error


_OWNERS = 0o700


def _remove(path: Path) -> None:
    """Deletes what stands in the place of a folder. Only a folder is opened: a named pipe there would hold us."""
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)


def _holds_something(path: str) -> bool:
    """Whether there is anything in a folder, or another thing in its place."""
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            return True
        with os.scandir(path) as entries:
            return next(entries, None) is not None
    except FileNotFoundError:
        return False
    except OSError:
        return True


def inputs_json(inputs: Mapping[str, object]) -> str:
    """The JSON text of a step's inputs. Raises `InputError` for values that JSON doesn't have."""
    try:
        return json.dumps(inputs, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"the input {_culprit(inputs)!r} is no JSON value", hint="give text, numbers or lists"
        ) from error


def _culprit(inputs: Mapping[str, object]) -> str:
    """The name of the first input that JSON can't hold."""
    for name, value in inputs.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            return name
    return ""


def _is_there(path: str, content: str) -> bool:
    """Whether a file holds just this text; what an earlier step put in its place instead is taken away.

    Raises `RunnerError` when that can't be.
    """
    try:
        # Neither a link nor a named pipe that a step may have put there is followed or waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
        try:
            if os.read(descriptor, len(content) + 1) == content.encode("utf-8"):
                return True
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno == errno.ENOTDIR:
            raise RunnerError(f"the step's files can't be made: {error.strerror}") from error
    try:
        if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114  # a string, as above
            remove_tree(Path(path))
        else:
            os.unlink(path)  # noqa: PTH108
    except OSError as error:
        raise RunnerError(f"the step's files can't be made: {error.strerror}") from error
    return False


def _write_new(path: str, content: str) -> None:
    """Makes a file that only its owner may read. One that is there is refused."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            rest = memoryview(content.encode("utf-8"))
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
    except FileExistsError as error:
        raise RunnerError(f"the step's file {path!r} is there already") from error
    except OSError as error:
        raise RunnerError(f"the step's files can't be made: {error.strerror}") from error
