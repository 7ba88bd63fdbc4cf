"""What can't be done: each error has its meaning, a line that says it, and no secret in it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from datatorch_pipelines.contracts import Command, JobSpec, Runner, StepContext
from datatorch_pipelines.errors import CommandRejected, EnvironmentLost, RunnerUnavailable
from datatorch_pipelines.testing.judging import is_one_line, shown
from datatorch_pipelines.testing.runners.jobs import HOLD, Job, Running, obey
from datatorch_pipelines.testing.runners.rules import CANCELLED, CWD, SUCCESS, VARIABLES, started
from datatorch_pipelines.testing.runners.using import Blamed, Fixtures, Lose, Session, Use, lost, needs

_LOOK = """
found=hidden
for file in /proc/[0-9]*/cmdline; do
  case $(tr '\\0' ' ' <"$file" 2>/dev/null) in *"$KIT_TOKEN"*) found=shown ;; esac
done
echo "looked $found"
"""


class Refusals(Fixtures):
    """The rules of errors."""

    @needs(SUCCESS)
    def test_a_program_that_is_not_there_is_rejected(self, use: Use) -> None:
        """`CommandRejected`: to try again won't help."""
        error = use.job(lambda job: _error(job.start("", argv=("no-such-program-of-the-kit",))))
        _require_rejected(error, "a program that doesn't exist", "no-such-program-of-the-kit")

    @needs(CWD)
    def test_a_folder_that_is_not_there_is_rejected(self, use: Use) -> None:
        """A step's ``working-directory`` may be wrong: it runs nowhere else then."""
        error = use.job(lambda job: _error(job.start(":", cwd=f"{job.workspace}/no-such-folder")))
        _require_rejected(error, "a cwd that doesn't exist", "no-such-folder")

    @needs(SUCCESS)
    def test_what_no_process_can_be_given_is_rejected(self, use: Use) -> None:
        """No argument holds a NUL character."""
        error = use.job(lambda job: _error(job.start("", argv=("echo", "a\0b"))))
        _require_rejected(error, "an argument with a NUL character", "")

    @needs(SUCCESS)
    def test_after_a_rejected_command_the_job_goes_on(self, use: Use) -> None:
        """Steps that clean up run in the same place."""

        async def main(job: Job) -> object:
            await _error(job.start("", argv=("no-such-program-of-the-kit",)))
            return (await job.run(":")).status

        status = use.job(main)
        obey(status == 0, f"after a command that can't be started, the next one gives {shown(status)}", "errors")

    def test_a_place_that_cannot_be_reached_is_unavailable(self, unreachable: Runner, use: Use) -> None:
        """`RunnerUnavailable`, from whichever method notices it: the engine tries again later."""

        async def main(_runner: Runner) -> object:
            try:
                await unreachable.open()
                async with unreachable.job(JobSpec(run_id="kit", job_id="job", name="Kit")) as environment:
                    context = StepContext(
                        job=environment.job, step="Step", environment=environment, sink=lambda *_said: None
                    )
                    return await unreachable.execute(Command(argv=("sh", "-c", ":")), context)
            except Exception as error:
                return error
            finally:
                await unreachable.aclose()

        gave = use.bare(main)
        obey(
            isinstance(gave, RunnerUnavailable) and is_one_line(str(gave)),
            f"where its place can't be reached the runner has {_told(gave)}: raise RunnerUnavailable, with one line",
            "errors",
            gave if isinstance(gave, BaseException) else None,
        )

    @needs(CANCELLED)
    def test_a_place_that_is_gone_is_lost(self, use: Use, lose: Lose) -> None:
        """`EnvironmentLost`: the engine has the whole job start anew elsewhere."""

        async def main(session: Session) -> object:
            gave: object = None
            with contextlib.suppress(Blamed):  # a place that is gone can't be left in order
                async with session.job() as job:
                    running = await started(job)
                    await lost(lose, job.environment)
                    await running.ends(job.patience / 2)
                    gave = await _error(running) if running.task.done() else str(running)
            return gave

        gave = use.session(main)
        obey(
            isinstance(gave, EnvironmentLost) and is_one_line(str(gave)),
            f"the job's place is gone while a command runs, and execute has {_told(gave)}: raise EnvironmentLost, "
            "with one line",
            "errors",
            gave if isinstance(gave, BaseException) else None,
        )


