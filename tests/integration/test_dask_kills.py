"""`DaskRunner` when things die: workers, the client, the scheduler, one worker a second."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time

import pytest
from dask_processes import Forked, dask_processes

import datatorch_pipelines as dtp
from datatorch_pipelines.results import JobFinished, JobStarted, LogWritten, StepStarted
from datatorch_pipelines.runners import DaskRunner

pytestmark = pytest.mark.integration


class Lives:
    """Tells when the last process is gone that holds a fifo open."""

    def __init__(self, folder):
        self.fifo = folder / "alive"
        os.mkfifo(self.fifo)
        self._reading = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)

    def hold(self):
        return f"exec 9>'{self.fifo}'; "

    def gone(self, seconds):
        return bool(select.select([self._reading], [], [], seconds)[0]) and os.read(self._reading, 1) == b""

    def close(self):
        os.close(self._reading)


@pytest.fixture
def lives(tmp_path):
    lives = Lives(tmp_path)
    yield lives
    lives.close()


def pipeline(*steps, **more):
    return dtp.loads(json.dumps({"name": "P", "jobs": {"a": {"steps": [{"run": step} for step in steps], **more}}}))


def heard(handle):
    """What each step has written so far, by and by, with every piece that is added."""
    logs = {}
    for event in handle:
        if isinstance(event, StepStarted):
            logs[event.job, event.step] = handle.directory / event.log
        elif isinstance(event, LogWritten) and event.stream == "stdout":
            yield logs[event.job, event.step].read_bytes()[: event.offset + event.length].decode()


def until_heard(handle, said):
    """Follows a run until a step has written something; gives all that it wrote."""
    return next(text for text in heard(handle) if said in text)


TREE = "trap '' TERM; (setsid sleep 1000 &); setsid sh -c 'setsid sleep 1000 & sleep 1000' & "


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended gently"])
def test_a_job_whose_worker_dies_begins_anew_elsewhere_and_nothing_of_it_is_left(tmp_path, lives, how):
    once, tries = tmp_path / "once", tmp_path / "tries"
    first = f"echo try >>{tries}; pwd; echo made >here"
    second = f"cat here; if mkdir {once}; then {lives.hold()}{TREE} echo waiting $PPID; sleep 1000; fi; echo done"
    with dask_processes(2, "--nthreads", "1") as cluster:
        handle = pipeline(first, second).start(directory=tmp_path / "runs", runner=DaskRunner(cluster.address))
        said = until_heard(handle, "waiting")
        victim = next(worker for worker in cluster.workers if str(worker.process.pid) in said)
        victim.process.send_signal(how)
        assert lives.gone(10)
        result = handle.wait()
        assert result.status == "succeeded", result.error
        assert [event.attempt for event in handle if isinstance(event, JobStarted)] == [1, 2]
        assert result.jobs["a"].steps[1].stdout == "made\ndone\n"
        assert tries.read_text() == "try\ntry\n"
        assert victim.process.wait(30) is not None


def test_a_job_that_loses_its_place_each_time_fails_and_says_so(tmp_path):
    with dask_processes(2, "--nthreads", "1") as cluster:
        handle = pipeline("echo on $PPID; sleep 1000").start(
            directory=tmp_path / "runs", runner=DaskRunner(cluster.address), max_attempts=2
        )
        addresses = []
        for text in heard(handle):
            victim = next(worker for worker in cluster.workers if text == f"on {worker.process.pid}\n")
            addresses.append(victim.address)
            victim.kill()
        assert len(addresses) == 2
        job = handle.wait().jobs["a"]
        assert job.status == "failed"
        assert job.error.message == f"the Dask worker {addresses[1]} was lost"


def test_a_client_that_is_killed_leaves_nothing_on_the_workers_and_frees_them(tmp_path, lives):
    program = (
        "import sys, datatorch_pipelines as dtp\n"
        "from datatorch_pipelines.runners import DaskRunner\n"
        "pipeline = dtp.loads(sys.stdin.read())\n"
        "for event in pipeline.start(runner=DaskRunner(sys.argv[1]), directory=sys.argv[2]):\n"
        "    print(event.type, flush=True)\n"
    )
    with dask_processes(1, "--nthreads", "1") as cluster:
        host = subprocess.Popen(
            [sys.executable, "-c", program, cluster.address, str(tmp_path / "runs")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        host.stdin.write(pipeline(f"{lives.hold()}{TREE} pwd; sleep 1000").to_json())
        host.stdin.close()
        for line in host.stdout:
            if line == "log\n":
                break
        host.kill()
        host.wait()
        host.stdout.close()
        assert lives.gone(10)
        # Its slot is free again.
        assert pipeline("true").run(directory=tmp_path / "runs", runner=DaskRunner(cluster.address)).succeeded


def test_the_schedulers_death_fails_the_run_at_once_and_says_so(tmp_path, lives):
    jobs = {
        "a": {"steps": [{"run": f"{lives.hold()}{TREE} echo waiting; sleep 1000"}, {"run": "true"}]},
        "waits": {"steps": [{"run": "true"}]},
        "after": {"needs": ["a"], "steps": [{"run": "true"}]},
    }
    run = dtp.loads(json.dumps({"name": "P", "jobs": jobs}))
    with dask_processes(1, "--nthreads", "1") as cluster:
        handle = run.start(directory=tmp_path / "runs", runner=DaskRunner(cluster.address), max_attempts=3)
        until_heard(handle, "waiting")
        cluster.scheduler.kill()
        before = time.monotonic()
        result = handle.wait()
        assert time.monotonic() - before < 10
        said = (
            f"the connection to the Dask scheduler {cluster.address} broke: what ran there is lost; "
            "start the run anew when the cluster is back"
        )
        assert result.status == "failed"
        assert [result.jobs[job].status for job in jobs] == ["failed", "failed", "skipped"]
        assert result.jobs["a"].error.message == said
        assert result.jobs["waits"].error.message == said
        assert [event.attempt for event in handle if isinstance(event, JobStarted)] == [1, 1]
        assert lives.gone(30)


def test_a_job_that_has_succeeded_does_not_run_again_when_its_worker_dies(tmp_path):
    ran = tmp_path / "ran"
    jobs = {
        f"j{n}": {"steps": [{"run": f"echo j{n} >>{ran}"}, {"run": "test -d ."}], "outputs": {"n": n}} for n in range(4)
    }
    os.mkfifo(tmp_path / "go")
    jobs["last"] = {"needs": list(jobs), "steps": [{"run": f"echo waiting $PPID; read line <{tmp_path}/go"}]}
    run = dtp.loads(json.dumps({"name": "P", "jobs": jobs}))
    with dask_processes(2, "--nthreads", "2") as cluster:
        handle = run.start(directory=tmp_path / "runs", runner=DaskRunner(cluster.address))
        said = until_heard(handle, "waiting")
        for worker in list(cluster.workers):
            if str(worker.process.pid) not in said:
                worker.kill()  # where some of the others ran
        (tmp_path / "go").write_text("go\n")
        assert handle.wait().succeeded
        assert sorted(ran.read_text().split()) == ["j0", "j1", "j2", "j3"]
        assert [event.attempt for event in handle if isinstance(event, JobStarted)] == [1] * 5


def test_a_hundred_jobs_get_done_on_four_workers_of_which_one_is_killed_every_second(tmp_path, lives):
    ran = tmp_path / "ran"
    count = 100
    jobs = {
        f"j{n}": {
            "steps": [
                {"run": f"{lives.hold()}echo j{n} >>{ran}; echo $$ >f; sleep 0.3"},
                {"run": 'echo "::n::$(wc -l <f)"', "id": "s"},
            ],
            "outputs": {"n": "${{ steps.s.outputs.n }}"},
        }
        for n in range(count)
    }
    run = dtp.loads(json.dumps({"name": "P", "jobs": jobs}))
    started, finished = collections.Counter(), collections.Counter()
    over, changed = threading.Event(), threading.Condition()
    killed = 0

    def enough():
        return over.is_set() or finished.total() >= 4 * killed

    def reaper():
        """Kills one every second; less often only where the machine is so slow that no four jobs end in that time."""
        nonlocal killed
        while not over.wait(1.0):
            with changed:
                changed.wait_for(enough)
            workers.kill_oldest()
            workers.start()
            killed += 1

    with dask_processes() as cluster, contextlib.closing(Forked(cluster)) as workers:
        for _ in range(4):
            workers.start()
        killing = threading.Thread(target=reaper)
        killing.start()
        try:
            runner = DaskRunner(cluster.address)
            handle = run.start(directory=tmp_path / "runs", runner=runner, max_parallel=8, max_attempts=50)
            for event in handle:
                if isinstance(event, JobStarted):
                    assert not finished[event.job], "a job that had succeeded ran again"
                    started[event.job] += 1
                elif isinstance(event, JobFinished):
                    with changed:
                        finished[event.job] += 1
                        changed.notify()
        finally:
            with changed:
                over.set()
                changed.notify()
            killing.join()
        result = handle.wait()
        assert result.succeeded, result.error
        assert killed > 2
        assert lives.gone(10)
    assert finished == dict.fromkeys(jobs, 1)
    lines = collections.Counter(ran.read_text().split())
    assert set(lines) == set(jobs)
    assert all(lines[job] <= started[job] for job in jobs)
    assert all(job.outputs == {"n": 1} for job in result.jobs.values())
