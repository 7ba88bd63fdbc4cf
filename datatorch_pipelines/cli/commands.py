"""The commands and their options; what a command does is in the module of its name, loaded when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from datatorch_pipelines.cli import options
from datatorch_pipelines.cli.action_commands import actions
from datatorch_pipelines.cli.lock_command import lock
from datatorch_pipelines.cli.run_command import plan, run
from datatorch_pipelines.cli.runs_commands import runs

PROGRAM = "datatorch-pipelines"

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def _print_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from datatorch_pipelines import __version__

        click.echo(f"{PROGRAM} {__version__}")
        context.exit()


@click.group(
    context_settings=_SETTINGS,
    no_args_is_help=False,
    epilog="""\b
Examples:
  datatorch-pipelines check pipeline.yaml
  datatorch-pipelines run pipeline.yaml --input images=/data/cats

'datatorch-pipelines COMMAND --help' tells of one command.""",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)
def cli() -> None:
    """Check and run DataTorch pipelines on this machine."""


cli.add_command(run)
cli.add_command(plan)


@cli.command(
    short_help="Tell what is wrong with pipelines and actions.",
    epilog="""\b
Exit status:
  0  no error (with --strict: no warning either)
  1  something was found (with --diff: or something would be fixed)
  2  the call or the settings are wrong

\b
Examples:
  datatorch-pipelines check pipeline.yaml
  datatorch-pipelines check --strict pipelines/*.yaml action-datatorch.yaml
  datatorch-pipelines check --fix pipelines/*.yaml
  datatorch-pipelines check --format sarif pipelines/*.yaml > findings.sarif""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="How the report is written.",
)
@click.option("--fix", is_flag=True, help="Fix in the files what can only be meant one way; report what is left.")
@click.option("--diff", is_flag=True, help="Print what --fix would change, as a patch; the report goes to stderr.")
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@click.option("--fetch", is_flag=True, help="Fetch the actions that are not here, to check their inputs and outputs.")
@options.local_actions
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings (TOML).  [default: from the current folder upward]",
)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many processes check.  [default: several where the files are many]",
)
def check(
    paths: tuple[str, ...],
    form: Literal["text", "json", "sarif", "github"],
    fix: bool,
    diff: bool,
    strict: bool,
    fetch: bool,
    local_actions: tuple[Path, ...],
    config: Path | None,
    processes: int | None,
) -> int:
    """Tell what is wrong with the pipelines and actions in the files PATH.

    Nothing is run, and no server is asked unless --fetch is given. Files that are checked together belong to one
    project: two pipelines of one name are told of.
    """
    from datatorch_pipelines.cli import values
    from datatorch_pipelines.cli.check import CheckCall, check_files

    if fix and diff:
        raise click.UsageError("give --fix or --diff, not both")
    if diff and form != "text":
        raise click.UsageError(f"--diff prints a patch: it can't be written as {form}")
    call = CheckCall(
        paths=values.parse_paths(paths),
        form=form,
        fix=fix,
        diff=diff,
        strict=strict,
        fetch=fetch,
        local_actions=local_actions,
        config=config,
        processes=processes,
    )
    return check_files(call)


@cli.command(
    short_help="Make the tags of actions commits.",
    epilog="""\b
Exit status:
  0  every reference that can be pinned is
  1  a reference or file could not be (with --diff: or something would change)
  2  the call is wrong

\b
Examples:
  datatorch-pipelines pin pipelines/*.yaml
  datatorch-pipelines pin --diff pipeline.yaml""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--diff", is_flag=True, help="Print what would change, as a patch, and write nothing.")
def pin(paths: tuple[str, ...], diff: bool) -> int:
    """Write commits for the tags of the actions in the pipeline files PATH.

    A tag can be moved by its owner, a commit can't. The tag stays as a comment. Servers are asked; what they can't tell
    stays as it is.
    """
    from datatorch_pipelines.cli import values
    from datatorch_pipelines.cli.fix import pin_files

    return pin_files(values.parse_paths(paths), diff=diff)


@cli.command(
    short_help="Make the tags of actions the newest ones.",
    epilog="""\b
Exit status:
  0  every reference is the newest, or stays for a reason that is told
  1  a server or file could not be read (with --diff: or something would change)
  2  the call is wrong

\b
Examples:
  datatorch-pipelines upgrade pipelines/*.yaml
  datatorch-pipelines upgrade --only datatorch/add --diff pipeline.yaml""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--only", multiple=True, metavar="NAME", help="An action to upgrade, without its tag; else all.")
@click.option("--diff", is_flag=True, help="Print what would change, as a patch, and write nothing.")
def upgrade(paths: tuple[str, ...], only: tuple[str, ...], diff: bool) -> int:
    """Write the newest tags of the actions in the pipeline files PATH.

    v1 becomes v3, and a commit that was pinned becomes that of the newest tag. What comes before a release (v2-rc1)
    counts only where the present tag is of that kind.
    """
    from datatorch_pipelines.cli import values
    from datatorch_pipelines.cli.fix import upgrade_files

    return upgrade_files(values.parse_paths(paths), only, diff=diff)


@cli.command(
    short_help="Print the JSON Schema of pipelines or actions.",
    epilog="""\b
Examples:
  datatorch-pipelines schema pipeline > pipeline.schema.json
  datatorch-pipelines schema action > action.schema.json""",
)
@click.argument("name", type=click.Choice(["pipeline", "action"]), metavar="pipeline|action")
def schema(name: Literal["pipeline", "action"]) -> int:
    """Print the JSON Schema (draft 7) of pipelines, or of action files, for editors.

    An editor that knows it completes keys, explains them and marks what is wrong.
    """
    from datatorch_pipelines.cli.schema import print_schema

    return print_schema(name)


cli.add_command(actions)
cli.add_command(lock)
cli.add_command(runs)
