"""What a process of this machine may have: variables, priority, memory, time, and whose it is."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.errors import CommandRejected, RunnerError
from tests.runners.conftest import Lives, local_job

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts processes of other users")


def said(*argv: str, env: dict[str, str] | None = None, **options: object) -> tuple[int, str]:
    """The status of a command of a runner with these options, and what it printed."""

    async def work() -> tuple[int, str]:
        async with local_job(**options) as job:
            status = await job.execute(*argv, env=env or {})
            return status, job.said().decode()

    return asyncio.run(work())


def test_only_the_named_variables_are_inherited(monkeypatch) -> None:
    monkeypatch.setenv("LC_ONE", "1")
    monkeypatch.setenv("HOST_SECRET", "s3cret")
    monkeypatch.setenv("HOST_SECRETS", "more")
    program = [sys.executable, "-c", "import os; print(sorted(os.environ))"]
    status, names = said(*program, env={"OWN": "x"}, inherit=["PATH", "LC_*", "HOST_SECRET"])
    assert status == 0
    found = set(eval(names))  # what our own program printed
    assert {"PATH", "LC_ONE", "HOST_SECRET", "OWN"} <= found
    assert "HOST_SECRETS" not in found
    assert "HOME" not in found


def test_nothing_is_inherited_where_no_name_is_given() -> None:
    status, names = said("/usr/bin/env", inherit=[])
    assert (status, names) == (0, "")


def test_bounds_hold_for_the_program_from_its_start() -> None:
    program = [
        sys.executable,
        "-c",
        "import os, resource as r; print(os.nice(0), r.getrlimit(r.RLIMIT_AS)[1], r.getrlimit(r.RLIMIT_CPU)[1])",
    ]
    status, values = said(*program, nice=7, memory=1 << 32, cpu_seconds=30)
    assert (status, values) == (0, f"7 {1 << 32} 30\n")


def test_a_process_that_wants_more_memory_than_it_may_have_fails() -> None:
    assert said(sys.executable, "-c", "bytearray(1 << 30)", memory=1 << 28)[0] == 1


def test_arguments_pass_through_the_bounds_as_they_are() -> None:
    odd = ["a b", "$HOME", "'", '"', "--", "", "*", "é\n"]
    status, values = said(sys.executable, "-c", "import sys; print(sys.argv[1:])", *odd, nice=1)
    assert (status, values) == (0, f"{odd!r}\n")


@pytest.mark.parametrize("program", ["no-such-program", "./no-such-program", "/no/such/program"])
def test_a_program_that_is_not_there_is_rejected_with_bounds_too(program: str) -> None:
    with pytest.raises(CommandRejected) as refused:
        said(program, nice=1)
    assert str(refused.value) == (
        f"the program {program!r} can't be started: it does not exist, or is not executable; "
        "install it where the step runs"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nice": 20}, "nice is 20; give a whole number from -20 to 19"),
        ({"nice": 1.5}, "nice is 1.5; give a whole number from -20 to 19"),
        ({"nice": "5"}, "nice is '5'; give a whole number from -20 to 19"),
        ({"nice": True}, "nice is True; give a whole number from -20 to 19"),
        ({"memory": 0}, "memory is 0; give a number of bytes from 1 on, such as 4 * 2**30"),
        ({"memory": "4g"}, "memory is '4g'; give a number of bytes from 1 on, such as 4 * 2**30"),
        ({"memory": 1.5}, "memory is 1.5; give a number of bytes from 1 on, such as 4 * 2**30"),
        ({"cpu_seconds": 1.5}, "cpu_seconds is 1.5; give a whole number of seconds from 1 on"),
        ({"cpu_seconds": "3"}, "cpu_seconds is '3'; give a whole number of seconds from 1 on"),
        ({"user": 1.5}, "user is 1.5; give a user's name, or a number"),
        ({"user": True}, "user is True; give a user's name, or a number"),
        ({"user": "4294967294"}, "there is no user '4294967294' on this machine; name one of /etc/passwd"),
        ({"grace": "x"}, "grace is 'x'; give a number of seconds from 0 on"),
        ({"grace": -1}, "grace is -1; give a number of seconds from 0 on"),
        ({"grace": float("nan")}, "grace is nan; give a number of seconds from 0 on"),
        ({"inherit": 5}, "inherit is 5; give a list of names"),
        ({"inherit": [5]}, "inherit is [5]; give a list of names"),
        ({"python": 5}, "python is 5; give a path, or a name on PATH"),
        ({"cpu_seconds": 0}, "cpu_seconds is 0; give a whole number of seconds from 1 on"),
        ({"user": "no-such-user"}, "there is no user 'no-such-user' on this machine; name one of /etc/passwd"),
        ({"user": -5}, "there is no user -5 on this machine; name one of /etc/passwd"),
    ],
)
def test_what_can_not_be_is_told_before_any_job(options: dict[str, object], message: str) -> None:
    with pytest.raises(RunnerError) as refused:
        said("true", **options)
    assert str(refused.value) == message


@pytest.mark.parametrize("uid", [1000])
def test_who_is_not_root_can_not_be_somebody_else(uid: int, monkeypatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    for options, message in (
        ({"user": "root"}, "this process can't start others as 'root'; only root can; or leave the user out"),
        ({"nice": -1}, "only root may give processes a nice value below 0; give 0 or more"),
    ):
        with pytest.raises(RunnerError) as refused:
            said("true", **options)
        assert str(refused.value) == message


@ROOT
def test_steps_of_another_user_have_their_workspace_inputs_and_outputs(tmp_path: Path) -> None:
    result = dtp.loads("""
        name: U
        jobs:
          a:
            steps:
              - {id: who, run: 'echo "::user::\\"$(id -un) $USER $(id -G)\\""; echo x > mine'}
              - {id: data, run: 'cat "$DATATORCH_INPUTS"; echo "{\\"n\\": 1}" > "$DATATORCH_OUTPUT"', inputs: {a: é}}
              - {id: host, run: 'cat /etc/shadow'}
        """).run(runner=dtp.LocalRunner(user="nobody"), directory=tmp_path)
    who, data, host = result.jobs["a"].steps
    assert str(who.outputs["user"]).split()[:2] == ["nobody", "nobody"]
    assert "0" not in str(who.outputs["user"]).split()
    assert (data.stdout, data.outputs) == ('{"a": "\\u00e9"}', {"n": 1})
    assert host.status == "failed"
    assert "Permission denied" in host.stderr


@ROOT
def test_a_step_of_another_user_is_cancelled_with_all_that_it_started() -> None:
    async def work() -> None:
        async with local_job(user="nobody") as job:
            # In the workspace, which is theirs: they can't get into the folders of the tests.
            lives = Lives(Path(job.environment.paths.workspace))
            lives.fifo.chmod(0o666)
            task = job.start("sh", "-c", f"{lives.hold()} (trap '' TERM; sleep 1000) & echo started; wait")
            await job.until_said(b"started\n")
            assert not lives.gone()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert lives.gone()
            lives.close()

    asyncio.run(work())
