"""Ctrl-C and SIGTERM: everything that the run started ends, grandchildren too."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest

SCHEMA = json.loads((Path(__file__).parents[1] / "display" / "run_schema.json").read_text(encoding="utf-8"))
LONG = """\
name: Long
jobs:
  a:
    steps:
      - name: Wait
        run: |
          exec 3> "$ALIVE"
          sleep 1000 &
          echo ready
          wait
      - run: echo never
"""
STUBBORN = LONG.replace("exec 3>", "trap '' INT TERM HUP; exec 3>").replace("wait\n", "while :; do wait; done\n")

Write = Callable[[str, str], Path]


class Running:
    """A run whose step's processes, all of them, hold the writing end of a pipe."""

    def __init__(self, process: subprocess.Popen[bytes], alive: int) -> None:
        self.process = process
        self.alive = alive

    def read_until(self, marker: bytes) -> None:
        """Reads the log until a line holds ``marker``."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if marker in line:
                return
        raise AssertionError(f"the log ended before {marker!r}")

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the command's process group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def end(self) -> tuple[int, str, str]:
        """Waits for the end: status, rest of stdout and stderr."""
        stdout, stderr = self.process.communicate(timeout=60)
        return self.process.returncode, stdout.decode(), stderr.decode()

    def nothing_lives(self, timeout: float = 0) -> bool:
        """Whether no process of the step is left: the pipe is closed at its other end."""
        readable, _, _ = select.select([self.alive], [], [], timeout)
        return bool(readable) and os.read(self.alive, 1) == b""


@pytest.fixture
def start(folder: Path, environment: dict[str, str], cli: list[str]) -> Iterator[Callable[..., Running]]:
    """Starts ``run`` in a process group of its own and waits until its step says that it is there."""
    with contextlib.ExitStack() as stack:

        def begin(text: str, *arguments: str, marker: bytes = b"| ready") -> Running:
            (folder / "p.yaml").write_text(text, encoding="utf-8")
            fifo = folder / "alive"
            os.mkfifo(fifo)
            alive = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
            stack.callback(os.close, alive)
            process = subprocess.Popen(
                [*cli, "run", "p.yaml", *arguments],
                cwd=folder,
                env={**environment, "ALIVE": str(fifo)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            running = Running(process, alive)
            running.read_until(marker)
            assert not running.nothing_lives()
            return running

        yield begin


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_the_run_and_waits_until_all_has_ended(
    start: Callable[..., Running], number: signal.Signals, status: int
) -> None:
    running = start(LONG)
    running.send(number)
    ended, stdout, stderr = running.end()
    assert running.nothing_lives()
    assert (ended, stdout) == (status, "")
    lines = stderr.splitlines()
    assert lines[0] == "interrupted: ending the run; once more to leave at once"
    assert lines[-1].startswith("run cancelled in ")
    assert "Traceback" not in stderr
    assert "| never" not in stderr


def test_with_json_an_interrupted_run_prints_its_result(start: Callable[..., Running]) -> None:
    running = start(LONG, "--json")
    running.send(signal.SIGINT)
    status, stdout, _ = running.end()
    assert running.nothing_lives()
    shown = json.loads(stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (status, shown["status"]) == (130, "cancelled")
    assert shown["jobs"]["a"]["steps"][0]["status"] == "cancelled"


def test_a_second_signal_leaves_at_once_and_nothing_stays_behind(start: Callable[..., Running]) -> None:
    running = start(STUBBORN, "--json")
    running.send(signal.SIGINT)
    running.read_until(b"interrupted: ending the run")
    running.send(signal.SIGINT)
    status, stdout, stderr = running.end()
    assert running.nothing_lives(timeout=30)
    shown = json.loads(stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (status, shown["status"], shown["error"]["message"]) == (130, "cancelled", "interrupted")
    assert (shown["pipeline"], bool(shown["run"])) == ("Long", True)
    assert stderr == "interrupted\n"


def test_a_signal_before_the_run_starts_ends_the_wait_for_a_server(
    folder: Path, environment: dict[str, str], cli: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/add.git"
        step = {"action": {"name": "add", "tag": "v1", "git": url}}
        (folder / "p.json").write_text(json.dumps({"name": "P", "jobs": {"a": {"steps": [step]}}}), encoding="utf-8")
        command = [*cli, "run", "p.json", "--json"]
        with subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        ) as process:
            connection, _ = server.accept()
            with connection:
                os.killpg(process.pid, signal.SIGINT)
                stdout, stderr = process.communicate(timeout=60)
    shown = json.loads(stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (process.returncode, shown["status"], shown["run"], stderr) == (130, "cancelled", None, b"interrupted\n")


@pytest.mark.parametrize("command", [("lock",), ("actions", "pull")], ids=" ".join)
def test_a_command_that_waits_for_a_server_can_be_interrupted(
    folder: Path, environment: dict[str, str], cli: list[str], command: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/add.git"
        step = {"action": {"name": "add", "tag": "v1", "git": url}}
        (folder / "p.json").write_text(json.dumps({"name": "P", "jobs": {"a": {"steps": [step]}}}), encoding="utf-8")
        with subprocess.Popen(
            [*cli, *command, "p.json"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            connection, _ = server.accept()
            with connection:
                os.killpg(process.pid, signal.SIGINT)
                stdout, stderr = process.communicate(timeout=60)
    # The first line end brings the terminal past its own `^C`.
    assert (process.returncode, stdout, stderr) == (130, b"", b"\ninterrupted\n")
    assert [path.name for path in folder.iterdir()] == ["p.json"]


def test_an_ignored_signal_stays_ignored(folder: Path, environment: dict[str, str], cli: list[str]) -> None:
    (folder / "p.yaml").write_text("name: P\njobs: {a: {steps: [{run: 'kill -INT $ABOVE; echo ::x::1'}]}}\n")
    script = 'trap "" INT; ABOVE=$$ exec "$@"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *cli, "run", "p.yaml", "-q"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(": x = 1\n")
