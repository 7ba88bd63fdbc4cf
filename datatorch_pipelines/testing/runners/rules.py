"""The rules that others are built upon, the simplest first."""

from __future__ import annotations

import asyncio
import contextlib
import inspect

from datatorch_pipelines.contracts import Command, StepContext
from datatorch_pipelines.testing.judging import shown
from datatorch_pipelines.testing.runners.jobs import HOLD, Job, Ran, Running, obey
from datatorch_pipelines.testing.runners.using import PLACE, Lacking, Rule

_READY_SECONDS = 5.0


async def _awaited(job: Job) -> None:
    context = StepContext(job=job.spec, step="Step", environment=job.environment, sink=job.late.write)
    waiting: object = job.runner.execute(Command(argv=("sh", "-c", ":"), cwd=str(job.workspace)), context)
    if inspect.iscoroutine(waiting):
        waiting.close()
    elif isinstance(waiting, asyncio.Future):
        waiting.cancel()
    obey(inspect.isawaitable(waiting), "execute gives its result at once: write `async def execute`", "calls")


AWAITED = Rule("test_execute_is_awaited", _awaited, (PLACE,))


async def _success(job: Job) -> None:
    ran = await job.run(":")
    obey(
        type(ran.status) is int and ran.status == 0,
        f"for a command that succeeds execute gives {shown(ran.status)}: give its exit status, the int 0",
        "exit-statuses",
    )


SUCCESS = Rule("test_a_command_that_succeeds_gives_0", _success, (AWAITED,))


async def _loop(job: Job) -> None:
    turns, running = 0, job.start("sleep 1")
    while not running.task.done():
        turns += 1
        await asyncio.sleep(0.02)
    obey(turns > 5, "while a command runs, the event loop stands still: await, or use a thread", "calls")


LOOP = Rule("test_the_loop_goes_on_while_a_command_runs", _loop, (SUCCESS,))


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


_TIMES = 20


async def _last(job: Job) -> None:
    wrong = []
    for _ in range(_TIMES):
        out = (await job.run("printf 'first\\nlast'")).out
        if out != b"first\nlast":
            wrong.append(out)
    obey(
        not wrong,
        f"a command writes b'first\\nlast', and {len(wrong)} times of {_TIMES} context.log gets "
        f"{shown(wrong[0] if wrong else b'')}: read to the end before execute returns",
        "output",
    )


LAST = Rule("test_a_last_line_without_its_end_arrives", _last, (QUIET,))

_NOT_TEXT = r"\377\376\000\200\303(\355\240\200\r\n\033[0m\302"
_NOT_TEXT_BYTES = b"\xff\xfe\x00\x80\xc3(\xed\xa0\x80\r\n\x1b[0m\xc2"


async def _bytes(job: Job) -> None:
    out = (await job.run(f"printf '{_NOT_TEXT}'")).out
    obey(
        out == _NOT_TEXT_BYTES,
        f"a command writes {_NOT_TEXT_BYTES!r}, and context.log gets {shown(out)}: hand bytes on as they are, and "
        "give it no terminal",
        "output",
    )


BYTES = Rule("test_bytes_that_are_no_text_arrive_as_they_are", _bytes, (LAST,))


async def _live(job: Job) -> None:
    running = job.start("echo begin; sleep 2; echo end")
    await running.until_said(b"begin\n", job.patience / 2)
    await asyncio.sleep(0.3)
    seen = running.said()
    await running.ends(job.patience / 2)
    obey(
        b"begin\n" in seen and b"end\n" not in seen,
        "what a command writes is logged at its end only: hand on what comes, as it comes",
        "output",
    )


LIVE = Rule("test_output_arrives_while_the_command_runs", _live, (OUTPUT, LOOP))


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


async def _temp(job: Job) -> None:
    temp, workspace = str(job.environment.paths.temp), str(job.workspace)
    ran = await job.run('echo x >"$1/kit" && ! [ -e "$2/kit" ] && echo over', temp, workspace)
    obey(b"over\n" in ran.out, f"paths.temp can't be used: {shown(ran.err)}", "places")


TEMP = Rule("test_the_temporary_folder_can_be_written_to", _temp, (OUTPUT,))


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


async def _cwd(job: Job) -> None:
    await job.run('mkdir "$1/a folder"', str(job.workspace))
    out = (await job.run("pwd", cwd=f"{job.workspace}/a folder")).out
    obey(out.endswith(b"/a folder\n"), f"with cwd='.../a folder' a command starts in {shown(out)}", "commands")


CWD = Rule("test_a_command_starts_in_the_folder_that_it_names", _cwd, (FOLDER, SHARED))


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


CANCEL = Rule("test_cancelling_ends_execute", _cancel, (LIVE,))


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


async def left_of(job: Job, script: str) -> list[str]:
    """What runs on of a script's processes when its command was cancelled; the script says ``deep`` when they run."""
    running = await started(job, script)
    if b"lacks" in running.said():
        raise Lacking("setsid")
    await running.until_said(b"deep\n", job.patience / 3)
    await running.cancelled(job.patience / 3)
    return await job.alive()


_TREE = f"( ( {HOLD} ) & echo $! >>pids; echo deep; {HOLD} ) & echo $! >>pids"


async def _tree(job: Job) -> None:
    left = await left_of(job, _TREE)
    obey(not left, f"a command was cancelled, and {len(left)} of its children run on: end the whole tree", "cancelling")


TREE = Rule("test_cancelling_ends_the_commands_children", _tree, (KILLS,))

DEAF_SCRIPT = f"trap '' INT TERM HUP; ( {HOLD} ) & echo $! >>pids; echo $$ >>pids; echo deep"
"""Ignores what it could tidy up at."""


async def _deaf(job: Job) -> None:
    left = await left_of(job, DEAF_SCRIPT)
    obey(not left, "a command that ignores SIGTERM was cancelled, and runs on: use SIGKILL then", "cancelling")


DEAF = Rule("test_cancelling_ends_what_does_not_listen", _deaf, (TREE,))


async def _keeps_apart(job: Job) -> None:
    allowed = job.runner.capabilities.max_jobs
    count = min(8, allowed or 8)
    script = 'read -r n; i=0; while [ $i -lt 200 ]; do echo "$n"; i=$((i+1)); done; exit "$n"'

    async def numbered(number: int, of: Job) -> Ran:
        return await of.run(script, stdin=b"%d\n" % number)

    async with contextlib.AsyncExitStack() as stack:
        jobs = [job, *[await stack.enter_async_context(job.beside()) for _ in range(count - 1)]]
        found = await asyncio.gather(*(numbered(number, each) for number, each in enumerate(jobs)))
    for number, ran in enumerate(found):
        wanted = Ran(number, b"%d\n" % number * 200, b"")
        obey(ran == wanted, f"of {count} commands at once one that should give {number} has {shown(ran)}", "at-once")


KEEPS_APART = Rule("test_commands_at_the_same_time_keep_apart", _keeps_apart, (STATUS, INPUT, QUIET, LOOP))


async def _background(job: Job) -> None:
    running = job.start(f"( {HOLD} ) & echo done")
    in_time = await running.ends(job.patience / 3)
    obey(
        in_time,
        "a command ended that left a child in the background, and execute goes on: wait for the command, not for the "
        "end of its output",
        "background-children",
    )


BACKGROUND = Rule("test_a_child_in_the_background_does_not_hold_the_step", _background, (LOOP,))


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
