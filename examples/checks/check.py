"""A team's own checks beside the library's: every job has a timeout, and nothing that was fetched is run unseen.

Run it with: python examples/checks/check.py
"""

import re
from collections.abc import Iterator
from pathlib import Path

import datatorch_pipelines as dtp
from datatorch_pipelines.checks import Check, Finding, PipelineSubject

PIPELINE = Path(__file__).parent / "pipeline.yaml"
PIPED = re.compile(r"\b(?:curl|wget)\b[^\n|;&]*\|\s*(?:ba|z)?sh\b")


def without_timeout(subject: PipelineSubject) -> Iterator[Finding]:
    """The jobs that may run for ever, at their ids."""
    for job_id, job in subject.pipeline.jobs.items():
        if job.timeout is None:
            place = subject.source.key(("jobs", job_id))
            yield Finding(place, f"the job {job_id!r} has no timeout", hint="write how many minutes it may take")


def run_unseen(subject: PipelineSubject) -> Iterator[Finding]:
    """Downloads that a shell runs at once, to the character."""
    for site in subject.steps:
        for found in PIPED.finditer(site.step.run or ""):
            place = subject.source.value((*site.path, "run"), found.start(), found.end())
            yield Finding(place, "a shell runs what is being fetched", hint="fetch it, check its digest, then run it")


CHECKS = [
    Check(
        code="TEAM101",
        severity=dtp.Severity.WARNING,
        summary="A job without a timeout.",
        pipeline=without_timeout,
    ),
    Check(
        code="TEAM501",
        severity=dtp.Severity.ERROR,
        summary="A download that is run at once.",
        pipeline=run_unseen,
    ),
]


def main() -> None:
    """Checks the pipeline beside this file, and prints what was found."""
    for found in dtp.check(PIPELINE, extra_checks=CHECKS):
        columns = f"{found.column}-{found.end_column - 1}"
        print(f"line {found.line}, columns {columns}: {found.severity}: {found.message} [{found.code}]")


if __name__ == "__main__":
    main()
