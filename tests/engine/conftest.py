"""Pipelines and actions in a folder, run for real."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import datatorch_pipelines as dtp

ADD = {
    "action-datatorch.yaml": """\
        name: Add
        inputs:
          a: {type: integer, required: true}
          b: {type: integer, required: true}
        outputs:
          sum: {type: integer}
        runs: {using: python, main: add.py}
        """,
    "add.py": """\
        import datatorch

        inputs = datatorch.get_inputs()
        datatorch.set_output("sum", inputs["a"] + inputs["b"])
        """,
}


class Project:
    """A folder with a pipeline and the actions beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "runs"

    def action(self, name: str, files: Mapping[str, str]) -> None:
        for file, text in files.items():
            path = self.folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def write(self, text: str, name: str = "pipeline.yaml") -> Path:
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return path

    def run(self, text: str, **arguments: object) -> dtp.RunResult:
        pipeline = dtp.load(self.write(text))
        return pipeline.run(directory=self.runs, **arguments)  # type: ignore[arg-type]

    def refusal(self, text: str, **arguments: object) -> list[str]:
        """What a plan says to a pipeline that it refuses, without the folder's path."""
        path = self.write(text)
        try:
            dtp.load(path).plan(**arguments)  # type: ignore[arg-type]
        except (dtp.PlanError, dtp.PipelineSyntaxError) as error:
            return [str(item).replace(f"{self.folder}/", "") for item in error.diagnostics]
        raise AssertionError("the plan was not refused")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.action("add", ADD)
    return made


@pytest.fixture
def logged() -> Callable[[dtp.RunResult], list[str]]:
    """The log lines of a run with one job."""

    def lines(result: dtp.RunResult) -> list[str]:
        (job,) = result.jobs.values()
        return [line for step in job.steps for line in step.log.splitlines()]

    return lines
