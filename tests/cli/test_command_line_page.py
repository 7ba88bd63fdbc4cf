"""The page on the command line names every option, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from datatorch_pipelines.cli.commands import cli

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")


def _commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its whole name; those of a group are ``actions list`` and so on."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


COMMANDS = dict(_commands(cli))


def _heading(name: str) -> str:
    return f"{'###' if ' ' in name else '##'} {name}"


def _section(name: str) -> str:
    found = re.search(rf"^{_heading(name)}\n(.*?)(?=^###? |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no section {name}"
    return found[1]


def _options(command: click.Command) -> set[str]:
    return {name for option in command.params if isinstance(option, click.Option) for name in option.opts}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_is_in_its_section_s_table(name: str) -> None:
    rows = "\n".join(line for line in _section(name).splitlines() if line.startswith("|"))
    assert set(re.findall(r"`(--?[a-z][a-z-]*)", rows.replace("`--secret` gives", ""))) == _options(COMMANDS[name])


def test_no_command_is_missing() -> None:
    assert {_heading(name) for name in COMMANDS} <= set(PAGE.splitlines())
