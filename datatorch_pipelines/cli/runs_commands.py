"""The commands of the group ``runs``; what each does is in a module of its own, loaded when it is called."""

from __future__ import annotations

from pathlib import Path

import click

from datatorch_pipelines.cli import options


@click.group(
    short_help="Look at runs that took place, go on with them, delete them.",
    no_args_is_help=False,
    epilog="""\b
ID is a run's id, or a beginning of it, its folder, or 'latest'.

\b
Examples:
  datatorch-pipelines runs list
  datatorch-pipelines runs show latest
  datatorch-pipelines runs resume latest""",
)
def runs() -> None:
    """Look at runs that took place, go on with those that did not succeed, and delete them.

    Their records are in the user's state folder, in that of DATATORCH_PIPELINES_HOME, or in --directory.
    """


@runs.command(
    "list",
    short_help="List runs, the newest first.",
    epilog="""\b
Exit status:
  0  the folder could be read, and all that is in it
  1  something could not
  2  the call is wrong

\b
Examples:
  datatorch-pipelines runs list --limit 5
  datatorch-pipelines runs list --json | jq -r '.runs[] | select(.status == "failed").run'""",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="No more than the N newest.")
@options.directory
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(limit: int | None, directory: Path | None, as_json: bool) -> int:
    """List the runs: which pipeline, how they ended, when they began and how long they took."""
    from datatorch_pipelines.cli.runs_view import list_runs

    return list_runs(directory, limit=limit, as_json=as_json)


@runs.command(
    short_help="Tell all that is recorded of a run.",
    epilog="""\b
Exit status:
  0  it is shown
  1  there is no such run, or its record can't be read
  2  the call is wrong

\b
Examples:
  datatorch-pipelines runs show latest
  datatorch-pipelines runs show 20260301-1 --json""",
)
@click.argument("run", metavar="ID")
@options.directory
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, as 'run --json' does.")
def show(run: str, directory: Path | None, as_json: bool) -> int:
    """Tell how a run, its jobs and its steps went: times, outputs, artifacts, tests, and what failed where.

    ID is the run's id, or a beginning of it, its folder, or 'latest'.
    """
    from datatorch_pipelines.cli.runs_view import show_run

    return show_run(run, directory, as_json=as_json)


@runs.command(
    short_help="Print what the steps of a run wrote.",
    epilog="""\b
Exit status:
  0  it is printed
  1  there is no such run, job or step, or its record can't be read
  2  the call is wrong

\b
Examples:
  datatorch-pipelines runs logs latest
  datatorch-pipelines runs logs latest --follow
  datatorch-pipelines runs logs latest --job train --step 2 --raw > train.log""",
)
@click.argument("run", metavar="ID")
@click.option("--job", metavar="ID", help="What this job wrote alone.")
@click.option("--step", metavar="STEP", help="What this step wrote alone: its id, name, or number from 1.")
@click.option("--raw", is_flag=True, help="The very bytes that were written, secrets masked, and nothing else.")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run is over.")
@options.directory
def logs(run: str, job: str | None, step: str | None, raw: bool, follow: bool, directory: Path | None) -> int:
    """Print the log of a run, as 'run' showed it, to stdout.

    ID is the run's id, or a beginning of it, its folder, or 'latest'.
    """
    from datatorch_pipelines.cli.runs_logs import LogsCall, print_logs

    return print_logs(LogsCall(run=run, directory=directory, job=job, step=step, raw=raw, follow=follow))


@runs.command(
    short_help="Go on with a run that did not succeed.",
    epilog="""\b
Exit status:
  0    the run succeeded, or nothing was left to do
  1    the run failed or was cancelled
  2    there is no such run, it still goes on, or something is in its way; nothing ran
  130  interrupted by Ctrl-C (143: by SIGTERM); all that was started has ended

\b
Examples:
  datatorch-pipelines runs resume latest
  datatorch-pipelines runs resume latest --job train --secret TOKEN""",
)
@click.argument("run", metavar="ID")
@click.option("--job", "jobs", multiple=True, metavar="ID", help="Run this job again in any case, and what needs it.")
@options.event
@options.trigger
@click.option("--input", "inputs", multiple=True, metavar="K=V", help="As for 'run'; where the inputs held a secret.")
@click.option(
    "--variable", "variables", multiple=True, metavar="K=V", help="As for 'run'; where the variables held a secret."
)
@options.secret
@options.secrets_file
@options.secrets_env
@options.answers
@options.local_actions
@click.option("--runner", metavar="NAME", help="Where steps run.  [default: where they did]")
@click.option("--max-parallel", type=click.IntRange(min=1), metavar="N", help="How many jobs run at once.")
@options.offline
@options.strict
@options.directory
@options.result_as_json
@options.log_format
@options.quiet
def resume(
    run: str,
    jobs: tuple[str, ...],
    event: str | None,
    trigger: str | None,
    inputs: tuple[str, ...],
    variables: tuple[str, ...],
    secrets: tuple[str, ...],
    secrets_file: Path | None,
    secrets_env: str | None,
    answers: str | None,
    local_actions: tuple[Path, ...],
    runner: str | None,
    max_parallel: int | None,
    offline: bool,
    strict: bool,
    directory: Path | None,
    as_json: bool,
    log_format: str,
    quiet: bool,
) -> int:
    """Run what has not succeeded of a run that failed, was cancelled or interrupted, in the same record.

    It goes on with what it was given, and with the same commits; secrets are given again. What a run was given that
    held a secret is given again, too. ID is the run's id, or a beginning of it, its folder, or 'latest'.
    """
    import os

    from datatorch_pipelines.cli import values
    from datatorch_pipelines.cli.runs_resume import ResumeCall, resume_run

    given = {
        "trigger": trigger,
        "inputs": values.parse_assignments("--input", inputs),
        "variables": values.parse_assignments("--variable", variables),
        "local_actions": local_actions,
        "runner": runner,
        "max_parallel": max_parallel,
        "offline": offline,
        "strict": strict,
    }
    told: dict[str, object] = {name: value for name, value in given.items() if value}
    if event is not None:  # an empty one is given, too
        told["event"] = values.parse_event(event)
    return resume_run(
        ResumeCall(
            run=run,
            directory=directory,
            jobs=jobs,
            given=told,
            secrets=values.parse_secrets(secrets, secrets_file, secrets_env, os.environ),
            answers=values.parse_answers(answers),
            as_json=as_json,
            log_format=log_format,
            quiet=quiet,
        )
    )


@runs.command(
    short_help="Delete runs.",
    epilog="""\b
Exit status:
  0  all that was to be deleted is
  1  something could not be
  2  the call is wrong

\b
Examples:
  datatorch-pipelines runs prune --older-than 30d --dry-run
  datatorch-pipelines runs prune --older-than 30d --keep 20
  datatorch-pipelines runs prune --keep 0""",
)
@click.option("--older-than", metavar="AGE", help="Those that began longer ago: 90m, 12h, 30d, 2w; 0 for all.")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="All but the N newest.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@options.directory
def prune(older_than: str | None, keep: int | None, dry_run: bool, directory: Path | None) -> int:
    """Delete the records of runs, with their logs and artifacts.

    With both --older-than and --keep, those that are neither young nor among the newest. A run that goes on is never
    deleted.
    """
    from datatorch_pipelines.cli.durations import parse_duration
    from datatorch_pipelines.cli.runs_view import prune_records

    if older_than is None and keep is None:
        raise click.UsageError("give --older-than, --keep, or both")
    age = None if older_than is None else parse_duration("--older-than", older_than)
    return prune_records(directory, older_than=age, keep=keep, dry_run=dry_run)
