"""``run`` as a process: what it prints where, and its exit status."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

SCHEMA = json.loads((Path(__file__).parents[1] / "display" / "run_schema.json").read_text(encoding="utf-8"))

ADD = """\
name: Add numbers
jobs:
  add:
    steps:
      - name: Sum
        inputs: {a: "${{ input.a }}", b: "${{ event.b }}", c: "${{ variables.c }}"}
        run: |
          echo "adding $INPUT_A, $INPUT_B and $INPUT_C" >&2
          echo "::sum::$((INPUT_A + INPUT_B + INPUT_C))"
"""
FAILS = """\
name: Fails
jobs:
  train:
    steps:
      - name: Train
        run: exit 3
      - run: echo never
"""
SECRET = """\
name: Secret
jobs:
  a:
    steps:
      - env: {TOKEN: "${{ secrets.TOKEN }}"}
        run: echo "the token is $TOKEN"; echo "::size::${#TOKEN}"
"""

Write = Callable[[str, str], Path]


def _steady(text: str) -> str:
    """The text without what differs from run to run."""
    text = re.sub(r"\d{8}-\d{6}-[0-9a-f]{8}", "RUN", text)
    text = re.sub(r"in \d+\.\d s", "in T s", text)
    return re.sub(r"(record|log): .*/state/", r"\1: STATE/", text)


def test_the_log_goes_to_stderr_and_the_outputs_to_stdout(command, write: Write) -> None:
    write("add.yaml", ADD)
    done = command("run", "add.yaml", "--input", "a=1", "--event", '{"b": 2}', "--variable", "c=39")
    assert (done.status, done.stdout) == (0, "add / Sum: sum = 42\n")
    lines = _steady(done.stderr).splitlines()
    assert sorted(lines[2:4]) == ["| ::sum::42", "| adding 1, 2 and 39"]
    assert [*lines[:2], *lines[4:]] == [
        "run RUN: Add numbers",
        "step 1: Sum",
        "step 1 succeeded in T s",
        "run succeeded in T s; record: STATE/runs/RUN",
    ]


def test_an_event_comes_from_a_file(here, write: Write) -> None:
    write("add.yaml", ADD)
    write("event.json", '{"b": 2}')
    done = here("run", "add.yaml", "--input", "a=1", "--event", "@event.json", "--variable", "c=3", "--quiet")
    assert (done.status, done.stdout, done.stderr) == (0, "add / Sum: sum = 6\n", "")


def test_with_json_stdout_is_one_object(command, write: Write) -> None:
    write("add.yaml", ADD)
    done = command("run", "add.yaml", "--input", "a=1", "--event", '{"b": 2}', "--variable", "c=3", "--json")
    assert done.status == 0
    shown = json.loads(done.stdout)
    jsonschema.validate(shown, SCHEMA)
    [step] = shown["jobs"]["add"]["steps"]
    assert (shown["pipeline"], shown["status"], shown["error"]) == ("Add numbers", "succeeded", None)
    assert (step["name"], step["status"], step["outputs"], step["exit_status"]) == ("Sum", "succeeded", {"sum": 6}, 0)
    assert "adding 1, 2 and 3" in Path(step["log"]).read_text(encoding="utf-8")
    assert Path(step["log"]).parents[2].name == shown["run"]


def test_a_step_that_fails_fails_the_run_at_its_place(command, write: Write) -> None:
    write("fails.yaml", FAILS)
    done = command("run", "fails.yaml")
    assert (done.status, done.stdout) == (1, "")
    assert _steady(done.stderr).splitlines() == [
        "run RUN: Fails",
        "step 1: Train",
        "step 1 failed in T s: exit status 3",
        "step 2 skipped: an earlier step failed",
        "fails.yaml:5:9: error: the step 'Train' failed with exit status 3",
        "    5 |       - name: Train",
        "      |         ^^^^^^^^^^^",
        "  log: STATE/runs/RUN/logs/train/001-Train.log",
        "run failed in T s; record: STATE/runs/RUN",
    ]


def test_with_json_a_failed_run_says_where(here, write: Write) -> None:
    write("fails.yaml", FAILS)
    done = here("run", "fails.yaml", "--json", "--quiet")
    shown = json.loads(done.stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (done.status, shown["status"]) == (1, "failed")
    assert (shown["error"]["file"], shown["error"]["line"], shown["error"]["column"]) == ("fails.yaml", 5, 9)
    first, second = shown["jobs"]["train"]["steps"]
    assert (first["exit_status"], first["error"]) == (3, shown["error"])
    assert (second["status"], second["reason"], second["log"]) == ("skipped", "an earlier step failed", None)
    assert done.stderr.startswith("fails.yaml:5:9: error: ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: Bad\njobs:\n  a:\n    stepps: []\n", "p.yaml:4:5: error: unknown key 'stepps' [DT202]"),
        ("name: Bad\njobs: {}\n", "p.yaml:2:"),
        ("name: [\n", "p.yaml:1:7: error: "),
        (
            "name: Bad\njobs:\n  a:\n    steps:\n      - action: ./nothere\n",
            "p.yaml:5:17: error: ",
        ),
        (
            "name: Bad\njobs:\n  a:\n    steps:\n      - run: echo '${{ steps.x.outputs.y }}'\n",
            "p.yaml:5:",
        ),
    ],
)
def test_a_pipeline_that_is_wrong_does_not_run(here, write: Write, text: str, line: str) -> None:
    write("p.yaml", text)
    done = here("run", "p.yaml", "--json")
    assert done.status == 2
    assert done.stderr.startswith(line)
    assert done.stderr.endswith("nothing ran\n")
    assert "Traceback" not in done.stderr
    shown = json.loads(done.stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (shown["run"], shown["status"], shown["jobs"]) == (None, "failed", {})
    assert shown["diagnostics"]
    assert shown["error"]["file"] == "p.yaml"


def test_a_file_that_is_not_there_is_told(here) -> None:
    done = here("run", "nothere.yaml")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == "nothere.yaml:1:1: error: no such file [DT102]\n  hint: check the path\nnothing ran\n"


def test_an_unknown_runner_is_told(here, write: Write) -> None:
    write("fails.yaml", FAILS)
    done = here("run", "fails.yaml", "--runner", "moon")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there is no runner 'moon'; use one of ")


@pytest.mark.parametrize("how", ["argument", "environment", "file"])
def test_a_secret_is_given_and_never_shown(here, write: Write, folder: Path, how: str) -> None:
    write("secret.yaml", SECRET)
    write("secrets.env", "# ours\nTOKEN='hunter2secret'\n")
    arguments = {
        "argument": ["--secret", "TOKEN=hunter2secret"],
        "environment": ["--secret", "TOKEN"],
        "file": ["--secrets-file", "secrets.env"],
    }[how]
    env = {"TOKEN": "hunter2secret"} if how == "environment" else {}
    done = here("run", "secret.yaml", *arguments, env=env)
    assert (done.status, done.stdout.rsplit(": ", 1)[1]) == (0, "size = 13\n")
    assert "| the token is ***\n" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_secret_on_the_command_line_wins_over_the_file(here, write: Write) -> None:
    write("secret.yaml", SECRET)
    write("secrets.env", "TOKEN=longer than the other")
    done = here("run", "secret.yaml", "--secrets-file", "secrets.env", "--secret", "TOKEN=short", "-q")
    assert done.stdout.endswith(": size = 5\n")


def test_the_log_of_a_matrix_has_what_each_instance_wrote(here, write: Write) -> None:
    text = """\
