"""The commands ``run`` and ``plan``; what they do is in `cli.run` and `cli.plan`, loaded when they are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from datatorch_pipelines.cli import options

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    from datatorch_pipelines.cli.run import RunCall
    from datatorch_pipelines.defaults import RunArguments

    class _Given(TypedDict):
        """What the options of `_OF_A_PLAN` gave."""

        event: str | None
        trigger: str | None
        inputs: tuple[str, ...]
        variables: tuple[str, ...]
        secrets: tuple[str, ...]
        secrets_file: Path | None
        secrets_env: str | None
        answers: str | None
        local_actions: tuple[Path, ...]
        job: tuple[str, ...]
        from_job: tuple[str, ...]
        up_to: tuple[str, ...]
        runner: str | None
        runs_on: tuple[str, ...]
        max_parallel: int | None
        offline: bool
        strict: bool
        locked: bool


_OF_A_PLAN = (
    options.event,
    options.trigger,
    click.option("--input", "inputs", multiple=True, metavar="K=V", help="A value of the context 'input', as text."),
    click.option("--variable", "variables", multiple=True, metavar="K=V", help="A value of the context 'variables'."),
    options.secret,
    options.secrets_file,
    options.secrets_env,
    options.answers,
    options.local_actions,
    click.option("--job", multiple=True, metavar="ID", help="Run this job alone, without those that it needs."),
    click.option("--from", "from_job", multiple=True, metavar="ID", help="Run this job and all that need it."),
    click.option("--up-to", multiple=True, metavar="ID", help="Run this job and all that it needs."),
    click.option("--runner", metavar="NAME", help="Where steps run.  [default: local]"),
    click.option("--runs-on", multiple=True, metavar="LABEL=NAME", help="Where jobs with this label in 'runs-on' run."),
    click.option("--max-parallel", type=click.IntRange(min=1), metavar="N", help="How many jobs run at once."),
    options.offline,
    options.strict,
    click.option("--locked", is_flag=True, help="Refuse actions that are not as the lock file beside PATH has them."),
)
"""The options that decide what a run would do."""

_Function = TypeVar("_Function", bound=Callable[..., object])


def _of_a_plan(function: _Function) -> _Function:
    """Gives a command these options."""
    for option in reversed(_OF_A_PLAN):
        function = option(function)
    return function


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
  datatorch-pipelines run pipeline.yaml --from train --fail-fast
  datatorch-pipelines run pipeline.yaml --dry-run""",
)
@click.argument("path")
@_of_a_plan
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
@click.option("--keep", is_flag=True, help="Leave the jobs' workspaces on disk.")
@options.directory
@click.option("--dry-run", is_flag=True, help="Print what would run, and run nothing.")
@options.result_as_json
@options.log_format
@options.quiet
def run(
    path: str,
    fail_fast: bool,
    max_attempts: int | None,
    cleanup_seconds: float | None,
    keep: bool,
    directory: Path | None,
    dry_run: bool,
    as_json: bool,
    log_format: str,
    quiet: bool,
    **given: Unpack[_Given],
) -> int:
    """Run the pipeline in the file PATH.

    The log goes to stderr, the outputs to stdout.
    """
    from attrs import evolve

    call = _call(path, given)
    arguments: RunArguments = {
        **call.arguments,
        "on_failure": "fail-fast" if fail_fast else "keep-going",
        "max_attempts": max_attempts,
        "cleanup_seconds": cleanup_seconds,
        "keep": keep,
        "directory": directory,
    }
    call = evolve(call, arguments=arguments, as_json=as_json, log_format=log_format, quiet=quiet)
    if dry_run:
        from datatorch_pipelines.cli.plan import show_plan

        return show_plan(call)
    from datatorch_pipelines.cli.run import run_pipeline

    return run_pipeline(call)


@click.command(
    short_help="Tell what a run would do.",
    epilog="""\b
Exit status:
  0  a run would begin
  2  the pipeline, an action or the call is wrong, or a secret is missing

\b
Examples:
  datatorch-pipelines plan pipeline.yaml
  datatorch-pipelines plan pipeline.yaml --up-to train --json | jq .levels""",
)
@click.argument("path")
@_of_a_plan
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plan(path: str, as_json: bool, **given: Unpack[_Given]) -> int:
    """Tell what a run of the pipeline in the file PATH would do: which jobs in which order, where, and with what.

    All is resolved and checked as for a run, actions are fetched, and nothing runs. It is what 'run --dry-run' prints.
    """
    from attrs import evolve

    from datatorch_pipelines.cli.plan import show_plan

    return show_plan(evolve(_call(path, given), as_json=as_json))


def _call(path: str, given: _Given) -> RunCall:
    """A call of the library out of what both commands take."""
    import os

    from datatorch_pipelines.cli import values
    from datatorch_pipelines.cli.run import RunCall

    return RunCall(
        path=path,
        arguments={
            "event": values.parse_event(given["event"]),
            "trigger": given["trigger"],
            "inputs": values.parse_assignments("--input", given["inputs"]),
            "variables": values.parse_assignments("--variable", given["variables"]),
            "local_actions": given["local_actions"],
            "job": given["job"],
            "from_job": given["from_job"],
            "up_to": given["up_to"],
            "runner": given["runner"],
            "runners": values.parse_assignments("--runs-on", given["runs_on"], "LABEL=NAME"),
            "max_parallel": given["max_parallel"],
            "offline": given["offline"],
            "strict": given["strict"],
            "locked": given["locked"],
        },
        secrets=values.parse_secrets(given["secrets"], given["secrets_file"], given["secrets_env"], os.environ),
        answers=values.parse_answers(given["answers"]),
    )
