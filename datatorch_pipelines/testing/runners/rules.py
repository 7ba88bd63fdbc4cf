"""The rules that others are built upon, the simplest first."""

from __future__ import annotations

from datatorch_pipelines.testing.judging import shown
from datatorch_pipelines.testing.runners.jobs import HOLD, Job, Running, obey
from datatorch_pipelines.testing.runners.using import PLACE, Rule

_READY_SECONDS = 5.0


async def _success(job: Job) -> None:
    ran = await job.run(":")
    obey(
        type(ran.status) is int and ran.status == 0,
        f"for a command that succeeds execute gives {shown(ran.status)}: give its exit status, the int 0",
        "exit-statuses",
    )


SUCCESS = Rule("test_a_command_that_succeeds_gives_0", _success, (PLACE,))


async def _status(job: Job) -> None:
    status = (await job.run("exit 3")).status
    obey(
        type(status) is int and status == 3,
        f"for a command that exits with 3 execute gives {shown(status)}: give the exit status as it is",
        "exit-statuses",
    )


STATUS = Rule("test_an_exit_status_is_given", _status, (SUCCESS,))


async def _output(job: Job) -> None:
    ran = await job.run("echo hello; echo again")
    obey(
        b"hello\nagain\n" in ran.out,
        f"a command writes two lines to its standard output, and context.log gets {shown(ran.out)} for stdout and "
        f"{shown(ran.err)} for stderr: hand all of it on before execute returns",
        "output",
    )


OUTPUT = Rule("test_what_is_written_to_stdout_arrives", _output, (SUCCESS,))


async def _errors(job: Job) -> None:
    ran = await job.run("echo hello >&2")
    obey(
        b"hello\n" in ran.err and b"hello" not in ran.out,
        f"a command writes a line to its standard error, and context.log gets {shown(ran.out)} for stdout and "
        f"{shown(ran.err)} for stderr: keep the two apart",
        "output",
    )


STDERR = Rule("test_what_is_written_to_stderr_arrives_as_stderr", _errors, (SUCCESS,))


async def _quiet(job: Job) -> None:
    ran = await job.run("echo hello")
    beside = ran.out.replace(b"hello\n", b"", 1) + ran.err.replace(b"hello\n", b"", 1)
    obey(
        not beside,
        f"a command writes 'hello', and {shown(beside)} is logged beside it: log nothing but what the command writes",
        "output",
    )


QUIET = Rule("test_nothing_is_logged_but_what_the_command_writes", _quiet, (OUTPUT,))


async def _variables(job: Job) -> None:
    ran = await job.run('printf "<%s>\\n" "$KIT"', env={"KIT": "value"})
    obey(
        b"<value>\n" in ran.out,
        f"with env={{'KIT': 'value'}} the command sees {shown(ran.out)}: set the command's variables",
        "commands",
    )


VARIABLES = Rule("test_a_variable_of_the_command_is_set", _variables, (OUTPUT,))


async def _input(job: Job) -> None:
    ran = await job.run("read -r line; printf '<%s>\\n' \"$line\"", stdin=b"hello\n")
    obey(
        b"<hello>\n" in ran.out,
        f"with stdin=b'hello\\n' the command reads {shown(ran.out)}: give it the command's standard input",
        "commands",
    )


INPUT = Rule("test_standard_input_is_read", _input, (OUTPUT,))


async def _folder(job: Job) -> None:
    script = '[ "$(pwd -P)" = "$(cd "$1" && pwd -P)" ] && echo same || pwd'
    ran = await job.run(script, str(job.workspace), cwd=None)
    obey(
        b"same\n" in ran.out,
        f"a command without a cwd starts in {shown(ran.out)}: start it in {shown(str(job.workspace))}, the workspace",
        "commands",
    )


FOLDER = Rule("test_a_command_starts_in_the_workspace", _folder, (OUTPUT,))


async def _shared(job: Job) -> None:
    await job.run('echo mine >"$1/shared"', str(job.workspace))
    ran = await job.run('cat "$1/shared"', str(job.workspace))
    obey(
        b"mine\n" in ran.out,
        f"a step writes a file into the workspace, and for the next step it holds {shown(ran.out)}: all steps of a "
        "job work in one place",
        "places",
    )


SHARED = Rule("test_the_steps_of_a_job_share_its_workspace", _shared, (OUTPUT,))


async def _apart(job: Job) -> None:
    await job.run('echo mine >"$1/of-one-job"', str(job.workspace))
    async with job.beside() as other:
        ran = await other.run('cd "$1" && ls -A', str(other.workspace))
    obey(
        b"of-one-job" not in ran.out,
        "a job finds a file of another job in its workspace: give each job a workspace of its own",
        "places",
    )


APART = Rule("test_jobs_share_no_workspace", _apart, (SHARED,))


async def started(job: Job, script: str = "", **more: str) -> Running:
    """A command that goes on, as far as it can be seen to have begun."""
    running = job.start(f"{script}\necho ready; {HOLD}", env=more)
    await running.until_said(b"ready\n", min(_READY_SECONDS, job.patience / 3))
    return running


async def _cancel(job: Job) -> None:
    running = await started(job)
    in_time = await running.cancelled(job.patience / 3)
    obey(in_time, "execute is cancelled, and goes on: end the command and let the cancellation pass", "cancelling")


CANCEL = Rule("test_cancelling_ends_execute", _cancel, (OUTPUT,))


async def _cancelled(job: Job) -> None:
    running = await started(job)
    await running.cancelled(job.patience / 3)
    obey(
        running.task.cancelled(),
        f"execute was cancelled, and {running}: let asyncio.CancelledError pass (`except Exception` does)",
        "cancelling",
    )


CANCELLED = Rule("test_a_cancellation_passes_on", _cancelled, (CANCEL,))


async def _goes_on(job: Job) -> None:
    await job.run('echo mine >"$1/before"', str(job.workspace))
    running = await started(job)
    await running.cancelled(job.patience / 3)
    ran = await job.run('cat "$1/before"', str(job.workspace))
    obey(
        b"mine\n" in ran.out,
        f"after a step was cancelled, a file of an earlier step holds {shown(ran.out)} for a later one: the job's "
        "place stays as it is until the job ends",
        "cancelling",
    )


GOES_ON = Rule("test_after_a_cancellation_the_jobs_place_is_there", _goes_on, (CANCELLED, SHARED))


async def _kills(job: Job) -> None:
    running = await started(job, "echo $$ >pids")
    await running.cancelled(job.patience / 3)
    left = await job.alive()
    obey(
        not left, "execute was cancelled, and its command runs on: end it before the cancellation passes", "cancelling"
    )


KILLS = Rule("test_cancelling_ends_the_command", _kills, (GOES_ON,))


async def _background(job: Job) -> None:
    running = job.start(f"( {HOLD} ) & echo done")
    in_time = await running.ends(job.patience / 3)
    obey(
        in_time,
        "a command ended that left a child in the background, and execute goes on: wait for the command, not for the "
        "end of its output",
        "background-children",
    )


BACKGROUND = Rule("test_a_child_in_the_background_does_not_hold_the_step", _background, (SUCCESS,))


async def _lives_on(job: Job) -> None:
    running = job.start(f'( {HOLD} ) & echo $! >"$1/pids"', str(job.workspace))
    await running.ends(job.patience / 3)
    left = await job.alive()
    obey(
        left,
        "a child that a step left in the background is gone at the next step: it lives until its job ends",
        "background-children",
    )


LIVES_ON = Rule("test_a_child_in_the_background_lives_until_the_job_ends", _lives_on, (BACKGROUND, SHARED))
