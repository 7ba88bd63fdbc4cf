"""Steps that do what no step should: the run goes on, or fails in one clear line."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.engine.collecting.outputs import read_json
from tests.support.null_runner import NullRunner, simulate

STEP = """\
name: H
jobs:
  a:
    steps:
      - name: hostile
        shell: {shell}
        run: |
          {text}
"""


def test_a_folder_in_the_place_of_the_output_file_is_a_warning(project) -> None:
    result = project.run(STEP.format(shell="sh", text='mkdir "$DATATORCH_OUTPUT"; echo "::x::1"'))
    assert result.status == "succeeded"
    assert result.jobs["a"].step("hostile").outputs == {"x": 1}
    assert [item.message for item in result.diagnostics] == [
        "the output 'DATATORCH_OUTPUT' was not taken: it is no regular file"
    ]


@pytest.mark.parametrize("depth", [201, 500, 900, 5000])
@pytest.mark.parametrize("secrets", [{}, {"TOKEN": "hunter2"}])
def test_an_output_that_nests_too_deep_is_not_taken(project, depth: int, secrets: dict[str, str]) -> None:
    writes = "open(__import__('os').environ['DATATORCH_OUTPUT'], 'w').write"
    text = f"""{writes}('{{"x": ' + '[' * {depth} + ']' * {depth} + '}}')"""
    result = project.run(STEP.format(shell="python", text=text), secrets=secrets)
    assert (result.status, result.error) == ("succeeded", None)
    assert [item.message for item in result.diagnostics] == [
        "the output 'DATATORCH_OUTPUT line 1' was not taken: it is nested too deep"
    ]


def test_an_output_nests_up_to_two_hundred_deep() -> None:
    assert read_json(b'{"a":' * 200 + b"1" + b"}" * 200) is not None
    with pytest.raises(ValueError, match=r"^it is nested too deep$"):
        read_json(b'{"a":' * 201 + b"1" + b"}" * 201)
    assert read_json(b"[" + b",".join([b"[]"] * 1000) + b"]") == [[]] * 1000


def test_data_of_an_expression_that_nests_too_deep_fails_its_step(project) -> None:
    text = "name: H\njobs: {a: {steps: [{name: deep, run: 'true', inputs: {x: '${{ event }}'}}]}}\n"
    deep: dict[str, object] = {}
    for _ in range(50_000):  # more than any Python follows
        deep = {"a": deep}
    result = project.run(text, event=deep, secrets={"TOKEN": "hunter2"})
    assert result.status == "failed"
    assert str(result.error) == (f"{project.folder}/pipeline.yaml:2:58: the data of the expression is nested too deep")


HOLDS_ITSELF: dict[str, object] = {}
HOLDS_ITSELF["a"] = [HOLDS_ITSELF, HOLDS_ITSELF]


@pytest.mark.parametrize(
    ("job", "column"),
    [
        ("{outputs: {x: '${{ event }}'}, steps: [{run: 'true'}]}", 20),
        ("{strategy: {matrix: {x: ['${{ event }}']}}, steps: [{run: 'true'}]}", 31),
        ("{steps: [{run: 'true', inputs: {x: ['${{ event }}']}}]}", 42),
        ("{steps: [{run: 'true', inputs: {x: '${{ event.a }}'}}]}", 41),
    ],
    ids=["output", "matrix", "list", "key"],
)
def test_data_that_holds_itself_fails_where_it_is_named(project, job: str, column: int) -> None:
    result = project.run(f"name: H\njobs:\n  a: {job}\n", event=HOLDS_ITSELF)
    place = f"{project.folder}/pipeline.yaml:3:{column}"
    assert str(result.error) == f"{place}: the data of the expression is nested too deep"


def test_jobs_that_hand_on_twice_what_they_got_end_at_a_bound(tmp_path: Path) -> None:
    lines = ["name: B", "jobs:", "  j0: {outputs: {x: '1'}, steps: [{run: x}]}"]
    for n in range(1, 60):
        got = f"'${{{{ needs.j{n - 1}.outputs }}}}'"
        lines.append(f"  j{n}: {{needs: j{n - 1}, outputs: {{x: {got}, y: {got}}}, steps: [{{run: x}}]}}")
    limits = dtp.Limits(max_output_bytes=10_000)
    result = simulate("\n".join(lines), NullRunner(), directory=tmp_path, limits=limits)
    assert result.error is not None
    assert str(result.error).endswith("the data of the expression is larger than 10000 characters")
    written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert written < 200_000


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b'{"a": [1e400]}'])
def test_a_number_that_no_float_holds_is_no_output(number: bytes) -> None:
    with pytest.raises(ValueError, match=r"^a number in it is too large$"):
        read_json(number)


def test_a_number_of_more_digits_than_python_reads_is_no_output() -> None:
    with pytest.raises(ValueError, match=r"^a number in it has too many digits$"):
        read_json(b"[1" + b"0" * 5000 + b"]")


def test_a_tree_of_folders_too_deep_for_recursion_is_deleted_with_the_job(project, monkeypatch) -> None:
    temporary = project.folder / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(temporary))
    text = "import os; [(os.mkdir('d'), open('f', 'w').close(), os.chdir('d')) for _ in range(2500)]"
    result = project.run(STEP.format(shell="python", text=text))
    assert (result.status, result.error) == ("succeeded", None)
    assert list(temporary.iterdir()) == []


def test_what_an_output_took_over_from_a_secret_is_not_kept_in_the_cache(project, monkeypatch) -> None:
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", os.fspath(project.folder / "home"))
    result = project.run(
        """\
        name: H
        jobs:
          a:
            steps:
              - {run: 'printf %s "$INPUT_A" > kept', inputs: {a: '${{ secrets.TOKEN }}'}}
              - {name: reads, run: 'echo "::x::\\"$(cat kept)\\""', cache: true}
        """,
        secrets={"TOKEN": "hunter2-hunter2"},
    )
    assert result.jobs["a"].step("reads").outputs == {"x": "***"}
    written = [file for file in Path(project.folder).rglob("*") if file.is_file()]
    assert [file for file in written if b"hunter2-hunter2" in file.read_bytes()] == []


def test_a_warning_of_the_plan_shows_no_secret(project) -> None:
    text = "name: H\njobs: {a: {steps: [{name: hunter2, run: 'true'}, {name: hunter2, run: 'true'}]}}\n"
    result = project.run(text, secrets={"TOKEN": "hunter2"})
    assert [item.code for item in result.diagnostics] == ["DT211"]
    assert "hunter2" not in repr(result)
    assert b"hunter2" not in (result.directory / "events.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["Train / evaluate", "../up", "two\nlines", "nul\0"])
def test_a_pipeline_built_in_python_finds_actions_beside_the_current_folder(project, monkeypatch, name: str) -> None:
    monkeypatch.chdir(project.folder)
    step = dtp.Step(action="./add", inputs={"a": 1, "b": 2})
    wrong = dtp.Step(run="exit 3")
    result = dtp.Pipeline(name=name, jobs={"a": dtp.Job(steps=[step, wrong])}).run(directory=project.runs)
    assert result.jobs["a"].steps[0].outputs == {"sum": 3}
    assert str(result.error).isprintable()
    assert str(result.error).endswith("the step 'exit 3' failed with exit status 3")


def test_the_default_of_an_actions_input_may_hash_the_workspace(project) -> None:
    project.action(
        "hashes",
        {
            "action-datatorch.yaml": """\
                name: Hashes
                inputs: {of: {type: string, default: "${{ hashFiles('*.txt') }}"}}
                runs: {using: cmd, command: 'echo "::length::${#INPUT_OF}"'}
                """
        },
    )
    result = project.run(
        "name: H\njobs: {a: {steps: [{run: echo 1 > a.txt}, {action: ./hashes}]}}\n",
    )
    assert result.error is None
    assert result.jobs["a"].steps[1].outputs == {"length": 64}


@pytest.mark.parametrize(
    "text",
    [
        'echo junk > "$DATATORCH_INPUTS"',
        'rm "$DATATORCH_INPUTS"; mkdir -p "$DATATORCH_INPUTS/in"',
        'rm "$DATATORCH_INPUTS"; ln -s /dev/zero "$DATATORCH_INPUTS"',
        'rm "$DATATORCH_INPUTS"; mkfifo "$DATATORCH_INPUTS"',
        'rm "$DATATORCH_INPUTS"',
    ],
)
def test_a_step_cant_change_what_later_steps_read_as_their_inputs(project, text: str) -> None:
    later = "      - name: later\n        run: cat $DATATORCH_INPUTS\n"
    result = project.run(STEP.format(shell="sh", text=text) + later)
    assert result.error is None
    assert result.jobs["a"].step("later").log == "{}"


def test_outputs_that_can_not_be_taken_are_told_of_the_first_ones_alone(project) -> None:
    text = "name: J\noutputs: {x: {type: string}}\nruns: {using: python, main: junk.py}\n"
    junk = "import os\nprint('::x::no\\n' * 30)\nopen(os.environ['DATATORCH_OUTPUT'], 'w').write('no\\n' * 30)\n"
    project.action("junk", {"action-datatorch.yaml": text, "junk.py": junk})
    result = project.run("name: H\njobs: {a: {steps: [{action: ./junk}]}}\n")
    assert result.status == "succeeded"
    told = [warning.message for warning in result.diagnostics if "output" in warning.message]
    first = "the output 'x' was not taken: its value is no JSON (a value is missing at column 1)"
    assert told == [first] * 10 + ["so it is with 50 more of the step's outputs"]
