"""Which runner a job runs on: the one that its labels (``runs-on``) stand for, or the run's own."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence

from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import Runner
from datatorch_pipelines.diagnostics import Diagnostic, Locator, Severity
from datatorch_pipelines.model import Pipeline


def chosen_label(labels: Sequence[str], runners: Mapping[str, Runner]) -> str | None:
    """The label that says on which runner a job runs: the first that one was given for; ``None``: on the usual one."""
    return next((label for label in labels if label in runners), None)


def labels_for(labels: Sequence[str], runner: Runner, runners: Mapping[str, Runner]) -> tuple[str, ...]:
    """The labels that a runner is told: one that looks at them itself, only those that no runner stands for."""
    if not runner.capabilities.takes_labels:
        return tuple(labels)
    return tuple(label for label in labels if label not in runners)


def refuse_unplaced(
    pipeline: Pipeline, source: Locator, jobs: Collection[str], usual: Runner, runners: Mapping[str, Runner]
) -> Iterator[Diagnostic]:
    """An error for each label of the ``jobs`` that their runner wasn't given for.

    A runner that ``takes_labels`` is asked for them itself, when the job starts.
    """
    for job_id in jobs:
        labels = pipeline.jobs[job_id].runs_on
        first = chosen_label(labels, runners)
        runner = usual if first is None else runners[first]
        for index, label in enumerate(labels):
            if runners.get(label) is runner or (label not in runners and runner.capabilities.takes_labels):
                continue
            path = ("jobs", job_id, "runs-on")
            # A single label may stand there as a text, without a list around it.
            place = source.value((*path, index)) if len(labels) > 1 else source.value(path)
            if label in runners:
                message = f"the labels {first!r} and {label!r} stand for two runners, and a job has one"
                hint = "take one of them out, or give one runner for both"
            else:
                near = difflib.get_close_matches(label, runners, n=1)
                message = f"no runner is given for the label {label!r}"
                hint = f"did you mean {near[0]!r}? " if near else ""
                hint += f"give one: runners={{{label!r}: ...}} or, on the command line, --runs-on {label}=NAME"
            yield Diagnostic.at(place, Code.NO_RUNNER, Severity.ERROR, message, hint=hint)
