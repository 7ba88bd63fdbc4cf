"""The two files of each step: ``$DATATORCH_INPUTS``, which it reads, and ``$DATATORCH_OUTPUT``, which it writes."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path, PurePath

from attrs import frozen

from datatorch_pipelines._files import remove_tree
from datatorch_pipelines.contracts import JobEnvironment
from datatorch_pipelines.engine.collecting.outputs import read_output_file
from datatorch_pipelines.errors import InputError, RunnerError

INPUTS_FILE = "inputs.json"
OUTPUT_FILE = "outputs.jsonl"


@frozen(kw_only=True)
class StepFiles:
    """The paths of ``$DATATORCH_INPUTS`` and ``$DATATORCH_OUTPUT``, as the step sees them."""

    environment: JobEnvironment
    inputs: PurePath
    output: PurePath

    async def outputs(self, limit: int, on_junk: Callable[[str, str], None]) -> Mapping[str, object]:
        """What the step wrote to ``$DATATORCH_OUTPUT``."""
        if self.environment.runner.capabilities.shares_files:
            return read_output_file(str(self.output), limit, on_junk)
        with tempfile.TemporaryDirectory(prefix="datatorch-step-") as folder:
            copy = Path(folder) / OUTPUT_FILE
            try:
                await self.environment.get(self.output, copy)
            except RunnerError as error:
                on_junk("DATATORCH_OUTPUT", error.message)
                return {}
            return read_output_file(str(copy), limit, on_junk)


@contextlib.asynccontextmanager
async def step_files(environment: JobEnvironment, index: int, inputs: Mapping[str, object]) -> AsyncIterator[StepFiles]:
    """A step's files, for as long as it runs: readable by their owner only.

    Raises `InputError` for inputs that JSON can't hold and `RunnerError` when the files can't be made.
    """
    content = inputs_json(inputs)
    # A name that no earlier step of the job could know and put something in the place of.
    name = f"step-{index + 1}-{secrets.token_hex(8)}"
    if environment.runner.capabilities.shares_files:
        # To make a file costs as much as half of what the engine does for a step: the output is made by a step that has
        # some, and the inputs of a step that has none are one file for all of these.
        beside = f"{environment.paths.temp}{os.sep}{name if inputs else 'no'}-{INPUTS_FILE}"
        output = f"{environment.paths.temp}{os.sep}{name}-{OUTPUT_FILE}"
        try:
            if inputs or not _is_there(beside, content):
                _write_new(beside, content)
            yield StepFiles(environment=environment, inputs=PurePath(beside), output=PurePath(output))
        finally:
            for path in (beside, output) if inputs else (output,):
                with contextlib.suppress(OSError):
                    os.unlink(path)  # noqa: PTH108  # once a step, for each step: a Path costs more than the call
        return
    folder = tempfile.mkdtemp(prefix="datatorch-step-")
    try:
        _write_new(f"{folder}/{INPUTS_FILE}", content)
        _write_new(f"{folder}/{OUTPUT_FILE}", "")
        there = await environment.put(Path(folder), name)
        yield StepFiles(environment=environment, inputs=there / INPUTS_FILE, output=there / OUTPUT_FILE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
