"""What a runner is told about the job and the step that it executes for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen

if TYPE_CHECKING:
    from datatorch_pipelines.contracts.environment import JobEnvironment

Stream = Literal["stdout", "stderr"]
"""Where a process wrote."""

LogSink = Callable[[Stream, bytes], None]
"""Takes what a process wrote, as it comes, in chunks of any size. Thread-safe."""


@frozen(kw_only=True)
class JobSpec:
    """A job as its runner sees it: plain data.

    ``run_id`` and ``job_id`` together are unique; ``attempt`` counts from 1 and grows when a job starts anew in a fresh
    environment. ``runs_on`` are the job's labels; a runner that ``takes_labels`` is told those alone that no runner
    stands for. ``keep`` asks that the environment stays on disk when the job ends. ``workspace`` is a folder that the
    job works in and that outlives it, given only to runners that share files; ``None`` asks for a fresh one.
    """

    run_id: str
    job_id: str
    name: str
    runs_on: tuple[str, ...] = ()
    attempt: int = 1
    keep: bool = False
    workspace: Path | None = None


@frozen(kw_only=True)
class StepContext:
    """What `Runner.execute` gets beside the command.

    ``step`` is a label for messages. ``cancelled`` is set when the step is to end: a runner that works in threads looks
    at it, an asynchronous one is cancelled as any task is.
    """

    job: JobSpec
    step: str
    environment: JobEnvironment
    cancelled: threading.Event = field(factory=threading.Event, repr=False)
    sink: LogSink = field(repr=False)

    def log(self, stream: Stream, data: bytes) -> None:
        """Hands on what the process wrote: masked and in the step's log before this returns. Thread-safe."""
        self.sink(stream, data)
