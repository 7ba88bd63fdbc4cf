"""What a command writes: all of it, as it is, as it comes."""

from __future__ import annotations

from datatorch_pipelines.contracts import Stream
from datatorch_pipelines.testing.runners.jobs import Job, Ran, obey
from datatorch_pipelines.testing.runners.rules import BYTES, LAST, LIVE, LOOP, OUTPUT, QUIET, STDERR
from datatorch_pipelines.testing.runners.using import Fixtures, Use, needs

_LINES = 10_000
_LONG_LINE = "%06d" + "x" * 993
"""With its end a thousand bytes: ten thousand of these are ten megabytes."""

_COUNTED = 'i=0; while [ $i -lt "$1" ]; do printf "$2\\n" $i; i=$((i+1)); done'
_BOTH = 'i=0; while [ $i -lt 2000 ]; do printf "out %06d\\n" $i; printf "err %06d\\n" $i >&2; i=$((i+1)); done'


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

    def test_a_last_line_without_its_end_arrives(self, use: Use) -> None:
        """What is written last arrives too, each time, however soon the command ends then."""
        use.hold(LAST)

    def test_bytes_that_are_no_text_arrive_as_they_are(self, use: Use) -> None:
        """Output is bytes: invalid UTF-8, NUL and carriage returns are nobody's to change."""
        use.hold(BYTES)

    @needs(LAST)
    def test_ten_megabytes_arrive_whole_and_in_order(self, use: Use) -> None:
        """However much a command writes, all of it arrives, in the order in which it was written."""

        async def main(job: Job) -> bytes:
            return (await job.run(_COUNTED, str(_LINES), _LONG_LINE)).out

        lines = use.job(main).splitlines()
        wanted = [(_LONG_LINE % number).encode() for number in range(_LINES)]
        problem = f"{len(lines)} of them" if len(lines) != _LINES else "all of them, in another order or changed"
        obey(lines == wanted, f"a command writes {_LINES} lines, and context.log gets {problem}", "output")

    @needs(LAST, STDERR)
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

    @needs(LAST, STDERR)
    def test_a_stream_that_is_full_does_not_hold_up_the_other(self, use: Use) -> None:
        """Both streams are read at the same time: a megabyte on the one must not wait for the other's end."""

        async def main(job: Job) -> tuple[int, int]:
            script = f"{{ {_COUNTED}; }} >&2; {_COUNTED}"
            ran = await job.run(script, "1000", _LONG_LINE)
            return len(ran.out), len(ran.err)

        found = use.job(main)
        obey(found == (1_000_000, 1_000_000), f"of a megabyte on each stream, {found} bytes arrive", "output")

    def test_output_arrives_while_the_command_runs(self, use: Use) -> None:
        """Who watches a step sees what it writes as it writes it; ``idle-timeout`` is built upon that."""
        use.hold(LIVE)

    def test_the_loop_goes_on_while_a_command_runs(self, use: Use) -> None:
        """Nothing blocks the event loop: other jobs, time-outs and cancellations live in it."""
        use.hold(LOOP)
