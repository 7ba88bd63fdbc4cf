"""``runs list``, ``show``, ``logs``, ``resume`` and ``prune``: streams, exit statuses, exact texts."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

import datatorch_pipelines as dtp

PROGRAM = "datatorch-pipelines"
TEXT = """\
name: Train
jobs:
  get:
    outputs: {n: "${{ steps.s.outputs.n }}"}
    steps:
      - {id: s, name: Get, run: 'echo getting; echo "::n::3"'}
  fit:
    needs: get
    steps:
      - {name: Fit, run: 'echo "fits"; test -e "$INPUT_OK"', inputs: {ok: "${{ inputs.ok }}"}}
      - {name: Save, run: 'echo saved'}
"""
SCHEMA = json.loads((Path(__file__).parents[1] / "display" / "run_schema.json").read_text())


@pytest.fixture
def runs(folder: Path) -> Path:
    """The folder of the runs."""
    return folder / "runs"


@pytest.fixture
def failed(folder: Path, runs: Path, here: Callable) -> str:
    """The id of a run whose job ``fit`` fails until there is a file ``ok``."""
    (folder / "p.yaml").write_text(TEXT)
    done = here("run", "--quiet", "--directory", "runs", "--input", f"ok={folder}/ok", "p.yaml")
    assert done.status == 1
    (run,) = dtp.runs(runs)
    return run.id


def _steady(text: str, run: str = "") -> str:
    text = re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "WHEN", text)
    text = re.sub(r"\b\d+\.\d s\b", "T s", text)
    return text.replace(run, "RUN") if run else text


def test_runs_are_listed(failed: str, runs: Path, here: Callable) -> None:
    done = here("runs", "list", "--directory", "runs")
    assert (done.status, done.stderr) == (0, "")
    header, row, total = done.stdout.splitlines()
    assert header.split() == ["run", "pipeline", "status", "started", "took", "jobs"]
    assert _steady(row, failed) == "RUN  Train     failed  WHEN  T s     2"
    assert total == f"1 run in {runs}"


def test_runs_are_listed_as_json(failed: str, runs: Path, here: Callable) -> None:
    found = json.loads(here("runs", "list", "--directory", "runs", "--json").stdout)
    (summary,) = dtp.runs(runs)
    assert summary.finished is not None
    assert found == {
        "version": 1,
        "directory": str(runs),
        "runs": [
            {
                "run": failed,
                "pipeline": "Train",
                "status": "failed",
                "running": False,
                "started": summary.started.isoformat(),
                "finished": summary.finished.isoformat(),
                "jobs": 2,
                "directory": str(runs / failed),
            }
        ],
    }


def test_no_more_than_the_newest_are_listed(failed: str, folder: Path, here: Callable) -> None:
    here("run", "--quiet", "--directory", "runs", "p.yaml")
    newest, oldest = dtp.runs(folder / "runs")
    assert oldest.id == failed
    shown = json.loads(here("runs", "list", "--directory", "runs", "--limit", "1", "--json").stdout)
    assert [run["run"] for run in shown["runs"]] == [newest.id]
    done = here("runs", "list", "--limit", "0")
    assert (done.status, done.stdout) == (2, "")


def test_an_empty_folder_and_one_that_is_not_there_have_no_runs(folder: Path, here: Callable) -> None:
    done = here("runs", "list", "--directory", "nothing")
    assert (done.status, done.stdout, done.stderr) == (0, f"no runs in {folder}/nothing\n", "")
    done = here("runs", "show", "latest", "--directory", "nothing")
    told = f"{PROGRAM}: there are no runs in '{folder}/nothing'\n"
    assert (done.status, done.stdout, done.stderr) == (1, "", told)


def test_a_record_that_cant_be_read_is_told_beside_those_that_can(failed: str, runs: Path, here: Callable) -> None:
    broken = runs / "20200101-000000-00000000"
    broken.mkdir()
    (broken / "events.jsonl").write_bytes(b"garbage\n")
    done = here("runs", "list", "--directory", "runs")
    assert done.status == 1
    assert done.stdout.endswith(f"1 run in {runs}\n")
    assert done.stderr == f"{PROGRAM}: {broken}/events.jsonl:1: this is no event of a run: it is no JSON\n"


def test_a_run_is_shown_with_its_jobs_and_steps(failed: str, runs: Path, folder: Path, here: Callable) -> None:
    done = here("runs", "show", failed[:-1], "--directory", "runs")
    assert (done.status, done.stderr) == (0, "")
    where = f"{runs}/RUN"
    assert _steady(done.stdout, failed) == (
        "run RUN: Train\n"
        "failed in T s, started WHEN\n"
        f"record: {where}\n"
        "\n"
        "job get: succeeded\n"
        "  n = 3\n"
        "  step 1 'Get': succeeded in T s\n"
        "    n = 3\n"
        f"    log: {where}/logs/get/001-Get.log\n"
        "\n"
        "job fit: failed\n"
        "  step 1 'Fit': failed in T s: exit status 1\n"
        "    p.yaml:10:9: error: the step 'Fit' failed with exit status 1\n"
        f"       10 | {TEXT.splitlines()[9]}\n"
        f"          |         {'^' * 86}\n"
        f"    log: {where}/logs/fit/001-Fit.log\n"
        "  step 2 'Save': skipped: an earlier step failed\n"
    )


def test_a_run_is_shown_as_run_json_has_it(failed: str, here: Callable) -> None:
    shown = json.loads(here("runs", "show", "latest", "--directory", "runs", "--json").stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (shown["run"], shown["status"]) == (failed, "failed")
    assert shown["error"] == {
        "message": "the step 'Fit' failed with exit status 1",
        "file": "p.yaml",
        "line": 10,
        "column": 9,
    }
    assert shown["jobs"]["fit"]["steps"][0]["exit_status"] == 1


def test_a_run_that_was_interrupted_is_shown_as_such(failed: str, runs: Path, here: Callable) -> None:
    events = runs / failed / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    cut = next(index for index, line in enumerate(lines) if b'"name":"Fit"' in line)
    events.write_bytes(b"".join(lines[: cut + 1]))
    done = here("runs", "show", failed, "--directory", "runs")
    assert done.status == 0
    text = _steady(done.stdout, failed)
    assert text.startswith("run RUN: Train\ninterrupted, started WHEN\n")
    assert "job get: succeeded\n" in text
    assert "\njob fit: interrupted\n  step 1 'Fit': interrupted\n    log: " in text
    assert "interrupted  WHEN" in _steady(here("runs", "list", "--directory", "runs").stdout)


def test_the_log_of_a_run_is_printed_as_run_showed_it(failed: str, here: Callable) -> None:
    done = here("runs", "logs", "latest", "--directory", "runs")
    assert (done.status, done.stderr) == (0, "")
    assert _steady(done.stdout, failed) == (
        "run RUN: Train\n"
        "get step 1: Get\n"
        "get | getting\n"
        "get | ::n::3\n"
        "get step 1 succeeded in T s\n"
        "get job succeeded\n"
        "fit step 1: Fit\n"
        "fit | fits\n"
        "fit step 1 failed in T s: exit status 1\n"
        "fit step 2 skipped: an earlier step failed\n"
        "fit job failed\n"
    )


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        ([], "getting\n::n::3\nfits\n"),
        (["--job", "fit"], "fits\n"),
        (["--job", "get", "--step", "s"], "getting\n::n::3\n"),
        (["--step", "Fit"], "fits\n"),
        (["--step", "1"], "getting\n::n::3\nfits\n"),
    ],
)
def test_the_very_bytes_of_the_log_of_a_job_or_a_step_are_printed(
    arguments: list[str], printed: str, failed: str, here: Callable
) -> None:
    done = here("runs", "logs", "latest", "--raw", "--directory", "runs", *arguments)
    assert (done.status, done.stdout, done.stderr) == (0, printed, "")


def test_what_background_processes_wrote_is_in_the_log_of_each_time(folder: Path, here: Callable) -> None:
    text = "name: P\njobs: {a: {steps: [{run: '(sleep 0.1; echo late $$) &'}, {run: sleep 0.5; exit 1}]}}"
    (folder / "p.yaml").write_text(text)
    here("run", "--quiet", "--directory", "runs", "p.yaml")
    here("runs", "resume", "--quiet", "--directory", "runs", "latest")
    lines = here("runs", "logs", "latest", "--raw", "--directory", "runs").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["late", "late"]
    assert len(set(lines)) == 2


def test_the_log_of_one_job_is_that_alone(failed: str, here: Callable) -> None:
    done = here("runs", "logs", "latest", "--job", "get", "--directory", "runs")
    assert all(line.startswith(("run ", "get ")) for line in done.stdout.splitlines())


def test_the_log_of_a_step_says_which_instance_of_a_matrix_wrote_each_line(folder: Path, here: Callable) -> None:
    text = "name: P\njobs: {a: {strategy: {matrix: {n: [x, y]}}, steps: [{run: echo 1}, {name: S, run: echo 2}]}}"
    (folder / "p.yaml").write_text(text)
    here("run", "--quiet", "--directory", "runs", "--max-parallel", "1", "p.yaml")
    done = here("runs", "logs", "latest", "--step", "S", "--directory", "runs")
    assert _steady(done.stdout).splitlines()[1:] == [
        f"a ({name}) {line}" for name in "xy" for line in ("step 2: S", "| 2", "step 2 succeeded in T s")
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--job", "x"], "the run had no job 'x'; it had get, fit"),
        (["--step", "x"], "the run has run no step 'x'; give its id, its name, or its number"),
        (
            ["--job", "get", "--step", "Fit"],
            "the job 'get' has run no step 'Fit'; give its id, its name, or its number",
        ),
    ],
)
def test_a_job_or_step_that_there_is_none_of_is_told(
    arguments: list[str], told: str, failed: str, here: Callable
) -> None:
    done = here("runs", "logs", "latest", "--raw", "--directory", "runs", *arguments)
    assert (done.status, done.stdout, done.stderr) == (1, "", f"{PROGRAM}: {told}\n")


def test_what_a_step_wrote_for_a_terminal_does_it_no_harm_unless_it_is_asked_for(folder: Path, here: Callable) -> None:
    (folder / "p.yaml").write_text("name: P\njobs: {a: {steps: [{run: \"printf '\\\\033]0;title\\\\007ok\\\\n'\"}]}}")
    here("run", "--quiet", "--directory", "runs", "p.yaml")
    assert "| ok\n" in here("runs", "logs", "latest", "--directory", "runs").stdout
    assert "\x1b" not in here("runs", "logs", "latest", "--directory", "runs").stdout
    assert here("runs", "logs", "latest", "--raw", "--directory", "runs").stdout == "\x1b]0;title\x07ok\n"


def test_the_log_of_a_run_that_goes_on_is_followed_to_its_end(
    folder: Path, runs: Path, cli: list[str], environment: dict[str, str]
) -> None:
    text = "name: P\njobs: {a: {steps: [{run: 'echo one; until test -e FOLDER/go; do sleep 0.05; done; echo two'}]}}"
    handle = dtp.loads(text.replace("FOLDER", str(folder))).start(directory=runs)
    try:
        next(event for event in handle if event.type == "log")
        call = [*cli, "runs", "logs", "latest", "--follow", "--raw", "--directory", str(runs)]
        with subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, text=True) as follower:
            assert follower.stdout is not None
            assert follower.stdout.readline() == "one\n"
            (folder / "go").touch()
            assert follower.stdout.read() == "two\n"
        assert follower.returncode == 0
    finally:
        handle.cancel()
        handle.wait(30)


def test_a_run_goes_on_and_is_reported_as_run_does(failed: str, runs: Path, folder: Path, here: Callable) -> None:
    (folder / "ok").touch()
    (folder / "p.yaml").unlink()
    done = here("runs", "resume", "latest", "--directory", "runs")
    assert (done.status, done.stdout) == (0, "get: n = 3\n")
    assert _steady(done.stderr, failed) == (
        "run RUN: Train\n"
        "goes on (attempt 2): fit to run\n"
        "fit starts anew (attempt 2)\n"
        "fit step 1: Fit\n"
        "fit | fits\n"
        "fit step 1 succeeded in T s\n"
        "fit step 2: Save\n"
        "fit | saved\n"
        "fit step 2 succeeded in T s\n"
        "fit job succeeded\n"
        f"run succeeded in T s; record: {runs}/RUN\n"
    )
    again = here("runs", "resume", "latest", "--directory", "runs")
    assert (again.status, again.stdout) == (0, "get: n = 3\n")
    assert _steady(again.stderr, failed) == f"nothing is left to do\nrun succeeded in T s; record: {runs}/RUN\n"


def test_a_job_that_is_named_runs_again(failed: str, folder: Path, here: Callable) -> None:
    (folder / "ok").touch()
    done = here("runs", "resume", failed, "--job", "get", "--quiet", "--json", "--directory", "runs")
    assert (done.status, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (shown["run"], shown["status"]) == (failed, "succeeded")
    assert shown["jobs"]["get"]["steps"][0]["log"].endswith("001-Get.2.log")


def test_a_run_that_fails_again_ends_with_1(failed: str, here: Callable) -> None:
    done = here("runs", "resume", "latest", "--quiet", "--directory", "runs")
    assert done.status == 1
    assert "p.yaml:10:9: error: job 'fit': the step 'Fit' failed with exit status 1\n" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["x"], "there is no run 'x' in '{runs}'; the latest is {run}; see 'runs list' or dtp.runs()"),
        (["latest", "--job", "x"], "the run had no job 'x'; it had get, fit"),
        (
            ["latest", "--input", "ok=1"],
            "a run that goes on has the inputs that it began with; leave inputs out, or run anew",
        ),
        (
            ["latest", "--event", "{}"],
            "a run that goes on has the event that it began with; leave event out, or run anew",
        ),
    ],
)
def test_a_run_that_cant_go_on_is_refused_and_nothing_runs(
    arguments: list[str], told: str, failed: str, runs: Path, here: Callable
) -> None:
    before = (runs / failed / "events.jsonl").read_bytes()
    done = here("runs", "resume", *arguments, "--directory", "runs")
    told = told.format(runs=runs, run=failed)
    assert (done.status, done.stdout, done.stderr) == (2, "", f"error: {told}\nnothing ran\n")
    assert (runs / failed / "events.jsonl").read_bytes() == before
    shown = json.loads(here("runs", "resume", *arguments, "--directory", "runs", "--json").stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (shown["run"], shown["status"]) == (None, "failed")


def test_secrets_are_given_again_and_not_printed(folder: Path, here: Callable) -> None:
    (folder / "p.yaml").write_text(
        "name: P\njobs: {a: {steps: [{run: 'echo $INPUT_K; exit 1', inputs: {k: '${{ secrets.K }}'}}]}}"
    )
    here("run", "--quiet", "--secret", "K=hunter22", "--directory", "runs", "p.yaml")
    done = here("runs", "resume", "latest", "--directory", "runs")
    assert done.status == 2
    assert "p.yaml:2:76: error: the secret 'K' is not given" in done.stderr
    done = here("runs", "resume", "latest", "--secret", "K=hunter22", "--directory", "runs")
    assert done.status == 1
    assert "| ***\n" in done.stderr
    assert "hunter22" not in done.stderr + done.stdout


def test_runs_are_deleted(failed: str, runs: Path, here: Callable) -> None:
    line = f"{failed}: Train, failed, started WHEN"
    done = here("runs", "prune", "--older-than", "1d", "--directory", "runs")
    assert (done.status, done.stdout, done.stderr) == (0, "nothing to delete\n", "")
    done = here("runs", "prune", "--keep", "0", "--dry-run", "--directory", "runs")
    assert (done.status, _steady(done.stdout)) == (0, f"would delete {line}\nwould delete 1 run\n")
    done = here("runs", "prune", "--older-than", "0", "--keep", "0", "--directory", "runs")
    assert (done.status, _steady(done.stdout)) == (0, f"deleted {line}\ndeleted 1 run\n")
    assert list(runs.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["prune"], "give --older-than, --keep, or both; see 'datatorch-pipelines runs prune --help'"),
        (
            ["prune", "--older-than", "soon"],
            "invalid value for --older-than: 'soon' is no duration: write 90m, 12h, 30d, 2w or 0; "
            "see 'datatorch-pipelines runs prune --help'",
        ),
        (["show"], "missing argument 'ID'; see 'datatorch-pipelines runs show --help'"),
    ],
)
def test_a_wrong_call_is_one_line(arguments: list[str], told: str, here: Callable) -> None:
    done = here("runs", *arguments)
    assert (done.status, done.stdout, done.stderr) == (2, "", f"{PROGRAM}: {told}\n")


def test_a_log_of_which_a_record_says_more_than_there_is_is_shown_as_far_as_it_goes(
    failed: str, runs: Path, here: Callable
) -> None:
    path = runs / failed / "events.jsonl"
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    for line in lines:
        if line["type"] == "log":
            line["length"] = 2**62
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = here("runs", "logs", failed, "--directory", "runs", "--raw", "--job", "fit")
    assert (done.status, done.stdout, done.stderr) == (0, "fits\n", "")
