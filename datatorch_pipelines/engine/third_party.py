"""The edge to code that isn't ours: what it raises unawares fails a step or a run, and never the host."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from datatorch_pipelines.errors import PipelinesError, RunnerError


def pass_on_cancellation() -> None:
    """Raises ``CancelledError`` where the running task was cancelled, and who was told of it said nothing."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@contextlib.contextmanager
def third_party(what: str) -> Iterator[None]:
    """Turns an exception that is none of the library's own into a `RunnerError` that names ``what`` broke.

    So too what would end the host, and a cancellation that nobody asked for; inside a task.
    """
    try:
        yield
    except PipelinesError:
        raise
    except (Exception, SystemExit, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        said = " ".join(str(error).split())
        raise RunnerError(f"{what} raised {type(error).__name__}" + (f": {said}" if said else "")) from error
