"""Which job may start next: order, bounds and fairness, over random graphs, with nothing that runs."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Mapping, Sequence

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.engine.scheduling.schedule import Schedule, Unit


def _everything(schedule: Schedule) -> list[Unit]:
    """The order in which units start when each ends before the next one does."""
    taken = []
    while not schedule.done:
        while (job := schedule.decide()) is not None:
            schedule.admit(job)
        unit = schedule.take()
        assert unit is not None
        taken.append(unit)
        schedule.release(unit)
    return taken


def test_jobs_start_in_the_order_in_which_they_became_ready_and_else_of_the_file() -> None:
    schedule = Schedule({"late": ["b"], "a": [], "b": [], "after-a": ["a"], "too": ["a"]}, max_parallel=1)
    assert [unit.job for unit in _everything(schedule)] == ["a", "b", "after-a", "too", "late"]


def test_a_job_is_decided_once_and_only_when_all_it_needs_has_ended() -> None:
    schedule = Schedule({"a": [], "b": [], "c": ["a", "b", "a"]}, max_parallel=4)
    assert [schedule.decide(), schedule.decide(), schedule.decide()] == ["a", "b", None]
    schedule.admit("a")
    schedule.skip("b")
    assert schedule.decide() is None
    unit = schedule.take()
    assert unit == Unit("a")
    assert schedule.release(Unit("a"))
    assert schedule.decide() == "c"
    schedule.skip("c")
    assert schedule.done


def test_decisions_are_not_held_up_by_what_runs() -> None:
    schedule = Schedule({f"j{number}": [] for number in range(5)}, max_parallel=1)
    decided = [schedule.decide() for _ in range(6)]
    assert decided == ["j0", "j1", "j2", "j3", "j4", None]


def test_jobs_take_turns_so_that_a_large_matrix_holds_up_nobody() -> None:
    schedule = Schedule({"large": [], "small": []}, max_parallel=1)
    assert (schedule.decide(), schedule.decide()) == ("large", "small")
    schedule.admit("large", 1000)
    schedule.admit("small", 2)
    order = []
    while (unit := schedule.take()) is not None:
        order.append((unit.job, unit.instance))
        schedule.release(unit)
    assert order[:5] == [("large", 0), ("small", 0), ("large", 1), ("small", 1), ("large", 2)]
    assert len(order) == 1002


def test_a_job_at_its_own_limit_is_passed_over_until_one_of_its_instances_ends() -> None:
    schedule = Schedule({"a": [], "b": []}, max_parallel=10)
    schedule.decide(), schedule.decide()
    schedule.admit("a", 3, 1)
    schedule.admit("b")
    assert [schedule.take(), schedule.take(), schedule.take()] == [Unit("a", 0), Unit("b"), None]
    assert not schedule.release(Unit("a", 0))
    assert [schedule.take(), schedule.take()] == [Unit("a", 1), None]


def test_instances_that_were_not_taken_are_withdrawn() -> None:
    schedule = Schedule({"a": [], "b": ["a"]}, max_parallel=2)
    schedule.decide()
    schedule.admit("a", 5)
    first, second = schedule.take(), schedule.take()
    assert (first, second) == (Unit("a", 0), Unit("a", 1))
    assert schedule.withdraw("a") == (2, 3, 4)
    assert schedule.withdraw("a") == ()
    assert not schedule.release(Unit("a", 0))
    assert schedule.take() is None
    assert not schedule.ended("a")
    assert schedule.release(Unit("a", 1))
    assert schedule.ended("a")
    assert schedule.decide() == "b"


def test_a_job_of_which_nothing_runs_ends_when_it_is_withdrawn() -> None:
    schedule = Schedule({"a": [], "b": ["a"]}, max_parallel=2)
    schedule.decide()
    schedule.admit("a", 2)
    assert schedule.withdraw("a") == (0, 1)
    assert schedule.ended("a")
    assert schedule.decide() == "b"
    schedule.admit("b")
    assert schedule.take() == Unit("b")


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ({"a": ["b"]}, "the job 'a' needs 'b', which does not exist"),
        ({"a": ["a"]}, "the job 'a' waits for itself"),
        ({"x": [], "a": ["b", "x"], "b": ["a"]}, "the job 'a' waits for itself"),
    ],
)
def test_a_graph_that_could_never_end_is_refused(needs: Mapping[str, Sequence[str]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Schedule(needs, 1)


def test_what_it_is_not_the_time_for_is_refused() -> None:
    schedule = Schedule({"a": [], "b": ["a"]}, 1)
    with pytest.raises(ValueError, match="the job 'b' is not to be decided now"):
        schedule.admit("b")
    schedule.decide()
    with pytest.raises(ValueError, match="the job 'a' would never start"):
        schedule.admit("a", 0)
    schedule.admit("a")
    with pytest.raises(ValueError, match="the job 'a' is not to be decided now"):
        schedule.skip("a")
    with pytest.raises(ValueError, match="nothing of the job 'a' runs"):
        schedule.release(Unit("a"))


Graph = dict[str, list[str]]


@st.composite
def _graphs(draw: st.DrawFn) -> Graph:
    """A graph without cycles, its jobs in any order in the file."""
    count = draw(st.integers(1, 12))
    jobs = [f"j{number}" for number in range(count)]
    graph = {
        job: draw(st.lists(st.sampled_from(jobs[:index]), max_size=4)) if index else []
        for index, job in enumerate(jobs)
    }
    return {job: graph[job] for job in draw(st.permutations(jobs))}


@define
class _Model:
    """What is known of each job by somebody who watches."""

    graph: Graph
    ended: set[str] = field(factory=set)
    decided: set[str] = field(factory=set)
    left: dict[str, int] = field(factory=dict)
    running: dict[str, int] = field(factory=dict)


@given(_graphs(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_every_job_runs_once_after_what_it_needs_and_within_bounds(
    graph: Graph, max_parallel: int, chance: random.Random
) -> None:
    lanes = {job: chance.randrange(3) for job in graph if chance.random() < 0.7}
    room = {lane: chance.choice([1, 2, 9]) for lane in (0, 1)}
    schedule, model = Schedule(graph, max_parallel, lanes, room), _Model(graph)
    bounds: dict[str, int] = {}

    def has_room(job: str) -> bool:
        lane = lanes.get(job, 0)
        return sum(lanes.get(unit.job, 0) == lane for unit in under_way) < room.get(lane, max_parallel)

    under_way: list[Unit] = []
    started: list[Unit] = []

    def end(job: str) -> None:
        assert job not in model.ended
        model.ended.add(job)

    while not schedule.done:
        while (job := schedule.decide()) is not None:
            assert job not in model.decided
            assert model.ended.issuperset(graph[job])
            model.decided.add(job)
            if chance.random() < 0.2:
                schedule.skip(job)
                end(job)
                continue
            count = chance.choice([None, 1, 2, 5])
            bounds[job] = chance.choice([1, 2, 9])
            schedule.admit(job, count, None if count is None else bounds[job])
            model.left[job], model.running[job] = count or 1, 0
        # Whoever could be decided, is.
        assert all(job in model.decided for job in graph if model.ended.issuperset(graph[job]))
        while (unit := schedule.take()) is not None:
            assert unit not in started
            assert has_room(unit.job)
            started.append(unit)
            under_way.append(unit)
            model.left[unit.job] -= 1
            model.running[unit.job] += 1
            assert model.running[unit.job] <= (bounds[unit.job] if unit.instance is not None else 1)
        assert schedule.running == len(under_way) <= max_parallel
        # Nothing waits that could run.
        could = [job for job in model.left if model.left[job] and model.running[job] < bounds[job] and has_room(job)]
        assert len(under_way) == max_parallel or not could
        if not under_way:
            assert schedule.done
            break
        if chance.random() < 0.1:
            job = chance.choice(under_way).job
            assert len(schedule.withdraw(job)) == model.left[job]
            model.left[job] = 0
        unit = under_way.pop(chance.randrange(len(under_way)))
        model.running[unit.job] -= 1
        over = schedule.release(unit)
        assert over == (model.left[unit.job] == 0 and model.running[unit.job] == 0) == schedule.ended(unit.job)
        if over:
            end(unit.job)
    assert model.ended == set(graph)


def _shape(kind: str, count: int) -> Graph:
    """A large graph."""
    chance = random.Random(0)
    if kind == "chain":
        return {f"j{n}": [f"j{n - 1}"] if n else [] for n in range(count)}
    if kind == "fan":
        middle = [f"j{n}" for n in range(1, count - 1)]
        return {"j0": [], **{job: ["j0"] for job in middle}, "last": middle}
    if kind == "diamonds":  # one, two that need it, one that needs both, ...
        tips = {n: [n - n % 3] if n % 3 else [n - 2, n - 1][: n and 2] for n in range(count)}
        return {f"j{n}": [f"j{other}" for other in needed] for n, needed in tips.items()}
    return {f"j{n}": [f"j{chance.randrange(n)}" for _ in range(3)] if n else [] for n in range(count)}


@pytest.mark.parametrize("kind", ["chain", "fan", "diamonds", "random"])
def test_the_memory_of_a_large_graph_is_that_of_its_jobs_and_needs(kind: str) -> None:
    """Twice as many jobs take twice as much, whatever the shape."""

    def peak(count: int) -> int:
        graph = _shape(kind, count)
        tracemalloc.start()
        try:
            assert len(_everything(Schedule(graph, 8))) == len(graph)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(4_000) < 2.6 * peak(2_000)


def test_many_matrices_that_are_withdrawn_cost_no_search() -> None:
    """A job that waits for its turn is not looked for among those that wait."""
    count = 3_000
    schedule = Schedule({f"j{number}": [] for number in range(count)}, 1)
    compared = 0

    class Name(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return super().__eq__(other)

        __hash__ = str.__hash__

    while (job := schedule.decide()) is not None:
        schedule.admit(job, 2)
    for number in reversed(range(count)):
        schedule.withdraw(Name(f"j{number}"))
    assert schedule.done
    assert schedule.take() is None
    assert compared < 20 * count
