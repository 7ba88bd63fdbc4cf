"""`DockerRunner` against a real engine."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from docker_engine import PYTHON, SMALL

import datatorch_pipelines as dtp
from datatorch_pipelines._containers import OWNER_LABEL, owner
from datatorch_pipelines.contracts import Command, JobSpec, StepContext
from datatorch_pipelines.errors import CommandRejected, EnvironmentLost, RunnerError, RunnerUnavailable
from datatorch_pipelines.runners import DockerRunner

JOB = JobSpec(run_id="r", job_id="j", name="j")

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("docker")]


def engine(*arguments):
    """What docker's command line answers."""
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def containers(*more):
    """The ids of the containers of this process, those that have stopped too."""
    return set(engine("ps", "--all", "--quiet", "--no-trunc", f"--filter=label={OWNER_LABEL}", *more).split())


@pytest.fixture(autouse=True)
def nothing_left(docker):
    before = containers()
    yield
    assert containers() <= before


class Boxed:
    """A job in a container, with a log."""

    def __init__(self, runner, environment, job):
        self.runner, self.environment, self.job, self.log, self.more = runner, environment, job, [], asyncio.Event()

    @property
    def name(self):
        return self.environment.container.name

    def sink(self, stream, data):
        self.log.append((stream, data))
        self.more.set()

    def start(self, *argv, **more):
        context = StepContext(job=self.job, step="s", environment=self.environment, sink=self.sink)
        return asyncio.ensure_future(self.runner.execute(Command(argv=argv, **more), context))

    async def execute(self, *argv, **more):
        return await self.start(*argv, **more)

    def said(self, stream="stdout"):
        return b"".join(data for name, data in self.log if name == stream)

    async def until_said(self, data, stream="stdout"):
        async with asyncio.timeout(20):
            while data not in self.said(stream):
                self.more.clear()
                await self.more.wait()


@contextlib.asynccontextmanager
async def boxed(runner, job=JOB):
    await runner.open()
    try:
        async with runner.job(job) as environment:
            yield Boxed(runner, environment, job)
    finally:
        await runner.aclose()


def in_job(function, image=SMALL, job=JOB, **options):
    async def main():
        async with boxed(DockerRunner(image, network="none", **options), job) as there:
            await function(there)

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.parametrize(
    ("argv", "status", "out", "err"),
    [
        (("true",), 0, b"", b""),
        (("sh", "-c", "exit 3"), 3, b"", b""),
        (("sh", "-c", "exit 127"), 127, b"", b""),
        (("sh", "-c", "kill -9 $$"), -9, b"", b""),
        (("sh", "-c", "printf out; printf '\\377' >&2; exit 1"), 1, b"out", b"\xff"),
        (("echo", "a b", "$HOME", "`x`", "é\n'\""), 0, "a b $HOME `x` é\n'\"\n".encode(), b""),
    ],
)
def test_a_command_gives_its_status_and_both_streams(argv, status, out, err):
    async def check(job):
        assert await job.execute(*argv) == status
        assert (job.said(), job.said("stderr")) == (out, err)

    in_job(check)


def test_no_last_line_is_lost(docker):
    async def check(job):
        for number in range(60):
            job.log.clear()
            assert await job.execute("sh", "-c", 'printf "first\\nlast %s" "$N"', env={"N": str(number)}) == 0
            assert job.said() == b"first\nlast %d" % number

    in_job(check)


def test_input_variables_and_folder_arrive_and_the_hosts_own_variables_do_not(monkeypatch):
    monkeypatch.setenv("OF_THE_HOST", "x")
    monkeypatch.setenv("FORWARDED", "line 1\nline 2")
    value = 'it\'s\n\\ $x `y` "é" 日本'
    text = 'printf %s "$A|$OF_THE_HOST|$FORWARDED|$PWD|"; cat'

    async def check(job):
        data = bytes(range(256)) * 10_000
        assert await job.execute("sh", "-c", text, env={"A": value}, stdin=data) == 0
        assert job.said() == f"{value}||line 1\nline 2|{job.environment.paths.workspace}|".encode() + data

    in_job(check, forward_env=["FORWARDED", "NOT_SET"])


