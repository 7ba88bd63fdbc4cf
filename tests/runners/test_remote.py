"""`supervised` over a shell of this machine as the far end: what it needs of a shell is the same over ssh."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from datatorch_pipelines.contracts import Capabilities, Command, JobSpec, Runner, StepContext
from datatorch_pipelines.errors import CommandRejected, EnvironmentLost, RunnerUnavailable
from datatorch_pipelines.runners import supervised

SHELLS = {"dash": ("dash",), "bash": ("bash",), "busybox": ("busybox", "sh")}
JOB = JobSpec(run_id="r", job_id="j", name="j")


class ShellRunner(Runner):
    capabilities = Capabilities(shares_files=False)

    def __init__(self, shell):
        self.transport = shell

    async def execute(self, command: Command, context: StepContext) -> int:
        work = supervised(command, context)
        return await work.run([*self.transport, "-c", work.line])


class Far:
    """A job at the far end, with a log."""

    def __init__(self, runner, environment):
        self.runner, self.environment, self.log, self.more = runner, environment, [], asyncio.Event()

    def sink(self, stream, data):
        self.log.append((stream, data))
        self.more.set()

    def start(self, *argv, **more):
        context = StepContext(job=JOB, step="s", environment=self.environment, sink=self.sink)
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


@pytest.fixture(params=SHELLS.values(), ids=SHELLS)
def far(request, tmp_path, monkeypatch):
    if not shutil.which(request.param[0]):
        pytest.skip(f"{request.param[0]} is not installed")
    # The far end runs `sh` itself, so that must be the shell in question too.
    (tmp_path / "bin").mkdir()
    (tmp_path / "tmp").mkdir()
    shell = tmp_path / "bin" / "sh"
    shell.write_text(f'#!/bin/sh\nexec {shutil.which(request.param[0])} {" ".join(request.param[1:])} "$@"\n')
    shell.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/local/bin:/usr/bin:/bin:{Path(sys.executable).parent}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))

    def run(function):
        async def main():
            runner = ShellRunner(request.param)
            async with runner.job(JOB) as environment:
                await function(Far(runner, environment))

        asyncio.run(main())
        assert list((tmp_path / "tmp").iterdir()) == []

    return run


@pytest.mark.parametrize(
    ("argv", "status", "out", "err"),
    [
        (("true",), 0, b"", b""),
        (("sh", "-c", "exit 3"), 3, b"", b""),
        (("sh", "-c", "exit 255"), 255, b"", b""),
        (("sh", "-c", "kill -9 $$"), -9, b"", b""),
        (("sh", "-c", "kill -s INT $$"), -2, b"", b""),
        (("sh", "-c", "kill -s TERM $$"), -15, b"", b""),
        (("sh", "-c", "echo out; echo err >&2; exit 1"), 1, b"out\n", b"err\n"),
        (("printf", "no line end"), 0, b"no line end", b""),
        (("printf", r"\377\000\200"), 0, b"\xff\x00\x80", b""),
        (("printf", "datatorch-"), 0, b"datatorch-", b""),
        (("echo", "a b", "$HOME", "`x`", "é\n'\"", "", "-n"), 0, "a b $HOME `x` é\n'\"  -n\n".encode(), b""),
    ],
)
def test_a_command_gives_its_status_and_its_output_byte_by_byte(far, argv, status, out, err):
    async def check(job):
        assert await job.execute(*argv) == status
        assert (job.said(), job.said("stderr")) == (out, err)

    far(check)


def test_variables_arrive_as_they_are(far):
    env = {"A": 'it\'s\n\\ $x `y` "é" !\udcff', "EMPTY": "", "LONG": "x" * 100_000, "PWD_": "p"}
    program = "import os; print({k: os.environ[k] for k in ('A', 'EMPTY', 'LONG', 'PWD_')}.__repr__().encode('ascii', 'backslashreplace').decode())"  # noqa: E501  # one line of Python

    async def check(job):
        assert await job.execute("python3", "-c", program, env=env) == 0
        wanted = {name: env[name] for name in ("A", "EMPTY", "LONG", "PWD_")}
        assert job.said().decode() == repr(wanted).encode("ascii", "backslashreplace").decode() + "\n"

    far(check)


def test_input_arrives_whole_whether_read_or_not(far):
    data = bytes(range(256)) * 8000

    async def check(job):
        assert await job.execute("cat", stdin=data) == 0
        assert job.said() == data
        assert await job.execute("sh", "-c", "exit 4", stdin=data) == 4
        assert await job.execute("cat") == 0
        assert job.said() == data

    far(check)


def test_ten_megabytes_of_output_arrive_whole(far):
    async def check(job):
        assert await job.execute("sh", "-c", "head -c 10000000 /dev/zero; head -c 10000000 /dev/zero >&2") == 0
        assert job.said() == job.said("stderr") == bytes(10_000_000)

    far(check)


def test_what_cannot_be_started_is_rejected(far):
    async def check(job):
        for argv, more, said in (
            (("no-such-program",), {}, "the program 'no-such-program' is not installed or not on PATH"),
            (("ls",), {"cwd": "/no/such"}, "the working directory '/no/such' does not exist"),
            (("ls",), {"env": {"a.b": "1"}}, "the variable 'a.b' can't be set where the step runs"),
            (("echo", "a\0b"), {}, "the command can't be started: an argument or variable holds a NUL character"),
            (("echo", "\ud800"), {}, "the command can't be started: an argument or variable holds a NUL character"),
        ):
            with pytest.raises(CommandRejected) as caught:
                await job.execute(*argv, **more)
            assert str(caught.value).startswith(said)
            assert job.log == []

    far(check)


TREES = {
    "one": "exec sleep 1000",
    "children": "sleep 1000 | sleep 1000",
    "deaf": "trap '' TERM INT HUP; sleep 1000 & sleep 1000 & wait",
    "own sessions": "setsid sleep 1000 & setsid sh -c 'setsid sleep 1000 & sleep 1000' & wait",
    "double fork": "(setsid setsid sleep 1000 &); (sleep 1000 &); sleep 1000",
}


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_cancelling_ends_the_whole_tree(far, lives, tree):
    async def check(job):
        env = {"DATATORCH_OUTPUT": f"{job.environment.paths.temp}/step-1/out"}
        running = job.start("sh", "-c", lives.hold() + "echo ready; " + tree, env=env)
        await job.until_said(b"ready\n")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert lives.gone()
        assert await job.execute("true") == 0

    far(check)


def test_a_command_that_does_not_read_its_input_is_cancelled_all_the_same(far, lives):
    async def check(job):
        running = job.start("sh", "-c", lives.hold() + "echo ready; sleep 1000", stdin=b"x" * 5_000_000)
        await job.until_said(b"ready\n")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert lives.gone()

    far(check)


def test_a_child_in_the_background_does_not_hold_the_step_and_ends_with_the_job(far, lives):
    async def check(job):
        late = []
        job.environment.late_output = lambda stream, data: (late.append((stream, data)), job.sink(stream, data))
        text = "mkfifo go; (read line <go; echo late >&2; exec sleep 1000) & echo done"
        async with asyncio.timeout(10):
            assert await job.execute("sh", "-c", lives.hold() + text) == 0
        assert job.said() == b"done\n"
        assert await job.execute("sh", "-c", "echo >go") == 0
        await job.until_said(b"late\n", "stderr")
        assert late == [("stderr", b"late\n")]
        assert not lives.gone()

    far(check)
    assert lives.gone()


def test_the_transports_own_banner_is_not_the_commands_output(far):
    async def check(job):
        banner = "echo Welcome; echo Careful >&2; "
        context = StepContext(job=JOB, step="s", environment=job.environment, sink=job.sink)
        work = supervised(Command(argv=("echo", "hi")), context)
        assert await work.run(["sh", "-c", banner + work.line]) == 0
        assert job.log == [("stdout", b"hi\n")]

    far(check)


def test_a_transport_that_fails_at_first_is_unavailable_and_later_loses_the_environment(far):
    async def check(job):
        context = StepContext(job=JOB, step="s", environment=job.environment, sink=job.sink)
        work = supervised(Command(argv=("true",)), context)
        with pytest.raises(RunnerUnavailable) as caught:
            await work.run(["sh", "-c", "echo 'far: Connection refused' >&2; exit 255"])
        assert str(caught.value) == "where the step is to run can't be reached: far: Connection refused"
        with pytest.raises(RunnerUnavailable, match=r"can't be reached: sh ended with exit status 4$"):
            await work.run(["sh", "-c", "exit 4"])
        keeperless = supervised(Command(argv=("sh", "-c", "kill -s KILL $PPID; sleep 1000")), context)
        with pytest.raises(EnvironmentLost, match=r"^the shell that kept the step was killed where the step runs$"):
            await keeperless.run(["sh", "-c", keeperless.line])
        broken = supervised(Command(argv=("sh", "-c", "echo ready; sleep 1000")), context)
        near = "import os, sys; from subprocess import *; os.write(1, Popen(sys.argv[1:], stdout=PIPE).stdout.read(60))"
        with pytest.raises(EnvironmentLost, match=r"^the connection to where the step runs broke: python3 ended"):
            await broken.run(["python3", "-W", "ignore", "-c", near, "sh", "-c", broken.line])


def test_nothing_of_a_command_is_in_the_arguments_of_its_transport():
    context = StepContext(job=JOB, step="s", environment=None, sink=None)
    work = supervised(Command(argv=("true",), cwd="/s3cret", env={"A": "s3cret"}, stdin=b"s3cret"), context)
    assert "s3cret" not in work.line + " ".join(work.argv) + repr(work)
    other = supervised(Command(argv=("false",), cwd="/"), context)
    assert (work.argv, work.line) == (other.argv, other.line)
    words = subprocess.run(["sh", "-c", f"printf '%s\\n' {work.line}"], capture_output=True, text=True, check=True)
    assert words.stdout.splitlines() == ["exec", *work.argv]


def test_files_go_there_and_back_with_their_names_and_modes(far, tmp_path):
    source = tmp_path / "action"
    (source / "sub dir" / "__pycache__").mkdir(parents=True)
    (source / "sub dir" / "__pycache__" / "x.pyc").write_bytes(b"")
    (source / "sub dir" / "é '\"\n日本").write_bytes(b"\0\xff")
    (source / "run.sh").write_text("#!/bin/sh\necho ran")
    (source / "run.sh").chmod(0o755)
    (source / "-f").write_text("dash")
    (source / "link").symlink_to("run.sh")

    async def check(job):
        there = await job.environment.put(source, "digest-1")
        assert there == job.environment.paths.actions / "digest-1" == job.environment.placed(source, "digest-1")
        assert await job.execute(str(there / "link")) == 0
        assert job.said() == b"ran\n"
        assert await job.execute("sh", "-c", f"rm '{there}/run.sh'") == 0
        assert await job.environment.put(source, "digest-1") == there
        await job.environment.get(there, tmp_path / "back")
        await job.environment.get(there / "sub dir" / "é '\"\n日本", tmp_path / "file")

    far(check)
    back = tmp_path / "back"
    names = sorted(str(path.relative_to(back)) for path in back.rglob("*"))
    assert names == ["-f", "sub dir", "sub dir/é '\"\n日本"]
    assert (back / "-f").read_text() == "dash"
    assert (tmp_path / "file").read_bytes() == b"\0\xff"


def test_the_log_of_a_step_that_raises_ends_the_command(far, lives):
    async def check(job):
        def full(stream, data):
            raise OSError(28, "No space left on device")

        context = StepContext(job=JOB, step="s", environment=job.environment, sink=job.sink)
        command = Command(argv=("sh", "-c", lives.hold() + "echo x; sleep 1000"))
        with pytest.raises(OSError, match="No space left"):
            await job.runner.execute(command, evolve(context, sink=full))
        assert lives.gone()

    far(check)
