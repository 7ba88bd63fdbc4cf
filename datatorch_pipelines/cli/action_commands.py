"""The commands of the group ``actions``; what each does is in a module of its own, loaded when it is called."""

from __future__ import annotations

import click


@click.group(short_help="Look after fetched actions; write and try your own.", no_args_is_help=False)
def actions() -> None:
    """Look after the actions that were fetched, and write and try your own."""
