"""Which job may start next: the order alone, nothing that runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field, frozen


@frozen
class Unit:
    """What starts: a job, or one instance of its matrix, counted from 0."""

    job: str
    instance: int | None = None


@define(eq=False)
class _Admitted:
    """A job that may run: its units that wait, and how many run."""

    waiting: deque[int | None]
    most: int | None
    running: int = 0
    queued: bool = field(default=True)

    @property
    def may_start(self) -> bool:
        return bool(self.waiting) and (self.most is None or self.running < self.most)


class Schedule:
    """The order in which jobs are decided, start and end.

    A job is first decided (`decide`), once all that it needs has ended; whoever decides either admits it, as itself or
    as the instances of a matrix, or skips it. What is admitted is taken (`take`) as there is room, and released when it
    ends. Jobs take turns, so that one of a thousand instances doesn't hold up those behind it. Every call takes the
    same time however many jobs there are, but for what it makes ready.

    Raises ``ValueError`` for a job that needs an unknown one, and for jobs that wait for each other.

    >>> schedule = Schedule({"a": (), "b": ("a",)}, max_parallel=2)
    >>> schedule.decide(), schedule.decide()
    ('a', None)
    >>> schedule.admit("a")
    >>> schedule.release(schedule.take()), schedule.decide()
    (True, 'b')
    """

    def __init__(self, needs: Mapping[str, Sequence[str]], max_parallel: int) -> None:
        self._waits_for = {job: set(needed) for job, needed in needs.items()}
        self._wanted_by: dict[str, list[str]] = {job: [] for job in needs}
        for job, needed in self._waits_for.items():
            for name in needed:
                if name not in needs:
                    raise ValueError(f"the job {job!r} needs {name!r}, which does not exist")
                self._wanted_by[name].append(job)
        self._refuse_cycles()
        self._missing = {job: len(needed) for job, needed in self._waits_for.items()}
        self._ready = deque(job for job, count in self._missing.items() if count == 0)
        self._admitted: dict[str, _Admitted] = {}
        self._turns: deque[str] = deque()
        self._max_parallel = max_parallel
        self._running = 0
        self._ended: set[str] = set()

    def _refuse_cycles(self) -> None:
        missing = {job: len(needed) for job, needed in self._waits_for.items()}
        free = [job for job, count in missing.items() if count == 0]
        seen = 0
        while free:
            seen += 1
            for job in self._wanted_by[free.pop()]:
                missing[job] -= 1
                if missing[job] == 0:
                    free.append(job)
        if seen < len(missing):
            stuck = next(job for job, count in missing.items() if count)
            raise ValueError(f"the job {stuck!r} waits for itself")

    def decide(self) -> str | None:
        """The next job whose needs have all ended and that nobody decided yet; ``None`` while there is none."""
        return self._ready.popleft() if self._ready else None

    def admit(self, job: str, count: int | None = None, max_parallel: int | None = None) -> None:
        """Lets a decided job run: as itself, or as ``count`` instances, at most ``max_parallel`` of them at once.

        Raises ``ValueError`` for no instances at all.
        """
        if count is not None and count < 1:
            raise ValueError("a job has no instance")
        units: Iterable[int | None] = (None,) if count is None else range(count)
        self._admitted[job] = _Admitted(deque(units), max_parallel)
        self._turns.append(job)

    def skip(self, job: str) -> None:
        """Takes note that a decided job ended without running."""
        self._end(job)

    def take(self) -> Unit | None:
        """The next unit to start; ``None`` while nothing waits, or there is no room for more."""
        if not self._turns or self._running >= self._max_parallel:
            return None
        job = self._turns.popleft()
        admitted = self._admitted[job]
        instance = admitted.waiting.popleft()
        admitted.running += 1
        self._running += 1
        # What is at its own limit leaves the queue, and comes back when one of its units ends.
        admitted.queued = admitted.may_start
        if admitted.queued:
            self._turns.append(job)
        return Unit(job, instance)

    def release(self, unit: Unit) -> bool:
        """Takes note that a unit ended; ``True`` when its whole job has by that."""
        admitted = self._admitted[unit.job]
        admitted.running -= 1
        self._running -= 1
        if not admitted.waiting and admitted.running == 0:
            self._end(unit.job)
            return True
        if admitted.may_start and not admitted.queued:
            admitted.queued = True
            self._turns.append(unit.job)
        return False

    def withdraw(self, job: str) -> tuple[int, ...]:
        """Gives up the instances of a job that were not taken yet, and gives them, in order.

        A job of which nothing runs any more has ended by that (see `ended`).
        """
        admitted = self._admitted[job]
        left = tuple(instance for instance in admitted.waiting if instance is not None)
        admitted.waiting.clear()
        if admitted.queued:
            admitted.queued = False
            self._turns.remove(job)
        if admitted.running == 0 and job not in self._ended:
            self._end(job)
        return left

    def _end(self, job: str) -> None:
        self._ended.add(job)
        for other in self._wanted_by[job]:
            self._missing[other] -= 1
            if self._missing[other] == 0:
                self._ready.append(other)

    def ended(self, job: str) -> bool:
        """Whether a job has ended."""
        return job in self._ended

    @property
    def running(self) -> int:
        """How many units run."""
        return self._running

    @property
    def done(self) -> bool:
        """Whether every job has ended."""
        return len(self._ended) == len(self._missing)
