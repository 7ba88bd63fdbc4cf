"""`DaskRunner` with a real scheduler and real workers: where jobs run, what travels, what comes back."""

from __future__ import annotations

import asyncio
import json
import os
import select
import sys
import textwrap
import time
from pathlib import Path

import pytest
from dask_processes import dask_processes

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import Command, JobSpec, StepContext
from datatorch_pipelines.errors import CommandRejected, RunnerError, RunnerUnavailable
from datatorch_pipelines.results import LogWritten
from datatorch_pipelines.runners import DaskRunner
from datatorch_pipelines.runners.dask import remote, wire

pytestmark = pytest.mark.integration

JOB = JobSpec(run_id="r", job_id="j", name="j")
DEBUG = {"DASK_LOGGING__DISTRIBUTED": "debug"}


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers with one slot each; the second has a GPU."""
    with dask_processes() as cluster:
        cluster.worker("--nthreads", "1")
        cluster.worker("--nthreads", "1", "--resources", "gpu=1")
        yield cluster


@pytest.fixture
def run(tmp_path, cluster):
    """Runs a pipeline's text on the cluster."""

    def run(text, **arguments):
        path = tmp_path / "pipeline.yaml"
        path.write_text(textwrap.dedent(text))
        arguments.setdefault("runner", DaskRunner(cluster.address))
        return dtp.load(path).run(directory=tmp_path / "runs", **arguments)

    return run


def in_job(cluster, function, job=JOB, **options):
    """Runs an asynchronous function with a runner and the environment of a job of it."""

    async def main():
        runner = DaskRunner(cluster.address, **options)
        await runner.open()
        try:
            async with runner.job(job) as environment:
                await function(runner, environment)
        finally:
            await runner.aclose()

    asyncio.run(asyncio.wait_for(main(), 60))


def context(environment, log, more=None):
    def sink(stream, data):
        log.append((stream, data))
        if more is not None:
            more.set()

    return StepContext(job=JOB, step="s", environment=environment, sink=sink)


def test_jobs_spread_over_the_workers_and_a_job_stays_on_one_with_its_workspace(run, tmp_path, cluster):
    for name in ("a", "b"):
        os.mkfifo(tmp_path / name)
    # Each job waits for the other: with a slot on each worker they must be on different ones.
    meet = "{run: 'echo >%s & read line <%s; echo $PPID >here'}, {run: 'cat here; echo $PPID'}"
    a, b = (meet % (tmp_path / x, tmp_path / y) for x, y in ("ab", "ba"))
    result = run(f"name: Spread\njobs: {{a: {{steps: [{a}]}}, b: {{steps: [{b}]}}}}")
    assert result.status == "succeeded"
    first, second = (result.jobs[job].steps[1].stdout.split() for job in "ab")
    assert first[0] == first[1]
    assert second[0] == second[1]
    assert {int(first[0]), int(second[0])} == {worker.process.pid for worker in cluster.workers}


def test_an_action_goes_to_each_worker_once_and_no_job_sees_what_another_did_to_it(run, tmp_path, monkeypatch):
    action = tmp_path / "greet"
    action.mkdir()
    (action / "action-datatorch.yaml").write_text("name: Greet\nruns: {using: python, main: main.py}\n")
    (action / "main.py").write_text(
        "import pathlib\n"
        "seen = pathlib.Path(__file__).with_name('seen')\n"
        "print('hello', seen.exists())\n"
        "seen.write_text('x')\n"
    )
    (action / "data.bin").write_bytes(os.urandom(3_000_000))
    sent = []
    ask = remote.Link.ask

    async def spy(self, request, seconds=None):
        if isinstance(request, wire.Put) and request.share and request.last:
            sent.append((self.address, request.digest))
        return await ask(self, request, seconds)

    monkeypatch.setattr(remote.Link, "ask", spy)
    jobs = "\n".join(f"  j{n}: {{steps: [{{action: ./greet}}, {{action: ./greet}}]}}" for n in range(6))
    result = run(f"name: Greet\njobs:\n{jobs}\n", max_parallel=3)
    assert result.status == "succeeded"
    for job in result.jobs.values():
        assert [step.stdout for step in job.steps] == ["hello False\n", "hello True\n"]
    assert len(sent) == len(set(sent))  # the action and the library's own files, once to each worker
    assert {digest for _, digest in sent} <= {digest for _, digest in sent[:2]}


