"""What the engine costs for many jobs: ``python bench/engine.py``, and with ``--large`` whole runs of 100,000.

The order alone (`Schedule`: decided, started, ended) for 10,000 and 100,000 jobs of each shape; and whole runs on a
runner that runs nothing, planned, checked, dispatched, recorded and folded into a result, each size in a process of its
own. Processor time; what counts is that a job of the larger costs what one of the smaller does. Memory is what was
added, at its peak.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import Command, JobEnvironment, JobSpec, Paths, Runner, StepContext
from datatorch_pipelines.engine.scheduling.schedule import Schedule

Graph = dict[str, list[str]]
SMALL, LARGE = 10_000, 100_000
TARGET_US = 20.0


def chain(count: int) -> Graph:
    """Each needs the one before it."""
    return {f"j{n}": [f"j{n - 1}"] if n else [] for n in range(count)}


def fan(count: int) -> Graph:
    """All but the last need the first, and the last needs all."""
    middle = [f"j{n}" for n in range(1, count - 1)]
    return {"j0": [], **{job: ["j0"] for job in middle}, "last": middle}


def diamonds(count: int) -> Graph:
    """One, two that need it, one that needs both, and so on."""
    tips = {n: [n - n % 3] if n % 3 else [n - 2, n - 1][: n and 2] for n in range(count)}
    return {f"j{n}": [f"j{other}" for other in needed] for n, needed in tips.items()}


def anyhow(count: int) -> Graph:
    """Each needs up to three of those before it."""
    chance = random.Random(0)
    return {f"j{n}": sorted({f"j{chance.randrange(n)}" for _ in range(3)}) if n else [] for n in range(count)}


SHAPES: dict[str, Callable[[int], Graph]] = {
    "chain": chain,
    "fan": fan,
    "diamonds": diamonds,
    "random": anyhow,
}


def order(graph: Graph) -> None:
    """Every job decided, started and ended, eight at once."""
    schedule, running = Schedule(graph, 8), []
    while not schedule.done:
        while (job := schedule.decide()) is not None:
            schedule.admit(job)
        while (unit := schedule.take()) is not None:
            running.append(unit)
        schedule.release(running.pop())


def of_order(graph: Graph) -> tuple[float, float]:
    """Microseconds and KiB of the order alone, a job."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        order(graph)
        best = min(best, time.process_time() - begin)
    tracemalloc.start()
    order(graph)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return best / len(graph) * 1e6, memory / len(graph) / 1024


class Nothing(Runner):
    """Runs nothing, in one folder for all jobs."""

    def __init__(self, folder: Path) -> None:
        self._paths = Paths(workspace=folder, temp=folder, actions=folder, environments=folder)

    @contextlib.asynccontextmanager
    async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
        """A place without folders of its own."""
        environment = JobEnvironment(self, job, self._paths, {})
        try:
            yield environment
        finally:
            await environment.aclose()

    async def execute(self, command: Command, context: StepContext) -> int:
        """Is done at once."""
        return 0


def peak_kib() -> int:
    """The most memory that this process has had, in KiB; what `resource` says would be its parent's, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def whole(shape: str, count: int) -> None:
    """Runs so many jobs of a step, and prints the microseconds and KiB a job."""
    step = dtp.Step(run="true")
    jobs = {job: dtp.Job(steps=[step], needs=needs) for job, needs in SHAPES[shape](count).items()}
    pipeline = dtp.Pipeline(name="Bench", jobs=jobs)
    with tempfile.TemporaryDirectory() as folder:
        before, begin = peak_kib(), time.process_time()
        work = pipeline.run_async(runner=Nothing(Path(folder)), directory=Path(folder, "runs"))
        result = asyncio.run(work)
        spent = time.process_time() - begin
        added = peak_kib() - before
    if not result.succeeded or len(result.jobs) != count:
        raise SystemExit(str(result.error))
    print(spent / count * 1e6, added / count)


def of_whole(shape: str, count: int) -> tuple[float, float]:
    """Microseconds and KiB of a whole run, a job, by a process of its own."""
    command = [sys.executable, __file__, "--one", shape, str(count)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(said[0]), float(said[1])


def row(what: str, small: tuple[float, float], large: tuple[float, float], target: str) -> None:
    """Prints a line of the table."""
    ratio = large[0] / small[0]
    print(f"{what:<28} {small[0]:>10.1f} {large[0]:>10.1f} {ratio:>6.2f} {small[1]:>9.2f} {large[1]:>9.2f}   {target}")


def main() -> None:
    """Prints the tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--large", action="store_true", help="whole runs of 100,000 jobs, not 10,000")
    arguments.add_argument("--one", nargs=2, metavar=("SHAPE", "COUNT"), help="a single whole run")
    given = arguments.parse_args()
    if given.one:
        whole(given.one[0], int(given.one[1]))
        return
    print(f"{'a job':<28} {'small us':>10} {'large us':>10} {'ratio':>6} {'small KiB':>9} {'large KiB':>9}   target")
    for name, shape in SHAPES.items():
        small, large = of_order(shape(SMALL)), of_order(shape(LARGE))
        row(f"order, {name}", small, large, f"at most {TARGET_US:g} us; {SMALL:,} and {LARGE:,} jobs")
    few, many = (SMALL, LARGE) if given.large else (SMALL // 10, SMALL)
    for name in SHAPES:
        row(f"whole run, {name}", of_whole(name, few), of_whole(name, many), f"linear; {few:,} and {many:,} jobs")


if __name__ == "__main__":
    main()
