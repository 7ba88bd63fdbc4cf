"""How something ended, and why."""

from __future__ import annotations

import enum

from attrs import frozen

from datatorch_pipelines.diagnostics import Location


class Status(enum.StrEnum):
    """How a run, a job or a step ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


@frozen(kw_only=True)
class Failure:
    """Why something failed: one line, and the place in the pipeline's file that it goes back to.

    ``location`` is ``None`` for a pipeline that was built in Python; ``snippet`` is the line of the file there.

    >>> print(Failure(message="exit status 1", location=Location("p.yaml", 17, 9, 17, 20)))
    p.yaml:17:9: exit status 1
    """

    message: str
    location: Location | None = None
    snippet: str | None = None

    def __str__(self) -> str:
        return f"{self.location}: {self.message}" if self.location else self.message
