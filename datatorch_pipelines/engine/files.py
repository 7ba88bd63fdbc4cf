"""The two files of each step: ``$DATATORCH_INPUTS``, which it reads, and ``$DATATORCH_OUTPUT``, which it writes."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path, PurePath

from attrs import frozen

from datatorch_pipelines.contracts import JobEnvironment
from datatorch_pipelines.engine.outputs import read_output_file
from datatorch_pipelines.errors import InputError, RunnerError

INPUTS_FILE = "inputs.json"
OUTPUT_FILE = "outputs.jsonl"


@frozen(kw_only=True)
class StepFiles:
    """Where a step's files are: ``folder`` as the step sees it, ``local`` on the engine's machine."""

    environment: JobEnvironment
    folder: PurePath
    local: Path

    @property
    def inputs(self) -> PurePath:
        """The path of ``$DATATORCH_INPUTS``, as the step sees it."""
        return self.folder / INPUTS_FILE

    @property
    def output(self) -> PurePath:
        """The path of ``$DATATORCH_OUTPUT``, as the step sees it."""
        return self.folder / OUTPUT_FILE

    async def outputs(self, limit: int, on_junk: Callable[[str, str], None]) -> Mapping[str, object]:
        """What the step wrote to ``$DATATORCH_OUTPUT``."""
        path = self.local / OUTPUT_FILE
        if not self.environment.runner.capabilities.shares_files:
            path = self.local / "outputs.fetched"
            try:
                await self.environment.get(self.output, path)
            except RunnerError as error:
                on_junk("DATATORCH_OUTPUT", error.message)
                return {}
        return read_output_file(path, limit, on_junk)


@contextlib.asynccontextmanager
async def step_files(environment: JobEnvironment, index: int, inputs: Mapping[str, object]) -> AsyncIterator[StepFiles]:
    """A step's files, for as long as it runs: readable by their owner only.

    Raises `InputError` for inputs that JSON can't hold and `RunnerError` when the files can't be made.
    """
    shared = environment.runner.capabilities.shares_files
    content = inputs_json(inputs)
    try:
        above = Path(environment.paths.temp) if shared else None
        folder = Path(tempfile.mkdtemp(prefix=f"step-{index + 1}-", dir=above))
    except OSError as error:
        raise RunnerError(f"the step's files can't be made: {error.strerror}") from error
    try:
        try:
            _write_private(folder / INPUTS_FILE, content.encode("utf-8"))
            _write_private(folder / OUTPUT_FILE, b"")
        except OSError as error:
            raise RunnerError(f"the step's files can't be made: {error.strerror}") from error
        there = await environment.put(folder, f"step-{index + 1}-{secrets.token_hex(8)}")
        yield StepFiles(environment=environment, folder=there, local=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def inputs_json(inputs: Mapping[str, object]) -> str:
    """The JSON text of a step's inputs. Raises `InputError` for values that JSON doesn't have."""
    for name, value in inputs.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(
                f"the input {name!r} is no JSON value", hint="give text, numbers, lists, mappings"
            ) from error
    return json.dumps(inputs)


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
