"""Patches that git and patch take, and that can be shown on a terminal."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from datatorch_pipelines.fixing.patches import hides_something, unified_diff

BEFORE = "a\r\nb\n\n数据 ü\nlast"


@pytest.mark.parametrize(
    "tool", [["git", "apply", "-p0"], ["patch", "-p0", "--binary", "-s"]], ids=lambda tool: tool[0]
)
@pytest.mark.parametrize("name", ["p.yaml", "my pipeline.yaml", "sub/数.yaml"])
@pytest.mark.parametrize("after", ["a\r\nc\n\n数据 ü\nlast", "a\r\nb\n\n数据 ü\nlast one", "a\r\nb\n\n数据 ü\nlast\n"])
def test_a_patch_makes_the_new_text_of_the_old_one(tool: list[str], name: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(BEFORE.encode())
    patch = unified_diff(BEFORE, after, name).encode()
    subprocess.run(tool, cwd=tmp_path, input=patch, check=True)
    assert path.read_bytes() == after.encode()


def test_equal_texts_have_no_patch() -> None:
    assert unified_diff(BEFORE, BEFORE, "p.yaml") == ""


def test_users_and_passwords_are_stars() -> None:
    patch = unified_diff("git: git://me:geheim@github.com/a/b\n", "git: https://me:geheim@github.com/a/b\n", "p.yaml")
    assert patch.splitlines()[3:] == [
        "-git: git://*********@github.com/a/b",
        "+git: https://*********@github.com/a/b",
    ]


def test_what_could_mislead_a_terminal_is_shown_as_its_code() -> None:
    patch = unified_diff("a\n", "b\u202e\x1b[2Jc\rd\n", "p\x1b[2J.yaml")
    assert patch == '--- "p\\033[2J.yaml"\n+++ "p\\033[2J.yaml"\n@@ -1 +1 @@\n-a\n+b\\u202e\\x1b[2Jc\\x0dd\n'


@pytest.mark.parametrize(
    ("line", "hidden"),
    [("a: b", False), ("数 ü\r", False), ("git: https://me:geheim@example.org/a", True), ("a\x1b[2J", True)],
)
def test_a_patch_that_can_t_be_applied_says_so(line: str, hidden: bool) -> None:
    assert hides_something(f"{line}\nold\n", f"{line}\nnew\n") is hidden
    assert not hides_something(f"{line}\n", f"{line}\n")
