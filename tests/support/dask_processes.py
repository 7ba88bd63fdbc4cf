"""A Dask scheduler and its workers as real processes, to be killed on purpose. Plain context managers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


class Worker:
    """One ``dask worker`` without a nanny: the process is the worker itself."""

    def __init__(self, cluster: Processes, name: str, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        self.name = name
        self.folder = cluster.folder / name
        self.log = cluster.folder / f"{name}.log"
        self.process = cluster.start(
            self.log,
            "dask_worker",
            cluster.address,
            "--no-nanny",
            "--no-dashboard",
            "--name",
            name,
            "--local-directory",
            str(self.folder),
            *arguments,
            env=env,
        )

    @property
    def registered(self) -> bool:
        """Whether the scheduler has it."""
        return "Registered to" in self.log.read_text()

    @property
    def address(self) -> str:
        """Where it listens."""
        return re.search(r"Start worker at: +(tcp://\S+)", self.log.read_text())[1]

    def kill(self) -> None:
        """Ends it as the machine's end would: at once."""
        self.process.kill()
        self.process.wait()


class Processes:
    """A scheduler and workers, each with its log in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[Worker] = []
        self._count = 0
        self._started: list[subprocess.Popen[bytes]] = []
        there = folder / "scheduler.json"
        self.scheduler = self.start(
            folder / "scheduler.log", "dask_scheduler", "--host", "127.0.0.1", "--port", "0",
            "--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(there),
        )  # fmt: skip
        self._wait(lambda: there.exists() and there.read_text().endswith("}"), self.scheduler)
        self.address = json.loads(there.read_text())["address"]

    def start(self, log: Path, module: str, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen:
        """Starts one of Dask's programs; what it says goes to the log."""
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                stdout=file, stderr=file, stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})},
            )  # fmt: skip
        self._started.append(process)
        return process

    def worker(self, *arguments: str, env: Mapping[str, str] | None = None, wait: bool = True) -> Worker:
        """Starts a worker; ``wait``: until the scheduler has it."""
        self._count += 1
        worker = Worker(self, f"worker-{self._count}", arguments, env or {})
        self.workers.append(worker)
        if wait:
            self._wait(lambda: worker.registered, worker.process)
        return worker

    def _wait(self, there, process) -> None:
        deadline = time.monotonic() + 60
        while not there():
            assert process.poll() is None, self.logs()
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.02)

    def logs(self) -> str:
        """What all of them said."""
        return "\n".join(f"{path.name}:\n{path.read_text(errors='replace')}" for path in self.folder.glob("*.log"))

    def close(self) -> None:
        """Ends all of them."""
        for process in reversed(self._started):
            process.kill()
            process.wait()


class Forked:
    """Workers that are there at once, forked off a process that has imported all that they need."""

    def __init__(self, cluster: Processes, slots: int = 2) -> None:
        self._count = 0
        self._zygote = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("dask_zygote.py"), cluster.address, cluster.folder, str(slots)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.alive: list[int] = []
        """The process ids, the oldest first."""

    def start(self) -> None:
        """Starts one more."""
        self._count += 1
        print(f"forked-{self._count}", file=self._zygote.stdin, flush=True)
        self.alive.append(int(self._zygote.stdout.readline()))

    def kill_oldest(self) -> None:
        """Kills the one that was started first."""
        os.kill(self.alive.pop(0), signal.SIGKILL)

    def close(self) -> None:
        """Ends all of them."""
        while self.alive:
            self.kill_oldest()
        self._zygote.kill()
        self._zygote.communicate()


@contextlib.contextmanager
def dask_processes(workers: int = 0, *arguments: str) -> Iterator[Processes]:
    """A scheduler with so many workers, each started with these arguments, for as long as the block."""
    with tempfile.TemporaryDirectory(prefix="dask-") as folder:
        cluster = Processes(Path(folder))
        try:
            started = [cluster.worker(*arguments, wait=False) for _ in range(workers)]
            for worker in started:
                cluster._wait(lambda worker=worker: worker.registered, worker.process)
            yield cluster
        finally:
            cluster.close()
