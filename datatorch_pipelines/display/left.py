"""What the steps of a run left, for people: how their tests went, and how many files there are."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.display.reports import counted
from datatorch_pipelines.display.sizes import size_text
from datatorch_pipelines.results.kept import FailedTest, SuiteResult
from datatorch_pipelines.results.result import JobResult, RunResult, StepResult

_MOST_FAILURES = 5
_LONGEST = 200


def left_lines(result: RunResult, *, palette: Palette = PLAIN) -> Iterator[str]:
    """The sum of the tests with the first that failed, and the count of the files; nothing where there are none."""
    steps = [step for job in result.jobs.values() for step in _steps(job)]
    suites = [step.tests for step in steps if step.tests is not None]
    if suites:
        yield f"tests: {_counts(suites, palette)}"
        failures = [failure for suite in suites for failure in suite.failures]
        for failure in failures[:_MOST_FAILURES]:
            yield from _failure(failure, palette)
        more = sum(suite.failed for suite in suites) - len(failures[:_MOST_FAILURES])
        if more > 0:
            yield f"  and {more} more"
    artifacts = [kept for step in steps for kept in step.artifacts]
    if artifacts:
        yield f"artifacts: {counted(len(artifacts), 'file')}, {size_text(sum(kept.size for kept in artifacts))}"


def tests_text(tests: SuiteResult) -> str:
    """How tests went, in a few words.

    >>> tests_text(SuiteResult(passed=3, failed=1)), tests_text(SuiteResult())
    ('3 passed, 1 failed', '0 passed')
    """
    return _counts([tests], PLAIN)


def _counts(suites: list[SuiteResult], palette: Palette) -> str:
    passed, failed, skipped = (
        sum(counts) for counts in zip(*((suite.passed, suite.failed, suite.skipped) for suite in suites), strict=True)
    )
    shown = [palette.paint("good", f"{passed} passed")]
    if failed:
        shown.append(palette.paint("error", f"{failed} failed"))
    if skipped:
        shown.append(f"{skipped} skipped")
    return ", ".join(shown)


def _failure(failure: FailedTest, palette: Palette) -> Iterator[str]:
    yield f"  {palette.paint('error', 'failed:')} {_short(failure.name) or '(a test without a name)'}"
    said = next((line for line in failure.text.splitlines() if line.strip()), "")
    if said:
        yield f"    {_short(said.strip())}"


def _short(text: str) -> str:
    shown = one_line(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


def _steps(job: JobResult) -> Iterator[StepResult]:
    yield from job.steps
    for instance in job.instances:
        yield from instance.steps
