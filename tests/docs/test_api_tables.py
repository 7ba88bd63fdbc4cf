"""The page on Python names every argument of a run, every field of a result and every kind of event."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from datatorch_pipelines.defaults import RunArguments
from datatorch_pipelines.results import JobResult, RunResult, StepResult
from datatorch_pipelines.results.events import EVENTS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
HIDDEN = {"log_parts"}
"""What `stdout` and `stderr` are made of."""


def test_every_argument_of_a_run_is_in_the_table() -> None:
    table = PAGE.split("`run`, `run_async`, `start` and `plan` take, by keyword:\n")[1].strip().split("\n\n")[0]
    named = [name for line in table.splitlines() for name in re.findall(r"\*(\w+)\*", line.split(" | ")[0])]
    assert sorted(named) == sorted(RunArguments.__annotations__)


@pytest.mark.parametrize("kind", [RunResult, JobResult, StepResult])
def test_every_field_of_a_result_is_in_its_row(kind: type[attrs.AttrsInstance]) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{kind.__name__}` |"))
    fields = {field.name for field in attrs.fields(kind)} - HIDDEN
    properties = {name for name, value in vars(kind).items() if isinstance(value, property)}
    assert fields | properties <= set(re.findall(r"`(\w+)", row))


def test_every_kind_of_event_is_named_once() -> None:
    said = PAGE.split("The kinds of event are")[1].split("\n\n")[0]
    assert sorted(re.findall(r"`(\w+)`", said)) == sorted(event.__name__ for event in EVENTS)
