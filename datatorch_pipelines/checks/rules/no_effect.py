"""DT216: keys that change nothing where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import ActionSubject, PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Related, Severity
from datatorch_pipelines.model import Job, Using, ValueType
from datatorch_pipelines.syntax.names import listed, shown

_READ: Mapping[str, tuple[str, ...]] = {
    Using.PYTHON: ("main",),
    Using.NODE: ("main",),
    Using.CMD: ("command",),
    Using.COMMANDLINE: ("command",),
    Using.SCRIPT: ("script", "main"),
    Using.SHELL: ("script", "main"),
    Using.DOCKER: ("image", "entrypoint", "args"),
    Using.HUMAN: (),
}
"""The keys of ``runs`` that each of its kinds reads (``docs/reference/format.md``, "Runs")."""

_KEYS = ("main", "command", "script", "image", "entrypoint", "args")


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for job_id, job in subject.pipeline.jobs.items():
        yield from _find_in_job(subject, job_id, job)
    for site in subject.steps:
        if site.step.run is None and site.step.shell is not None:
            place = subject.source.key((*site.path, "shell"))
            yield Finding(place, "'shell' is for 'run': an action has its own", hint="leave it out")


def _find_in_job(subject: PipelineSubject, job_id: str, job: Job) -> Iterator[Finding]:
    path = ("jobs", job_id)
    firsts: dict[str, int] = {}
    for index, name in enumerate(job.needs):
        first = firsts.setdefault(name, index)
        # One that is wrong was told the first time.
        if first < index and name in subject.pipeline.jobs and name != job_id:
            related = [Related("here for the first time", subject.source.value((*path, "needs", first)))]
            place = subject.source.value((*path, "needs", index))
            yield Finding(place, f"the job {shown(name)} is needed already", hint="name it once", related=related)
    if job.strategy is not None and job.strategy.matrix == {}:
        place = subject.source.key((*path, "strategy", "matrix"))
        message = "an empty matrix has no combinations, so the job never runs"
        yield Finding(place, message, hint="leave it out, or give it a list of values")


def _find_in_action(subject: ActionSubject) -> Iterator[Finding]:
    runs = subject.action.runs
    read = _READ.get(runs.using)
    for key in _KEYS if read is not None else ():
        given = getattr(runs, key)
        if not given:
            continue
        place = subject.source.key(("runs", key))
        if key not in (read or ()):
            hint = f"{runs.using} reads {listed(read, 'and')}" if read else f"{runs.using} reads no other key"
            yield Finding(place, f"{key!r} is not read where 'using' is {runs.using}", hint=hint)
        elif key == "main" and runs.script:
            related = [Related("this is what runs", subject.source.key(("runs", "script")))]
            yield Finding(
                place, "'main' is not read where there is a 'script'", hint="give one of them", related=related
            )
    for group, declared in (("inputs", subject.action.inputs), ("outputs", subject.action.outputs)):
        for name, value in declared.items():
            if value.multiline and value.type not in (None, ValueType.STRING):
                place = subject.source.key((group, name, "multiline"))
                yield Finding(place, f"'multiline' is for strings, and {shown(name)} is none", hint="leave it out")


CHECK = Check(
    code=Code.NO_EFFECT,
    severity=Severity.WARNING,
    summary=Code.NO_EFFECT.summary,
    pipeline=_find,
    action=_find_in_action,
)