class Secrecy(Fixtures):
    """The rules of secrets: variables and standard input may hold them."""

    @needs(VARIABLES, CANCELLED)
    def test_no_secret_is_in_an_argument(self, use: Use) -> None:
        """Everybody on a machine may see the arguments of all processes: here, and where the command runs."""
        token = secrets.token_hex(16)

        async def main(job: Job) -> tuple[bytes, bool]:
            running = job.start(f"{_LOOK}{HOLD}", env={"KIT_TOKEN": token}, stdin=f"in-{token}\n".encode())
            await running.until_said(b"looked ", job.patience / 2)
            here = await asyncio.to_thread(lambda: any(token.encode() in line for line in _command_lines()))
            await running.cancelled(job.patience / 3)
            return running.said(), here

        there, here = use.job(main)
        obey(
            not here and b"shown" not in there,
            f"{'on this machine' if here else 'where the command runs'} a variable of the command is in the arguments "
            "of a process: pass variables in an environment, a file of the owner's, or on standard input",
            "secrets",
        )

    @needs(SUCCESS)
    def test_no_secret_is_logged_or_printed(
        self, use: Use, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Neither the step's log, nor Python's, nor the terminal shows what nobody wrote there."""
        caplog.set_level(logging.DEBUG)
        token = secrets.token_hex(16)

        async def main(job: Job) -> bytes:
            ran = await job.run(":", env={"KIT_TOKEN": token}, stdin=token.encode())
            return ran.out + ran.err + job.late.said() + job.late.said("stderr")

        step = use.job(main)
        printed = capfd.readouterr()
        logged = [record.getMessage() for record in caplog.records]
        for where, text in (
            ("the step's log", step.decode("utf-8", "replace")),
            ("Python's log", "\n".join(logged)),
            ("what this process prints", printed.out + printed.err),
        ):
            obey(token not in text, f"a variable or the input of a command is in {where}: show neither", "secrets")

    @needs(SUCCESS)
    def test_no_error_shows_a_secret(self, use: Use) -> None:
        """Errors are recorded and shown: they name programs and folders, and never values."""
        token = secrets.token_hex(16)

        async def main(job: Job) -> list[object]:
            given = {"env": {"KIT_TOKEN": token}, "stdin": token.encode()}
            programs = [("no-such-program-of-the-kit",), ("echo", "a\0b")]
            errors = [await _error(job.start("", argv=argv, **given)) for argv in programs]  # type: ignore[arg-type]  # each is of its own type
            return [*errors, await _error(job.start(":", cwd=f"{job.workspace}/no-such-folder", **given))]  # type: ignore[arg-type]  # as above

        for error in use.job(main):
            told = "\n".join(f"{link} {link!r}" for link in _chain(error))
            obey(token not in told, "an error shows a variable or the input of its command: name no values", "secrets")


async def _error(running: Running) -> object:
    """What a command raises, or what it gives."""
    try:
        return await running.task
    except Exception as error:
        return error


def _told(gave: object) -> str:
    return f"{type(gave).__name__}: {shown(str(gave))}" if isinstance(gave, BaseException) else shown(gave)


def _require_rejected(error: object, what: str, named: str) -> None:
    cause = error if isinstance(error, BaseException) else None
    obey(
        isinstance(error, CommandRejected),
        f"for {what} execute has {_told(error)}: raise CommandRejected",
        "errors",
        cause,
    )
    obey(
        named in str(error) and is_one_line(str(error)),
        f"for {what} the error is {shown(str(error))}: write one line that names it",
        "errors",
        cause,
    )


def _command_lines() -> Iterator[bytes]:
    """The arguments of this machine's processes, where the system shows them."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield (folder / "cmdline").read_bytes()
        except OSError:
            continue


def _chain(error: object) -> Iterator[BaseException]:
    """An error with all that led to it."""
    while isinstance(error, BaseException):
        yield error
        error = error.__cause__ or error.__context__
