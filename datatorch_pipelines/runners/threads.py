"""`ThreadRunner`: commands as calls of a function."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import ClassVar

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import StepContext
from datatorch_pipelines.contracts.runner import Capabilities, Runner
from datatorch_pipelines.runners.system import in_thread, insist


class ThreadRunner(Runner):
    """Runs each command by calling ``function(command, context)`` in a thread of its own.

    The function returns the exit status, writes by ``context.log``, and looks at ``context.cancelled``, which is set
    when the step is to end: it must return soon then. After ``grace`` seconds more it is left to itself, and what it
    logs then is dropped by the engine. What it raises fails the step; see `Runner.execute` for the errors that mean
    something.

    >>> def upper(command, context):
    ...     context.log("stdout", " ".join(command.argv).upper().encode())
    ...     return 0
    >>> runner = ThreadRunner(upper)
    """

    capabilities: ClassVar[Capabilities] = Capabilities(shares_files=True)

    def __init__(self, function: Callable[[Command, StepContext], int], *, grace: float = 2.0) -> None:
        self._function = function
        self._grace = grace

    async def execute(self, command: Command, context: StepContext) -> int:
        """Calls the function (see `Runner.execute`)."""
        call = asyncio.ensure_future(in_thread(lambda: self._function(command, context)))
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            context.cancelled.set()
            await insist(asyncio.ensure_future(asyncio.wait((call,), timeout=self._grace)))
            with contextlib.suppress(Exception):  # the step is cancelled, however its function ends
                if call.done():
                    call.result()
            raise
