"""The example executor over a real sshd on loopback, with keys of its own."""

import asyncio
import contextlib
import getpass
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import Command, JobSpec, StepContext
from datatorch_pipelines.errors import CommandRejected, EnvironmentLost, RunnerUnavailable
from datatorch_pipelines.testing import RunnerConformance
from datatorch_pipelines.testing.leftovers import children

pytestmark = pytest.mark.integration

JOB = JobSpec(run_id="r", job_id="j", name="j")
EXAMPLE = Path(__file__).parents[2] / "examples" / "runners" / "ssh.py"


def without_a_server(options):
    """Options for a port where nobody listens."""
    port = options.index("-p") + 1
    return [*options[:port], "1", *options[port + 1 :]]


class TestSSHRunner(RunnerConformance):
    patience = 60

    @pytest.fixture
    def runner(self, ssh_options, ssh_example):
        return ssh_example.SSHRunner(f"{getpass.getuser()}@127.0.0.1", options=ssh_options)

    @pytest.fixture
    def unreachable(self, ssh_options, ssh_example):
        return ssh_example.SSHRunner(f"{getpass.getuser()}@127.0.0.1", options=without_a_server(ssh_options))

    @pytest.fixture
    def lose(self):
        def cut(_environment):
            for pid, line in children().items():
                if line.startswith("ssh "):
                    os.kill(pid, signal.SIGKILL)

        return cut


class Far:
    """A job on the other machine, with a log."""

    def __init__(self, runner, environment):
        self.runner, self.environment, self.log, self.more = runner, environment, [], asyncio.Event()

    def sink(self, stream, data):
        self.log.append((stream, data))
        self.more.set()

    def context(self):
        return StepContext(job=JOB, step="s", environment=self.environment, sink=self.sink)

    def start(self, *argv, **more):
        return asyncio.ensure_future(self.runner.execute(Command(argv=argv, **more), self.context()))

    async def execute(self, *argv, **more):
        return await self.start(*argv, **more)

    def said(self, stream="stdout"):
        return b"".join(data for name, data in self.log if name == stream)

    async def until_said(self, data, stream="stdout"):
        async with asyncio.timeout(20):
            while data not in self.said(stream):
                self.more.clear()
                await self.more.wait()


@pytest.fixture
def far(ssh_options, ssh_example):
    """Runs an asynchronous function with a job of an `SSHRunner`; checks that the job leaves no folder."""

    def run(function, **more):
        async def main():
            runner = ssh_example.SSHRunner(f"{getpass.getuser()}@127.0.0.1", options=ssh_options, **more)
            async with runner.job(JOB) as environment:
                root = Path(environment.paths.workspace).parent
                assert root.is_dir()  # the other machine is this one
                await function(Far(runner, environment))
            assert not root.exists()

        asyncio.run(asyncio.wait_for(main(), 60))

    return run


