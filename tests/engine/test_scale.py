"""A run of many jobs costs what its jobs and needs cost, whatever their graph: counted in calls and bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.model import Job, Pipeline, Step, Strategy
from tests.support.costs import calls, peak
from tests.support.null_runner import Act, NullRunner, simulate

STEP = Step(name="s", run="x")


def plain(needs: Mapping[int, list[int]], **more: object) -> Pipeline:
    """A pipeline of jobs by their numbers."""
    return Pipeline(
        name="Large",
        jobs={f"j{n}": Job(steps=[STEP], needs=[f"j{m}" for m in needed], **more) for n, needed in needs.items()},  # type: ignore[arg-type]  # what a job takes
    )


def chain(count: int) -> Pipeline:
    return plain({n: [n - 1] if n else [] for n in range(count)})


def fan(count: int) -> Pipeline:
    return plain({0: [], **{n: [0] for n in range(1, count - 1)}, count - 1: list(range(1, count - 1))})


def diamonds(count: int) -> Pipeline:
    return plain({n: [n - n % 3] if n % 3 else [n - 2, n - 1][: n and 2] for n in range(count)})


def anyhow(count: int) -> Pipeline:
    chance = random.Random(0)
    return plain({n: sorted({chance.randrange(n) for _ in range(3)}) if n else [] for n in range(count)})


def apart(count: int) -> Pipeline:
    return plain({n: [] for n in range(count)})


def handed_on(count: int) -> Pipeline:
    """A chain whose jobs each hand on what they got, by the context that knows all jobs before."""
    jobs = {
        f"j{n}": Job(
            steps=[STEP],
            needs=[f"j{n - 1}"] if n else [],
            if_=f"jobs.j{n - 1}.result == 'success' && needs.j{n - 1}.outputs.n == '1'" if n else None,
            outputs={"n": "1"},
        )
        for n in range(count)
    }
    return Pipeline(name="Large", jobs=jobs)


def failing(count: int) -> Pipeline:
    """The first job fails: a chain is left out, for a reason that is far above each."""
    jobs = {"j0": Job(steps=[Step(name="boom", run="x")])}
    jobs |= {f"j{n}": Job(steps=[STEP], needs=[f"j{n - 1}"]) for n in range(1, count)}
    return Pipeline(name="Large", jobs=jobs)


def multiplied(count: int) -> Pipeline:
    """A job of many instances, one of which ends the others."""
    matrix = Strategy(matrix={"n": list(range(count))}, max_parallel=3)
    step = Step(name="s", run="x", inputs={"n": "${{ matrix.n }}"})
    return Pipeline(name="Large", jobs={"j": Job(steps=[step], strategy=matrix)})


SHAPES = [chain, fan, diamonds, anyhow, apart, handed_on, failing, multiplied]


def run(pipeline: Pipeline, folder: Path) -> dtp.RunResult:
    result = simulate(pipeline, NullRunner({"boom": Act(exit_status=1)}), directory=folder)
    assert result.status == ("failed" if "boom" in str(pipeline) else "succeeded")
    return result


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("measure", "slack"), [(calls, 1.05), (peak, 1.25)])
def test_as_many_jobs_more_cost_as_much_more(
    measure: Callable[[Callable[[], object]], int], slack: float, shape: Callable[[int], Pipeline], tmp_path: Path
) -> None:
    run(shape(10), tmp_path)  # what is done once is done
    cost = {count: measure(lambda count=count: run(shape(count), tmp_path)) for count in (80, 160, 240)}  # type: ignore[misc]  # a lambda's default
    assert cost[240] - cost[160] < slack * (cost[160] - cost[80])
