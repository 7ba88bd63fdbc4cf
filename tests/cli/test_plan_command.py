"""``plan`` and ``run --dry-run``: what is printed where, the exit status, and that nothing runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

SCHEMA = json.loads((Path(__file__).parents[1] / "display" / "plan_schema.json").read_text(encoding="utf-8"))

TRAIN = """\
name: Train
jobs:
  fetch:
    name: Fetch all
    outputs: {at: "${{ steps.Get.outputs.at }}"}
    steps:
      - name: Get
        run: |
          touch it-ran
          curl "$INPUT_URL"
        inputs: {url: "${{ event.url }}", tries: 3}
      - action: ./add
        inputs: {a: "10", b: 20}
  train:
    needs: [fetch]
    if: event.url != ''
    strategy: {matrix: {size: [1, 2, 3]}, max-parallel: 2}
    timeout: 90
    steps:
      - run: touch it-ran
        shell: sh
        env: {TOKEN: "${{ secrets.TOKEN }}"}
        retries: 2
        if: always()
"""
ADD = """\
name: Add
inputs: {a: {type: integer}, b: {type: integer}, c: {type: integer, default: 7}}
runs: {using: cmd, command: touch it-ran}
"""

Write = Callable[[str, str], Path]


def _text(folder: Path) -> str:
    return f"""\
plan of Train: 2 jobs in 2 levels on the runner local, 3 at once at the most
job fetch (Fetch all), level 1
  output at: ${{{{ steps.Get.outputs.at }}}}
  step 1: Get
    run: touch it-ran (and 1 line more)
    input url: ${{{{ event.url }}}}
    input tries: 3
  step 2: ./add
    action: ./add (cmd), the folder {folder}/add
    input a: 10
    input b: 20
    input c: 7
job train, level 2
  needs: fetch
  instances: 3, 2 at once at the most, all end when one fails
  if: event.url != ''
  timeout: 90
  step 1: touch it-ran
    run: touch it-ran
    shell: sh
    if: always()
    retries: 2
    env TOKEN: ${{{{ secrets.TOKEN }}}}
"""


@pytest.mark.parametrize("command", [["plan"], ["run", "--dry-run"], ["run", "--dry-run", "--fail-fast", "--keep"]])
def test_a_plan_is_printed_and_nothing_runs(
    here, write: Write, folder: Path, environment: dict[str, str], command: list[str]
) -> None:
    write("train.yaml", TRAIN)
    write("add/action-datatorch.yaml", ADD)
    done = here(*command, "train.yaml", "--secret", "TOKEN=hunter2", "--max-parallel", "3")
    assert (done.status, done.stdout, done.stderr) == (0, _text(folder), "")
    assert not list(folder.rglob("it-ran"))
    assert not Path(environment["DATATORCH_PIPELINES_HOME"], "state").exists()


def test_a_secret_that_is_missing_is_told_and_the_plan_is_shown(here, write: Write) -> None:
    write("p.yaml", 'name: P\njobs:\n  a:\n    steps:\n      - {run: x, env: {T: "${{ secrets.TOKEN }}"}}\n')
    done = here("plan", "p.yaml")
    assert done.status == 2
    assert done.stdout.startswith("plan of P: 1 job in 1 level on the runner local, ")
    assert done.stderr == (
        "p.yaml:5:40: error: the secret 'TOKEN' is not given [DT417]\n"
        '    5 |       - {run: x, env: {T: "${{ secrets.TOKEN }}"}}\n'
        "      |                                        ^^^^^\n"
        "  hint: give it as secrets={'TOKEN': ...} or, on the command line, by --secret TOKEN\n"
        "a run would be refused\n"
    )


def test_some_jobs_are_planned_with_what_they_need_beside(here, write: Write) -> None:
    write("train.yaml", TRAIN)
    done = here("plan", "train.yaml", "--job", "train", "--secret", "TOKEN=hunter2")
    assert done.status == 0
    assert done.stdout.splitlines()[1:3] == [
        "job train, level 1",
        "  not in the plan: fetch (as if succeeded, without outputs)",
    ]


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_job_that_there_is_none_of_is_told(here, write: Write, command: str) -> None:
    write("train.yaml", TRAIN)
    done = here(command, "train.yaml", "--job", "trian", *(["--dry-run"] if command == "run" else []))
    said = "error: there is no job 'trian' in the pipeline; did you mean 'train'?\nthere is no plan\n"
    assert (done.status, done.stdout, done.stderr) == (2, "", said)


def test_with_json_stdout_is_one_object(here, write: Write, folder: Path) -> None:
    write("train.yaml", TRAIN)
    write("add/action-datatorch.yaml", ADD)
    done = here("plan", "train.yaml", "--json")
    shown = json.loads(done.stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (done.status, shown["pipeline"], shown["ready"], shown["error"]) == (2, "Train", False, None)
    assert [(item["code"], item["line"]) for item in shown["missing"]] == [("DT417", 22)]
    assert shown["levels"] == [["fetch"], ["train"]]
    fetch, train = shown["jobs"]["fetch"], shown["jobs"]["train"]
    assert (fetch["name"], fetch["matrix"], fetch["outputs"]) == (
        "Fetch all",
        None,
        {"at": "${{ steps.Get.outputs.at }}"},
    )
    assert (train["needs"], train["level"], train["if"], train["timeout"]) == (["fetch"], 2, "event.url != ''", 90)
    assert train["matrix"] == {"instances": 3, "fail_fast": True, "max_parallel": 2}
    get, add = fetch["steps"]
    assert (get["run"], get["action"]) == ('touch it-ran\ncurl "$INPUT_URL"\n', None)
    assert (add["action"], add["using"], add["commit"], add["run"]) == ("./add", "cmd", None, None)
    assert (add["directory"], add["inputs"]) == (str(folder / "add"), {"a": 10, "b": 20, "c": 7})
    assert len(add["digest"]) > 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "p.yaml", "--json"], "unknown key 'stepps'; did you mean 'steps'?"),
        (["run", "--dry-run", "p.yaml", "--json"], "unknown key 'stepps'; did you mean 'steps'?"),
        (
            ["plan", "p.yaml", "--json", "--max-parallel", "0"],
            "invalid value for '--max-parallel': 0 is not in the range x>=1",
        ),
        (["run", "p.yaml", "--json", "--dry-run", "--input", "a"], "invalid value for --input: 'a' is no KEY=VALUE"),
    ],
)
def test_where_there_is_no_plan_the_object_says_why(here, write: Write, arguments: list[str], message: str) -> None:
    write("p.yaml", "name: P\njobs:\n  a:\n    stepps: [{run: x}]\n")
    done = here(*arguments)
    shown = json.loads(done.stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (done.status, shown["ready"], shown["jobs"]) == (2, False, {})
    assert shown["error"]["message"] == message
    assert "Traceback" not in done.stderr


def test_a_secret_that_stands_in_the_pipeline_shows_nowhere_in_its_plan(here, write: Write) -> None:
    text = """\
