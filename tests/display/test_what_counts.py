"""Which failures are told as errors and which as warnings: what was gone on after did not fail the run."""

from __future__ import annotations

from pathlib import Path

import datatorch_pipelines as dtp
from datatorch_pipelines.display import run_summary_text
from datatorch_pipelines.display.recorded import run_text
from datatorch_pipelines.records import summarize
from tests.support.null_runner import Act, NullRunner, simulate

ACTS = {"boom": Act(exit_status=1), "slow": Act(seconds=1000)}


def told(text: str, folder: Path) -> tuple[dtp.RunResult, list[str], list[str]]:
    """A run; the messages of the summary, and those of the record as it is shown, each with what it counts as."""
    result = simulate(text, NullRunner(ACTS), directory=folder)
    shown = run_text(summarize(result.directory), result)
    return result, _messages(run_summary_text(result)), _messages(shown)


def _messages(text: str) -> list[str]:
    places = (line.strip().partition(": ")[2] for line in text.splitlines() if ".yaml:" in line)
    return [message for message in places if message.startswith(("error:", "warning:"))]


FAILED = "the step 'boom' failed with exit status 1"


def test_a_step_that_was_gone_on_after_is_a_warning(tmp_path: Path) -> None:
    result, summary, shown = told(
        "name: C\njobs: {a: {steps: [{name: boom, run: x, continue-on-error: true}, {name: s, run: x}]}}\n", tmp_path
    )
    assert result.succeeded
    assert summary == shown == [f"warning: {FAILED}"]


def test_a_job_that_was_gone_on_after_is_a_warning_in_a_run_that_succeeded(tmp_path: Path) -> None:
    result, summary, _ = told(
        "name: C\njobs: {a: {continue-on-error: true, steps: [{name: boom, run: x}]}}\n", tmp_path
    )
    assert result.succeeded
    assert summary == [f"warning: {FAILED}"]


def test_of_a_job_that_failed_the_steps_that_were_gone_on_after_before_are_warnings(tmp_path: Path) -> None:
    result, summary, shown = told(
        """\
        name: C
        jobs:
          a:
            steps:
              - {name: boom, run: x, continue-on-error: true}
              - {name: boom, run: x}
              - {name: boom, run: x, if: always()}
        """,
        tmp_path,
    )
    assert not result.succeeded
    assert summary == shown == [f"warning: {FAILED}", f"error: {FAILED}", f"error: {FAILED}"]


def test_why_a_job_failed_is_told_also_behind_a_step_that_was_gone_on_after(tmp_path: Path) -> None:
    _, summary, shown = told(
        """\
        name: C
        jobs:
          a:
            timeout: 1
            steps:
              - {name: boom, run: x, continue-on-error: true}
              - {name: slow, run: x}
        """,
        tmp_path,
    )
    assert "error: the job timed out after 1 minute" in summary
    assert "error: the job timed out after 1 minute" in shown


def test_why_a_run_failed_is_told_also_behind_a_step_that_was_gone_on_after(tmp_path: Path) -> None:
    _, summary, shown = told(
        """\
        name: C
        timeout: 1
        jobs:
          a: {steps: [{name: boom, run: x, continue-on-error: true}, {name: s, run: x}]}
          b: {steps: [{name: slow, run: x}]}
        """,
        tmp_path,
    )
    assert summary == [f"warning: job 'a': {FAILED}", "error: the run timed out after 1 minute"]
    assert shown == [f"warning: {FAILED}", "error: the run timed out after 1 minute"]


def test_what_kept_a_run_from_beginning_is_told_once(tmp_path: Path) -> None:
    result = simulate(
        """\
        name: C
        timeout: ${{ event.soon }}
        jobs:
          a: {steps: [{name: s, run: x}]}
          b: {needs: a, steps: [{name: s, run: x}]}
        """,
        NullRunner(),
        event={"soon": "soon"},
        directory=tmp_path,
    )
    assert _messages(run_summary_text(result)) == ["error: 'soon' is no number above 0"]


def test_why_an_instance_failed_is_told_once(tmp_path: Path) -> None:
    _, summary, shown = told(
        """\
        name: C
        jobs:
          a: {timeout: 1, strategy: {matrix: {n: [1]}}, steps: [{name: slow, run: x}]}
        """,
        tmp_path,
    )
    assert summary == shown == ["error: the job timed out after 1 minute"]
