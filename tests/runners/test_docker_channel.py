"""The shell that stays in a container for small commands: with a shell of this machine in the container's place."""

import asyncio
import os
import subprocess

import pytest

from datatorch_pipelines.contracts import Command
from datatorch_pipelines.runners.docker.channel import Channel, ChannelLost

HERE = ("env",)
"""The transport that starts a program here."""


def through(function, transport=HERE):
    async def main():
        channel = Channel(transport)
        try:
            async with asyncio.timeout(20):
                return await function(channel)
        finally:
            await channel.aclose()
            await channel.aclose()

    return asyncio.run(main())


async def said_by(channel, *argv, **more):
    said = {"stdout": b"", "stderr": b""}

    def sink(stream, data):
        said[stream] += data

    status = await channel.run(Command(argv=argv, **more), sink)
    return status, said["stdout"], said["stderr"]


def test_commands_of_one_shell_give_their_status_and_both_streams_and_get_their_own_input(tmp_path):
    data = bytes(range(256)) * 5000

    async def check(channel):
        first = await said_by(channel, "sh", "-c", "echo $PPID")
        assert await said_by(channel, "cat", stdin=data) == (0, data, b"")
        assert await said_by(channel, "sh", "-c", "printf out; printf '\\377' >&2; exit 3") == (3, b"out", b"\xff")
        # What a command leaves unread of its input is not read as the next one.
        assert await said_by(channel, "head", "-c", "3", stdin=data) == (0, data[:3], b"")
        assert await said_by(channel, "true", stdin=data) == (0, b"", b"")
        assert (await said_by(channel, "no-such"))[0] == 127
        assert await said_by(channel, "pwd", cwd=str(tmp_path)) == (0, os.fsencode(tmp_path) + b"\n", b"")
        assert await said_by(channel, "echo", "a  b", "$HOME", "`x`", "é'\n", "-n") == (
            0,
            "a  b $HOME `x` é'\n -n\n".encode(),
            b"",
        )
        assert first[0] == 0

    through(check)


def test_commands_that_come_at_once_take_turns():
    async def check(channel):
        answers = await asyncio.gather(*(said_by(channel, "sh", "-c", f"echo {n}; exit {n}") for n in range(10)))
        assert answers == [(n, b"%d\n" % n, b"") for n in range(10)]

    through(check)


def test_a_cancelled_command_ends_with_its_shell_and_the_next_one_has_another(tmp_path):
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)

    async def check(channel):
        started = asyncio.Event()
        text = f"exec 9>'{fifo}'; echo ready; cat; exec cat"
        running = asyncio.ensure_future(
            channel.run(Command(argv=("sh", "-c", text)), lambda stream, data: started.set())
        )
        reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        os.close(reading)
        assert await said_by(channel, "echo", "again") == (0, b"again\n", b"")

    through(check)


@pytest.mark.parametrize(("text", "told"), [("exit 1", False), ("echo part; exit", True)])
def test_a_shell_that_is_gone_is_told_with_whether_something_came_before(tmp_path, text, told):
    # The transport breaks off in the midst of the command.
    program = tmp_path / "transport"
    program.write_text(
        "#!/bin/sh\nread -r n; script=$(dd bs=1 count=$n 2>/dev/null)\n"
        'tag=${script#*\\\'}; tag=${tag%%start*}\nprintf "${tag}start;"\n' + text + "\n"
    )
    program.chmod(0o755)

    async def check(channel):
        with pytest.raises(ChannelLost) as caught:
            await said_by(channel, "true")
        assert caught.value.told is told

    through(check, (str(program),))


def test_a_transport_that_cannot_be_started_is_told():
    async def check(channel):
        with pytest.raises(ChannelLost) as caught:
            await said_by(channel, "true")
        assert not caught.value.told

    through(check, ("/no/such/program",))


def test_nothing_of_a_command_is_in_an_argument():
    async def check(channel):
        running = asyncio.ensure_future(
            said_by(channel, "sh", "-c", "cat >/dev/null; tr '\\0' ' ' </proc/$PPID/cmdline", stdin=b"s3cret")
        )
        status, out, _ = await running
        assert status == 0
        assert b"s3cret" not in out

    through(check)


def test_it_works_with_busybox_as_the_shell(tmp_path):
    busybox = subprocess.run(["sh", "-c", "command -v busybox"], capture_output=True, text=True).stdout.strip()
    if not busybox:
        pytest.skip("busybox is not installed")
    for name in ("sh", "dd", "head", "cat", "printf", "tar"):
        (tmp_path / name).symlink_to(busybox)

    async def check(channel):
        data = bytes(range(256)) * 1000
        assert await said_by(channel, "cat", stdin=data) == (0, data, b"")
        assert await said_by(channel, "head", "-c", "2", stdin=data) == (0, data[:2], b"")
        assert await said_by(channel, "sh", "-c", "echo x; exit 4") == (4, b"x\n", b"")

    through(check, ("env", f"PATH={tmp_path}"))