name: M
jobs:
  a:
    strategy: {matrix: {n: [1, 2, 3]}}
    steps: [{name: s, run: "echo is $N; echo ::n::$N", env: {N: "${{ matrix.n }}"}}]
"""
    write("m.yaml", text)
    done = here("run", "m.yaml")
    assert (done.status, done.stdout) == (0, "a (1) / s: n = 1\na (2) / s: n = 2\na (3) / s: n = 3\n")
    for number in "123":
        mine = [line for line in _steady(done.stderr).splitlines() if line.startswith(f"a ({number}) ")]
        assert [line.removeprefix(f"a ({number}) ") for line in mine] == [
            "step 1: s",
            f"| is {number}",
            f"| ::n::{number}",
            "step 1 succeeded in T s",
            "job succeeded",
        ]
    shown = json.loads(here("run", "m.yaml", "--json", "--quiet").stdout)
    jsonschema.validate(shown, SCHEMA)
    assert [item["matrix"]["n"] for item in shown["jobs"]["a"]["instances"]] == [1, 2, 3]
    events = [json.loads(line) for line in here("run", "m.yaml", "--log-format", "json").stderr.splitlines()]
    for number in (0, 1, 2):
        logged = [event["text"] for event in events if event["type"] == "log" and event["instance"] == number]
        assert "".join(logged) == f"is {number + 1}\n::n::{number + 1}\n"


def test_the_json_log_is_an_event_a_line(here, write: Write) -> None:
    write("fails.yaml", FAILS.replace("exit 3", "echo hello"))
    done = here("run", "fails.yaml", "--log-format", "json")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert (events[0]["type"], events[-1]["type"]) == ("run-started", "run-finished")
    assert [event["text"] for event in events if event["type"] == "log"] == ["hello\n", "never\n"]


def test_the_json_log_of_a_refusal_is_json_too(here, write: Write) -> None:
    write("p.yaml", "name: Bad\njobs: {}\n")
    done = here("run", "p.yaml", "--log-format", "json")
    assert (done.status, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    told = json.loads(line)
    assert (told["type"], told["error"]["line"], told["diagnostics"][0]["code"]) == ("error", 2, "DT205")


def test_local_actions_are_found_in_the_folder_that_is_named(here, write: Write) -> None:
    write("actions/greet/v1/action-datatorch.yaml", "name: greet\nruns: {using: cmd, command: 'echo ::said::1'}\n")
    write("p.yaml", "name: Greet\njobs:\n  a:\n    steps:\n      - action: local/greet@v1\n")
    done = here("run", "p.yaml", "--local-actions", "actions", "--offline", "--max-parallel", "1", "-q")
    assert (done.status, done.stdout, done.stderr) == (0, "a / local/greet@v1: said = 1\n", "")


def test_nobody_has_to_read_what_is_printed(write: Write, folder: Path, environment: dict[str, str]) -> None:
    write("p.yaml", "name: P\njobs:\n  a:\n    steps:\n      - run: seq 20000; touch $DONE; echo ::x::1\n")
    command = f"{sys.executable} -W error -m datatorch_pipelines run p.yaml"
    for index, shell in enumerate(
        [
            f"{command} >&-",
            f"{command} 2>&-",
            f"{command} >&- 2>&- <&-",
            f"{command} 2>&1 | head -n 1",
            f"{command} | true",
        ]
    ):
        marker = folder / f"done{index}"
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {shell}"],
            cwd=folder,
            env={**environment, "DONE": str(marker)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, "Error" in done.stdout + done.stderr) == (0, False), (shell, done)
        assert marker.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_result_that_can_not_be_written_is_told(write: Write, folder: Path, environment: dict[str, str]) -> None:
    write("add.yaml", "name: P\njobs:\n  a:\n    steps:\n      - run: echo ::x::1\n")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "datatorch_pipelines", "run", "add.yaml", "-q"],
            cwd=folder,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    message = "datatorch-pipelines: the result can't be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_a_defect_of_ours_is_one_line_and_how_to_report_it(
    write: Write, folder: Path, environment: dict[str, str]
) -> None:
    write("secret.yaml", SECRET)
    script = (
        "import sys\n"
        "from datatorch_pipelines import api\n"
        "def broken(*_arguments, **_named): raise ZeroDivisionError('hunter2secret')\n"
        "api.start = broken\n"
        "from datatorch_pipelines.__main__ import main\n"
        "sys.argv = ['x', 'run', 'secret.yaml', '--json', '--secret', 'TOKEN=hunter2secret']\n"
        "sys.exit(main())\n"
    )
    for debug in ("", "1"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=folder,
            env={**environment, "DATATORCH_PIPELINES_DEBUG": debug},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2
        assert "hunter2" not in done.stdout + done.stderr
        shown = json.loads(done.stdout)
        assert (shown["pipeline"], shown["run"]) == ("Secret", None)
        assert ("Traceback" in done.stderr) == bool(debug)
        if not debug:
            assert done.stderr == (
                "datatorch-pipelines: internal error: ZeroDivisionError: ***;"
                " please report it with what DATATORCH_PIPELINES_DEBUG=1 prints\n"
            )
            jsonschema.validate(shown, SCHEMA)


ASKS = """\
name: Asks
triggers:
  manual:
    role: OWNER
    form: {required: [name], properties: {copies: {type: integer, default: 2}}}
