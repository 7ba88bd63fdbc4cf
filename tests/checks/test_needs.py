"""Jobs that wait for each other: each knot is told once, however large the pipeline."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.checks import check_pipeline
from datatorch_pipelines.checks.rules.needs_cycle import knots
from datatorch_pipelines.model import Job, Pipeline, Step


def pipeline(needs: dict[str, list[str]]) -> Pipeline:
    return Pipeline(name="P", jobs={name: Job(steps=[Step(run="x")], needs=of) for name, of in needs.items()})


def messages(needs: dict[str, list[str]], code: str) -> list[str]:
    return [found.message for found in check_pipeline(pipeline(needs)) if found.code == code]


def reached(graph: dict[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    pending = list(graph[start])
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += graph[name]
    return found


NAMES = [f"j{number}" for number in range(7)]
GRAPHS = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3) for name in NAMES}).map(
    lambda graph: {name: [need for need in needs if need != name] for name, needs in graph.items()}
)


@given(GRAPHS)
def test_a_knot_is_what_leads_back_to_itself(graph: dict[str, list[str]]) -> None:
    ways = {name: reached(graph, name) for name in graph}
    expected: list[list[str]] = []
    for name in graph:
        group = [other for other in graph if other in ways[name] and name in ways[other]]
        if group and group not in expected:
            expected.append(group)
    assert list(knots(graph)) == expected


@given(GRAPHS)
def test_a_cycle_that_is_told_is_one(graph: dict[str, list[str]]) -> None:
    told = messages(graph, "DT213")
    assert len(told) == len(list(knots(graph)))
    for message in told:
        way = message.removeprefix("these jobs wait for each other: ").split(" -> ")
        assert way[0] == way[-1]
        assert all(need in graph[name] for name, need in itertools.pairwise(way))


@pytest.mark.parametrize("size", [3, 20_000])
def test_a_long_cycle_is_told_in_one_line(size: int) -> None:
    needs = {f"j{number}": [f"j{(number + 1) % size}"] for number in range(size)}
    (message,) = messages(needs, "DT213")
    shown = "j0 -> j1 -> j2 -> j0" if size == 3 else "j0 -> j1 -> j2 -> j3 -> j4 -> j5 -> ... -> j0"
    assert message == f"these jobs wait for each other: {shown}"


def test_a_long_chain_is_no_cycle() -> None:
    assert messages({f"j{n}": [f"j{n - 1}"] if n else [] for n in range(20_000)}, "DT213") == []


def test_a_job_that_needs_itself_or_nobody_is_told_by_that_alone() -> None:
    found = [str(item) for item in check_pipeline(pipeline({"a": ["a", "b"], "b": ["c"]}))]
    assert found == [
        "<text>:1:1: error: the job 'a' needs itself [DT212]; leave it out",
        "<text>:1:1: error: there is no job 'c' [DT212]; it may need a",
    ]


def test_a_wrong_need_that_is_there_twice_is_told_once() -> None:
    found = [str(item) for item in check_pipeline(pipeline({"a": ["x", "x", "a", "a"]}))]
    assert found == [
        "<text>:1:1: error: the job 'a' needs itself [DT212]; leave it out",
        "<text>:1:1: error: there is no job 'x' [DT212]; leave it out",
    ]


@pytest.mark.parametrize("in_one_job", [True, False])
def test_any_number_of_wrong_needs_is_told_soon(in_one_job: bool) -> None:
    wrong = [f"nope{number}" for number in range(5_000)]
    needs = {f"j{number}": [] if in_one_job else [name] for number, name in enumerate(wrong)}
    if in_one_job:
        needs["j0"] = wrong
    assert len(messages(needs, "DT212")) == 5_000
