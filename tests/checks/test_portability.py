"""The opt-in check tells each use of an extension: those that the page on the format names, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import datatorch_pipelines as dtp

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "format.md"
ENABLED = dtp.Settings(enable=frozenset({"DT901"}))
VALUES = {
    "Pipeline": {"env": "{A: b}", "variables": "{a: 1}", "timeout": "5", "project": "a/b", "triggers": "{webhook: {}}"},
    "Job": {
        "env": "{A: b}", "needs": "[other]", "if": "input.x", "timeout": "5", "outputs": "{a: 1}", "name": "A",
        "strategy": "{matrix: {a: [1]}}", "continue-on-error": "true", "runs-on": "gpu",
    },
    "Step": {
        "name": "A", "id": "a", "run": "x", "shell": "bash", "inputs": "{a: 1}", "cache": "true", "env": "{A: b}",
        "working-directory": "a", "if": "input.x", "timeout": "5", "idle-timeout": "5", "continue-on-error": "true",
        "retries": "2",
    },
}  # fmt: skip


def rows(part: str) -> dict[str, str]:
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {part}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\$?[\w-]+)` \| ([^|]+?) \|", section, re.MULTILINE))


KEYS = [(part, key) for part in VALUES for key in rows(part) if key in VALUES[part]]


@pytest.mark.parametrize(("part", "key"), KEYS)
def test_a_key_is_told_where_the_page_says_that_it_is_an_extension(part: str, key: str) -> None:
    lines = ["name: P", "jobs:", "  other:", "    steps:", "      - action: acme/x@v1", "  job:"]
    lines += ["    steps:", "      - action: acme/x@v1"]
    line, indent = {"Pipeline": (1, 0), "Job": (6, 4), "Step": (8, 8)}[part]
    if (part, key) == ("Step", "run"):
        lines[7] = "      - run: x"
    else:
        lines.insert(line, f"{' ' * indent}{key}: {VALUES[part][key]}")
    expected = [(8 if key == "run" else line + 1, 9 if key == "run" else indent + 1)]
    found = dtp.check_text("\n".join(lines), settings=ENABLED)
    told = [(item.line, item.column, item.message) for item in found if item.code == "DT901"]
    extension = rows(part)[key].startswith("extension")
    assert told == ([(*expected[0], f"the key {key!r} is an extension")] if extension else [])


def test_every_extension_of_the_page_is_tried() -> None:
    extensions = {(part, key) for part in VALUES for key, said in rows(part).items() if said.startswith("extension")}
    assert extensions <= set(KEYS)


def test_it_looks_only_where_it_is_enabled() -> None:
    assert dtp.check_text("name: P\njobs: {a: {steps: [{run: x}]}}") == []


@pytest.mark.parametrize(("action", "what"), [("./x", "a path"), ("docker://x:1", "a container image")])
def test_a_kind_of_reference_of_ours_is_told(action: str, what: str, tmp_path: Path) -> None:
    text = f"name: P\njobs: {{a: {{steps: [{{action: '{action}'}}]}}}}"
    found = dtp.check_text(text, filename=str(tmp_path / "p.yaml"), settings=ENABLED)
    assert [item.message for item in found if item.code == "DT901"] == [f"an action that is {what} is an extension"]


def test_an_action_file_s_extensions_are_told() -> None:
    text = "name: A\ninputs:\n  a: {type: object}\nruns:\n  using: docker\n  image: x\n  args: [a]\n"
    found = dtp.check_text(text, filename="action-datatorch.yaml", settings=ENABLED)
    assert [str(item).removeprefix("action-datatorch.yaml:") for item in found] == [
        f"3:13: warning: the type 'object' of an input is an extension [DT901]; {HINT}",
        f"7:3: warning: the key 'args' is an extension [DT901]; {HINT}",
    ]


HINT = "DataTorch's published schema doesn't know it: its own agents may refuse or ignore it"


def test_a_condition_that_is_false_is_written_all_the_same() -> None:
    text = "name: P\njobs: {a: {if: false, continue-on-error: false, steps: [{action: acme/x@v1}]}}"
    found = dtp.check_text(text, settings=ENABLED)
    assert [item.message for item in found if item.code == "DT901"] == ["the key 'if' is an extension"]
