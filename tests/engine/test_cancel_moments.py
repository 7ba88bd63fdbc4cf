"""A run that is cancelled at any moment: nothing that it started is left, and what tidies up still does, for a while.

The processes of a step hold the writing end of a pipe, all of them; a file `alive` is given them for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.errors import RunnerUnavailable
from datatorch_pipelines.results import CancelRequested, Event, JobStarted, LogWritten, StepRetried, StepStarted
from tests.support.outcomes import outcomes

CANCELLED = "the run was cancelled"

# A tree that holds the pipe open: a child, and a grandchild that left the session. It says so, and waits for ever.
TREE = 'exec 3> "$ALIVE"; sleep 1000 & setsid sh -c "exec sleep 1000" & echo here; wait'
DEAF = f"trap '' TERM INT HUP; {TREE}; while :; do wait; done"


class Alive:
    """Whether any process holds the pipe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self.descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    @property
    def nobody(self) -> bool:
        """No process has it open for writing."""
        try:
            return os.read(self.descriptor, 1) == b""
        except BlockingIOError:
            return False


@pytest.fixture
def alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Alive]:
    made = Alive(tmp_path / "alive")
    monkeypatch.setenv("ALIVE", str(made.path))
    yield made
    os.close(made.descriptor)


def cancelled(handle: dtp.RunHandle, when: Callable[[Event], bool], how: str = "cancel") -> dtp.RunResult:
    """The result of a run that is cancelled when an event comes."""
    for event in handle:
        if when(event):
            getattr(handle, how)()
            break
    return handle.wait(60)


def wrote(job: str = "a", step: int = 0, instance: int | None = None) -> Callable[[Event], bool]:
    """The event by which a step says that its processes are there."""
    return lambda event: (
        isinstance(event, LogWritten) and (event.job, event.step, event.instance) == (job, step, instance)
    )


def begin(project, pipeline: dict[str, object], **arguments: object) -> dtp.RunHandle:
    return dtp.loads(json.dumps({"name": "C", **pipeline})).start(directory=project.runs, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["cancel", "kill"])
def test_processes_that_ignore_every_signal_end_too(project, alive: Alive, how: str) -> None:
    result = cancelled(begin(project, {"jobs": {"a": {"steps": [{"name": "s", "run": DEAF}]}}}), wrote(), how)
    assert alive.nobody
    assert outcomes(result) == [f"a: cancelled, {CANCELLED}", f"a.s: cancelled, {CANCELLED}"]


def test_what_tidies_up_still_runs_and_sees_what_the_cancelled_step_left(project, alive: Alive) -> None:
    steps = [
        {"name": "s", "run": f"echo state > state; {TREE}"},
        {"name": "plain", "run": "echo plain"},
        {"name": "always", "run": 'echo ::state::\\"$(cat state)\\"', "if": "always()", "id": "always"},
        {"name": "cancelled", "run": "echo $INPUT_WAS", "if": "cancelled()", "inputs": {"was": "${{ job.status }}"}},
        {"name": "failure", "run": "echo failure", "if": "failure()"},
    ]
    jobs = {
        "a": {"steps": steps, "outputs": {"state": "${{ steps.always.outputs.state }}"}},
        "b": {"needs": "a", "steps": [{"name": "s", "run": "echo b"}]},
        "c": {"needs": "a", "if": "always()", "steps": [{"name": "s", "run": "echo c"}]},
        "d": {"needs": "b", "if": "cancelled()", "steps": [{"name": "s", "run": "echo $INPUT_B"}]},
    }
    jobs["d"]["steps"][0]["inputs"] = {"b": "${{ needs.b.result }}"}  # type: ignore[index]  # the mapping above
    result = cancelled(begin(project, {"jobs": jobs}), wrote())
    assert alive.nobody
    assert outcomes(result) == [
        f"a: cancelled, {CANCELLED}",
        f"a.s: cancelled, {CANCELLED}",
        f"a.plain: skipped, {CANCELLED}",
        "a.always: succeeded",
        "a.cancelled: succeeded",
        "a.failure: skipped, its condition does not hold",
        f"b: cancelled, {CANCELLED}",
        "c: succeeded",
        "c.s: succeeded",
        "d: succeeded",
        "d.s: succeeded",
    ]
    assert result.jobs["a"].step("always").outputs == {"state": "state"}
    assert [result.jobs[job].steps[-1].log for job in "cd"] == ["c\n", "cancelled\n"]
    assert result.jobs["a"].step("cancelled").log == "cancelled\n"
    assert result.status == "cancelled"


def test_what_tidies_up_and_does_not_end_is_ended_when_its_time_is_over(project, alive: Alive) -> None:
    steps = [
        {"name": "s", "run": "echo here; sleep 1000"},
        {"name": "hangs", "run": DEAF, "if": "always()"},
        {"name": "never", "run": "echo never", "if": "always()"},
    ]
    jobs = {"a": {"steps": steps}, "b": {"if": "always()", "steps": [{"name": "hangs", "run": "sleep 1000"}]}}
    result = cancelled(begin(project, {"jobs": jobs}, cleanup_seconds=1), wrote())
    assert alive.nobody
    over = "cleaning up took longer than 1 seconds"
    told = outcomes(result)
    assert told[:2] == [f"a: cancelled, {CANCELLED}", f"a.s: cancelled, {CANCELLED}"]
    assert told[3] == f"a.never: skipped, {over}"
    assert told[4] == f"b: cancelled, {CANCELLED}"