jobs:
  a:
    steps:
      - env: {BY: "${{ trigger.type }} ${{ trigger.role }}", NAME: "${{ event.name }}", COPIES: "${{ event.copies }}"}
        run: echo "::said::\\"$BY $NAME $COPIES\\""
"""


def test_a_run_is_told_what_started_it(command, write: Write) -> None:
    write("asks.yaml", ASKS)
    done = command("run", "asks.yaml", "--quiet", "--trigger", "manual", "--event", '{"name": "Tom"}')
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.endswith('said = "manual OWNER Tom 2"\n')


def test_a_trigger_or_an_event_that_does_not_fit_is_refused_and_nothing_runs(command, write: Write) -> None:
    write("asks.yaml", ASKS)
    done = command("run", "asks.yaml", "--trigger", "manual", "--event", '{"copies": 1}')
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith("asks.yaml:5:22: error: the event lacks the key 'name' [DT222]\n")
    assert done.stderr.endswith("\nnothing ran\n")
    done = command("run", "asks.yaml", "--trigger", "schedule")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith("asks.yaml:2:1: error: the pipeline has no trigger schedule [DT221]\n")
    done = command("run", "asks.yaml", "--trigger", "manuel", "--json")
    assert done.status == 2
    message = "there is no kind of trigger 'manuel'; did you mean 'manual'?"
    assert message in json.loads(done.stdout)["error"]["message"] + "; " + done.stderr


TESTED = """\
name: Tested
jobs:
  test:
    steps:
      - name: Test
        run: |
          cp report.xml "$DATATORCH_ARTIFACTS"; printf 12345 > "$DATATORCH_ARTIFACTS/five"; exit 1
        working-directory: "${{ inputs.here }}"
