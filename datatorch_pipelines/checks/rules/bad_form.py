"""DT220: forms of manual triggers that are no JSON Schema, or use what can't be carried out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import Path, PipelineSubject, at_columns
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.syntax.names import only_nearest

if TYPE_CHECKING:
    from datatorch_pipelines.model.forms import FormMistake

_FORM: Path = ("triggers", "manual", "form")


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    triggers = subject.pipeline.triggers
    form = triggers.manual.form if triggers is not None and triggers.manual is not None else None
    if form is None:
        return
    from datatorch_pipelines.model.forms import form_mistakes, misfits
    from datatorch_pipelines.model.forms.defaults import defaults_of

    mistakes = [mistake for mistake in form_mistakes(form) if not _is_note(mistake)]
    for mistake in mistakes:
        if not _is_expression(form, mistake.path):  # told as an expression where text belongs
            yield _finding(subject, mistake)
    if mistakes:
        return
    for path, default in defaults_of(form):
        schema = _at(form, path[:-1])
        held = {"$defs": form.get("$defs", {}), "definitions": form.get("definitions", {}), "properties": {"x": schema}}
        if misfits(held, {"x": default}):
            message = "the default does not fit what the form says of it"
            yield Finding(subject.source.value((*_FORM, *path)), message, hint="give one that does, or none")


def _finding(subject: PipelineSubject, mistake: FormMistake) -> Finding:
    path = (*_FORM, *mistake.path)
    if mistake.keyword is not None:
        meant = _meant(mistake.keyword)
        return Finding(subject.source.key(path), mistake.message, hint=f"did you mean {meant!r}?")
    if mistake.is_key:
        return Finding(subject.source.key(path), mistake.message, hint=mistake.hint)
    if mistake.start is not None:
        place = at_columns(subject.source, path, (mistake.start + 1, mistake.start + 2))
        return Finding(place, mistake.message, hint=mistake.hint)
    return Finding(subject.source.value(path), mistake.message, hint=mistake.hint)


def _is_note(mistake: FormMistake) -> bool:
    """Whether it is a key that JSON Schema doesn't know, and no slip of one: by the standard it means nothing."""
    return mistake.keyword is not None and _meant(mistake.keyword) is None


def _meant(keyword: str) -> str | None:
    from datatorch_pipelines.model.forms.mistakes import KEYWORDS

    return only_nearest(keyword, KEYWORDS)


def _is_expression(form: object, path: Path) -> bool:
    value = _at(form, path)
    return isinstance(value, str) and "${{" in value


def _at(value: object, path: Path) -> object:
    for part in path:
        if isinstance(value, list | tuple) and isinstance(part, int):
            value = value[part]
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


CHECK = Check(code=Code.BAD_FORM, severity=Severity.ERROR, summary=Code.BAD_FORM.summary, pipeline=_find)