def command_lines():
    """The arguments of every process of this machine."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(path.read_bytes())
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("argv", "status", "out", "err"),
    [
        (("true",), 0, b"", b""),
        (("sh", "-c", "exit 3"), 3, b"", b""),
        (("sh", "-c", "exit 255"), 255, b"", b""),
        (("sh", "-c", "kill -9 $$"), -9, b"", b""),
        (("sh", "-c", "kill -s INT $$"), -2, b"", b""),
        (("sh", "-c", "printf out; printf '\\377' >&2; exit 1"), 1, b"out", b"\xff"),
        (("echo", "a b", "$HOME", "`x`", "é\n'\""), 0, "a b $HOME `x` é\n'\"\n".encode(), b""),
    ],
)
def test_a_command_gives_its_status_and_both_streams(far, argv, status, out, err):
    async def check(job):
        assert await job.execute(*argv) == status
        assert (job.said(), job.said("stderr")) == (out, err)

    far(check)


def test_input_variables_and_folder_arrive_and_the_hosts_own_variables_do_not(far, monkeypatch):
    monkeypatch.setenv("OF_THE_HOST", "x")
    value = 'it\'s\n\\ $x `y` "é" 日本'

    async def check(job):
        data = bytes(range(256)) * 10_000
        assert (
            await job.execute("sh", "-c", 'printf %s "$A|$OF_THE_HOST|$PWD|"; cat', env={"A": value}, stdin=data) == 0
        )
        assert job.said() == f"{value}||{job.environment.paths.workspace}|".encode() + data

    far(check)


def test_facts_are_of_where_the_step_runs(far):
    async def check(job):
        assert job.environment.facts["machine"]["os"] == os.uname().sysname
        assert await job.execute(job.environment.facts["python"]["executable"], "-c", "print(1)") == 0

    far(check)


def test_files_go_there_with_names_and_modes_and_come_back(far, tmp_path):
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

    far(check)
    assert (tmp_path / "here").read_text() == "ran\n"
    assert (tmp_path / "back" / "sub dir" / "é '\n日本").read_bytes() == b"\0\xff"
    assert os.access(tmp_path / "back" / "run.sh", os.X_OK)


def test_cancelling_ends_all_that_the_command_started_over_there(far, tmp_path):
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    async def check(job):
        env = {"DATATORCH_OUTPUT": f"{job.environment.paths.temp}/step-1/out"}
        text = (
            f"exec 9>{fifo}; trap '' TERM HUP; echo ready; sleep 1000 & setsid sleep 1000 & "
            "(setsid setsid sleep 1000 &); sleep 1000; sleep 1000"
        )
        running = job.start("sh", "-c", text, env=env)
        await job.until_said(b"ready\n")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert os.read(reading, 1) == b""  # nobody holds the other end
        assert await job.execute("true") == 0

    far(check)
    os.close(reading)


def test_a_host_that_is_killed_leaves_nothing_over_there(ssh_options, tmp_path):
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    program = f"""
import asyncio, importlib.util, sys
sys.path.insert(0, {str(EXAMPLE.parent)!r})
from ssh import SSHRunner
import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import Command, JobSpec, StepContext

async def main():
    runner = SSHRunner(sys.argv[1], options=sys.argv[2:])
    job = JobSpec(run_id="r", job_id="j", name="j", keep=True)
    async with runner.job(job) as environment:
        context = StepContext(job=job, step="s", environment=environment, sink=lambda *data: print(*data, flush=True))
        text = "exec 9>{fifo}; echo $PWD; setsid sleep 1000; sleep 1000"
        await runner.execute(Command(argv=("sh", "-c", text)), context)

