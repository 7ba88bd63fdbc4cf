"""Processes that run a pipeline, or go on with it, and are killed on their way.

A nursery forks one for each order, so that the imports are paid for once. An order says which run to begin or to
resume, and when its process is killed: at the n-th write to a record (``half``: in the middle of it), or after some
seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import datatorch_pipelines as dtp
from datatorch_pipelines.records import is_owned

PIPELINE = """\
name: Killed
env: {HOME_OF: "${{ inputs.home }}"}
jobs:
  a:
    outputs: {n: "${{ steps.s.outputs.n }}"}
    steps: [{run: 'echo a >> $HOME_OF/ran'}, {id: s, run: 'echo "::n::[1, 2]"'}]
  m:
    needs: a
    strategy: {matrix: {v: "${{ fromJSON(toJSON(needs.a.outputs.n)) }}"}}
    outputs: {v: "${{ matrix.v }}"}
    steps: [{run: 'echo m$INPUT_V >> $HOME_OF/ran', inputs: {v: "${{ matrix.v }}"}}]
  b: {needs: a, steps: [{run: 'echo b >> $HOME_OF/ran'}]}
  c:
    needs: [m, b]
    outputs: {all: "${{ needs.m.outputs }}"}
    steps: [{run: 'echo c >> $HOME_OF/ran'}]
"""
OUTPUTS = {"a": {"n": [1, 2]}, "m": {}, "b": {}, "c": {"all": [{"v": 1}, {"v": 2}]}}

_NURSERY = """
import json, os, signal, sys, threading
import datatorch_pipelines as dtp
from datatorch_pipelines import api, defaults, engine
from datatorch_pipelines.api import resuming, running
from datatorch_pipelines.engine import resumption, run
from datatorch_pipelines.records import reading, recorder

def killed_at(number, half):
    append, written = recorder.AppendFile.append, 0
    lock = threading.Lock()
    def counted(self, data):
        nonlocal written
        with lock:
            written += 1
            if written == number:
                if half:
                    os.write(self._descriptor, data[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
        append(self, data)
    recorder.AppendFile.append = counted

def child(order):
    if "at" in order:
        killed_at(order["at"], order["half"])
    else:
        timer = threading.Timer(order["after"], os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()
    home = order["home"]
    if order["resume"]:
        dtp.resume("latest", directory=f"{home}/runs")
    else:
        dtp.loads(order["text"]).run(directory=f"{home}/runs", inputs={"home": home})

for line in sys.stdin:
    pid = os.fork()
    if not pid:
        try:
            child(json.loads(line))
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)
"""


class Nursery:
    """Starts processes that are killed. A context manager."""

    def __enter__(self) -> Nursery:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def send(self, home: Path, *, resume: bool = False, **when: Any) -> int:
        """The exit status of a process that runs, or resumes, the pipeline: -9 where it was killed."""
        home.mkdir(exist_ok=True)
        order = {"home": str(home), "resume": resume, "text": PIPELINE, **when}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(json.loads(self._process.stdout.readline()))


def stood(home: Path) -> set[str] | None:
    """What has succeeded by the record, ``None`` where there is no event: it opens whenever it has its first one."""
    found = dtp.runs(home / "runs")
    if not found:
        return None
    assert not is_owned(found[0].directory, patience=10)
    result = dtp.open_run(found[0].directory)
    assert list(result.jobs) == list(OUTPUTS)
    units = {name: job for name, job in result.jobs.items() if name != "m"}
    units |= {f"m{index}": job for index, job in enumerate(result.jobs["m"].instances, start=1)}
    return {name for name, job in units.items() if job.status == "succeeded"}


def finish(home: Path, before: set[str]) -> None:
    """Goes on with the run to its end, and holds it to what an undisturbed one gives."""
    count = ran(home)
    result = dtp.resume("latest", directory=home / "runs")
    assert result.succeeded, result
    assert {name: job.outputs for name, job in result.jobs.items()} == OUTPUTS
    assert [item.outputs for item in result.jobs["m"].instances] == [{"v": 1}, {"v": 2}]
    assert dtp.open_run(result.directory) == result
    after = ran(home)
    assert set(after) == {"a", "m1", "m2", "b", "c"}
    # What had succeeded ran no more.
    assert {name: after[name] for name in before} == {name: count[name] for name in before}


def ran(home: Path) -> Counter[str]:
    """How often each job ran."""
    path = home / "ran"
    return Counter(path.read_text().split()) if path.exists() else Counter()
