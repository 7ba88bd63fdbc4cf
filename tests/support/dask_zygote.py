"""Forks Dask workers: each a process of its own, there in a moment since all is imported already.

``python dask_zygote.py SCHEDULER FOLDER SLOTS`` reads the name of a worker from each line, and prints its process id.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from distributed import Worker

import datatorch_pipelines.runners.dask.hub  # noqa: F401  # what a worker imports with its first job


async def work(scheduler: str, name: str, folder: str, slots: int) -> None:
    async with Worker(
        scheduler, nthreads=slots, name=name, local_directory=f"{folder}/{name}", dashboard=False
    ) as worker:
        await worker.finished()


def main(scheduler: str, folder: str, slots: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        name = line.strip()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(os.open(f"{folder}/{name}.log", os.O_WRONLY | os.O_CREAT), 1)
            os.dup2(1, 2)
            asyncio.run(work(scheduler, name, folder, int(slots)))
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