asyncio.run(main())
"""
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    host = subprocess.Popen(
        [sys.executable, "-c", program, f"{getpass.getuser()}@127.0.0.1", *ssh_options], stdout=subprocess.PIPE
    )
    said = host.stdout.readline()
    host.kill()
    host.communicate()
    assert select.select([reading], [], [], 20)[0]  # nobody holds the other end any more
    os.close(reading)
    workspace = said.decode().split("'")[-2].removesuffix("\\n")
    assert Path(workspace).name == "workspace"
    shutil.rmtree(Path(workspace).parent)


def test_no_process_list_shows_what_the_command_is_given(far):
    async def check(job):
        running = job.start(
            "sh", "-c", "echo ready; read line; echo $line; exec sleep 1000",
            env={"TOKEN": "s3cret-1"}, stdin=b"s3cret-2\n",
        )  # fmt: skip
        await job.until_said(b"s3cret-2\n")
        seen = command_lines()
        # In the midst of an exec a process shows no command line.
        while b"sleep\x001000" not in seen:
            assert b"s3cret" not in seen
            await asyncio.sleep(0)
            seen = command_lines()
        assert b"s3cret" not in seen
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    far(check)


def test_a_child_in_the_background_ends_with_the_job(far, tmp_path):
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    async def check(job):
        job.environment.late_output = job.sink
        text = f"exec 9>{fifo}; mkfifo go; (read line <go; echo late; exec sleep 1000) & echo done"
        async with asyncio.timeout(15):
            assert await job.execute("sh", "-c", text) == 0
        assert await job.execute("sh", "-c", "echo >go") == 0
        await job.until_said(b"late\n")

    far(check)
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_what_is_wrong_over_there_is_said(far, ssh_options):
    async def check(job):
        with pytest.raises(CommandRejected, match=r"^the program 'no-such' is not installed or not on PATH"):
            await job.execute("no-such")
        with pytest.raises(EnvironmentLost, match=r"^the connection to where the step runs broke: ssh ended with exit"):
            # The command ends the server's process for this connection.
            await job.execute(
                "python3", "-c",
                "import os, signal\n"
                "pid = os.getpid()\n"
                "while not open(f'/proc/{pid}/comm').read().startswith('sshd'):\n"
                "    pid = int(open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[1])\n"
                "os.kill(pid, signal.SIGKILL); signal.pause()",
            )  # fmt: skip

    far(check)


def test_a_machine_that_cannot_be_reached_is_unavailable(ssh_options, ssh_example):
    async def main():
        options = [*ssh_options, "-p", "1"]
        options[options.index("-p") + 1] = "1"
        runner = ssh_example.SSHRunner("127.0.0.1", options=options)
        async with runner.job(JOB):
            pass

    with pytest.raises(RunnerUnavailable) as caught:
        asyncio.run(main())
    assert str(caught.value) == (
        "where the step is to run can't be reached: "
        "ssh: connect to host 127.0.0.1 port 1: Connection refused"
    )  # fmt: skip


def test_twenty_commands_at_once_keep_apart(far):
    async def check(job):
        logs = [[] for _ in range(20)]
        work = [
            job.runner.execute(
                Command(argv=("sh", "-c", f"cat; exit {n}"), stdin=b"%d" % n),
                evolve(job.context(), sink=lambda stream, data, log=log: log.append(data)),
            )
            for n, log in enumerate(logs)
        ]
        assert await asyncio.gather(*work) == list(range(20))
        assert [b"".join(log) for log in logs] == [b"%d" % n for n in range(20)]

    far(check)


def test_a_host_that_looks_like_an_option_is_refused(ssh_example):
    with pytest.raises(ValueError, match="whose names don't start with '-'"):
        ssh_example.SSHRunner("-oProxyCommand=x")


def test_jobs_are_spread_over_the_hosts_and_stay_on_theirs(ssh_options, ssh_example, tmp_path):
    one, two = "127.0.0.1", f"{getpass.getuser()}@127.0.0.1"
    runner = ssh_example.SSHRunner(one, two, options=ssh_options)
    at = []
    start = runner.execute

    async def execute(command, context):
        at.append((context.job.job_id, runner._jobs[context.job]))
        return await start(command, context)

    runner.execute = execute
    jobs = "".join(f"  j{n}: {{steps: [{{run: 'echo x > mine'}}, {{run: 'cat mine'}}]}}\n" for n in range(4))
    result = dtp.loads(f"name: S\njobs:\n{jobs}").run(runner=runner, directory=tmp_path)
    assert result.succeeded, result.error
    hosts = {job: {host for name, host in at if name == job} for job in ("j0", "j1", "j2", "j3")}
    assert sorted(map(len, hosts.values())) == [1, 1, 1, 1]
    assert sorted(host for (host,) in hosts.values()) == sorted([one, one, two, two])


def test_a_host_that_is_not_there_is_left_for_another(ssh_options, ssh_example, tmp_path):
    runner = ssh_example.SSHRunner("no-such-host.invalid", "127.0.0.1", options=ssh_options)
    result = dtp.loads("{name: S, jobs: {a: {steps: [{run: 'true'}]}}}").run(runner=runner, directory=tmp_path)
    assert result.succeeded, result.error


def test_no_host_at_all_is_refused(ssh_example):
    with pytest.raises(ValueError, match="give one host or several"):
        ssh_example.SSHRunner()