name: hunter2 name
jobs:
  a:
    name: hunter2 job
    if: event.x != 'hunter2'
    outputs: {o: hunter2}
    steps:
      - {name: hunter2 step, run: echo hunter2, inputs: {i: [hunter2], hunter2: 1}, env: {E: hunter2}, if: "'hunter2'"}
      - {run: "true", env: {T: "${{ secrets.OTHER }} hunter2"}}
"""
    write("p.yaml", text)
    for options in ([], ["--json"], ["--secret", "OTHER=x"]):
        done = here("plan", "p.yaml", "--secret", "TOKEN=hunter2", *options)
        assert "***" in done.stdout
        assert "hunter2" not in done.stdout + done.stderr
    write("wrong.yaml", text.replace("run: echo hunter2", "rnu: echo hunter2"))
    for command in (["plan", "wrong.yaml"], ["run", "wrong.yaml"], ["run", "wrong.yaml", "--log-format", "json"]):
        done = here(*command, "--secret", "TOKEN=hunter2")
        assert done.status == 2
        assert "hunter2" not in done.stdout + done.stderr
        assert "rnu" in done.stderr


def test_what_a_pipeline_says_can_not_move_the_cursor(here, write: Write) -> None:
    write("p.yaml", 'name: "P\\e[2J"\njobs: {a: {steps: [{run: "echo \\e[31m", env: {"A": "x\\ny"}}]}}\n')
    done = here("plan", "p.yaml")
    assert "\x1b" not in done.stdout
    assert "    run: echo \\x1b[31m\n" in done.stdout
    assert '    env A: "x\\ny"\n' in done.stdout


def test_a_human_action_that_nobody_answers_is_refused_as_by_a_run(here, write: Write) -> None:
    write("ask/action-datatorch.yaml", "name: Ask\noutputs: {ok: {type: boolean}}\nruns: {using: human}\n")
    write("p.yaml", "name: P\njobs: {a: {steps: [{name: Ask, action: ./ask}]}}\n")
    done = here("plan", "p.yaml")
    assert done.status == 2
    assert "asks a person, and nobody is there to ask" in done.stderr
    assert here("plan", "p.yaml", "--answers", '{"Ask": {"ok": true}}').status == 0
