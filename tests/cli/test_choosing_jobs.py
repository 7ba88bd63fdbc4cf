"""``run --job``, ``--from``, ``--up-to``, ``--fail-fast`` and ``--keep``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

CHAIN = """\
name: Chain
jobs:
  a: {steps: [{run: "true"}]}
  b: {needs: a, steps: [{run: "true"}]}
  c: {needs: b, steps: [{run: "true"}]}
  other: {steps: [{run: "true"}]}
"""

Write = Callable[[str, str], Path]


@pytest.mark.parametrize(
    ("options", "jobs"),
    [
        ([], ["a", "b", "c", "other"]),
        (["--job", "b"], ["b"]),
        (["--job", "c", "--job", "a"], ["a", "c"]),
        (["--from", "b"], ["b", "c"]),
        (["--up-to", "b"], ["a", "b"]),
        (["--from", "b", "--up-to", "b", "--job", "other"], ["b", "other"]),
        (["--up-to", "a", "--up-to", "other"], ["a", "other"]),
    ],
)
def test_some_jobs_of_a_pipeline_run(here, write: Write, options: list[str], jobs: list[str]) -> None:
    write("chain.yaml", CHAIN)
    done = here("run", "chain.yaml", "--json", "--quiet", *options)
    shown = json.loads(done.stdout)
    assert (done.status, list(shown["jobs"])) == (0, jobs)
    assert {job["status"] for job in shown["jobs"].values()} == {"succeeded"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--job", "othre"], "error: there is no job 'othre' in the pipeline; did you mean 'other'?\n"),
        (["--from", "xyz"], "error: there is no job 'xyz' in the pipeline; it has a, b, c, other\n"),
        (["--up-to", ""], "error: there is no job '' in the pipeline; it has a, b, c, other\n"),
        (
            ["--from", "c", "--up-to", "a"],
            "error: no job lies between 'c' and 'a'; let the end need the start\n",
        ),
    ],
)
def test_a_job_that_there_is_none_of_is_told_and_nothing_runs(
    here, write: Write, options: list[str], said: str
) -> None:
    write("chain.yaml", CHAIN)
    done = here("run", "chain.yaml", *options)
    assert (done.status, done.stdout, done.stderr) == (2, "", f"{said}nothing ran\n")


def test_with_fail_fast_a_failure_ends_the_other_jobs(here, write: Write) -> None:
    write("p.yaml", "name: P\njobs:\n  a: {steps: [{run: exit 3}]}\n  b: {steps: [{run: sleep 60}]}\n")
    done = here("run", "p.yaml", "--fail-fast", "--json", "--quiet")
    shown = json.loads(done.stdout)
    assert done.status == 1
    assert {name: job["status"] for name, job in shown["jobs"].items()} == {"a": "failed", "b": "cancelled"}


def test_with_keep_the_workspace_stays(here, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    text = 'name: P\njobs:\n  a: {steps: [{name: s, run: \'touch left; echo "::at::\\"$PWD\\""\'}]}\n'
    write("p.yaml", text)
    for options, stays in ((["--keep"], True), ([], False)):
        done = here("run", "p.yaml", "--quiet", *options)
        at = Path(json.loads(done.stdout.removeprefix("a / s: at = ")))
        assert (at / "left").exists() == stays


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--max-attempts", "0"], "invalid value for '--max-attempts': 0 is not in the range x>=1"),
        (["--cleanup-seconds", "-1"], "invalid value for '--cleanup-seconds': -1.0 is not in the range x>=0"),
        (
            ["--secrets-env", ""],
            "invalid value for --secrets-env: an empty prefix would make a secret of every variable",
        ),
    ],
)
def test_a_number_that_can_not_be_is_refused(here, options: list[str], said: str) -> None:
    done = here("run", "p.yaml", *options)
    assert done.status == 2
    assert done.stderr.startswith(f"datatorch-pipelines: {said}")


def test_secrets_from_the_environment_win_over_a_file_and_lose_to_an_option(here, write: Write) -> None:
    write(
        "p.yaml",
        """\
name: P
jobs:
  a:
    steps:
      - name: s
        env: {A: "${{ secrets.A }}", B: "${{ secrets.B }}", C: "${{ secrets.C }}"}
        run: echo "::n::${#A}${#B}${#C}"
""",
    )
    write("secrets.env", "a=1\nB=1\nC=333")
    done = here(
        "run", "p.yaml", "--quiet", "--secrets-file", "secrets.env", "--secrets-env", "MY_", "--secret", "A=55555",
        env={"MY_A": "22", "MY_b": "4444"},
    )  # fmt: skip
    assert (done.status, done.stdout) == (0, "a / s: n = 543\n")
