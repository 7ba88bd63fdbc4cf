import os
import signal
import subprocess
import sys

import pytest

from datatorch_pipelines.runners import trees
from datatorch_pipelines.runners.guardian import Guardian

HOST = """
import asyncio, os, sys
from datatorch_pipelines.contracts import Command, JobSpec, StepContext
from datatorch_pipelines.runners import LocalRunner

async def main(runner, texts):
    await runner.open()
    spec = JobSpec(run_id="r", job_id="j", name="j")
    async with runner.job(spec) as job:
        said = set()
        def sink(stream, data):
            said.add(bytes(data))
            if len(said) == len(texts):
                print("ready", flush=True)
        def run(number, text):
            env = {"DATATORCH_OUTPUT": f"{job.paths.temp}/{number}"}
            context = StepContext(job=spec, step="s", environment=job, sink=sink)
            return runner.execute(Command(argv=("sh", "-c", text), env=env), context)
        await run("left", texts.pop())
        await asyncio.gather(*(run(n, f"{text} echo {n}; sleep 1000") for n, text in enumerate(texts)))

asyncio.run(main(LocalRunner(), sys.argv[1:]))
"""


def test_a_host_that_is_killed_leaves_no_process(lives, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    hold = lives.hold()
    texts = [
        hold,
        hold + "trap '' TERM HUP INT; ",
        hold + "setsid sleep 1000 & ",
        hold + "(setsid setsid sh -c 'sleep 1000; sleep 1000' &); ",
        hold + "(sleep 1000 >/dev/null 2>&1 </dev/null &)",  # left behind by a step that has ended
    ]
    host = subprocess.Popen([sys.executable, "-c", HOST, *texts], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert host.stdout is not None
        assert host.stdout.readline() == b"ready\n"
        assert not lives.gone()
    finally:
        host.kill()
        host.communicate()
    assert lives.gone(seconds=10)


def test_a_fork_of_the_host_that_holds_the_pipe_open_changes_nothing(lives, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ready = 'print("ready", flush=True)'
    program = "import signal\n" + HOST.replace(ready, f"{ready} if os.fork() else (os.close(1), signal.pause())")
    texts = [lives.hold(), "true"]
    host = subprocess.Popen([sys.executable, "-c", program, *texts], stdout=subprocess.PIPE, process_group=0)
    try:
        assert host.stdout is not None
        assert host.stdout.readline() == b"ready\n"
        host.kill()
        host.communicate()
        assert lives.gone(seconds=10)
    finally:
        subprocess.run(["kill", "-KILL", "--", f"-{host.pid}"], check=True)


def test_a_goodbye_spares_what_the_ledger_lists():
    sleeper = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    guardian = Guardian()
    guardian.start()
    guardian.add(sleeper.pid, b"")
    guardian.close()
    guardian.close()
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


def test_the_guardian_outlives_signals_to_the_hosts_terminal(lives):
    guardian = Guardian()
    guardian.start()
    process = guardian._process
    assert process is not None
    assert trees._look(process.pid).session == process.pid
    guardian.close()
    assert process.returncode in (0, -signal.SIGKILL)  # it takes the goodbye, if it is ready to by now


def test_the_ledger_tells_running_left_and_marked_and_forgets_what_is_over():
    slots = [b"12 mark one\n", b"-34 \n", b"0 /tmp/job/\n", b"\n", b"56 \n"]
    data = b"".join(slot.ljust(trees.SLOT_BYTES, b"\0") for slot in slots)
    assert trees.read_ledger(data) == trees.Targets(
        frozenset({12, 56}), frozenset({34}), tuple({b"mark one", b"/tmp/job/"})
    )


def test_a_session_whose_id_was_given_to_another_process_is_left_alone():
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    trees.end(trees.Targets(left=frozenset({stranger.pid})), grace=0.0)
    assert stranger.poll() is None
    trees.end(trees.Targets(leaders=frozenset({stranger.pid})), grace=0.0)
    assert stranger.wait() == -signal.SIGKILL


def test_only_younger_processes_are_looked_at_after_a_short_job():
    first = trees.newest_pid()
    child = subprocess.Popen(["sleep", "1000"])
    try:
        among = trees.started_after(first, 0.1)
        assert among is not None
        assert child.pid in among
        assert 1 not in among
        assert trees.started_after(first, 10) is None
        assert trees.started_after(1 << 30, 0.1) is None
    finally:
        child.kill()
        child.wait()


def test_without_proc_the_process_group_is_ended(monkeypatch):
    monkeypatch.setattr(trees, "_HAS_PROC", False)
    text = "trap '' TERM; echo ready; sleep 1000; sleep 1000"
    child = subprocess.Popen(["sh", "-c", text], start_new_session=True, stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == b"ready\n"
    trees.end(trees.Targets(leaders=frozenset({child.pid})), grace=0.05)
    assert child.wait() == -signal.SIGKILL
    assert not trees.group_exists(child.pid) or sys.platform == "linux"  # an orphan may wait for its reaper


@pytest.mark.parametrize("mark", [b"x" * 2000, b"a\nb"])
def test_a_mark_that_no_slot_can_hold_is_left_out(mark):
    guardian = Guardian()
    guardian.start()
    guardian.add(7, mark)
    assert trees.read_ledger(os.pread(guardian._ledger, 4096, 0)) == trees.Targets(frozenset({7}), frozenset(), ())
    guardian.close()
