"""Commands over a byte pipe: what a runner needs whose commands run elsewhere, behind ssh, srun or the like.

The far end needs a POSIX shell and the usual small programs (``setsid``, ``mktemp``, ``head``, ``dd``, ``grep``), and
nothing of this library. All that is specific to a command travels on standard input, so that no process list shows it.
The open standard input is a lifeline: when it closes, the command and all that it started end.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from importlib.resources import files

from attrs import field, frozen

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import StepContext
from datatorch_pipelines.errors import CommandRejected, EnvironmentLost, RunnerError, RunnerUnavailable
from datatorch_pipelines.runners.child import Child
from datatorch_pipelines.runners.local import STEP_VARIABLE
from datatorch_pipelines.runners.system import insist
from datatorch_pipelines.runners.tags import Tags

_BOOT = 'read -r n && eval "$(dd bs=1 count="$n" 2>/dev/null)"'
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

END_SECONDS = 1.7
"""How long the far end may take to end a command before the connection itself is cut."""


@frozen(kw_only=True)
class SupervisedCommand:
    """A command in the form in which it travels.

    ``argv`` is what to start at the far end, ``line`` the same for a program that hands a line to a shell there, as ssh
    does; both are always the same text and tell nothing. ``stdin`` tells all.
    """

    argv: tuple[str, ...] = ("sh", "-c", _BOOT)
    line: str = f"exec {shlex.join(('sh', '-c', _BOOT))}"
    stdin: bytes = field(repr=False)
    _tag: bytes = field(repr=False)
    _context: StepContext = field(repr=False)
    _refusals: Mapping[str, RunnerError] = field(repr=False)

    async def run(self, transport: Sequence[str]) -> int:
        """Runs the command by way of ``transport``, a program of this machine that starts ``argv`` at the far end and
        passes its streams on; gives the command's exit status.

        A shell reports a signal as 128 and its number: 129 to 159 become ``-1`` to ``-31``. Cancelling closes the
        lifeline, and returns when the far end has ended the command, or after some 2 seconds when it doesn't answer.

        Raises `CommandRejected` for what can't be started there, `RunnerUnavailable` when the transport fails before
        the far end answers, and `EnvironmentLost` when it fails later.
        """
        tags = Tags(self._tag, self._context.sink)
        child = Child(transport, env=None, cwd=None, stdin=self.stdin, hold_stdin=True, sink=tags.feed)
        try:
            await asyncio.wait((child.exited, tags.heard), return_when=asyncio.FIRST_COMPLETED)
            if child.exited.done():
                child.exited.result()
                status = child.finish()
                tags.flush()
                if not tags.heard.done():
                    raise _failure(tags, transport[0], status)
        except BaseException:
            await insist(asyncio.ensure_future(_hang_up(child)))
            raise
        verdict = tags.heard.result()
        if verdict.left and not child.exited.done():
            tags.sink = self._context.environment.late_output
            self._context.environment.at_end(functools.partial(_hang_up, child))
        else:
            await insist(asyncio.ensure_future(_hang_up(child)))
        if verdict.refused:
            raise self._refusals.get(verdict.refused) or RunnerError(f"the far end refused its {verdict.refused}")
        return 128 - verdict.status if 128 < verdict.status <= 128 + 31 else verdict.status


def supervised(command: Command, context: StepContext) -> SupervisedCommand:
    """The command in the form in which it travels (see `SupervisedCommand.run`).

    Raises `CommandRejected` for what a POSIX shell can't hold: NUL characters, and variables whose names are not made
    of letters, digits and ``_``.
    """
    for name in command.env:
        if not _NAME.fullmatch(name):
            raise CommandRejected(
                f"the variable {name!r} can't be set where the step runs", hint="name it by letters, digits and '_'"
            )
    tag = f"datatorch-{secrets.token_hex(16)}-"
    cwd = command.cwd or str(context.environment.paths.workspace)
    output = command.env.get(STEP_VARIABLE)
    program = _quote(command.argv[0])
    lines = [
        f"tag={tag} size={len(command.stdin)} mark={_quote(f'{STEP_VARIABLE}={output}' if output else '')}",
        "command_here() {",
        *(f"export {name}={_quote(value)}" for name, value in command.env.items()),
        f"cd -- {_quote(cwd)} 2>/dev/null || {{ echo 'refused folder' >&6; exit; }}",
        f"command -v {program} >/dev/null || {{ echo 'refused program' >&6; exit; }}",
        'exec setsid sh -c \'echo "session $$" >&6; exec "$@" 6>&-\' sh ' + " ".join(map(_quote, command.argv)),
        "}",
    ]
    script = "\n".join([*lines, _supervisor()])
    try:
        data = script.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise _unfit() from error
    if b"\0" in data:
        raise _unfit()
    return SupervisedCommand(
        stdin=b"%d\n%s%s" % (len(data), data, command.stdin),
        tag=tag.encode(),
        context=context,
        refusals=_refusals(command.argv[0], cwd),
    )


@functools.cache
def _supervisor() -> str:
    text = files(__package__).joinpath("supervisor.sh").read_text("utf-8")
    return "\n".join(line for line in text.splitlines() if line and not line.lstrip().startswith("#"))


def _quote(text: str) -> str:
    quoted = text.replace("'", "'\\''")
    return f"'{quoted}'"


def _unfit() -> CommandRejected:
    return CommandRejected(
        "the command can't be started: an argument or variable holds a NUL character or is not Unicode text",
        hint="pass such data in a file",
    )


def _refusals(program: str, cwd: str) -> Mapping[str, RunnerError]:
    """What the far end's refusals mean."""
    return {
        "program": CommandRejected(
            f"the program {program!r} is not installed or not on PATH", hint="install it where the step runs"
        ),
        "folder": CommandRejected(f"the working directory {cwd!r} does not exist", hint="make it in an earlier step"),
        "variables": CommandRejected(
            "the shell where the step runs refused a variable of the step", hint="give it another name"
        ),
        "setsid": CommandRejected(
            "the program 'setsid' is not installed where the step runs", hint="install util-linux or busybox there"
        ),
        "input": EnvironmentLost("the step's input did not arrive whole where the step runs"),
        "keeper": EnvironmentLost("the shell that kept the step was killed where the step runs"),
    }


def _failure(tags: Tags, transport: str, status: int) -> RunnerError:
    """What a transport that ended before its time means."""
    said = "; ".join(line.strip() for line in tags.noise.decode("utf-8", "replace").splitlines() if line.strip())
    how = f"{transport} ended with exit status {status}"
    if tags.started:
        return EnvironmentLost(f"the connection to where the step runs broke: {how}")
    return RunnerUnavailable(f"where the step is to run can't be reached: {said or how}")


async def _hang_up(child: Child) -> None:
    """Closes the lifeline, waits for the far end to end the command, and lets go of the transport."""
    child.close_input()
    with contextlib.suppress(TimeoutError, Exception):  # what the sink raised was raised already
        await asyncio.wait_for(asyncio.shield(child.exited), END_SECONDS)
    if child.exited.done():
        child.close()
    else:
        await child.end((), grace=0.2)
