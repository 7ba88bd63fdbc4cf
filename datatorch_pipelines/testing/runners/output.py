"""What a command writes: all of it, as it is, as it comes."""

from __future__ import annotations

import asyncio

from datatorch_pipelines.contracts import Stream
from datatorch_pipelines.testing.judging import shown
from datatorch_pipelines.testing.runners.jobs import Job, Ran, obey
from datatorch_pipelines.testing.runners.rules import OUTPUT, QUIET, STDERR
from datatorch_pipelines.testing.runners.using import Fixtures, Session, Use, needs

_TIMES = 20
_LINES = 10_000
_LONG_LINE = "%06d" + "x" * 993
"""With its end a thousand bytes: ten thousand of these are ten megabytes."""

_COUNTED = 'i=0; while [ $i -lt "$1" ]; do printf "$2\\n" $i; i=$((i+1)); done'
_BOTH = 'i=0; while [ $i -lt 2000 ]; do printf "out %06d\\n" $i; printf "err %06d\\n" $i >&2; i=$((i+1)); done'
_NOT_TEXT = r"\377\376\000\200\303(\355\240\200\r\n\033[0m\302"
_NOT_TEXT_BYTES = b"\xff\xfe\x00\x80\xc3(\xed\xa0\x80\r\n\x1b[0m\xc2"


class Output(Fixtures):
    """The rules of output."""

    def test_what_is_written_to_stdout_arrives(self, use: Use) -> None:
        """What a command writes is in its step's log."""
        use.hold(OUTPUT)

    def test_what_is_written_to_stderr_arrives_as_stderr(self, use: Use) -> None:
        """Outputs are read from the standard output alone: the two are kept apart."""
        use.hold(STDERR)

    def test_nothing_is_logged_but_what_the_command_writes(self, use: Use) -> None:
        """A step's log is the step's: other programs read it."""
        use.hold(QUIET)

    @needs(QUIET)
    def test_a_last_line_without_its_end_arrives(self, use: Use) -> None:
        """What is written last arrives too, each time, however soon the command ends then."""

        async def main(job: Job) -> list[bytes]:
            return [(await job.run("printf 'first\\nlast'")).out for _ in range(_TIMES)]

        wrong = [out for out in use.job(main) if out != b"first\nlast"]
        obey(
            not wrong,
            f"a command writes b'first\\nlast', and {len(wrong)} times of {_TIMES} context.log gets "
            f"{shown(wrong[0] if wrong else b'')}: read to the end before execute returns",
            "output",
        )

    @needs(QUIET)
    def test_bytes_that_are_no_text_arrive_as_they_are(self, use: Use) -> None:
        """Output is bytes: invalid UTF-8, NUL and carriage returns are nobody's to change."""

        async def main(job: Job) -> bytes:
            return (await job.run(f"printf '{_NOT_TEXT}'")).out

        out = use.job(main)
        obey(
            out == _NOT_TEXT_BYTES,
            f"a command writes {_NOT_TEXT_BYTES!r}, and context.log gets {shown(out)}: hand bytes on as they are, and "
            "give it no terminal",
            "output",
        )

    @needs(QUIET)
    def test_ten_megabytes_arrive_whole_and_in_order(self, use: Use) -> None:
        """However much a command writes, all of it arrives, in the order in which it was written."""

        async def main(job: Job) -> bytes:
            return (await job.run(_COUNTED, str(_LINES), _LONG_LINE)).out

        lines = use.job(main).splitlines()
        wanted = [(_LONG_LINE % number).encode() for number in range(_LINES)]
        problem = f"{len(lines)} of them" if len(lines) != _LINES else "all of them, in another order or changed"
        obey(lines == wanted, f"a command writes {_LINES} lines, and context.log gets {problem}", "output")

    @needs(QUIET, STDERR)
    def test_each_stream_keeps_its_order(self, use: Use) -> None:
        """Between the two there is no order that could be kept; within each there is."""

        async def main(job: Job) -> Ran:
            return await job.run(_BOTH)

        ran = use.job(main)
        streams: tuple[tuple[Stream, bytes, bytes], ...] = (("stdout", ran.out, b"out"), ("stderr", ran.err, b"err"))
        for stream, written, word in streams:
            wanted = b"".join(b"%s %06d\n" % (word, number) for number in range(2000))
            obey(
                written == wanted,
                f"a command writes numbered lines to both streams, and {stream} is not what it wrote: it has "
                f"{len(written)} bytes of {len(wanted)}, in another order if that is the same",
                "output",
            )

    @needs(QUIET, STDERR)
    def test_a_stream_that_is_full_does_not_hold_up_the_other(self, use: Use) -> None:
        """Both streams are read at the same time: a megabyte on the one must not wait for the other's end."""

        async def main(job: Job) -> tuple[int, int]:
            script = f"{{ {_COUNTED}; }} >&2; {_COUNTED}"
            ran = await job.run(script, "1000", _LONG_LINE)
            return len(ran.out), len(ran.err)

        found = use.job(main)
        obey(found == (1_000_000, 1_000_000), f"of a megabyte on each stream, {found} bytes arrive", "output")

    @needs(OUTPUT)
    def test_output_arrives_while_the_command_runs(self, use: Use) -> None:
        """Who watches a step sees what it writes as it writes it; ``idle-timeout`` is built upon that."""

        async def main(job: Job) -> bytes:
            running = job.start("echo begin; sleep 3; echo end")
            await running.until_said(b"begin\n", job.patience / 2)
            await asyncio.sleep(0.5)
            seen = running.said()
            await running.ends(job.patience / 2)
            return seen

        seen = use.job(main)
        obey(
            b"begin\n" in seen and b"end\n" not in seen,
            "what a command writes is logged at its end only: hand on what comes, as it comes",
            "output",
        )

    @needs(OUTPUT)
    def test_the_loop_goes_on_while_a_command_runs(self, use: Use) -> None:
        """Nothing blocks the event loop: other jobs, time-outs and cancellations live in it."""

        async def main(session: Session) -> int:
            turns = 0
            async with session.job() as job:
                running = job.start("sleep 1")
                while not running.task.done():
                    turns += 1
                    await asyncio.sleep(0.02)
            return turns

        turns = use.session(main)
        obey(turns > 5, "while a command runs, the event loop stands still: await, or use a thread", "calls")