def test_the_first_failure_in_a_matrix_ends_the_processes_of_the_other_instances(project, alive: Alive) -> None:
    # The second instance fails once the first has its processes.
    fails = 'until test -e "$READY"; do sleep 0.01; done; exit 3'
    ready = project.folder / "ready"
    run = f'if test $INPUT_N = 2; then {fails}; fi; exec 3> "$ALIVE"; sleep 1000 & touch "$READY"; wait'
    step = {"name": "s", "run": run, "inputs": {"n": "${{ matrix.n }}"}, "env": {"READY": str(ready)}}
    jobs = {"a": {"strategy": {"matrix": {"n": [1, 2, 3]}, "max-parallel": 2}, "steps": [step]}}
    result = begin(project, {"jobs": jobs}).wait(60)
    assert alive.nobody
    other = "another instance of the matrix failed"
    assert outcomes(result) == [
        "a: failed",
        f"a(1): cancelled, {other}",
        f"a(1).s: cancelled, {other}",
        "a(2): failed",
        "a(2).s: failed",
        f"a(3): cancelled, {other}",
    ]


def test_a_step_that_waits_to_be_tried_again_is_not(project) -> None:
    steps = [{"name": "s", "run": "exit 1", "retries": {"count": 5, "delay": 1000}}, {"name": "n", "run": "echo n"}]
    result = cancelled(begin(project, {"jobs": {"a": {"steps": steps}}}), lambda event: isinstance(event, StepRetried))
    assert outcomes(result)[1:] == [f"a.s: cancelled, {CANCELLED}", f"a.n: skipped, {CANCELLED}"]


def test_the_installation_of_an_actions_requirements_ends_with_its_processes(
    project, alive: Alive, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = project.folder / "tools"
    tools.mkdir()
    (tools / "uv").write_text(f"#!/bin/sh\n{TREE}\n")
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(project.folder / "home"))
    action = {"action-datatorch.yaml": "name: It\nruns: {using: python, main: it.py}\n", "it.py": "print('it')"}
    project.action("it", {**action, "requirements.txt": "./nothing\n"})
    path = project.write("name: C\njobs: {a: {steps: [{name: s, action: ./it}]}}\n")

    def begun(event: Event) -> bool:
        return isinstance(event, LogWritten) and b"here" in next(project.runs.glob("*/logs/a/*")).read_bytes()

    result = cancelled(dtp.load(path).start(directory=project.runs), begun)
    assert alive.nobody
    assert outcomes(result) == [f"a: cancelled, {CANCELLED}", f"a.s: cancelled, {CANCELLED}"]
    built = project.folder / "home" / "cache" / "environments"
    assert not [*built.glob("*/.complete")]


class NoPlace(dtp.LocalRunner):
    """Has never a place for a job, and says when it is asked."""

    def __init__(self, *, waits: bool) -> None:
        super().__init__()
        self.waits = waits
        self.asked = threading.Event()
        self.left = threading.Event()

    @contextlib.asynccontextmanager
    async def job(self, job: dtp.JobSpec):
        self.asked.set()
        if not self.waits:
            raise RunnerUnavailable("no machine is free")
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
        yield None


@pytest.mark.parametrize("waits", [True, False])
def test_a_job_that_waits_for_a_place_waits_no_longer(project, waits: bool) -> None:
    runner = NoPlace(waits=waits)
    jobs = {"a": {"steps": [{"name": "s", "run": "x"}]}}
    handle = begin(project, {"jobs": jobs}, runner=runner, max_attempts=100)
    runner.asked.wait(60)
    handle.cancel()
    result = handle.wait(60)
    assert outcomes(result) == [f"a: cancelled, {CANCELLED}"]
    assert runner.left.is_set() == waits


def test_a_task_that_is_cancelled_while_actions_are_fetched_starts_nothing(project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/add.git"
        text = f"name: C\njobs: {{a: {{steps: [{{action: {{name: add, tag: v1, git: '{url}'}}}}]}}}}\n"

        async def main() -> None:
            task = asyncio.ensure_future(dtp.loads(text).run_async(directory=project.runs))
            connection, _ = await asyncio.to_thread(server.accept)
            with connection:
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        asyncio.run(main())
    assert not project.runs.exists()


def test_a_background_child_that_holds_the_output_neither_holds_its_step_nor_outlives_the_job(
    project, alive: Alive
) -> None:
    steps = [
        {"name": "serve", "run": 'exec 3> "$ALIVE"; sleep 1000 & echo $! > child; echo started'},
        {"name": "use", "run": "kill -0 $(cat child) && echo lives"},
    ]
    result = begin(project, {"jobs": {"a": {"steps": steps}}}).wait(60)
    assert alive.nobody
    assert [step.log for step in result.jobs["a"].steps] == ["started\n", "lives\n"]
    assert result.status == "succeeded"


def test_a_cancelled_run_says_so_once_and_what_started_after_it_is_only_what_tidies_up(project, alive: Alive) -> None:
    steps = [{"name": "s", "run": TREE}, {"name": "always", "run": "echo x", "if": "always()"}]
    handle = begin(project, {"jobs": {"a": {"steps": steps}, "b": {"needs": "a", "steps": [{"run": "echo b"}]}}})
    cancelled(handle, wrote())
    handle.cancel()
    events = list(handle)
    (number,) = [number for number, event in enumerate(events) if isinstance(event, CancelRequested)]
    begun = [event for event in events[number:] if isinstance(event, JobStarted | StepStarted)]
    assert [(event.type, event.job, getattr(event, "name", None)) for event in begun] == [
        ("step-started", "a", "always")
    ]
    assert alive.nobody
