"""The commands of the group ``actions``; what each does is in a module of its own, loaded when it is called."""

from __future__ import annotations

from pathlib import Path

import click

from datatorch_pipelines.cli import options
from datatorch_pipelines.cli.author_commands import new, run


@click.group(
    short_help="Look after fetched actions; write and try your own.",
    no_args_is_help=False,
    epilog="""\b
Examples:
  datatorch-pipelines actions show datatorch/add@v1
  datatorch-pipelines actions pull pipeline.yaml
  datatorch-pipelines actions prune --older-than 2w""",
)
def actions() -> None:
    """Look after the actions that were fetched, and write and try your own.

    They are kept in the user's cache folder, or in that of DATATORCH_PIPELINES_HOME.
    """


@actions.command(
    "list",
    short_help="List the actions that were fetched.",
    epilog="""\b
Exit status:
  0  the store could be read
  1  it could not
  2  the call is wrong

\b
Examples:
  datatorch-pipelines actions list
  datatorch-pipelines actions list --json | jq .size""",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(as_json: bool) -> int:
    """List the actions that were fetched: where they are from, what means them, and when a run last used them."""
    from datatorch_pipelines.cli.store_view import list_actions

    return list_actions(as_json=as_json)


@actions.command(
    short_help="Tell what an action is and takes.",
    epilog="""\b
Exit status:
  0  it is shown
  1  the action can't be had, or its own file is wrong
  2  the call is wrong

\b
Examples:
  datatorch-pipelines actions show datatorch/add@v1
  datatorch-pipelines actions show ./actions/add
  datatorch-pipelines actions show team/segment@v3 --git git@git.example.org:team/segment.git""",
)
@click.argument("action")
@click.option("--git", metavar="URL", help="The repository that ACTION, a name and a tag, is in.")
@click.option("--file", metavar="FILE", help="The action's file, where it has another name than the usual ones.")
@options.local_actions
@options.offline
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(
    action: str, git: str | None, file: str | None, local_actions: tuple[Path, ...], offline: bool, as_json: bool
) -> int:
    """Tell what an action is: its inputs and outputs, how it runs, where it is from, and a step that uses it.

    ACTION is what a step's 'action' is, such as owner/repo@tag, or an action's folder or file. It is fetched unless it
    is here. Nothing of it is run.
    """
    from datatorch_pipelines.cli.show_action import ShowCall, show_action

    return show_action(
        ShowCall(action=action, git=git, file=file, local_actions=local_actions, offline=offline, as_json=as_json)
    )


@actions.command(
    short_help="Fetch actions, so that runs need no network.",
    epilog="""\b
Exit status:
  0  all are here
  1  an action can't be had; the others are here
  2  a pipeline's file or the call is wrong; nothing was fetched

\b
Examples:
  datatorch-pipelines actions pull pipelines/*.yaml
  datatorch-pipelines actions pull datatorch/add@v1
  datatorch-pipelines actions pull --locked pipeline.yaml
  datatorch-pipelines actions pull --offline pipeline.yaml""",
)
@click.argument("what", nargs=-1, required=True, metavar="ACTION|PIPELINE...")
@options.local_actions
@options.offline
@options.strict
@click.option(
    "--locked", is_flag=True, help="Fetch what the lock files beside the pipelines have; refuse what differs."
)
def pull(what: tuple[str, ...], local_actions: tuple[Path, ...], offline: bool, strict: bool, locked: bool) -> int:
    """Fetch the actions that pipelines' files name, and those that are named here.

    What ends in .yaml, .yml or .json is a pipeline, everything else is an action such as owner/repo@tag. Each action is
    a line: its name, its commit, and whether it was fetched or present. All are fetched at the same time.
    """
    from datatorch_pipelines.cli.pull import PullCall, pull_actions

    return pull_actions(PullCall(what=what, local_actions=local_actions, offline=offline, strict=strict, locked=locked))


@actions.command(
    short_help="Tell whether what was fetched is whole.",
    epilog="""\b
Exit status:
  0  all actions are whole, or the damaged ones were removed
  1  damaged ones are there, or the store can't be read
  2  the call is wrong

\b
Examples:
  datatorch-pipelines actions verify
  datatorch-pipelines actions verify --remove""",
)
@click.option("--remove", is_flag=True, help="Delete what is damaged, so that it is fetched again.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(remove: bool, as_json: bool) -> int:
    """Read every file of every action that was fetched, and tell of those that are not what was fetched."""
    from datatorch_pipelines.cli.store_view import verify_actions

    return verify_actions(remove=remove, as_json=as_json)


@actions.command(
    short_help="Delete actions that were not used for long.",
    epilog="""\b
Exit status:
  0  all that was to be deleted is
  1  something could not be
  2  the call is wrong

\b
Examples:
  datatorch-pipelines actions prune --dry-run
  datatorch-pipelines actions prune --older-than 2w
  datatorch-pipelines actions prune --older-than 0""",
)
@click.option(
    "--older-than",
    default="30d",
    show_default=True,
    metavar="AGE",
    help="How long ago an action was last used: 90m, 12h, 30d, 2w; 0 for all.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
def prune(older_than: str, dry_run: bool) -> int:
    """Delete the actions that were last used longer ago than AGE.

    What a run uses now is kept. What is deleted is fetched again when it is next asked for.
    """
    from datatorch_pipelines.cli.durations import parse_duration
    from datatorch_pipelines.cli.store_view import prune_actions

    return prune_actions(parse_duration("--older-than", older_than), dry_run=dry_run)


actions.add_command(new)
actions.add_command(run)
