"""Which job may start next: the order alone, nothing that runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from attrs import define, field, frozen


@frozen
class Unit:
    """What starts: a job, or one instance of its matrix, counted from 0."""

    job: str
    instance: int | None = None


@define(eq=False)
class _Admitted:
    """A job that may run: the units from ``next`` to ``count`` wait, ``running`` of them run.

    ``whole`` says that there is only one, the job itself; ``queued`` that the job stands in the queue of those whose
    turn comes.
    """

    count: int
    most: int
    whole: bool
    next: int = 0
    running: int = 0
    queued: bool = True

    @property
    def may_start(self) -> bool:
        return self.next < self.count and self.running < self.most


_Turn = tuple[str, _Admitted]


@define(eq=False)
class _Lane:
    """The jobs of one place that takes no more than ``most`` at once, those whose turn comes in ``turns``."""

    most: int
    running: int = 0
    turns: deque[_Turn] = field(factory=deque)


class Schedule:
    """The order in which jobs are decided, start and end.

    A job is first decided (`decide`), once all that it needs has ended; whoever decides either admits it, as itself or
    as the instances of a matrix, or skips it. What is admitted is taken (`take`) as there is room, and released when it
    ends. Jobs take turns, so that one of a thousand instances doesn't hold up those behind it. A call takes the same
    time however many jobs there are: taken together, as long as there are jobs, instances and needs.

    ``lanes`` puts jobs into lanes by any number, and ``room`` says how many of a lane run at once, where that is
    less than ``max_parallel``: what waits for room in one lane holds up no other.

    Raises ``ValueError`` for a job that needs an unknown one, and for jobs that wait for each other; its methods do for
    a job that it is not the time for.

    >>> schedule = Schedule({"a": (), "b": ("a",)}, max_parallel=2)
    >>> schedule.decide(), schedule.decide()
    ('a', None)
    >>> schedule.admit("a")
    >>> schedule.release(schedule.take()), schedule.decide()
    (True, 'b')
    """

    def __init__(
        self,
        needs: Mapping[str, Sequence[str]],
        max_parallel: int,
        lanes: Mapping[str, int] | None = None,
        room: Mapping[int, int] | None = None,
    ) -> None:
        self._wanted_by: dict[str, list[str]] = {job: [] for job in needs}
        self._missing: dict[str, int] = {}
        for job, needed in needs.items():
            once = needed if len(needed) < 2 else dict.fromkeys(needed)
            for name in once:
                if name not in self._wanted_by:
                    raise ValueError(f"the job {job!r} needs {name!r}, which does not exist")
                self._wanted_by[name].append(job)
            self._missing[job] = len(once)
        self._refuse_cycles()
        self._ready = deque(job for job, count in self._missing.items() if count == 0)
        self._decided: set[str] = set()
        self._admitted: dict[str, _Admitted] = {}
        self._lanes = {number: _Lane((room or {}).get(number, max_parallel)) for number in {0, *(lanes or {}).values()}}
        self._lane_of = {job: self._lanes[number] for job, number in (lanes or {}).items()}
        self._order = deque(self._lanes.values())
        self._max_parallel = max_parallel
        self._running = 0
        self._ended: set[str] = set()

    def _refuse_cycles(self) -> None:
        missing = dict(self._missing)
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
        """The next job whose needs have all ended and that nobody decided yet; ``None`` while there is none.

        First those that became ready first; of those that did at once, the first in the file.
        """
        if not self._ready:
            return None
        job = self._ready.popleft()
        self._decided.add(job)
        return job

    def _take_up(self, job: str) -> None:
        if job not in self._decided:
            raise ValueError(f"the job {job!r} is not to be decided now")
        self._decided.remove(job)

    def admit(self, job: str, count: int | None = None, max_parallel: int | None = None) -> None:
        """Lets a decided job run: as itself, or as ``count`` instances, at most ``max_parallel`` of them at once.

        Raises ``ValueError`` for no instances at all, or none at once.
        """
        units = 1 if count is None else count
        most = units if max_parallel is None else max_parallel
        if units < 1 or most < 1:
            raise ValueError(f"the job {job!r} would never start")
        self._take_up(job)
        admitted = self._admitted[job] = _Admitted(units, most, count is None)
        self._lane(job).turns.append((job, admitted))

    def _lane(self, job: str) -> _Lane:
        return self._lane_of.get(job) or self._lanes[0]

    def skip(self, job: str) -> None:
        """Takes note that a decided job ended without running."""
        self._take_up(job)
        self._end(job)

    def take(self) -> Unit | None:
        """The next unit to start; ``None`` while nothing waits, or there is no room for more."""
        if self._running >= self._max_parallel:
            return None
        for _ in range(len(self._order)):  # the lanes take turns, too
            lane = self._order[0]
            self._order.rotate(-1)
            if lane.running < lane.most and (unit := self._next_of(lane)) is not None:
                return unit
        return None

    def _next_of(self, lane: _Lane) -> Unit | None:
        while lane.turns:
            job, admitted = lane.turns.popleft()
            # What is at its own limit leaves the queue, and comes back when one of its units ends.
            admitted.queued = False
            if not admitted.may_start:  # it was withdrawn while it stood there
                continue
            unit = Unit(job, None if admitted.whole else admitted.next)
            admitted.next += 1
            admitted.running += 1
            self._running += 1
            lane.running += 1
            self._queue(job, admitted)
            return unit
        return None

    def _queue(self, job: str, admitted: _Admitted) -> None:
        if admitted.may_start and not admitted.queued:
            admitted.queued = True
            self._lane(job).turns.append((job, admitted))

    def release(self, unit: Unit) -> bool:
        """Takes note that a unit ended; ``True`` when its whole job has by that."""
        admitted = self._admitted.get(unit.job)
        if admitted is None or admitted.running == 0:
            raise ValueError(f"nothing of the job {unit.job!r} runs")
        admitted.running -= 1
        self._running -= 1
        self._lane(unit.job).running -= 1
        if admitted.running == 0 and admitted.next == admitted.count:
            self._end(unit.job)
            return True
        self._queue(unit.job, admitted)
        return False

    def withdraw(self, job: str) -> tuple[int, ...]:
        """Gives up the instances of a job that were not taken yet, and gives them, in order.

        A job of which nothing runs any more has ended by that (see `ended`); of one that ended before, or that was not
        admitted, there is nothing to give up.
        """
        admitted = self._admitted.get(job)
        if admitted is None:
            return ()
        left = () if admitted.whole else tuple(range(admitted.next, admitted.count))
        admitted.next = admitted.count
        if admitted.running == 0:
            self._end(job)
        return left

    def _end(self, job: str) -> None:
        self._ended.add(job)
        self._admitted.pop(job, None)
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
