"""What became of a job, as the jobs that need it see it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import field, frozen

from datatorch_pipelines.engine.planning.plan import PlannedJob
from datatorch_pipelines.engine.scoping.contexts import RESULT_WORDS
from datatorch_pipelines.expressions.host import Status as HostStatus
from datatorch_pipelines.model import Pipeline
from datatorch_pipelines.results import Failure, Status


@frozen(kw_only=True)
class Ended:
    """How a job, or an instance of its matrix, ended.

    ``outputs`` are as they were, secrets and all: a mapping, of a whole matrix a list of them. ``tolerated`` says of a
    failure that it counts as none; ``failed_above`` that a job failed which it needs, directly or not.
    ``failed_at`` is when it failed, in seconds since the epoch: its end may be later.
    """

    status: Status
    outputs: Mapping[str, object] | Sequence[Mapping[str, object]] = field(factory=dict, repr=False)
    error: Failure | None = None
    reason: str | None = None
    tolerated: bool = False
    failed_above: bool = False
    failed_at: float | None = None

    @property
    def counts_as(self) -> HostStatus:
        """What it means for the jobs that need it: ``skipped`` where it neither succeeded nor failed."""
        if self.status is Status.SUCCEEDED or self.tolerated:
            return "success"
        return "failure" if self.status is Status.FAILED or self.failed_above else "skipped"

    @property
    def context(self) -> Mapping[str, object]:
        """The job in the contexts ``needs`` and ``jobs``."""
        word = "success" if self.tolerated else RESULT_WORDS[self.status]
        return {"outputs": self.outputs, "status": str(self.status), "result": word}


UNSELECTED = Ended(status=Status.SUCCEEDED)
"""What a job counts as that is needed, and that this run leaves out."""


def failed_above(needed: Iterable[Ended]) -> bool:
    """Whether one of the jobs that a job needs failed, or one that those need, whatever became of those between."""
    return any(ended.failed_above or ended.counts_as == "failure" for ended in needed)


def status_after(needed: Iterable[Ended]) -> HostStatus:
    """How things stand for a job, by the jobs that it needs."""
    found = {ended.counts_as for ended in needed}
    return next((status for status in ("failure", "skipped") if status in found), "success")


def first_failed(failed: Sequence[Ended]) -> Ended:
    """The one of several that failed first in time; of those whose time is not known, the first."""
    return min(failed, key=lambda ended: -math.inf if ended.failed_at is None else ended.failed_at)


def why_skipped(job: PlannedJob, ended: Mapping[str, Ended]) -> str:
    """Why a job whose condition asks for no status is skipped: the first that it needs and that did not succeed."""
    words = {Status.FAILED: "failed", Status.SKIPPED: "was skipped", Status.CANCELLED: "was cancelled"}
    for need in job.needs:
        if ended[need].counts_as != "success":
            return f"the job {need!r}, which it needs, {words[ended[need].status]}"
    return "a job that it needs did not succeed"


class EndedJobs(Mapping[str, object]):
    """The context ``jobs`` of a job: all that it needs, directly or not.

    They are looked for when they are asked for, from the nearest on and only as far as has to be: each of a long chain
    of jobs may ask for the one before it. What is needed by way of a job that the plan leaves out was not waited for,
    and counts as left out itself.
    """

    def __init__(
        self, job: PlannedJob, jobs: Mapping[str, PlannedJob], ended: Mapping[str, Ended], pipeline: Pipeline
    ) -> None:
        self._jobs = jobs
        self._ended = ended
        self._pipeline = pipeline
        self._found: dict[str, Mapping[str, object]] = {}
        self._pending: deque[str] = deque()
        self._left_out: deque[str] = deque()
        self._add(job.needs)
        self._leave_out(job.unmet)

    def _add(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._found:
                self._found[name] = self._ended[name].context
                self._pending.append(name)

    def _leave_out(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._found:
                self._found[name] = UNSELECTED.context
                self._left_out.append(name)

    def _look_for(self, name: object = None) -> Mapping[str, Mapping[str, object]]:
        """All that was found, once ``name`` is among it or there is nothing more."""
        while name not in self._found and self._pending:
            job = self._jobs[self._pending.popleft()]
            self._add(job.needs)
            self._leave_out(job.unmet)
        while name not in self._found and self._left_out:
            self._leave_out(self._pipeline.jobs[self._left_out.popleft()].needs)
        return self._found

    def __getitem__(self, name: str) -> object:
        return self._look_for(name)[name]

    def __contains__(self, name: object) -> bool:
        return name in self._look_for(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._look_for())

    def __len__(self) -> int:
        return len(self._look_for())
