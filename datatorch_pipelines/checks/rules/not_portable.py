"""DT901: uses of what only this library knows, for pipelines that have to run on DataTorch's own agents as well.

What is portable is what DataTorch's published ``pipeline.schema.json`` and ``action.schema.json`` have, and what its
documentation describes ("Pipeline YAML", "Triggers", "Actions"); the tables of ``docs/reference/format.md`` say it key
by key.
"""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import ActionSubject, Path, PipelineSubject, Subject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.model import ReferenceKind, Using, ValueType

_HINT = "DataTorch's published schema doesn't know it: its own agents may refuse or ignore it"

_PIPELINE = (("env", "env"), ("variables", "variables"), ("timeout", "timeout"))
_JOB = (
    ("env", "env"),
    ("needs", "needs"),
    ("if", "if_"),
    ("timeout", "timeout"),
    ("outputs", "outputs"),
    ("strategy", "strategy"),
    ("continue-on-error", "continue_on_error"),
    ("runs-on", "runs_on"),
)
_STEP = (
    ("id", "id"),
    ("run", "run"),
    ("shell", "shell"),
    ("env", "env"),
    ("working-directory", "working_directory"),
    ("idle-timeout", "idle_timeout"),
    ("continue-on-error", "continue_on_error"),
    ("retries", "retries"),
)
"""The keys that are extensions, each with the name of its attribute in the model."""

_KINDS = {ReferenceKind.PATH: "a path", ReferenceKind.DOCKER: "a container image"}
_OWN_TYPES = (ValueType.NUMBER, ValueType.OBJECT)


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    yield from _keys(subject, (), subject.pipeline, _PIPELINE)
    for job_id, job in subject.pipeline.jobs.items():
        yield from _keys(subject, ("jobs", job_id), job, _JOB)
    for site in subject.steps:
        yield from _keys(subject, site.path, site.step, _STEP)
        reference = site.step.reference
        if reference is not None and reference.kind in _KINDS:
            place = subject.source.value((*site.path, "action"))
            yield Finding(place, f"an action that is {_KINDS[reference.kind]} is an extension", hint=_HINT)


def _find_in_action(subject: ActionSubject) -> Iterator[Finding]:
    runs = subject.action.runs
    if runs.using not in tuple(Using):
        place = subject.source.value(("runs", "using"))
        yield Finding(place, f"the kind of action {runs.using!r} is an extension", hint=_HINT)
    for key in ("entrypoint", "args"):
        if getattr(runs, key):
            yield _key(subject, ("runs", key))
    for name, declared in subject.action.inputs.items():
        if declared.type in _OWN_TYPES:
            place = subject.source.value(("inputs", name, "type"))
            yield Finding(place, f"the type {declared.type.value!r} of an input is an extension", hint=_HINT)


def _keys(subject: Subject, path: Path, item: object, keys: tuple[tuple[str, str], ...]) -> Iterator[Finding]:
    for key, attribute in keys:
        value = getattr(item, attribute)
        # What is not written is None, empty or, of this flag, False.
        if value is not None and value != () and value != {} and (value is not False or key != "continue-on-error"):
            yield _key(subject, (*path, key))


def _key(subject: Subject, path: Path) -> Finding:
    return Finding(subject.source.key(path), f"the key {str(path[-1])!r} is an extension", hint=_HINT)


CHECK = Check(
    code=Code.NOT_PORTABLE,
    severity=Severity.WARNING,
    summary=Code.NOT_PORTABLE.summary,
    pipeline=_find,
    action=_find_in_action,
    opt_in=True,
)
