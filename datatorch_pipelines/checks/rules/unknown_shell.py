"""DT204: ``shell`` that is none of those which a ``run`` step can have."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import listed, shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for site in subject.steps:
        shell = site.step.shell
        if site.step.run is None or not shell or "${{" in shell:
            continue
        from datatorch_pipelines.runtimes.shell import SHELLS

        if shell not in SHELLS:
            place = subject.source.value((*site.path, "shell"))
            hint = f"use one of {listed(SHELLS)}"
            fix = respelt(subject.source, place, shell, SHELLS)
            yield Finding(place, f"{shown(shell)} is no shell", hint=hint, fix=fix)


CHECK = Check(
    code=Code.WRONG_VALUE,
    severity=Severity.ERROR,
    summary="A shell that a `run` step can't have.",
    pipeline=_find,
)
