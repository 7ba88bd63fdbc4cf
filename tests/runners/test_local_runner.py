import asyncio
import contextlib
import hashlib
import os
import sys
from pathlib import Path

import pytest
from attrs import evolve

from datatorch_pipelines.contracts import Command
from datatorch_pipelines.errors import CommandRejected, RunnerUnavailable


def python(text):
    return (sys.executable, "-c", text)


@pytest.mark.parametrize(
    ("argv", "status", "out", "err"),
    [
        (("true",), 0, b"", b""),
        (("sh", "-c", "exit 3"), 3, b"", b""),
        (("sh", "-c", "exit 255"), 255, b"", b""),
        (("sh", "-c", "kill -9 $$"), -9, b"", b""),
        (("sh", "-c", "kill -TERM $$"), -15, b"", b""),
        (("sh", "-c", "kill -INT $$"), -2, b"", b""),
        (("sh", "-c", "sh -c 'kill -9 $$'; exit $?"), 137, b"", b"Killed\n"),
        (("sh", "-c", "echo out; echo err >&2"), 0, b"out\n", b"err\n"),
        (("printf", "no line end"), 0, b"no line end", b""),
        (("printf", r"\377\000\200"), 0, b"\xff\x00\x80", b""),
        (("cat",), 0, b"", b""),
        (("echo", "a b", "$HOME", "`x`", "é\n'\""), 0, "a b $HOME `x` é\n'\"\n".encode(), b""),
    ],
)
def test_a_command_gives_its_status_and_its_output_byte_by_byte(in_job, argv, status, out, err):
    async def check(job):
        assert await job.execute(*argv) == status
        assert (job.said(), job.said("stderr")) == (out, err)

    in_job(check)


def test_ten_megabytes_on_both_streams_arrive_whole_and_in_order(in_job):
    async def check(job):
        program = (
            "import sys, threading\n"
            "def fill(file):\n"
            "    for start in range(0, 1_000_000, 1000):\n"
            "        file.write(b''.join(b'%09d\\n' % number for number in range(start, start + 1000)))\n"
            "    file.flush()\n"
            "other = threading.Thread(target=fill, args=(sys.stderr.buffer,)); other.start()\n"
            "fill(sys.stdout.buffer); other.join()"
        )
        assert await job.execute(*python(program)) == 0
        whole = b"".join(b"%09d\n" % number for number in range(1_000_000))
        assert job.said() == whole
        assert job.said("stderr") == whole

    in_job(check)


def test_a_line_of_64_megabytes_arrives_in_chunks(in_job):
    async def check(job):
        program = "import sys\nfor _ in range(64): sys.stdout.write('x' * (1 << 20))"
        assert await job.execute(*python(program)) == 0
        assert sum(len(data) for _, data in job.log) == 64 << 20
        assert max(len(data) for _, data in job.log) <= 64 * 1024

    in_job(check)


def test_five_megabytes_of_input_are_fed_while_output_is_read(in_job):
    async def check(job):
        data = os.urandom(5_000_000)
        assert await job.execute("cat", stdin=data) == 0
        assert hashlib.sha256(job.said()).digest() == hashlib.sha256(data).digest()

    in_job(check)


def test_a_command_may_leave_its_input_unread(in_job):
    async def check(job):
        assert await job.execute("sh", "-c", "exit 4", stdin=b"x" * 5_000_000) == 4

    in_job(check)


def test_output_comes_while_the_command_runs(in_job):
    async def check(job):
        os.mkfifo(job.environment.paths.workspace / "go")
        running = job.start("sh", "-c", "echo first; read line <go; echo got $line")
        await job.until_said(b"first\n")
        (job.environment.paths.workspace / "go").write_text("it\n")
        assert await running == 0
        assert job.said() == b"first\ngot it\n"

    in_job(check)


def test_the_environment_is_the_hosts_with_the_commands_over_it(in_job, monkeypatch):
    monkeypatch.setenv("FROM_HOST", "host")
    monkeypatch.setenv("FROM_BOTH", "host")

    async def check(job):
        monkeypatch.setenv("LATER", "yes")
        env = {"FROM_BOTH": "command", "MULTI": "a\nb 'c' \"é\""}
        program = "import os; print([os.environ[name] for name in ('FROM_HOST', 'FROM_BOTH', 'MULTI', 'LATER')])"
        assert await job.execute(*python(program), env=env) == 0
        assert job.said().decode() == "['host', 'command', 'a\\nb \\'c\\' \"é\"', 'yes']\n"

    in_job(check)


def test_a_command_starts_in_the_workspace_unless_told(in_job, tmp_path):
    async def check(job):
        await job.execute("pwd")
        await job.execute("pwd", cwd=str(tmp_path))
        assert job.said().decode() == f"{job.environment.paths.workspace}\n{tmp_path}\n"

    in_job(check)


