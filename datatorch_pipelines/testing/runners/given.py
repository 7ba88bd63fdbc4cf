"""What a command is given: arguments, variables, a folder, standard input. All of it as it is, and nothing else."""

from __future__ import annotations

import secrets

import pytest

from datatorch_pipelines.testing.judging import shown
from datatorch_pipelines.testing.runners.jobs import Job, obey
from datatorch_pipelines.testing.runners.rules import BYTES, CWD, FOLDER, INPUT, LAST, LOOP, OUTPUT, STATUS, VARIABLES
from datatorch_pipelines.testing.runners.using import Fixtures, Use, needs

_ODD = ("a b", "", "$HOME", "`id`", "$(id)", "*", "~", "a;b|c&d", "'", '"', "\\", "-n", "\n", "é日本", "%s", "#x", "!x")
_SHOW_ALL = 'for word do printf "<%s>" "$word"; done'
_BYTES = bytes(range(256)) * 4096


class Given(Fixtures):
    """The rules of what a command is given."""

    @needs(LAST)
    def test_arguments_arrive_as_they_are(self, use: Use) -> None:
        """An ``argv`` is a list of texts, and never a line for a shell: data is in it."""

        async def main(job: Job) -> bytes:
            return (await job.run(_SHOW_ALL, *_ODD)).out

        out, wanted = use.job(main), "".join(f"<{word}>" for word in _ODD).encode()
        obey(
            out == wanted,
            f"with the arguments {shown(_ODD)} a command sees {shown(out)}: hand on each as it is, through no shell",
            "commands",
        )

    def test_a_variable_of_the_command_is_set(self, use: Use) -> None:
        """``command.env`` is what the pipeline, the job and the step set, and ``INPUT_*``."""
        use.hold(VARIABLES)

    @needs(VARIABLES, LAST)
    def test_variables_arrive_as_they_are(self, use: Use) -> None:
        """Values are data: quotes, line ends, ``$`` and other scripts in them mean nothing."""
        env = {f"KIT_{number}": word for number, word in enumerate(_ODD)}
        script = "".join(f'printf "<%s>" "$KIT_{number}"; ' for number in range(len(_ODD)))

        async def main(job: Job) -> bytes:
            return (await job.run(script, env=env)).out

        out, wanted = use.job(main), "".join(f"<{word}>" for word in _ODD).encode()
        obey(
            out == wanted,
            f"with variables of the values {shown(_ODD)} a command sees {shown(out)}: hand on each as it is",
            "commands",
        )

    @needs(VARIABLES, LAST)
    def test_a_variable_of_100_kilobytes_arrives(self, use: Use) -> None:
        """A variable may hold what the system allows an argument, 128 KiB on Linux."""

        async def main(job: Job) -> bytes:
            return (await job.run('printf "%s" "${#KIT}"', env={"KIT": "x" * 100_000})).out

        out = use.job(main)
        obey(out == b"100000", f"of a variable with 100000 letters a command sees {shown(out)}", "commands")

    @needs(VARIABLES)
    def test_variables_do_not_pass_on_to_the_next_step(self, use: Use) -> None:
        """Each command has its own variables, and nothing of those before it."""

        async def main(job: Job) -> bytes:
            await job.run(":", env={"KIT_EARLIER": "old"})
            return (await job.run('printf "<%s>\\n" "$KIT_EARLIER"')).out

        out = use.job(main)
        obey(b"<>\n" in out, f"a variable of the step before is still set, to {shown(out)}: forget it", "commands")

    @needs(VARIABLES)
    def test_the_hosts_variables_are_there_only_where_it_says_so(
        self, use: Use, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """``inherits_environment`` says whether commands have the variables of the engine's process."""
        value = secrets.token_hex(8)
        monkeypatch.setenv("KIT_OF_THE_HOST", value)

        async def main(job: Job) -> bytes:
            return (await job.run('printf "<%s>\\n" "$KIT_OF_THE_HOST"')).out

        seen = value.encode() in use.job(main)
        if use.runner.capabilities.inherits_environment:
            obey(
                seen, "capabilities say inherits_environment, and a variable of this process is not set", "capabilities"
            )
        else:
            obey(
                not seen,
                "a variable of this process is set in a command: pass on what the command has, or say so by "
                "Capabilities(inherits_environment=True)",
                "capabilities",
            )

    @needs(VARIABLES)
    def test_a_variable_of_the_command_wins_over_the_hosts(self, use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the pipeline says counts more than where it runs."""
        monkeypatch.setenv("KIT_OF_BOTH", "the host's")

        async def main(job: Job) -> bytes:
            return (await job.run('printf "<%s>\\n" "$KIT_OF_BOTH"', env={"KIT_OF_BOTH": "mine"})).out

        out = use.job(main)
        obey(b"<mine>\n" in out, f"a variable that the command sets has the value {shown(out)}", "commands")

    def test_a_command_starts_in_the_workspace(self, use: Use) -> None:
        """``cwd`` is ``None`` for the workspace."""
        use.hold(FOLDER)

    def test_a_command_starts_in_the_folder_that_it_names(self, use: Use) -> None:
        """``cwd`` is a path where the command runs, with blanks and all."""
        use.hold(CWD)

    def test_standard_input_is_read(self, use: Use) -> None:
        """``stdin`` is all that the command reads from its standard input."""
        use.hold(INPUT)

    @needs(INPUT, BYTES)
    def test_a_megabyte_of_input_arrives_as_it_is(self, use: Use) -> None:
        """Files travel over standard input: every byte of it counts, and there may be many."""

        async def main(job: Job) -> bytes:
            return (await job.run("cat", stdin=_BYTES)).out

        out = use.job(main)
        problem = f"{len(out)} of {len(_BYTES)} bytes" if len(out) != len(_BYTES) else "other bytes"
        obey(out == _BYTES, f"of a megabyte of standard input a command reads {problem}", "commands")

    @needs(OUTPUT, LOOP)
    def test_without_input_the_end_is_read_at_once(self, use: Use) -> None:
        """A command that reads is not left waiting, nor given what the host reads."""

        async def main(job: Job) -> bytes | None:
            running = job.start("cat; echo over")
            return running.said() if await running.ends(job.patience / 2) else None

        out = use.job(main)
        waits = "waits" if out is None else f"reads {shown(out.replace(b'over', b''))}"
        obey(out == b"over\n", f"with an empty stdin a command that reads {waits}: give it an empty input", "commands")

    @needs(STATUS, LOOP)
    def test_input_that_nobody_reads_holds_nothing_up(self, use: Use) -> None:
        """A command may end before it has read all, or any, of its input."""

        async def main(job: Job) -> object:
            running = job.start("exit 3", stdin=_BYTES)
            await running.ends(job.patience / 2)
            return running.task.result() if running.task.done() and running.task.exception() is None else str(running)

        status = use.job(main)
        obey(
            status == 3,
            f"a command exits with 3 and reads nothing of a megabyte of input, and execute gives {shown(status)}: a "
            "broken pipe is no error",
            "commands",
        )