def test_the_packages_of_an_action_are_installed_where_the_worker_is(run, tmp_path, cluster):
    (tmp_path / "fresh").mkdir()
    action = tmp_path / "pack"
    action.mkdir()
    (action / "action-datatorch.yaml").write_text("name: Pack\nruns: {using: python, main: main.py}\n")
    (action / "main.py").write_text("import tiny, sys; print(tiny.VERSION, sys.executable)")
    (action / "tiny").mkdir()
    (action / "tiny" / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (action / "tiny" / "backend.py").write_text(BACKEND)
    (action / "requirements.txt").write_text("./tiny\n")
    there = cluster.worker("--resources", "fresh=1", env={"DATATORCH_PIPELINES_HOME": str(tmp_path / "there")})
    try:

        async def prepared(runner, environment):
            assert str(environment.paths.environments) == str(tmp_path / "there" / "cache" / "environments")
            assert environment.facts["python"]["executable"] == sys.executable

        in_job(cluster, prepared, JobSpec(run_id="r", job_id="j", name="j", runs_on=("fresh",)))
        result = run("name: P\njobs: {a: {runs-on: fresh, steps: [{action: ./pack}]}}")
        assert result.status == "succeeded"
        said = result.jobs["a"].steps[0].stdout
        assert said.splitlines()[-1].startswith(f"1.0 {tmp_path}/there/cache/environments/python-")
    finally:
        there.kill()


BACKEND = """\
import zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("tiny.py", "VERSION = '1.0'\\n")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return name
"""


def test_the_labels_of_a_job_are_resources_of_its_worker(run, cluster):
    result = run(
        "name: P\njobs:\n  a: {runs-on: gpu, steps: [{run: 'echo $PPID'}]}\n"
        "  b: {runs-on: gpu=1, steps: [{run: 'echo $PPID'}]}\n"
    )
    assert result.status == "succeeded"
    assert {int(job.steps[0].stdout) for job in result.jobs.values()} == {cluster.workers[1].process.pid}


def test_a_job_that_no_worker_could_take_is_told(run, cluster):
    async def never(runner, environment):
        raise AssertionError

    for labels, kind, said in (
        (
            ("gpu=2", "tpu"),
            RunnerUnavailable,
            f"the job 'j' waits in vain: no worker of the Dask cluster {cluster.address} offers gpu=2, tpu=1; "
            "start one with --resources 'gpu=2, tpu=1'",
        ),
        (
            ("gpu=many",),
            CommandRejected,
            "the label 'gpu=many' of 'runs-on' is no resource of a Dask worker; write NAME or NAME=NUMBER",
        ),
    ):
        with pytest.raises(kind) as caught:
            in_job(cluster, never, JobSpec(run_id="r", job_id="j", name="j", runs_on=labels), patience=0.2)
        assert str(caught.value) == said


def test_a_step_is_heard_while_it_runs_and_ends_within_two_seconds_of_a_cancellation(tmp_path, cluster):
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    text = f"exec 9>{fifo}; trap '' TERM; echo ready; setsid sleep 1000 & (setsid setsid sleep 1000 &); sleep 1000"
    pipeline = dtp.loads(json.dumps({"name": "P", "jobs": {"a": {"steps": [{"run": text}]}}}))
    handle = pipeline.start(directory=tmp_path / "runs", runner=DaskRunner(cluster.address))
    for event in handle:
        if isinstance(event, LogWritten) and event.stream == "stdout":
            break
    before = time.monotonic()
    handle.cancel()
    assert select.select([reading], [], [], 20)[0]  # nobody holds the other end any more
    assert time.monotonic() - before < 2
    assert handle.wait().status == "cancelled"
    assert handle.wait().jobs["a"].steps[0].stdout == "ready\n"
    os.close(reading)


def test_what_a_step_leaves_in_the_background_does_not_hold_it_and_ends_with_the_job(tmp_path, cluster):
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    async def check(runner, environment):
        log, late, more = [], [], asyncio.Event()
        environment.late_output = lambda stream, data: (late.append((stream, data)), more.set())
        text = f"exec 9>{fifo}; mkfifo go; (read line <go; echo late >&2; exec sleep 1000) & echo done"
        assert await runner.execute(Command(argv=("sh", "-c", text)), context(environment, log)) == 0
        assert log == [("stdout", b"done\n")]
        assert await runner.execute(Command(argv=("sh", "-c", "echo >go")), context(environment, log)) == 0
        async with asyncio.timeout(20):
            await more.wait()
        assert late == [("stderr", b"late\n")]

    in_job(cluster, check)
    assert os.read(reading, 1) == b""  # nobody holds the other end
    os.close(reading)


def test_a_step_that_writes_faster_than_it_is_read_waits_and_nothing_is_lost(cluster, tmp_path):
    written = tmp_path / "written"
    program = (
        "import os, sys\n"
        "for n in range(400):\n"
        "    os.write(1, b'%09d\\n' % n * 6000)\n"
        f"    open({str(written)!r}, 'w').write(str((n + 1) * 60000))\n"
    )
    ahead = []

    async def check(runner, environment):
        got = 0

        def sink(stream, data):
            nonlocal got
            got += len(data)
            time.sleep(0.001)  # a slow disk
            if written.exists():
                ahead.append(int(written.read_text() or 0) - got)

        slow = StepContext(job=JOB, step="s", environment=environment, sink=sink)
        assert await runner.execute(Command(argv=(sys.executable, "-c", program)), slow) == 0
        assert got == 24_000_000

    in_job(cluster, check)
    assert max(ahead) < 4_000_000


def test_files_go_there_and_back_with_their_names_and_modes(cluster, tmp_path):
    source = tmp_path / "action"
    (source / "sub dir").mkdir(parents=True)
    (source / "sub dir" / "é '\n日本").write_bytes(b"\0\xff" * 2_000_000)
    (source / "run.sh").write_text("#!/bin/sh\necho ran >here")
    (source / "run.sh").chmod(0o755)
    (source / "link").symlink_to("run.sh")

    async def check(runner, environment):
        log = []
        there = await environment.put(source, "digest-1")
        assert there == environment.paths.actions / "digest-1" == environment.placed(source, "digest-1")
        assert await runner.execute(Command(argv=(str(there / "link"),)), context(environment, log)) == 0
        await environment.get(environment.paths.workspace / "here", tmp_path / "here")
        await environment.get(there, tmp_path / "back")
        with pytest.raises(RunnerError) as caught:
            await environment.get(there / "none", tmp_path / "none")
        assert str(caught.value) == "files can't be copied to or from where the job runs: No such file or directory"

    in_job(cluster, check)
    assert (tmp_path / "here").read_text() == "ran\n"
    assert (tmp_path / "back" / "sub dir" / "é '\n日本").read_bytes() == b"\0\xff" * 2_000_000
    assert os.access(tmp_path / "back" / "run.sh", os.X_OK)


def test_nothing_of_a_job_is_left_on_its_worker(run, cluster, tmp_path):
    result = run("name: P\njobs: {a: {steps: [{run: 'pwd'}, {run: 'false'}]}}")
    assert result.status == "failed"
    assert not Path(result.jobs["a"].steps[0].stdout.strip()).parent.exists()
    kept = run("name: P\njobs: {a: {steps: [{run: 'pwd; echo x >f'}]}}", keep=True)
    folder = Path(kept.jobs["a"].steps[0].stdout.strip())
    assert (folder / "f").read_text() == "x\n"


def test_a_variable_of_this_process_reaches_a_step_when_it_is_forwarded(cluster, monkeypatch):
    monkeypatch.setenv("OF_THE_HOST", "it")
    monkeypatch.setenv("NOT_FORWARDED", "other")
    log = []

    async def check(runner, environment):
        command = Command(argv=("sh", "-c", "echo $OF_THE_HOST,$NOT_FORWARDED,$MINE"), env={"MINE": "m"})
        assert await runner.execute(command, context(environment, log)) == 0

    in_job(cluster, check, forward_env=["OF_THE_HOST", "NOT_SET"])
    assert log == [("stdout", b"it,,m\n")]


def test_a_secret_is_in_no_log_of_dask_and_not_in_what_the_scheduler_keeps(tmp_path):
    secret = "s3cret-abcdef"
    text = (
        "name: P\njobs:\n  a:\n    steps:\n"
        "      - {run: 'test \"$TOKEN\" && echo \"$TOKEN\" && exit 3', env: {TOKEN: '${{ secrets.TOKEN }}'}}\n"
    )
    with dask_processes() as cluster:
        # The workers say all that they can.
        cluster.worker(env=DEBUG)
        runner = DaskRunner(cluster.address)
        result = dtp.loads(text).run(directory=tmp_path / "runs", runner=runner, secrets={"TOKEN": secret})
        assert result.jobs["a"].steps[0].exit_status == 3
        assert result.jobs["a"].steps[0].stdout == "***\n"
        from distributed import Client

        with Client(cluster.address) as client:
            client.dump_cluster_state(str(tmp_path / "state"), format="yaml")
        state = (tmp_path / "state.yaml").read_text()
        assert "datatorch-job-" in state
        assert secret not in state
        said = cluster.logs()
        assert "DEBUG" in said
        assert "datatorch-pipelines" in said
        assert secret not in said


@pytest.mark.filterwarnings("ignore:Mismatched versions found")
def test_a_worker_of_another_version_is_refused_before_anything_runs(tmp_path, cluster):
    for package, other in (("datatorch_pipelines", "0.0.9"), ("distributed", "2020.1.0")):
        info = tmp_path / package / f"{package}-{other}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {other}\n")
        odd = cluster.worker(env={"PYTHONPATH": str(info.parent)})
        try:
            own = dtp.__version__ if package == "datatorch_pipelines" else __import__("distributed").__version__
            result = dtp.loads("name: P\njobs: {a: {steps: [{run: 'true'}]}}").run(
                directory=tmp_path / "runs", runner=DaskRunner(cluster.address)
            )
            assert result.status == "failed"
            assert result.jobs["a"].steps == ()
            assert result.jobs["a"].error.message == (
                f"the Dask worker {odd.address} has {package} {other}, and this process {package} {own}; "
                f"install {package.replace('_', '-')}=={own} where the workers are"
            )
        finally:
            odd.kill()


