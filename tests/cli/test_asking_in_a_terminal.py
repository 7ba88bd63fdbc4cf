"""Actions that ask a person, from the command line: in a terminal, by given answers, and where there is nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.terminals import Person

ACTION = """\
name: Approve
description: Lets a person decide.
inputs:
  model: {type: string, default: none}
outputs:
  approved: {type: boolean, description: Whether it is released.}
runs: {using: human}
"""
PIPELINE = """\
name: Release
jobs:
  review:
    steps:
      - name: Approve
        action: ./approve
        inputs: {model: "${{ secrets.MODEL }}"}
      - name: Use
        inputs: {approved: "${{ steps.Approve.outputs.approved }}"}
        run: echo "approved $INPUT_APPROVED"
"""
TWO_JOBS = """\
name: Release
jobs:
  noisy:
    steps:
      - run: for i in 1 2 3 4 5 6 7 8 9; do echo "line $i"; done; touch "$DONE"
  review:
    steps:
      - run: while [ ! -e "$DONE" ]; do sleep 0.01; done
      - name: Approve
        action: ./approve
      - name: Again
        action: ./approve
"""

_TAKES_TERMINAL = "import os, sys; os.setsid(); os.open(os.ttyname(0), os.O_RDWR); os.execv(sys.argv[1], sys.argv[1:])"


class Session:
    """The command in a terminal of its own, and the person there."""

    def __init__(self, person: Person, process: subprocess.Popen[bytes]) -> None:
        self.person = person
        self.process = process

    def end(self) -> tuple[int, str, str]:
        """Waits for the end: status, stdout, and what was shown since it was last read."""
        shown = self.person.reads_all()
        stdout, _ = self.process.communicate(timeout=60)
        return self.process.returncode, stdout.decode(), shown


@pytest.fixture
def in_terminal(folder: Path, environment: dict[str, str], cli: list[str]) -> Iterator[Callable[..., Session]]:
    sessions: list[Session] = []

    def start(*arguments: str) -> Session:
        person = Person()
        process = subprocess.Popen(
            [sys.executable, "-c", _TAKES_TERMINAL, *cli, *arguments],
            cwd=folder,
            env={**environment, "NO_COLOR": "1", "DONE": str(folder / "done")},
            stdin=person.terminal,
            stdout=subprocess.PIPE,
            stderr=person.terminal,
        )
        person.lets_go()
        sessions.append(Session(person, process))
        return sessions[-1]

    yield start
    for session in sessions:
        session.process.kill()
        session.process.wait()
        if session.process.stdout is not None:
            session.process.stdout.close()
        session.person.close()


@pytest.fixture
def asking(folder: Path, write) -> Path:
    (folder / "approve").mkdir()
    write("approve/action-datatorch.yaml", ACTION)
    write("two.yaml", TWO_JOBS)
    write("pipeline.yaml", PIPELINE)
    return folder


def test_a_person_in_the_terminal_is_asked(asking, in_terminal) -> None:
    session = in_terminal("run", "pipeline.yaml", "--secret", "MODEL=s3cret-model")
    shown = session.person.reads("> ")
    session.person.types("perhaps\n")
    shown += session.person.reads("write true or false\n> ")
    session.person.types("yes\n")
    status, stdout, rest = session.end()
    assert (status, stdout) == (0, "review / Approve: approved = true\n")
    assert shown.partition("\n")[2] == (
        "step 1: Approve\n"
        "review / Approve asks: Approve\n"
        "  Lets a person decide.\n"
        "  model = ***\n"
        "approved (yes or no): Whether it is released.\n"
        "> perhaps\n"
        "  the answer for the output 'approved': a string is not a boolean; write true or false\n"
        "> "
    )
    assert rest.startswith("yes\n| approved: true\nstep 1 succeeded in ")
    assert "\nstep 2: Use\n| approved true\n" in rest


def test_the_log_stands_still_while_a_person_is_asked(asking, in_terminal) -> None:
    session = in_terminal("run", "two.yaml")
    shown = session.person.reads("> ")
    session.person.types("yes\n")
    shown += session.person.reads("> ")
    session.person.types("no\n")
    status, _, rest = session.end()
    assert status == 0
    assert "yes\n" in shown
    assert shown.count("/ Approve asks") == shown.count("/ Again asks") == 1
    assert shown.index("step 2: Approve\n") < shown.index("review / Approve asks")
    assert shown.index("step 3: Again\n") < shown.index("review / Again asks")
    for line in [*shown.splitlines(), *rest.splitlines()]:
        assert not (line.startswith("> ") and "|" in line)


def test_a_quiet_run_asks_all_the_same(asking, in_terminal) -> None:
    session = in_terminal("run", "pipeline.yaml", "--secret", "MODEL=x1y2", "--quiet", "--json")
    assert session.person.reads("> ").startswith("review / Approve asks: Approve\n")
    session.person.types("no\n")
    status, stdout, _ = session.end()
    assert status == 0
    assert json.loads(stdout)["jobs"]["review"]["steps"][0]["outputs"] == {"approved": False}


def test_ctrl_c_at_the_prompt_ends_the_run(asking, in_terminal) -> None:
    session = in_terminal("run", "pipeline.yaml", "--secret", "MODEL=x1y2")
    session.person.reads("> ")
    session.person.types("ye\x03")
    status, stdout, rest = session.end()
    assert (status, stdout) == (130, "")
    assert "\ninterrupted: ending the run; once more to leave at once\n" in rest
    assert "\nthe question is withdrawn\n" in rest
    assert "step 1 cancelled" in rest
    assert "Traceback" not in rest


def test_ctrl_d_at_the_prompt_fails_the_step(asking, in_terminal) -> None:
    session = in_terminal("run", "pipeline.yaml", "--secret", "MODEL=x1y2")
    session.person.reads("> ")
    session.person.types("\x04")
    status, _, rest = session.end()
    assert status == 1
    assert "the output 'approved' was not answered: the input ended" in rest


def test_a_terminal_that_is_closed_ends_the_run(asking, in_terminal) -> None:
    session = in_terminal("run", "pipeline.yaml", "--secret", "MODEL=x1y2")
    session.person.reads("> ")
    session.person.leaves()
    assert session.process.wait(60) != 0


def test_an_action_alone_asks_in_the_terminal_too(asking, in_terminal) -> None:
    session = in_terminal("actions", "run", "approve", "--input", "model=resnet")
    assert "  model = resnet\n" in session.person.reads("> ")
    session.person.types("y\n")
    status, stdout, _ = session.end()
    assert (status, stdout) == (0, "action / Approve: approved = true\n")


def test_where_there_is_no_terminal_nothing_runs(asking, command) -> None:
    ended = command("run", "pipeline.yaml", "--secret", "MODEL=x1y2")
    assert ended.status == 2
    assert ended.stderr.splitlines()[0] == (
        "pipeline.yaml:6:17: error: the action ./approve asks a person, and nobody is there to ask [DT411]"
    )
    assert "give human=, or on the command line --answers or a terminal" in ended.stderr
    assert ended.stderr.endswith("nothing ran\n")


def test_answers_are_given_beforehand(asking, command) -> None:
    answers = asking / "answers.json"
    answers.write_text('{"Approve": {"approved": "true"}}')
    ended = command("run", "pipeline.yaml", "--secret", "MODEL=x1y2", "--answers", "@answers.json")
    assert (ended.status, ended.stdout) == (0, "review / Approve: approved = true\n")
    ended = command("run", "two.yaml", "--answers", '{"./approve": {"approved": false}}', env={"DONE": "/dev/null"})
    assert ended.status == 0


def test_an_action_alone_takes_answers_too(asking, command) -> None:
    ended = command("actions", "run", "approve", "--answers", '{"Approve": {"approved": false}}')
    assert (ended.status, ended.stdout) == (0, "action / Approve: approved = false\n")


def test_an_answer_that_is_missing_is_told_before_anything_runs(asking, command) -> None:
    ended = command("run", "two.yaml", "--answers", '{"Approve": {"approved": true}}', env={"DONE": "/dev/null"})
    assert ended.status == 2
    assert ended.stderr.splitlines()[0] == (
        "two.yaml:12:17: error: the action ./approve asks a person, and no answer is given for the step 'Again' [DT411]"
    )


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ("[]", 'this is no JSON object; write {"step": {"output": value}}'),
        ('{"Approve": true}', "'Approve' has no JSON object; write {\"output\": value}"),
        ("{", "1:2: no JSON: a key in double quotes is missing"),
        ("@none.json", "'none.json' can't be read: No such file or directory"),
    ],
)
def test_answers_of_the_wrong_form_are_refused(asking, command, answers: str, message: str) -> None:
    ended = command("run", "pipeline.yaml", "--answers", answers)
    assert ended.status == 2
    assert message in ended.stderr