def test_files_go_there_and_come_back(tmp_path):
    source = tmp_path / "action"
    (source / "sub dir").mkdir(parents=True)
    (source / "sub dir" / "é '\n日本").write_bytes(b"\0\xff")
    (source / "run.sh").write_text("#!/bin/sh\necho ran >here")
    (source / "run.sh").chmod(0o755)

    async def check(job):
        there = await job.environment.put(source, "digest-1")
        assert await job.execute(str(there / "run.sh")) == 0
        await job.environment.get(job.environment.paths.workspace / "here", tmp_path / "here")
        await job.environment.get(there, tmp_path / "back")

    in_job(check)
    assert (tmp_path / "here").read_text() == "ran\n"
    assert (tmp_path / "back" / "sub dir" / "é '\n日本").read_bytes() == b"\0\xff"
    assert os.access(tmp_path / "back" / "run.sh", os.X_OK)


def test_a_cancelled_step_ends_with_all_that_it_started_and_its_container_goes_on():
    env = {"DATATORCH_OUTPUT": "/tmp/only-this-step"}
    text = (
        "trap '' TERM HUP; echo ready; sleep 1000 & setsid sleep 1000 & (setsid setsid sleep 1000 &); "
        "sleep 1000; sleep 1000"
    )

    async def check(job):
        assert await job.execute("sh", "-c", "echo kept >file") == 0
        running = job.start("sh", "-c", text, env=env)
        await job.until_said(b"ready\n")
        running.cancel()
        async with asyncio.timeout(3):
            with pytest.raises(asyncio.CancelledError):
                await running
        assert "sleep 1000" not in engine("top", job.name, "-eo", "pid,args")
        job.log.clear()
        assert await job.execute("cat", "file") == 0
        assert job.said() == b"kept\n"

    in_job(check)


def test_a_child_in_the_background_holds_up_nothing_and_ends_with_the_job():
    async def check(job):
        job.environment.late_output = job.sink
        text = "mkfifo go; (read line <go; echo late; exec sleep 1000) & echo done"
        async with asyncio.timeout(15):
            assert await job.execute("sh", "-c", text) == 0
        assert await job.execute("sh", "-c", "echo >go") == 0
        await job.until_said(b"late\n")

    in_job(check)


def command_lines():
    """The arguments of every other process of this machine."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(path.read_bytes() if path.parent.name != str(os.getpid()) else b"")
    return b"".join(lines)


def test_nothing_that_the_command_is_given_is_in_an_argument():
    async def check(job):
        running = job.start(
            "sh", "-c", "echo ready; read line; echo $line; exec sleep 1000",
            env={"TOKEN": "s3cret-1"}, stdin=b"s3cret-2\n",
        )  # fmt: skip
        await job.until_said(b"s3cret-2\n")
        shown = command_lines()
        assert b"exec\0--interactive\0" in shown
        assert b"s3cret" not in shown
        assert "s3cret" not in engine("inspect", job.name)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    in_job(check)


def test_settings_are_those_of_the_container():
    async def check(job):
        told = json.loads(engine("inspect", job.name))[0]
        host = told["HostConfig"]
        assert (host["NanoCpus"], host["NetworkMode"]) == (500_000_000, "none")
        assert (host["AutoRemove"], host["Init"], host["ReadonlyRootfs"]) == (True, True, False)
        assert told["Config"]["User"] == "1000:1000"
        assert told["Config"]["Hostname"] == "boxed"
        assert told["Config"]["Labels"] == {
            OWNER_LABEL: owner(),
            "datatorch-pipelines.run": "r",
            "datatorch-pipelines.job": "j",
        }
        assert await job.execute("sh", "-c", "id -u; id -g; echo x >f") == 0
        assert job.said() == b"1000\n1000\n"

    in_job(check, cpus=0.5, user="1000:1000", options=["--hostname=boxed"])


def test_a_container_that_is_killed_is_a_lost_environment():
    async def check(job):
        running = job.start("sh", "-c", "echo ready; sleep 1000")
        await job.until_said(b"ready\n")
        engine("kill", job.name)
        with pytest.raises(EnvironmentLost, match=r"^the job's container has ended; see whether it had memory enough$"):
            await running
        with pytest.raises(EnvironmentLost, match=r"^the job's container has ended"):
            await job.execute("true")

    in_job(check)


def test_a_job_whose_container_dies_starts_anew_in_another(tmp_path):
    tmp_path.chmod(0o777)
    # Its first process ends by the signal, and the container with it.
    text = "test ! -e file; echo x >file; mkdir /shared/first 2>/dev/null || exit 0; kill -TERM 1; sleep 1000"
    pipeline = dtp.loads(f"name: Lost\njobs: {{a: {{steps: [{{name: S, run: '{text}'}}]}}}}\n")
    result = pipeline.run(runner=DockerRunner(SMALL, network="none", options=[f"--volume={tmp_path}:/shared"]))
    assert result.status is dtp.Status.SUCCEEDED
    assert (tmp_path / "first").is_dir()


HOST = """
import asyncio, os, sys
from datatorch_pipelines._containers import OWNER_LABEL, owner
from datatorch_pipelines.contracts import Command, JobSpec, StepContext
from datatorch_pipelines.runners import DockerRunner