def test_a_scheduler_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("datatorch_pipelines.runners.dask.connection.CONNECT_SECONDS", 0.5)
    result = dtp.loads("name: P\njobs: {a: {steps: [{run: 'true'}]}}").run(
        directory=tmp_path / "runs", runner=DaskRunner("tcp://127.0.0.1:1")
    )
    assert result.status == "failed"
    assert result.jobs["a"].error.message.startswith("the Dask scheduler tcp://127.0.0.1:1 can't be reached: ")


def test_a_cluster_that_speaks_tls_is_reached_by_its_own_security_and_by_none_else(tmp_path, monkeypatch):
    from distributed import LocalCluster, Security

    monkeypatch.setattr("datatorch_pipelines.runners.dask.connection.CONNECT_SECONDS", 3)
    security = Security.temporary()
    pipeline = dtp.loads("name: P\njobs: {a: {steps: [{run: 'echo hi'}]}}")
    with LocalCluster(n_workers=1, protocol="tls://", security=security, dashboard_address="127.0.0.1:0") as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tls://")
        for runner in (DaskRunner(cluster), DaskRunner(address, security=security)):
            result = pipeline.run(runner=runner, directory=tmp_path)
            assert result.jobs["a"].steps[0].log == "hi\n"
        refused = pipeline.run(runner=DaskRunner(address), directory=tmp_path)
        assert refused.status == "failed"
        assert refused.jobs["a"].error.message.startswith(f"the Dask scheduler {address} can't be reached: ")
