"""The page on the format names every key that the schemas know, and a run carries each of them out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import datatorch_pipelines as dtp

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "format.md"
SCHEMAS = ROOT / "datatorch_pipelines" / "syntax" / "schema"
VALUES = {
    "timeout": "5", "needs": "[other]", "if": "'true'", "outputs": "{a: 1}", "strategy": "{matrix: {a: [1]}}",
    "continue-on-error": "true", "runs-on": "gpu", "idle-timeout": "5", "retries": "2",
}  # fmt: skip


def _rows(heading: str) -> dict[str, str]:
    """The keys of a section's table, each with where it comes from."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\$?[\w-]+)` \| ([^|]+?) \|", section, re.MULTILINE))


@pytest.mark.parametrize(
    ("heading", "schema"),
    [("Pipeline", "pipeline"), ("Job", "job"), ("Step", "step"), ("Action file", "action")],
)
def test_a_table_has_the_keys_of_its_schema(heading: str, schema: str) -> None:
    keys = json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8"))["properties"]
    assert sorted(_rows(heading)) == sorted(keys)


def test_the_table_of_triggers_has_the_keys_of_the_schema() -> None:
    schema = json.loads((SCHEMAS / "pipeline.schema.json").read_text(encoding="utf-8"))
    assert sorted(_rows("Triggers")) == sorted(schema["properties"]["triggers"]["properties"])


@pytest.mark.parametrize(
    ("part", "key"), [(part, key) for part in ("Pipeline", "Job", "Step") for key in VALUES if key in _rows(part)]
)
def test_a_key_of_the_page_is_carried_out(part: str, key: str) -> None:
    lines = ["name: P", "jobs:", "  other:", "    steps:", "      - run: 'true'", "  job:"]
    lines += ["    steps:", "      - run: 'true'"]
    line, indent = {"Pipeline": (1, 0), "Job": (6, 4), "Step": (8, 8)}[part]
    lines.insert(line, f"{' ' * indent}{key}: {VALUES[key]}")
    assert dtp.loads("\n".join(lines), filename="p.yaml").run(runners={"gpu": "local"}).succeeded
