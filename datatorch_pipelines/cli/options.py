"""Options that several commands have, each written once."""

from __future__ import annotations

from pathlib import Path

import click

DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)
"""A folder that is there."""

local_actions = click.option(
    "--local-actions", type=DIRECTORY, multiple=True, metavar="DIR", help="Where local/name@tag is: DIR/name/tag."
)
offline = click.option("--offline", is_flag=True, help="Use the actions that are here; ask no server.")
strict = click.option("--strict", is_flag=True, help="Refuse an action's older commit where its server can't be asked.")
trigger = click.option(
    "--trigger", metavar="KIND", help="What starts the run: 'manual', 'schedule', ... of the pipeline."
)
event = click.option("--event", metavar="JSON|@FILE", help="What the context 'event' holds: a JSON object.")
answers = click.option(
    "--answers", metavar="JSON|@FILE", help="What people are asked, by step: a JSON object of objects of outputs."
)
secret = click.option(
    "--secret", "secrets", multiple=True, metavar="K[=V]", help="A secret; without =V from the environment."
)
secrets_file = click.option(
    "--secrets-file", type=click.Path(path_type=Path), metavar="FILE", help="Secrets as lines KEY=VALUE (dotenv)."
)
secrets_env = click.option(
    "--secrets-env", metavar="PREFIX", help="Secrets from the environment variables PREFIX<NAME>, as NAME."
)
directory = click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder of the runs.  [default: in the user's state folder]",
)
result_as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
log_format = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the log is written.",
)
quiet = click.option("--quiet", "-q", is_flag=True, help="No log; only what went wrong.")
