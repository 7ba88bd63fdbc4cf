"""What a run costs, side by side with the same commands started plainly: ``python bench/run.py``.

Each pair alternates, so that a slow moment of the machine hits both alike; the ratio is of the medians. The whole
process (start-up, planning, record, report) is set beside an empty Python process.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import datatorch_pipelines as dtp

COMMAND = ["sh", "-e", "-c", "echo hello"]


def pipeline(jobs: int, steps: int) -> dtp.Pipeline:
    """So many jobs of so many steps, each printing a line."""
    step = dtp.Step(run="echo hello")
    return dtp.Pipeline(name="Bench", jobs={f"j{number}": dtp.Job(steps=[step] * steps) for number in range(jobs)})


def plain(jobs: int, steps: int, workers: int) -> None:
    """The same commands by `subprocess.run` in a thread pool."""

    def job(_number: int) -> None:
        for _ in range(steps):
            subprocess.run(COMMAND, capture_output=True, check=True)

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        list(pool.map(job, range(jobs)))


def ours(jobs: int, steps: int, workers: int) -> None:
    """The commands as a pipeline's steps."""
    with tempfile.TemporaryDirectory() as folder:
        result = pipeline(jobs, steps).run(max_parallel=workers, directory=folder)
    if not result.succeeded:
        raise SystemExit(str(result.error))


def wall(work: Callable[[], object]) -> float:
    """The seconds that something takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def own_cpu(work: Callable[[], object]) -> float:
    """The seconds of processor time that something takes in this process, its children left out."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def child_seconds(command: list[str]) -> float:
    """The processor time of one process, in seconds, with its modules compiled as they are where it is installed."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pairs(first: Callable[[], float], second: Callable[[], float], rounds: int) -> tuple[float, float]:
    """The medians of two measures, taken in turn."""
    first(), second()
    both = [(first(), second()) for _ in range(rounds)]
    return statistics.median(a for a, _ in both), statistics.median(b for _, b in both)


def row(what: str, mine: float, theirs: float, target: str) -> None:
    """Prints a line of the table."""
    print(f"{what:<52} {mine * 1000:>10.1f} {theirs * 1000:>10.1f} {mine / theirs:>7.2f}   {target}")


def main() -> None:
    """Prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    print(f"{'':<52} {'ours ms':>10} {'plain ms':>10} {'ratio':>7}   target")

    row(
        "1,000 sequential steps, wall",
        *pairs(lambda: wall(lambda: ours(1, 1000, 1)), lambda: wall(lambda: plain(1, 1000, 1)), rounds),
        "ratio at most 1.5",
    )
    cpu = min(own_cpu(lambda: ours(1, 1000, 1)) for _ in range(rounds)) / 1000
    print(f"{'a step, our processor time':<52} {cpu * 1000:>10.2f} {'':>10} {'':>7}   at most 0.5 ms")
    row(
        "200 jobs of 5 steps, 8 at once, wall",
        *pairs(lambda: wall(lambda: ours(200, 5, 8)), lambda: wall(lambda: plain(200, 5, 8)), max(1, rounds // 2)),
        "ratio at most 1.3",
    )
    bare = [sys.executable, "-c", ""]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "echo.yaml"
        path.write_text(pipeline(1, 1).to_yaml())
        for what, command, target in (
            ("import datatorch_pipelines, processor time", ["-c", "import datatorch_pipelines"], "60 ms over the bare"),
            ("datatorch-pipelines --version", ["-m", "datatorch_pipelines", "--version"], "at most 80 ms"),
            ("run of one echo step, whole process", ["-m", "datatorch_pipelines", "run", str(path)], "at most 200 ms"),
        ):
            whole = [sys.executable, *command]
            row(what, *pairs(lambda c=whole: child_seconds(c), lambda: child_seconds(bare), rounds), target)


if __name__ == "__main__":
    main()
