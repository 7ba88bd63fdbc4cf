"""Each example runs as its own text says, and prints what it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import datatorch_pipelines as dtp

EXAMPLES = Path(__file__).parents[2] / "examples"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def _outputs(result: dtp.RunResult) -> dict[str, dict[str, object]]:
    assert result.succeeded, result.error
    assert result.diagnostics == ()
    return {str(step.name): dict(step.outputs) for job in result.jobs.values() for step in job.steps}


def _python(script: str) -> str:
    command = [sys.executable, "-W", "error", str(EXAMPLES / script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_add_fetches_its_action_from_git_and_adds() -> None:
    assert _python("add/run.py") == 'Add: {"sum": 30}\nHalve: {"average": 15}\n'


def test_add_is_the_same_pipeline_with_the_action_of_github() -> None:
    here, there = dtp.load(EXAMPLES / "add" / "pipeline.yaml"), dtp.load(EXAMPLES / "add" / "github.yaml")
    [add, halve], [github_add, github_halve] = here.jobs["average"].steps, there.jobs["average"].steps
    assert (add.inputs, halve) == (github_add.inputs, github_halve)
    assert github_add.action == "datatorch/add@v1"


def test_json_is_a_pipeline_in_json() -> None:
    assert _outputs(dtp.run(EXAMPLES / "json" / "pipeline.json")) == {"Count": {"words": 4}}


@needs_node
def test_node_runs_an_action_in_javascript() -> None:
    outputs = _outputs(dtp.run(EXAMPLES / "node" / "pipeline.yaml"))
    assert outputs == {"Greet": {"greetings": ["Hello, Ada!", "Hello, Grace!"]}}


def test_shell_runs_two_jobs_with_a_workspace_each() -> None:
    outputs = _outputs(dtp.run(EXAMPLES / "shell" / "pipeline.yaml"))
    assert outputs == {"Write": {}, "Read": {"note": "hello"}, "Numbers": {}, "Sum": {"sum": 5050}}


def test_embed_follows_two_runs_at_once() -> None:
    lines = _python("embed/watch.py").splitlines()
    assert lines[-1] == "lines: 4 2001"
    for start in (3, 2000):
        told = [line for line in lines if line.startswith(f"from {start}: ")]
        assert told == [
            f"from {start}: Count down begins",
            f"from {start}: Count down succeeded, {{'last': 1}}",
        ]


def test_checks_of_a_team_find_what_the_library_does_not_mind() -> None:
    assert _python("checks/check.py").splitlines() == [
        "line 9, columns 11-55: error: a shell runs what is being fetched [TEAM501]",
        "line 10, columns 3-8: warning: the job 'shrink' has no timeout [TEAM101]",
    ]


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: path.relative_to(EXAMPLES).as_posix()
)
def test_an_example_has_nothing_to_be_warned_of(path: Path) -> None:
    assert dtp.check(path) == []
