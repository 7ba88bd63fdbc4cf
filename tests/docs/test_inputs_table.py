"""The published table of conversions is what the code does, cell by cell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from datatorch_pipelines.errors import InputError
from datatorch_pipelines.model.action import ValueType
from datatorch_pipelines.model.conversion import convert

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "inputs.md"


def _cells() -> list[tuple[str, str, str]]:
    """Given value, declared type and result, as the page writes them."""
    head, _, *rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    return [(row[0], kind, cell) for row in rows for kind, cell in zip(head[1:], row[1:], strict=True)]


@pytest.mark.parametrize(("given", "kind", "result"), _cells(), ids=lambda text: re.sub(r"\W+", "_", text))
def test_a_value_becomes_what_the_table_says(given: str, kind: str, result: str) -> None:
    value = json.loads(given)
    if result == "error":
        with pytest.raises(InputError):
            convert(value, ValueType(kind))
        return
    converted = convert(value, ValueType(kind))
    assert json.dumps(converted) == result
    if kind == "array":
        assert convert(value, ValueType.LIST) == converted


def test_the_table_names_every_type() -> None:
    assert {kind for _, kind, _ in _cells()} == set(ValueType) - {"list"}
