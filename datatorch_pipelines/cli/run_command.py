"""The command ``run`` and its options; what it does is in `cli.run`, loaded when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datatorch_pipelines.cli import options

if TYPE_CHECKING:
    from datatorch_pipelines.defaults import RunArguments


@click.command(
    short_help="Run a pipeline.",
    epilog="""\b
Exit status:
  0    the run succeeded
  1    the run failed or was cancelled
  2    the pipeline, an action or the call is wrong; nothing ran
  130  interrupted by Ctrl-C (143: by SIGTERM); all that was started has ended

\b
Examples:
  datatorch-pipelines run pipeline.yaml
  datatorch-pipelines run pipeline.yaml --event '{"fileId": "a1"}' --variable level=3
  datatorch-pipelines run pipeline.yaml --event @event.json --secret TOKEN --json > result.json
  datatorch-pipelines run pipeline.yaml --from train --fail-fast""",
)
@click.argument("path")
@options.event
@click.option("--input", "inputs", multiple=True, metavar="K=V", help="A value of the context 'input', as text.")
@click.option("--variable", "variables", multiple=True, metavar="K=V", help="A value of the context 'variables'.")
@click.option("--secret", "secrets", multiple=True, metavar="K[=V]", help="A secret; without =V from the environment.")
@options.secrets_file
@options.secrets_env
@options.answers
@options.local_actions
@click.option("--job", multiple=True, metavar="ID", help="Run this job alone, without those that it needs.")
@click.option("--from", "from_job", multiple=True, metavar="ID", help="Run this job and all that need it.")
@click.option("--up-to", multiple=True, metavar="ID", help="Run this job and all that it needs.")
@click.option("--runner", metavar="NAME", help="Where steps run.  [default: local]")
@click.option("--max-parallel", type=click.IntRange(min=1), metavar="N", help="How many jobs run at once.")
@click.option("--fail-fast", is_flag=True, help="When a job fails, end the others.")
@click.option(
    "--max-attempts", type=click.IntRange(min=1), metavar="N", help="How often a job is started whose place is lost."
)
@click.option(
    "--cleanup-seconds",
    type=click.FloatRange(min=0),
    metavar="N",
    help="How long 'if: always()' may take after Ctrl-C.  [default: 300]",
)
@options.offline
@options.strict
@click.option("--locked", is_flag=True, help="Refuse actions that are not as the lock file beside PATH has them.")
@click.option("--keep", is_flag=True, help="Leave the jobs' workspaces on disk.")
@options.result_as_json
@options.log_format
@options.quiet
def run(
    path: str,
    event: str | None,
    inputs: tuple[str, ...],
    variables: tuple[str, ...],
    secrets: tuple[str, ...],
    secrets_file: Path | None,
    secrets_env: str | None,
    answers: str | None,
    local_actions: tuple[Path, ...],
    job: tuple[str, ...],
    from_job: tuple[str, ...],
    up_to: tuple[str, ...],
    runner: str | None,
    max_parallel: int | None,
    fail_fast: bool,
    max_attempts: int | None,
    cleanup_seconds: float | None,
    offline: bool,
    strict: bool,
    locked: bool,
    keep: bool,
    as_json: bool,
    log_format: str,
    quiet: bool,
) -> int:
    """Run the pipeline in the file PATH.

    The log goes to stderr, the outputs to stdout.
    """
    import os

    from datatorch_pipelines.cli import values
    from datatorch_pipelines.cli.run import RunCall, run_pipeline

    arguments: RunArguments = {
        "event": values.parse_event(event),
        "inputs": values.parse_assignments("--input", inputs),
        "variables": values.parse_assignments("--variable", variables),
        "local_actions": local_actions,
        "job": job,
        "from_job": from_job,
        "up_to": up_to,
        "runner": runner,
        "max_parallel": max_parallel,
        "on_failure": "fail-fast" if fail_fast else "keep-going",
        "max_attempts": max_attempts,
        "cleanup_seconds": cleanup_seconds,
        "offline": offline,
        "strict": strict,
        "locked": locked,
        "keep": keep,
    }
    call = RunCall(
        path=path,
        arguments=arguments,
        secrets=values.parse_secrets(secrets, secrets_file, secrets_env, os.environ),
        answers=values.parse_answers(answers),
        as_json=as_json,
        log_format=log_format,
        quiet=quiet,
    )
    return run_pipeline(call)