def test_the_workspace_is_empty_at_first_shared_by_steps_and_gone_afterwards(in_job):
    seen = []

    async def check(job):
        seen.append(job.environment.paths.workspace)
        assert await job.execute("sh", "-c", "ls -A; echo x >file; mkdir -p a/b; chmod 500 a") == 0
        assert await job.execute("cat", "file") == 0
        assert job.said() == b"x\n"

    in_job(check)
    assert not seen[0].parent.exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (Command(argv=("no-such-program", "x")),
         "the program 'no-such-program' is not installed or not on PATH; install it where the step runs"),
        (Command(argv=("./none",)), "the program './none' does not exist"),
        (Command(argv=("/dev/null/x",)), "the program '/dev/null/x' does not exist"),
        (Command(argv=("/etc/passwd",)), "the program '/etc/passwd' is not executable; chmod +x /etc/passwd"),
        (Command(argv=("ls",), cwd="/no/such"),
         "the working directory '/no/such' does not exist; make it in an earlier step"),
        (Command(argv=("ls",), cwd="/etc/passwd"),
         "the working directory '/etc/passwd' does not exist; make it in an earlier step"),
        (Command(argv=("echo", "s3cret" * 30_000)),
         "the command's arguments and variables are longer than the system allows; "
         "one may have 128 KiB; pass larger data in a file"),
        (Command(argv=("echo",), env={"A": "s3cret" * 30_000}),
         "the command's arguments and variables are longer than the system allows; "
         "one may have 128 KiB; pass larger data in a file"),
        (Command(argv=("echo", "s3cret\0")),
         "the command can't be started: an argument or variable holds a NUL character or is not Unicode text; "
         "pass such data in a file"),
        (Command(argv=("echo",), env={"A": "s3cret\ud800"}),
         "the command can't be started: an argument or variable holds a NUL character or is not Unicode text; "
         "pass such data in a file"),
    ],
)  # fmt: skip
def test_what_cannot_be_started_is_rejected_in_one_sentence(in_job, command, said):
    async def check(job):
        with pytest.raises(CommandRejected) as caught:
            await job.runner.execute(command, job.context())
        assert str(caught.value) == said

    in_job(check)


def test_scripts_that_cannot_start_say_why(in_job, tmp_path):
    gone, empty = tmp_path / "gone.sh", tmp_path / "empty"
    gone.write_text("#!/no/such/interpreter\n")
    empty.write_text("")
    for file in (gone, empty):
        file.chmod(0o755)

    async def check(job):
        with pytest.raises(CommandRejected, match="the interpreter of its '#!' line does not exist"):
            await job.execute(str(gone))
        with pytest.raises(CommandRejected, match="Exec format error; a script needs a '#!' line"):
            await job.execute(str(empty))

    in_job(check)


def test_a_child_in_the_background_does_not_hold_the_step_and_ends_with_the_job(in_job, lives):
    log = []

    async def check(job):
        job.environment.late_output = lambda stream, data: (log.append((stream, data)), job.sink(stream, data))
        text = "mkfifo go; (read line <go; echo late >&2; exec sleep 1000) & echo done"
        async with asyncio.timeout(10):
            assert await job.execute("sh", "-c", lives.hold() + text) == 0
        assert job.said() == b"done\n"
        assert await job.execute("sh", "-c", "echo >go") == 0
        await job.until_said(b"late\n", "stderr")
        assert log == [("stderr", b"late\n")]
        assert not lives.gone()

    in_job(check)
    assert lives.gone()


def test_a_child_that_never_stops_writing_does_not_hold_the_step_either(in_job, lives):
    async def check(job):
        async with asyncio.timeout(10):
            assert await job.execute("sh", "-c", lives.hold() + "yes & sleep 0.05") == 0

    in_job(check)
    assert lives.gone()


@pytest.mark.parametrize(
    "background",
    [
        "setsid sleep 1000 >/dev/null 2>&1 &",
        "setsid sh -c 'sleep 1000 & sleep 1000' &",
        "(setsid setsid sleep 1000 >/dev/null 2>&1 &) ; (sleep 1000 &)",
        "trap '' TERM; sleep 1000 &",
    ],
)
def test_what_steps_left_behind_ends_with_the_job_and_not_before(in_job, lives, background):
    async def check(job):
        env = {"DATATORCH_OUTPUT": f"{job.environment.paths.temp}/step-1/out"}
        assert await job.execute("sh", "-c", lives.hold() + background, env=env) == 0
        other = job.start("sleep", "1000", env={"DATATORCH_OUTPUT": f"{job.environment.paths.temp}/step-2/out"})
        await asyncio.sleep(0)
        other.cancel()
        with pytest.raises(asyncio.CancelledError):
            await other
        assert not lives.gone()

    in_job(check)
    assert lives.gone()


