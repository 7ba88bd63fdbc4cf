"""A run that is cancelled ends everything that it started, and says so."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.results import Event, LogWritten

# Prints the numbers of its own process, of a child, and of a grandchild that left the session, and then waits for ever.
TREE = """\
name: Tree
jobs:
  tree:
    steps:
      - name: waits
        run: |
          sleep 1000 & child=$!
          setsid sh -c 'echo $$ > escaped; exec sleep 1000' &
          until test -s escaped; do :; done
          echo "$$ $child $(cat escaped)"
          wait
      - name: never
        run: echo never
  late: {steps: [{run: echo late}]}
"""


def numbers(handle: dtp.RunHandle) -> list[int]:
    """The process numbers that the step printed."""
    for event in handle:
        if isinstance(event, LogWritten) and event.job == "tree":
            (log,) = (handle.directory / "logs" / "tree").iterdir()
            return [int(number) for number in log.read_text().split()]
    raise AssertionError("the step printed nothing")


def alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def pipeline(project) -> dtp.Pipeline:
    return dtp.load(project.write(TREE))


def test_cancel_ends_the_whole_tree_and_the_result_says_what_did_not_run(pipeline, project) -> None:
    handle = pipeline.start(directory=project.runs, max_parallel=1)
    tree = numbers(handle)
    assert len(tree) == 3
    handle.cancel()
    handle.cancel()
    result = handle.wait()
    assert [number for number in tree if alive(number)] == []
    assert result.status == "cancelled"
    waits, never = result.jobs["tree"].steps
    assert (waits.status, waits.reason) == ("cancelled", "the run was cancelled")
    assert (never.status, never.reason) == ("skipped", "the run was cancelled")
    assert result.jobs["tree"].status == "cancelled"
    assert result.jobs["late"].status == "cancelled"
    assert result.jobs["late"].steps == ()
    with pytest.raises(dtp.RunFailed, match="the run was cancelled"):
        result.raise_for_status()
    handle.cancel()
    assert handle.wait() == result


def test_cancelling_the_task_ends_the_whole_tree_before_it_passes_on(pipeline, project) -> None:
    tree: list[int] = []
    begun = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, LogWritten) and event.job == "tree" and not begun.is_set():
            (log,) = project.runs.glob("*/logs/tree/*")
            tree.extend(int(number) for number in log.read_text().split())
            begun.set()

    async def main() -> None:
        task = asyncio.ensure_future(pipeline.run_async(directory=project.runs, on_event=listen))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [number for number in tree if alive(number)] == []

    asyncio.run(main())
    assert len(tree) == 3


HOST = """\
import sys
import datatorch_pipelines as dtp

def listen(event):
    if event.type == "log" and event.job == "tree":
        print("begun", flush=True)

try:
    dtp.load(sys.argv[1]).run(directory=sys.argv[2], on_event=listen, max_parallel=1)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def host(project) -> tuple[subprocess.Popen[str], list[int]]:
    """A process of its own that runs the pipeline; and the processes of its step."""
    project.write(TREE)
    process = subprocess.Popen(
        [sys.executable, "-c", HOST, str(project.folder / "pipeline.yaml"), str(project.runs)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    (log,) = project.runs.glob("*/logs/tree/*")
    return process, [int(number) for number in log.read_text().split()]


def test_an_interrupt_of_a_blocking_run_ends_the_whole_tree_and_passes_on(project) -> None:
    process, tree = host(project)
    with process:
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read() if process.stdout else ""
    assert rest == "interrupted\n"
    assert process.returncode == 0
    assert [number for number in tree if alive(number)] == []


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfds to wait for processes that are not children")
def test_nothing_outlives_a_host_that_is_killed(project, monkeypatch) -> None:
    temporary = project.folder / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    process, tree = host(project)
    children = Path(f"/proc/{process.pid}/task").glob("*/children")
    (guardian,) = {int(number) for path in children for number in path.read_text().split()} - set(tree)
    assert len([*temporary.glob("datatorch-job-*")]) == 1
    watched = [os.pidfd_open(number) for number in (*tree, guardian)]
    with process:
        process.kill()
    for descriptor in watched:
        assert select.select([descriptor], [], [], 60)[0], "a process outlived its host"
        os.close(descriptor)
    assert [*temporary.iterdir()] == []
