"""The page on expressions has every context, and says where each may be used, as the checks and the engine have it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datatorch_pipelines.model.availability import AVAILABLE, CONTEXTS, PROPERTIES, SHELL_PROPERTIES, Place

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "expressions.md").read_text(encoding="utf-8")
SECTION = PAGE.split("\n## Contexts\n")[1].split("\n## ")[0]
HOLDS, WHERE = (part for part in SECTION.strip().split("\n\n") if part.startswith("| "))


def _rows(table: str) -> list[tuple[str, str]]:
    found = [re.fullmatch(r"\| (.+?) \| (.+) \|", line) for line in table.splitlines()[2:]]
    return [(row[1], row[2]) for row in found if row]


def test_every_context_is_told_of_once() -> None:
    named = [name for first, _ in _rows(HOLDS) for name in re.findall(r"`(\w+)`", first)]
    assert sorted(named) == sorted(CONTEXTS)


@pytest.mark.parametrize("context", sorted(PROPERTIES))
def test_the_properties_of_a_context_are_told_of(context: str) -> None:
    said = next(text for first, text in _rows(HOLDS) if f"`{context}`" in first)
    assert set(PROPERTIES[context]) <= set(re.findall(r"`(\w+)`", said))


def test_the_table_says_where_each_context_may_be_used() -> None:
    rows = dict(_rows(WHERE))
    assert list(rows) == [place.value for place in Place]
    for place in Place:
        said = rows[place.value]
        named = set(re.findall(r"`(\w+)`", said.replace("(only `id`)", "")))
        given = CONTEXTS - named if said.startswith("all") else named
        assert given == AVAILABLE[place], place
    assert sorted(re.findall(r"`(\w+)` \(only `id`\)", rows["shell text"])) == sorted(SHELL_PROPERTIES)