TREES = {
    "one": "exec sleep 1000",
    "children": "sleep 1000 | sleep 1000",
    "deaf": "trap '' TERM INT HUP; sleep 1000 & sleep 1000 & wait",
    "own groups": "set -m; sleep 1000 & sleep 1000 & wait",
    "own sessions": "setsid sleep 1000 & setsid sh -c 'setsid sleep 1000 & sleep 1000' & wait",
    "double fork": "(setsid setsid sleep 1000 &); (sleep 1000 &); sleep 1000",
    "no environment": "env -i setsid sleep 1000 & wait",
    "deaf session": "setsid sh -c 'trap \"\" TERM; sleep 1000; sleep 1000' & wait",
    "stopped": "kill -STOP $$",
}


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_cancelling_ends_the_whole_tree(in_job, lives, tree):
    async def check(job):
        env = {"DATATORCH_OUTPUT": f"{job.environment.paths.temp}/step-1/out"}
        running = job.start("sh", "-c", lives.hold() + "echo ready; " + tree, env=env)
        await job.until_said(b"ready\n")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert lives.gone()
        assert await job.execute("echo", "usable") == 0

    in_job(check)


def test_cancelling_gives_the_command_time_to_tidy_up(in_job):
    async def check(job):
        program = (
            "import signal, sys, time\n"
            "def tidy(*_): print('tidied', flush=True); sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, tidy); print('ready', flush=True); time.sleep(1000)"
        )
        running = job.start(*python(program))
        await job.until_said(b"ready\n")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert job.said() == b"ready\ntidied\n"

    in_job(check, grace=5.0)


def test_a_second_cancellation_does_not_leave_the_tree_behind(in_job, lives):
    async def check(job):
        running = job.start("sh", "-c", lives.hold() + "trap '' TERM; echo ready; sleep 1000; sleep 1000")
        await job.until_said(b"ready\n")
        running.cancel()
        await asyncio.sleep(0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert lives.gone()

    in_job(check)


def test_cancelling_one_of_two_steps_spares_the_other(in_job, lives):
    async def check(job):
        temp = job.environment.paths.temp
        kept = job.start("sh", "-c", lives.hold() + "echo kept; read line <go; exit 7", cwd=str(temp),
                         env={"DATATORCH_OUTPUT": f"{temp}/1"})  # fmt: skip
        os.mkfifo(temp / "go")
        other = job.start("sh", "-c", "echo other; sleep 1000", env={"DATATORCH_OUTPUT": f"{temp}/11"})
        await job.until_said(b"kept\n")
        await job.until_said(b"other\n")
        other.cancel()
        with pytest.raises(asyncio.CancelledError):
            await other
        (temp / "go").write_text("x\n")
        assert await kept == 7

    in_job(check)


def test_what_the_log_raises_ends_the_command_and_is_raised(in_job, lives):
    async def check(job):
        def full(stream, data):
            raise OSError(28, "No space left on device")

        context = evolve(job.context(), sink=full)
        with pytest.raises(OSError, match="No space left"):
            await job.runner.execute(
                Command(argv=("sh", "-c", lives.hold() + "echo x; sleep 1000; sleep 1000")), context
            )
        assert lives.gone()

    in_job(check)


def test_fifty_commands_at_once_get_each_its_own_output(in_job):
    async def check(job):
        logs = [[] for _ in range(50)]
        contexts = [
            evolve(job.context(), sink=lambda stream, data, log=log: log.append((stream, data))) for log in logs
        ]
        commands = [Command(argv=("sh", "-c", f"cat; echo {n}; exit {n}"), stdin=b"%d " % n) for n in range(50)]
        work = (job.runner.execute(*both) for both in zip(commands, contexts, strict=True))
        assert await asyncio.gather(*work) == list(range(50))
        said = [b"".join(data for _, data in log) for log in logs]
        assert said == [b"%d %d\n" % (number, number) for number in range(50)]

    in_job(check)


def children():
    """This process's children, also those that ended and that nobody waited for: other tests may leave some."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, fields = stat.read_text(errors="replace").rsplit(")", 1)
            if int(fields.split()[1]) == os.getpid():
                found.add(name)
    return found


def test_no_descriptor_and_no_child_is_left(in_job):
    def mine():
        return len(list(Path("/proc/self/fd").iterdir()))

    before, children_before = mine(), children()

    async def check(job):
        own = mine()
        for _ in range(3):
            await job.execute("cat", stdin=b"x" * 100_000)
            with pytest.raises(CommandRejected):
                await job.execute("none", stdin=b"x")
            running = job.start("sleep", "1000", stdin=b"x" * 1_000_000)
            await asyncio.sleep(0)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await job.execute("sh", "-c", "sleep 0.01 &")
        await job.environment.aclose()
        assert mine() == own

    in_job(check)
    assert mine() == before
    assert children() <= children_before


def test_a_machine_without_room_for_a_process_is_unavailable_for_now(in_job):
    resource = pytest.importorskip("resource")

    async def check(job):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest_free = os.open(os.devnull, os.O_RDONLY)
        os.close(lowest_free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + 1, hard))
        try:
            with pytest.raises(RunnerUnavailable, match=r"^the system has no room for another process: Too many open"):
                await job.execute("true")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert await job.execute("true") == 0

    in_job(check)
