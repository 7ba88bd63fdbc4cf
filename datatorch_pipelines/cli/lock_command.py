"""The command ``lock`` and its options; what it does is in `lock`, loaded when it is called."""

from __future__ import annotations

from pathlib import Path

import click

from datatorch_pipelines.cli import options

_ALL = "\0"
"""Stands for ``--update`` without a name; no action can be called so."""


@click.command(
    short_help="Write down which commits the actions are.",
    epilog="""\b
Exit status:
  0  the lock files say what the actions are
  1  with --check: a lock file would change
  2  a pipeline, a lock file, an action or the call is wrong; nothing was written

\b
Examples:
  datatorch-pipelines lock pipeline.yaml
  datatorch-pipelines lock --update me/add pipelines/*.yaml
  datatorch-pipelines lock --check pipelines/*.yaml""",
)
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option(
    "--update",
    "updates",
    is_flag=False,
    flag_value=_ALL,
    multiple=True,
    metavar="[NAME]",
    help="Ask anew for the action NAME (owner/repo); without NAME for all: then behind the PATHs, or before an option.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a lock file would change.")
@options.offline
@options.local_actions
def lock(
    paths: tuple[str, ...], updates: tuple[str, ...], check: bool, offline: bool, local_actions: tuple[Path, ...]
) -> int:
    """Write the commits of the actions in the pipeline files PATH into lock files beside them.

    'run --locked' then refuses any other commit, a tag that was moved for instance. What a lock file has already stays
    as it is, and is asked for anew only with --update.
    """
    from datatorch_pipelines.cli import values
    from datatorch_pipelines.cli.lock import LockCall, lock_files

    for name in updates:
        if name != _ALL and (not paths or Path(name).is_file()):
            raise click.UsageError(
                f"--update took {name!r} for the name of an action: write --update behind the files, or --update=NAME"
            )
    if not paths:
        raise click.UsageError("Missing argument 'PATH...'.")
    names = tuple(name for name in updates if name != _ALL)
    if names and _ALL in updates:
        raise click.UsageError("--update is given with a name and without: leave one of them out")
    call = LockCall(
        paths=values.parse_paths(paths),
        update=names or bool(updates),
        check=check,
        offline=offline,
        local_actions=local_actions,
    )
    return lock_files(call)
