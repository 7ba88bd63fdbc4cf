"""DT404: values that don't fit the type that the action declares."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.context_types import certain_types
from datatorch_pipelines.checks.fitting import WORDS, can_convert, in_words, part_in_the_way
from datatorch_pipelines.checks.given import GivenText, given_texts
from datatorch_pipelines.checks.inputs import wrong_inputs
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.expressions.inference import infer_found, is_constant
from datatorch_pipelines.model import ValueType
from datatorch_pipelines.syntax.names import shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    yield from wrong_inputs(subject, lambda code: code == Code.WRONG_INPUT)
    for given in given_texts(subject):
        declared = given.declared.type
        if declared is None or all(is_constant(part.node) for part in given.text.template.expressions):
            continue
        if given.text.template.is_whole:
            yield from _find_in_expression(subject, given, declared)
        else:
            yield from _find_in_text(subject, given, declared)


def _find_in_expression(subject: PipelineSubject, given: GivenText, declared: ValueType) -> Iterator[Finding]:
    text = given.text
    type_ = infer_found(text.template.expressions[0].node, certain_types(subject, text))
    if not can_convert(type_, declared):
        message = f"the input {given.name!r}: this expression gives {in_words(type_)}, which is not {WORDS[declared]}"
        yield Finding(subject.source.value(text.path), message, hint=f"give it {WORDS[declared]}")


def _find_in_text(subject: PipelineSubject, given: GivenText, declared: ValueType) -> Iterator[Finding]:
    part = part_in_the_way(given.text.template, declared)
    if part is not None:
        message = f"the input {given.name!r}: a string with {shown(part)} in it is not {WORDS[declared]}"
        hint = "give it the expression alone, without text around it"
        yield Finding(subject.source.value(given.text.path), message, hint=hint)


CHECK = Check(code=Code.WRONG_INPUT, severity=Severity.ERROR, summary=Code.WRONG_INPUT.summary, pipeline=_find)
