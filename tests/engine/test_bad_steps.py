"""Steps that misbehave: much output, long lines, bad bytes, background children, missing programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import datatorch_pipelines as dtp


def test_an_output_line_of_64_megabytes_is_taken(project) -> None:
    project.action(
        "long",
        {
            "action-datatorch.yaml": "name: L\nruns: {using: python, main: long.py}\n",
            "long.py": "import datatorch; datatorch.set_output('big', 'x' * (64 << 20))\n",
        },
    )
    result = project.run("name: L\njobs: {l: {steps: [{action: ./long}]}}")
    assert result.status == "succeeded"
    assert result.jobs["l"].steps[0].outputs == {"big": "x" * (64 << 20)}


def test_a_longer_output_than_allowed_is_a_warning(project) -> None:
    command = "echo ::big::$(seq 1000)"
    text = f"name: L\noutputs: {{big: {{}}}}\nruns: {{using: cmd, command: '{command}'}}\n"
    project.action("long", {"action-datatorch.yaml": text})
    result = project.run("name: L\njobs: {l: {steps: [{action: ./long}]}}", limits=dtp.Limits(max_output_bytes=1000))
    assert [d.message for d in result.diagnostics] == [
        "the output 'big' was not taken: its line is longer than 1000 bytes"
    ]
    assert result.jobs["l"].steps[0].outputs == {}


def test_an_input_of_5_megabytes_reaches_python_node_and_the_shell(project) -> None:
    project.action(
        "py",
        {
            "action-datatorch.yaml": "name: P\nruns: {using: python, main: main.py}\n",
            "main.py": "import datatorch; datatorch.set_output('n', len(datatorch.get_input('big')))\n",
        },
    )
    project.action(
        "js",
        {
            "action-datatorch.yaml": "name: N\nruns: {using: node, main: main.js}\n",
            "main.js": "console.log('::n::' + JSON.parse(process.argv[process.argv.length - 1]).big.length)\n",
        },
    )
    result = project.run(
        """\
        name: Big
        jobs:
          b:
            steps:
              - {action: ./py, inputs: {big: "${{ event.big }}"}}
              - {action: ./js, inputs: {big: "${{ event.big }}"}}
              - run: echo "::n::$(wc -c < "$DATATORCH_INPUTS")"; test -z "$INPUT_BIG"
                inputs: {big: "${{ event.big }}"}
        """,
        event={"big": "y" * (5 << 20)},
    )
    assert result.status == "succeeded", result.error
    assert [step.outputs["n"] for step in result.jobs["b"].steps] == [5 << 20, 5 << 20, (5 << 20) + 11]


def test_bytes_that_are_no_text_are_kept_in_the_log_and_shown_replaced(project) -> None:
    result = project.run("name: B\njobs: {b: {steps: [{run: 'printf \"a\\\\377b\\\\n::o::\\\\377\\\\n\"'}]}}")
    step = result.jobs["b"].steps[0]
    assert step.log == "a\ufffdb\n::o::\ufffd\n"
    assert step.log_path.read_bytes() == b"a\xffb\n::o::\xff\n"
    assert step.outputs == {}


def test_a_child_in_the_background_does_not_hold_its_step_and_ends_with_the_job(project) -> None:
    result = project.run("""\
        name: Background
        jobs:
          b:
            steps:
              - run: (while :; do echo tick; sleep 0.01; done) & echo $!
              - run: echo after
        """)
    first, second = result.jobs["b"].steps
    assert second.log == "after\n"
    number = int(first.log.split()[0] if first.log.split()[0] != "tick" else first.log.split()[1])
    assert not Path(f"/proc/{number}").exists() or "Z" in Path(f"/proc/{number}/stat").read_text()


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{action: ./node}", "node"),
        ("{run: 'true', working-directory: nowhere}", "nowhere"),
    ],
)
def test_what_cant_be_started_is_one_clear_failure(project, monkeypatch, step: str, message: str) -> None:
    project.action("node", {"action-datatorch.yaml": "name: N\nruns: {using: node, main: m.js}", "m.js": ""})
    empty = project.folder / "bin"
    empty.mkdir()
    for program in ("sh", "true"):
        (empty / program).symlink_to(f"/bin/{program}")
    monkeypatch.setenv("PATH", str(empty))
    result = project.run(f"name: M\njobs:\n  m:\n    steps:\n      - {step}\n")
    error = result.jobs["m"].steps[0].error
    assert message in error.message
    assert "\n" not in error.message
    assert (error.location.line, error.location.column) == (5, 9)


def test_an_input_that_json_does_not_have_is_one_clear_failure(project) -> None:
    result = project.run(
        "name: J\njobs: {j: {steps: [{run: 'true', inputs: {x: '${{ inputs.x }}'}}]}}", inputs={"x": {1, 2}}
    )
    assert result.error.message == "a Python value of type 'set' has no place in an expression"
    assert (result.error.location.line, result.error.location.column) == (2, 51)


FULL_DISK = """\
import resource, sys
import datatorch_pipelines as dtp

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
result = dtp.load(sys.argv[1]).run(directory=sys.argv[2])
print(result.status, result.error)
"""


def test_a_record_that_cant_be_written_fails_the_run_and_keeps_whole_lines(project) -> None:
    """A limit on the size of files stands for the full disk: both make a write fall short."""
    path = project.write("name: F\njobs: {f: {steps: [{run: 'while :; do echo 0123456789; done'}]}}")
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), str(project.runs)], capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.startswith("failed the run's record can't be written: ")
    (events,) = project.runs.glob("*/events.jsonl")
    assert all(json.loads(line)["v"] == 1 for line in events.read_text().splitlines())


@pytest.mark.parametrize(
    ("job", "secrets"),
    [
        ("{steps: [{run: 'true', if: 'inputs.big > 3'}]}", {}),
        ("{outputs: {x: '${{ inputs.big }}'}, steps: [{run: 'true'}]}", {}),
        ("{outputs: {x: '${{ inputs.big }}'}, steps: [{run: 'true'}]}", {"KEY": "hidden"}),
        ("{strategy: {matrix: {x: ['${{ inputs.big }}']}}, steps: [{run: 'true'}]}", {"KEY": "hidden"}),
    ],
    ids=["condition", "output", "with secrets", "matrix"],
)
def test_a_number_of_thousands_of_digits_is_a_value_as_any_other(project, job: str, secrets: dict[str, str]) -> None:
    result = project.run(f"name: B\njobs:\n  a: {job}\n", inputs={"big": 10**5000}, secrets=secrets)
    assert (result.status, result.error) == ("succeeded", None)
    kept = dtp.open_run(result.directory)
    assert [kept.status, *(instance.status for instance in kept.jobs["a"].instances)] == ["succeeded"] * (
        1 + len(result.jobs["a"].instances)
    )
    if kept.jobs["a"].outputs:
        assert (result.jobs["a"].outputs, kept.jobs["a"].outputs) == ({"x": 10**5000}, {"x": f"{10**5000:#x}"})


def test_a_step_whose_input_is_a_number_that_json_can_not_write_fails_in_one_line(project) -> None:
    text = "name: B\njobs:\n  a:\n    steps:\n      - {run: 'true', cache: true, inputs: {x: '${{ inputs.big }}'}}\n"
    result = project.run(text, inputs={"big": 10**5000})
    place = f"{project.folder}/pipeline.yaml:5:9"
    assert str(result.error) == f"{place}: the input 'x' is no JSON value; give text, numbers or lists"
