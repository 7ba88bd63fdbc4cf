"""The page on the command line names every option, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from datatorch_pipelines.cli.commands import cli

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")


def _section(name: str) -> str:
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no section {name}"
    return found[1]


def _options(command: click.Command) -> set[str]:
    return {name for option in command.params if isinstance(option, click.Option) for name in option.opts}


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_option_of_a_command_is_in_its_section_s_table(name: str) -> None:
    rows = "\n".join(line for line in _section(name).splitlines() if line.startswith("|"))
    assert set(re.findall(r"`(--?[a-z][a-z-]*)", rows.replace("`--secret` gives", ""))) == _options(cli.commands[name])


def test_no_command_is_missing() -> None:
    assert {f"## {name}" for name in cli.commands} <= set(PAGE.splitlines())
