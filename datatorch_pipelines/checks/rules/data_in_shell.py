"""DT501: data in shell text, which a shell would execute if it is written so as to be executed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import ActionSubject, PipelineSubject, Subject, Text, at_columns
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.expressions import Reference
from datatorch_pipelines.model.availability import (
    AVAILABLE,
    CONTEXTS,
    PROPERTIES,
    SHELL_PROPERTIES,
    Place,
)
from datatorch_pipelines.model.conversion import input_variable
from datatorch_pipelines.syntax.names import shown

_NAME = re.compile(r"[A-Za-z_][\w-]{0,40}")
_LONGEST = 60


def _find(subject: Subject) -> Iterator[Finding]:
    for text in subject.texts:
        if text.place is not Place.SHELL:
            continue
        shell = _other_language(subject, text)
        if shell is not None:
            yield from _find_any(subject, text, shell)
            continue
        for reference in text.references:
            if _is_data(reference):
                columns = (reference.column, reference.end_column)
                place = at_columns(subject.source, text.path, columns)
                written = text.text[columns[0] - 1 : columns[1] - 1]
                message = f"{shown(written)} is data, which can be executed in shell text"
                yield Finding(place, message, hint=_hint(subject, text, reference, written))


def _other_language(subject: Subject, text: Text) -> str | None:
    """The program that a ``run`` text is written for, unless that is a shell, for which values can be quoted."""
    if isinstance(subject, ActionSubject) or text.job is None or text.step is None:
        return None
    shell = subject.pipeline.jobs[text.job].steps[text.step].shell
    if shell is None or shell in ("sh", "bash"):
        return None
    # An expression in `shell` is told of as such; which program it means is not known.
    return None if "${{" in shell else shell


def _find_any(subject: Subject, text: Text, shell: str) -> Iterator[Finding]:
    for expression in text.template.expressions:
        place = at_columns(subject.source, text.path, (expression.column, expression.end_column))
        message = f"an expression in the text of a {shell} step, in which no value can be quoted safely"
        hint = "pass the value as an input and read INPUT_NAME from the environment"
        yield Finding(place, message, hint=hint)


def _is_data(reference: Reference) -> bool:
    """Whether what a reference gives could be chosen by whoever starts a run or writes its data."""
    if reference.context not in AVAILABLE[Place.SHELL]:
        return reference.context in CONTEXTS
    safe = SHELL_PROPERTIES.get(reference.context)
    if safe is None:
        return False
    name = reference.path[0] if reference.path else None
    if name is None:
        return True
    unknown = reference.context in PROPERTIES and name.lower() not in map(str.lower, PROPERTIES[reference.context])
    return name.lower() not in safe and not unknown


def _hint(subject: Subject, text: Text, reference: Reference, written: str) -> str:
    """How to get the same value in without splicing it."""
    name = next((part for part in reversed(reference.path) if part and _NAME.fullmatch(part)), reference.context)
    if isinstance(subject, ActionSubject):
        if reference.context == "inputs":
            return f'read "${input_variable(reference.path[0] or name) if reference.path else "DATATORCH_INPUTS"}"'
        return f'declare an input {name!r} and read "${input_variable(name)}"'
    if reference.context == "env" and len(reference.path) == 1:
        return f'read "${name}"'
    given = _given_as(subject, text, written)
    if given is not None:
        return f'it is an input of the step: read "${input_variable(given)}"'
    line = "" if len(written) > _LONGEST else f", {name}: ${{{{ {written} }}}},"
    return f'pass it as an input{line} and read "${input_variable(name)}"'


def _given_as(subject: PipelineSubject, text: Text, written: str) -> str | None:
    """The name of the step's input that holds the very same value."""
    if text.job is None or text.step is None:
        return None
    inputs = subject.pipeline.jobs[text.job].steps[text.step].inputs
    wanted = "${{" + written + "}}"
    return next(
        (name for name, value in inputs.items() if isinstance(value, str) and "".join(value.split()) == wanted), None
    )


CHECK = Check(
    code=Code.DATA_IN_SHELL,
    severity=Severity.ERROR,
    summary=Code.DATA_IN_SHELL.summary,
    pipeline=_find,
    action=_find,
)
