"""What a step leaves in the background: it holds nobody up, and ends with its job."""

from __future__ import annotations

import secrets
from pathlib import Path

from datatorch_pipelines.testing.judging import shown
from datatorch_pipelines.testing.runners.jobs import HOLD, NAP, Job, obey
from datatorch_pipelines.testing.runners.rules import BACKGROUND, LIVES_ON, STDERR, TEMP, VARIABLES
from datatorch_pipelines.testing.runners.using import Fixtures, Lacking, Session, Use, needs

_ANSWERS = f'n=0; while [ $n -lt 300 ] && [ ! -e "$1/ask" ]; do {NAP}; n=$((n+1)); done; echo >"$1/answer"'
"""Lives until it is asked whether it lives."""

_ASK = f"""
[ -d "$1" ] || {{ echo gone; exit; }}
echo >"$1/ask"; n=0
while [ $n -lt 8 ] && [ ! -e "$1/answer" ]; do {NAP}; n=$((n+1)); done
[ -e "$1/answer" ] && echo lives || echo dead
rm -rf "$1"
"""


class Background(Fixtures):
    """The rules of background children."""

    def test_a_child_in_the_background_does_not_hold_the_step(self, use: Use) -> None:
        """A step is over when its command is, whoever holds its output open."""
        use.hold(BACKGROUND)

    def test_a_child_in_the_background_lives_until_the_job_ends(self, use: Use) -> None:
        """A step may start a server for those after it."""
        use.hold(LIVES_ON)

    @needs(BACKGROUND)
    def test_a_child_in_the_background_ends_with_the_job(self, use: Use, kit_folder: Path) -> None:
        """When a job's place is left, nothing that the job started still runs."""
        lives = _lives_after_its_job(use, kit_folder, f"( {_ANSWERS} ) >/dev/null 2>&1 &")
        obey(
            not lives,
            "a job is over, and a child of one of its steps runs on: end it with the job",
            "background-children",
        )

    @needs(BACKGROUND, VARIABLES, TEMP)
    def test_a_child_that_left_its_session_ends_with_the_job(self, use: Use, kit_folder: Path) -> None:
        """That includes what opened a session of its own, as servers do."""
        script = (
            "if ! command -v setsid; then exit 9; fi\n"
            f'( setsid sh -c \': >"$1/begun"; {_ANSWERS}\' sh "$1" >/dev/null 2>&1 & )\n'
            f'n=0; while [ $n -lt 30 ] && [ ! -e "$1/begun" ]; do {NAP}; n=$((n+1)); done'
        )
        lives = _lives_after_its_job(use, kit_folder, script)
        obey(
            not lives,
            "a job is over, and a process that left its session runs on: find it, as by $DATATORCH_OUTPUT, which its "
            "environment holds",
            "background-children",
        )

    @needs(LIVES_ON, STDERR)
    def test_late_output_goes_to_the_jobs_log(self, use: Use) -> None:
        """What comes after a step's end is no part of it: ``context.environment.late_output`` takes it."""

        async def main(job: Job) -> tuple[bool, bytes, bytes]:
            wait = f"n=0; while [ $n -lt 300 ] && [ ! -e go ]; do {NAP}; n=$((n+1)); done"
            first = job.start(f"( {wait}; echo late; {HOLD} ) & echo done")
            await first.ends(job.patience / 3)
            second = job.start(": >go")
            await second.ends(job.patience / 3)
            heard = await job.late.until_said(b"late\n", job.patience / 3)
            return heard, first.late.said() + first.said().replace(b"done\n", b""), second.said() + second.late.said()

        heard, own, others = use.job(main)
        obey(
            heard and not own + others,
            f"what a background child writes after its step's end reaches {'' if heard else 'not '}late_output, with "
            f"{shown(own)} in its step's log and {shown(others)} in that of the next: send it to late_output alone",
            "background-children",
        )


def _lives_after_its_job(use: Use, kit_folder: Path, script: str) -> bool:
    """Whether what a script starts lives when its job is over.

    It is asked by files, where this machine or a later job sees them; where none does, its whole place is gone.
    """
    shares = use.runner.capabilities.shares_files

    async def main(session: Session) -> bool:
        async with session.job() as job:
            name = f"kit-{secrets.token_hex(8)}"
            place = str(kit_folder / name) if shares else f"{job.environment.paths.environments}/{name}"
            ran = await job.run(f'mkdir -p "$1" && {{ {script}\n}}', place)
            if ran.status == 9:
                raise Lacking("setsid")
        async with session.job() as job:
            return (await job.run(_ASK, place)).out == b"lives\n"

    return use.session(main)
