"""The commands of the group ``actions`` for authors; what each does is in `cli.authoring`, loaded when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from datatorch_pipelines.cli import options


@click.command(
    short_help="Write a first action that works.",
    epilog="""\b
Exit status:
  0  the action is written
  2  nothing is written

\b
Examples:
  datatorch-pipelines actions new resize-images
  datatorch-pipelines actions new resize-images --using node --directory actions""",
)
@click.argument("name")
@click.option(
    "--using",
    type=click.Choice(["python", "node", "cmd", "docker"]),
    default="python",
    show_default=True,
    help="What the action runs by.",
)
@click.option(
    "--directory", type=options.DIRECTORY, default=".", metavar="DIR", help="Where its folder is made.  [default: .]"
)
def new(name: str, using: Literal["python", "node", "cmd", "docker"], directory: Path) -> int:
    """Write a new action into the folder NAME: its file, its program, an example and a README.

    It works as it is: change it into your own. Nothing is overwritten.
    """
    from datatorch_pipelines.cli.authoring import write_action

    return write_action(name, using, directory)


@click.command(
    short_help="Run one action alone.",
    epilog="""\b
Exit status:
  0    the action succeeded
  1    the action failed or was cancelled
  2    the action, an input or the call is wrong; nothing ran
  130  interrupted by Ctrl-C (143: by SIGTERM); all that was started has ended

\b
Examples:
  datatorch-pipelines actions run . --input text="the quick brown fox"
  datatorch-pipelines actions run datatorch/add@v1 --input a=10 --input b=20 --json
  datatorch-pipelines actions run login --secrets-file secrets.env""",
)
@click.argument("action")
@click.option("--git", metavar="URL", help="The repository that ACTION, a name and a tag, is in.")
@click.option("--file", metavar="FILE", help="The action's file, where it has another name than the usual ones.")
@click.option("--input", "inputs", multiple=True, metavar="K=V", help="An input, as text that becomes its type.")
@click.option("--secret", "secrets", multiple=True, metavar="K[=V]", help="A secret; the input K, if there is one.")
@options.secrets_file
@options.secrets_env
@options.answers
@options.event
@options.local_actions
@click.option("--runner", metavar="NAME", help="Where the action runs.  [default: local]")
@options.offline
@options.strict
@options.result_as_json
@options.log_format
@options.quiet
def run(
    action: str,
    git: str | None,
    file: str | None,
    inputs: tuple[str, ...],
    secrets: tuple[str, ...],
    secrets_file: Path | None,
    secrets_env: str | None,
    answers: str | None,
    event: str | None,
    local_actions: tuple[Path, ...],
    runner: str | None,
    offline: bool,
    strict: bool,
    as_json: bool,
    log_format: str,
    quiet: bool,
) -> int:
    """Run the action ACTION alone: a folder, an action file, or a reference such as owner/repo@tag.

    The values of inputs mean themselves: an expression in one is not evaluated. A list or an object is written as JSON.
    The log goes to stderr, the outputs to stdout.
    """
    import os

    from datatorch_pipelines.cli import values
    from datatorch_pipelines.cli.authoring import ActionCall, run_action

    call = ActionCall(
        action=action,
        git=git,
        file=file,
        inputs=values.parse_assignments("--input", inputs),
        secrets=values.parse_secrets(secrets, secrets_file, secrets_env, os.environ),
        answers=values.parse_answers(answers),
        event=values.parse_event(event),
        local_actions=local_actions,
        runner=runner,
        offline=offline,
        strict=strict,
        as_json=as_json,
        log_format=log_format,
        quiet=quiet,
    )
    return run_action(call)