"""
REPORT = """\
<testsuites><testsuite name="a">
<testcase classname="a.B" name="passes"/><testcase name="waits"><skipped/></testcase>
<testcase classname="a.B" name="fails"><failure message="1 is not 2">trace</failure></testcase>
</testsuite></testsuites>
"""


def test_artifacts_and_test_results_are_in_the_text_and_in_json(here, folder: Path, write: Write) -> None:
    write("tested.yaml", TESTED)
    write("report.xml", REPORT)
    done = here("run", "tested.yaml", "--input", f"here={folder}")
    assert done.status == 1
    lines = _steady(done.stderr).splitlines()
    assert lines[2] == "step 1 failed in T s: exit status 1 (tests: 1 passed, 1 failed, 1 skipped)"
    assert lines[-5:] == [
        "tests: 1 passed, 1 failed, 1 skipped",
        "  failed: a.B.fails",
        "    1 is not 2",
        f"artifacts: 2 files, {len(REPORT) + 5} B",
        "run failed in T s; record: STATE/runs/RUN",
    ]
    done = here("run", "tested.yaml", "--input", f"here={folder}", "--json", "--quiet")
    shown = json.loads(done.stdout)
    jsonschema.validate(shown, SCHEMA)
    (step,) = shown["jobs"]["test"]["steps"]
    assert step["tests"] == {
        "passed": 1,
        "failed": 1,
        "skipped": 1,
        "failures": [{"name": "a.B.fails", "text": "1 is not 2\ntrace"}],
    }
    assert [(item["name"], item["size"]) for item in step["artifacts"]] == [("five", 5), ("report.xml", len(REPORT))]
    assert step["artifacts"][0]["digest"] == hashlib.sha256(b"12345").hexdigest()
    assert Path(step["artifacts"][0]["path"]).read_text() == "12345"
