"""DT404 in action files: defaults that don't fit their own input. A warning: a step that gives the input is fine."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import ActionSubject
from datatorch_pipelines.checks.walk import strings
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.errors import InputError
from datatorch_pipelines.model.conversion import convert_input


def _find(subject: ActionSubject) -> Iterator[Finding]:
    for name, declared in subject.action.inputs.items():
        if declared.default is None or any("${{" in text for _, text in strings((), declared.default)):
            continue
        try:
            convert_input(name, None, declared)
        except InputError as error:
            if error.code != Code.WRONG_INPUT:
                continue
            if declared.options and declared.default not in declared.options:
                continue  # the reader says so already, and which ones there are
            place = subject.source.value(("inputs", name, "default"))
            yield Finding(place, f"the default of {error.message.removeprefix('the ')}", hint=error.hint)


CHECK = Check(
    code=Code.WRONG_INPUT,
    severity=Severity.WARNING,
    summary="A default that doesn't fit its own input.",
    action=_find,
)