async def main():
    runner = DockerRunner(sys.argv[1], network="none")
    job = JobSpec(run_id="r", job_id="j", name="j")
    async with runner.job(job) as environment:
        context = StepContext(job=job, step="s", environment=environment, sink=lambda *data: print(*data, flush=True))
        print(environment.container.name, flush=True)
        await runner.execute(Command(argv=("sleep", "1000")), context)

asyncio.run(main())
"""


def test_a_host_that_is_killed_leaves_no_container():
    host = subprocess.Popen([sys.executable, "-c", HOST, SMALL], stdout=subprocess.PIPE, text=True)
    name = host.stdout.readline().strip()
    host.kill()
    host.communicate()
    # It may be gone already, which is told by a status of its own.
    subprocess.run(["docker", "wait", name], capture_output=True, timeout=20)
    assert not engine("ps", "--quiet", f"--filter=name={name}")


def stopped(label):
    """A container that nobody holds, with an owner."""
    return engine(
        "run", "--detach", "--network=none", f"--label={OWNER_LABEL}={label}", SMALL, "sleep", "1000"
    )  # fmt: skip


def test_containers_of_dead_hosts_are_removed_at_the_next_start_and_no_others():
    machine, pid, start = owner().rsplit("/", 2)
    with subprocess.Popen(["true"]) as dead:
        pass
    reused = f"{machine}/{pid}/{int(start) - 1}"
    gone = {stopped(f"{machine}/{dead.pid}/1"), stopped(reused)}
    kept = {stopped(owner()), stopped(f"another:machine/{dead.pid}/1"), stopped("nonsense")}
    try:
        asyncio.run(DockerRunner(SMALL).open())
        assert containers() & (gone | kept) == kept
    finally:
        engine("rm", "--force", *kept)


def test_a_job_that_is_to_be_kept_leaves_its_container_stopped(tmp_path):
    names = []

    async def check(job):
        names.append(job.name)
        assert await job.execute("sh", "-c", "echo kept >file; pwd") == 0
        names.append(job.said().decode().strip())

    in_job(check, job=JobSpec(run_id="r", job_id="j", name="j", keep=True))
    name, workspace = names
    asyncio.run(DockerRunner(SMALL).open())
    assert engine("inspect", "--format", "{{.State.Running}}", name) == "false"
    engine("cp", f"{name}:{workspace}/file", str(tmp_path))
    engine("rm", name)
    assert (tmp_path / "file").read_text() == "kept\n"


def test_what_cannot_be_started_is_said():
    async def check(job):
        with pytest.raises(CommandRejected, match=r"^the program 'no-such' is not installed or not on PATH"):
            await job.execute("no-such")
        with pytest.raises(CommandRejected, match=r"^the working directory '/no' does not exist"):
            await job.execute("true", cwd="/no")

    in_job(check)


@pytest.mark.parametrize(
    ("image", "options", "kind", "message"),
    [
        (
            "localhost/no-such:1",
            {"pull": "never"},
            RunnerError,
            "there is no image 'localhost/no-such:1'; fetch it: docker pull localhost/no-such:1",
        ),
        (SMALL, {"docker": "no-such-docker"}, RunnerError, "the program 'no-such-docker' is not installed or not on"),
        (SMALL, {"memory": "lots"}, RunnerError, "the job's container can't be started: invalid argument"),
    ],
)
def test_a_container_that_cannot_be_had_is_said(image, options, kind, message):
    async def nothing(job):
        raise AssertionError

    with pytest.raises(kind) as caught:
        in_job(nothing, image, **options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_an_image_without_a_shell_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    packed = subprocess.run(["tar", "-C", tmp_path, "-c", "empty"], check=True, capture_output=True).stdout
    subprocess.run(["docker", "import", "-", "localhost/datatorch-test:empty"], input=packed, check=True)

    async def nothing(job):
        raise AssertionError

    with pytest.raises(
        RunnerError, match=r"^the image 'localhost/datatorch-test:empty' has no POSIX shell: .*sh.*; a job needs"
    ):
        in_job(nothing, "localhost/datatorch-test:empty")


def test_an_engine_that_does_not_run_is_said(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///no/socket")
        with pytest.raises(RunnerUnavailable) as caught:
            asyncio.run(DockerRunner(SMALL).open())
    assert str(caught.value).startswith("the container engine can't be reached: ")
    assert str(caught.value).endswith(
        "; start it, or name another one by DOCKER_HOST; 'docker version' has to succeed"
    )  # fmt: skip
    assert "\n" not in str(caught.value)


def test_without_docker_and_podman_it_is_said(monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(RunnerError, match=r"^neither docker nor podman is installed; install one, or name its"):
            asyncio.run(DockerRunner(SMALL).open())
        (tmp_path / "podman").symlink_to("/usr/bin/true")
        asyncio.run(DockerRunner(SMALL).open())


def test_python_actions_and_outputs_work_in_a_container(tmp_path):
    folder = tmp_path / "add"
    folder.mkdir()
    (folder / "action-datatorch.yaml").write_text(
        "name: Add\ninputs: {a: {type: integer}, b: {type: integer}}\noutputs: {sum: {type: integer}}\n"
        "runs: {using: python, main: add.py}\n"
    )
    (folder / "add.py").write_text(
        "from datatorch import get_input, set_output\nset_output('sum', get_input('a') + get_input('b'))\n"
    )
    (tmp_path / "p.yaml").write_text(
        "name: P\njobs: {a: {outputs: {sum: '${{ steps.Add.outputs.sum }}'}, "
        "steps: [{name: Add, action: ./add, inputs: {a: 1, b: 2}}]}}\n"
    )
    result = dtp.run(tmp_path / "p.yaml", runner=DockerRunner(PYTHON, network="none"))
    assert result.status is dtp.Status.SUCCEEDED
    assert dict(result.jobs["a"].outputs) == {"sum": 3}


def test_ten_jobs_at_once_keep_apart():
    jobs = "\n".join(f"  j{n}: {{steps: [{{name: S, run: 'echo {n} >f; cat f; exit {n % 2}'}}]}}" for n in range(10))
    result = dtp.loads(f"name: P\njobs:\n{jobs}\n").run(runner=DockerRunner(SMALL, network="none"))
    assert [result.jobs[f"j{n}"].steps[0].log for n in range(10)] == [f"{n}\n" for n in range(10)]
    assert [result.jobs[f"j{n}"].steps[0].exit_status for n in range(10)] == [n % 2 for n in range(10)]
