"""What a step costs over starting its process: ``python bench/step.py``.

`LocalRunner.execute` beside a bare ``os.posix_spawn`` and `subprocess.run` with its output captured, for a process that
does nothing (``true``) and one that writes a line (``sh -c 'echo hello'``). Rounds alternate, so that a slow moment of
the machine hits each alike; the least time of each counts. Our CPU is that of this process, whatever its children use.
Also: 200 jobs of 5 steps, 8 at once, beside a thread pool of `subprocess.run`; and how fast a step's output is read.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from datatorch_pipelines.contracts import Command, JobEnvironment, JobSpec, StepContext
from datatorch_pipelines.runners import LocalRunner

ROUNDS = 9
STEPS = 100
JOBS, STEPS_OF_JOB, AT_ONCE = 200, 5, 8
LINES = 1_000_000

STEP_TARGET = 1.5
CPU_TARGET_MS = 0.5
JOBS_TARGET = 1.3
READ_TARGET = 3.0

COMMANDS = {"true": ("true",), "sh -c 'echo hello'": ("sh", "-c", "echo hello")}
JOB = JobSpec(run_id="bench", job_id="j", name="j")


def spawn(argv: tuple[str, ...]) -> None:
    """One process, and nothing around it."""
    null = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    os.close(null)
    os.waitpid(pid, 0)


def run(argv: tuple[str, ...]) -> None:
    """One process by the standard library, both streams captured apart."""
    subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=True)


def context(environment: JobEnvironment) -> StepContext:
    """A step that drops its log."""
    return StepContext(job=JOB, step="s", environment=environment, sink=lambda stream, data: None)


def command(environment: JobEnvironment, argv: tuple[str, ...], number: int) -> Command:
    """A command as the engine makes it."""
    return Command(argv=argv, env={"DATATORCH_OUTPUT": f"{environment.paths.temp}/step-{number}/outputs.jsonl"})


async def timed(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """The wall and CPU seconds of this process for some work."""
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return time.perf_counter() - wall, time.process_time() - cpu


async def steps(runner: LocalRunner, argv: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """The least wall and CPU time of a step, in milliseconds, each way."""
    best: dict[str, tuple[float, float]] = {}

    async def repeat(function: Callable[[tuple[str, ...]], None]) -> None:
        for _ in range(STEPS):
            function(argv)

    async with runner.job(JOB) as environment:

        async def execute() -> None:
            for number in range(STEPS):
                await runner.execute(command(environment, argv, number), context(environment))

        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "posix_spawn": lambda: repeat(spawn),
            "subprocess.run": lambda: repeat(run),
            "LocalRunner": execute,
        }
        for _ in range(ROUNDS):
            for name, way in ways.items():
                wall, cpu = (seconds * 1000 / STEPS for seconds in await timed(way))
                before = best.get(name, (wall, cpu))
                best[name] = (min(before[0], wall), min(before[1], cpu))
    return best


async def jobs(runner: LocalRunner) -> tuple[float, float]:
    """The seconds of many jobs by a thread pool, and by the runner."""
    argv = COMMANDS["sh -c 'echo hello'"]

    async def one(room: asyncio.Semaphore) -> None:
        async with room, runner.job(JOB) as environment:
            for number in range(STEPS_OF_JOB):
                await runner.execute(command(environment, argv, number), context(environment))

    async def all_jobs() -> None:
        room = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(one(room) for _ in range(JOBS)))

    def in_thread(_: int) -> None:
        for _step in range(STEPS_OF_JOB):
            run(argv)

    pool_seconds = runner_seconds = float("inf")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(3):
            start = time.perf_counter()
            list(pool.map(in_thread, range(JOBS)))
            pool_seconds = min(pool_seconds, time.perf_counter() - start)
            runner_seconds = min(runner_seconds, (await timed(all_jobs))[0])
    return pool_seconds, runner_seconds


async def reading(runner: LocalRunner) -> tuple[float, float]:
    """The seconds to read a million lines by a bare loop, and by the runner."""
    argv = ("sh", "-c", f"yes {'x' * 41} | head -n {LINES}")

    def bare() -> None:
        with subprocess.Popen(argv, stdout=subprocess.PIPE, bufsize=0) as process:
            assert process.stdout is not None
            while process.stdout.read(64 * 1024):
                continue

    async def ours() -> None:
        async with runner.job(JOB) as environment:
            await runner.execute(command(environment, argv, 1), context(environment))

    bare_seconds = our_seconds = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        bare()
        bare_seconds = min(bare_seconds, time.perf_counter() - start)
        our_seconds = min(our_seconds, (await timed(ours))[0])
    return bare_seconds, our_seconds


def verdict(value: float, target: float) -> str:
    """The target and whether it is met."""
    return f"at most {target:g}: {'met' if value <= target else 'MISSED'}"


async def main() -> None:
    """Prints the tables."""
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} processors, sh is {shutil.which('sh')}\n")
    runner = LocalRunner()
    await runner.open()
    try:
        print("| command | way | wall ms | / subprocess.run | target | our CPU ms | target |")
        print("|---|---|---|---|---|---|---|")
        for name, argv in COMMANDS.items():
            best = await steps(runner, argv)
            for way, (wall, cpu) in best.items():
                ratio = wall / best["subprocess.run"][0]
                targets = (
                    (verdict(ratio, STEP_TARGET), verdict(cpu, CPU_TARGET_MS)) if way == "LocalRunner" else ("", "")
                )
                print(f"| {name} | {way} | {wall:.2f} | {ratio:.2f} | {targets[0]} | {cpu:.2f} | {targets[1]} |")
        pool, ours = await jobs(runner)
        print(f"\n{JOBS} jobs of {STEPS_OF_JOB} steps, {AT_ONCE} at once: {ours:.2f} s; a thread pool {pool:.2f} s; "
              f"ratio {ours / pool:.2f}, {verdict(ours / pool, JOBS_TARGET)}")  # fmt: skip
        bare, read = await reading(runner)
        print(f"{LINES} lines: {read:.3f} s; a bare loop {bare:.3f} s; "
              f"ratio {read / bare:.2f}, {verdict(read / bare, READ_TARGET)}")  # fmt: skip
    finally:
        await runner.aclose()


if __name__ == "__main__":
    asyncio.run(main())
