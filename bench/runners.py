"""What a step costs by each runner over its engine's own command: ``python bench/runners.py [NAME]...``.

`DaskRunner.execute` beside ``client.submit`` of a `subprocess.run`, on a cluster of one worker process, for a process
that does nothing (``true``) and one that writes a line; `DockerRunner.execute` beside ``docker exec`` in the very same
container; the examples `SSHRunner.execute` beside ``ssh`` with the same options, to an sshd of this machine, and
`SlurmRunner.execute` beside ``srun`` in the very same allocation, of a Slurm of one node that is started here. Rounds
alternate, so that a slow moment of the machine hits each alike; the least time of each counts. An engine that is not
there is left out, as is docker where the image that ``DATATORCH_PIPELINES_DOCKER_IMAGE`` names (or the usual one) is
not there either. `LocalRunner` is in ``step.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import ModuleType

from datatorch_pipelines.contracts import Command, JobEnvironment, JobSpec, Runner, StepContext

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

ROUNDS = 7
STEPS = 40
FEWER = {"ssh": 3, "slurm": 3}
"""How many steps a round has where a command takes long."""

TARGET = 1.5

COMMANDS = {"true": ("true",), "sh -c 'echo hello'": ("sh", "-c", "echo hello")}
JOB = JobSpec(run_id="bench", job_id="j", name="j")

Start = Callable[[tuple[str, ...]], Awaitable[object]]
Ways = Mapping[str, Start]
"""The engine's own way to start a command, and then the runner's, by what a person calls them."""


@contextlib.asynccontextmanager
async def started(runner: Runner) -> AsyncIterator[Start]:
    """A job of a runner, in which commands are started as the engine does."""
    async with entered(runner) as (_, start):
        yield start


@contextlib.asynccontextmanager
async def entered(runner: Runner) -> AsyncIterator[tuple[JobEnvironment, Start]]:
    """As `started`, with the job's place."""
    count = 0
    await runner.open()
    try:
        async with runner.job(JOB) as environment:

            async def start(argv: tuple[str, ...]) -> None:
                nonlocal count
                count += 1
                env = {"DATATORCH_OUTPUT": f"{environment.paths.temp}/step-{count}/outputs.jsonl"}
                await runner.execute(Command(argv=argv, env=env), _context(environment))

            yield environment, start
    finally:
        await runner.aclose()


def _context(environment: JobEnvironment) -> StepContext:
    return StepContext(job=JOB, step="s", environment=environment, sink=lambda stream, data: None)


@contextlib.asynccontextmanager
async def dask() -> AsyncIterator[Ways]:
    """``client.submit`` of a subprocess, and `DaskRunner`."""
    if importlib.util.find_spec("distributed") is None:
        yield {}
        return
    from distributed import Client, LocalCluster

    from datatorch_pipelines.runners import DaskRunner

    async with (
        LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0", asynchronous=True) as cluster,
        Client(cluster, asynchronous=True, set_as_default=False) as client,
        started(DaskRunner(cluster.scheduler_address)) as execute,
    ):

        async def submit(argv: tuple[str, ...]) -> None:
            await client.submit(subprocess.run, argv, capture_output=True, pure=False)

        yield {"client.submit(subprocess.run)": submit, "DaskRunner": execute}


@contextlib.asynccontextmanager
async def docker() -> AsyncIterator[Ways]:
    """``docker exec``, and `DockerRunner`."""
    from datatorch_pipelines.errors import RunnerError
    from datatorch_pipelines.runners import DockerRunner
    from datatorch_pipelines.runners.docker.runner import ContainerEnvironment

    async with contextlib.AsyncExitStack() as stack:
        ways: Ways = {}
        with contextlib.suppress(RunnerError):
            runner = DockerRunner(pull="never", network="none")
            environment, execute = await stack.enter_async_context(entered(runner))
            assert isinstance(environment, ContainerEnvironment)
            transport = environment.container.transport

            async def run(argv: tuple[str, ...]) -> None:
                await _call(*transport, *argv)

            ways = {"docker exec": run, "DockerRunner": execute}
        yield ways


async def _call(*argv: str) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    _, said = await process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"{argv[0]} failed: {said.decode(errors='replace')}")


def _example(name: str) -> ModuleType:
    """An example of a runner, as a module."""
    spec = importlib.util.spec_from_file_location(f"{name}_example", ROOT / "examples" / "runners" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.asynccontextmanager
async def ssh() -> AsyncIterator[Ways]:
    """``ssh``, and the example `SSHRunner`."""
    from ssh_server import can_serve_ssh, ssh_server

    if not can_serve_ssh():
        yield {}
        return
    with tempfile.TemporaryDirectory() as folder, ssh_server(Path(folder) / "keys") as server:
        options = server.options()
        async with started(_example("ssh").SSHRunner("127.0.0.1", options=options)) as execute:

            async def run(argv: tuple[str, ...]) -> None:
                await _call("ssh", "-T", "-o", "BatchMode=yes", *options, "--", "127.0.0.1", shlex.join(argv))

            yield {"ssh": run, "SSHRunner": execute}


@contextlib.asynccontextmanager
async def slurm() -> AsyncIterator[Ways]:
    """``srun`` in an allocation, and the example `SlurmRunner`."""
    from slurm_cluster import can_run_slurm, slurm_cluster

    if not can_run_slurm():
        yield {}
        return
    example = _example("slurm")
    # Slurm's sockets need a short path.
    with (
        tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder,
        slurm_cluster(Path(folder), count=1) as cluster,
    ):
        os.environ["SLURM_CONF"] = cluster.env["SLURM_CONF"]
        runner = example.SlurmRunner()
        async with started(runner) as execute:
            (number,) = runner._allocations.values()

            async def run(argv: tuple[str, ...]) -> None:
                await _call(*example.SRUN, f"--jobid={number}", *argv)

            yield {"srun": run, "SlurmRunner": execute}


ENGINES: Mapping[str, Callable[[], AbstractAsyncContextManager[Ways]]] = {
    "dask": dask,
    "docker": docker,
    "ssh": ssh,
    "slurm": slurm,
}


async def measured(ways: Ways, argv: tuple[str, ...], steps: int) -> dict[str, float]:
    """The least milliseconds of a command, each way."""
    best = dict.fromkeys(ways, float("inf"))
    for way in ways.values():
        await way(argv)
    for _ in range(ROUNDS):
        for name, way in ways.items():
            begin = time.perf_counter()
            for _ in range(steps):
                await way(argv)
            best[name] = min(best[name], (time.perf_counter() - begin) * 1000 / steps)
    return best


async def main(names: Sequence[str]) -> None:
    """Prints the table."""
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} processors\n")
    print("| command | its own command | ms | by the runner | ms | ratio | target |")
    print("|---|---|---|---|---|---|---|")
    for engine in names or ENGINES:
        async with ENGINES[engine]() as ways:
            for command, argv in COMMANDS.items() if ways else ():
                (own, own_ms), (ours, our_ms) = (await measured(ways, argv, FEWER.get(engine, STEPS))).items()
                ratio = our_ms / own_ms
                met = "met" if ratio <= TARGET else "MISSED"
                print(f"| {command} | {own} | {own_ms:.1f} | {ours} | {our_ms:.1f} | {ratio:.2f} | {TARGET:g}: {met} |")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
