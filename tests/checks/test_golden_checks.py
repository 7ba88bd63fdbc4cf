"""Whole files with the whole report beside them; `--update-golden` writes the reports anew, to be reviewed by eye."""

from __future__ import annotations

from pathlib import Path

import pytest

from datatorch_pipelines.checks import check_action, check_pipeline
from datatorch_pipelines.diagnostics import Diagnostic, sort_diagnostics
from datatorch_pipelines.model import Action, Pipeline
from datatorch_pipelines.syntax import read_action, read_pipeline

DATA = Path(__file__).parent / "data"
BAD = sorted(DATA.glob("err/*.yaml"))
GOOD = sorted(DATA.glob("ok/*.yaml"))


def definitions(pipeline: Pipeline) -> dict[tuple[str, int], Action]:
    """The definitions of the actions that `data/actions` has, as `acme/NAME@v1`."""
    found = {}
    for job_id, job in pipeline.jobs.items():
        for index, step in enumerate(job.steps):
            file = DATA / "actions" / f"{step.reference.name.removeprefix('acme/')}.yaml" if step.reference else None
            if file is not None and file.is_file():
                action, diagnostics = read_action(file.read_text("utf-8"), file.name)
                assert action is not None, diagnostics
                found[job_id, index] = action
    return found


def report(path: Path) -> list[Diagnostic]:
    text = path.read_text("utf-8")
    if path.name.startswith("action-"):
        action, read = read_action(text, path.name)
        checked = check_action(action) if action else []
    else:
        pipeline, read = read_pipeline(text, path.name)
        checked = check_pipeline(pipeline, actions=definitions(pipeline)) if pipeline else []
    return sort_diagnostics([*read, *checked])


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_wrong_file_gives_the_expected_report(path: Path, pytestconfig: pytest.Config) -> None:
    lines = "".join(f"{diagnostic}\n" for diagnostic in report(path))
    expected = path.with_suffix(".txt")
    if pytestconfig.getoption("--update-golden"):
        expected.write_text(lines, "utf-8")
    assert lines == expected.read_text("utf-8")


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_right_file_gives_no_report(path: Path) -> None:
    assert [str(diagnostic) for diagnostic in report(path)] == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_message_is_one_line_and_its_range_is_not_empty(path: Path) -> None:
    for diagnostic in report(path):
        assert "\n" not in str(diagnostic)
        assert (diagnostic.line, diagnostic.column) < (diagnostic.end_line, diagnostic.end_column)
