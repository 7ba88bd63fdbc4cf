"""DT401: an action of a GitHub repository without a tag: what it does may change from one run to the next."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.model import ReferenceKind


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for site in subject.steps:
        reference = site.step.reference
        if reference is not None and reference.kind is ReferenceKind.GITHUB and reference.ref is None:
            yield Finding(
                subject.source.value((*site.path, "action")),
                f"the action {reference.name!r} has no tag: it follows the default branch",
                hint=f"pin it: {reference.name}@TAG",
            )


CHECK = Check(code=Code.UNPINNED, severity=Severity.WARNING, summary=Code.UNPINNED.summary, pipeline=_find)
