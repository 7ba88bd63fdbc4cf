"""DT413: inputs that are given an output whose declared type doesn't become theirs.

A warning: a declared type describes an output, and an action may set anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.context_types import DeclaredTypes, certain_types
from datatorch_pipelines.checks.fitting import WORDS, can_convert, in_words, usually_converts
from datatorch_pipelines.checks.given import GivenText, given_texts
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject, Text
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Related, Severity
from datatorch_pipelines.expressions.inference import infer_found
from datatorch_pipelines.expressions.types import NUMBERS, Kind, Type
from datatorch_pipelines.model import ValueType
from datatorch_pipelines.syntax.names import shown

_LONGEST = 60


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    types = DeclaredTypes(subject)
    for given in given_texts(subject):
        declared, text = given.declared.type, given.text
        if declared is None or not text.template.is_whole or not _uses_outputs(text):
            continue
        node = text.template.expressions[0].node
        type_ = infer_found(node, types.at(text))
        if usually_converts(type_, declared) or not can_convert(
            infer_found(node, certain_types(subject, text)), declared
        ):
            continue
        yield _finding(subject, given, declared, type_)


def _uses_outputs(text: Text) -> bool:
    return any(reference.context in ("steps", "needs", "jobs") for reference in text.references)


def _finding(subject: PipelineSubject, given: GivenText, declared: ValueType, type_: Type) -> Finding:
    text = given.text
    written = text.text.strip().removeprefix("${{").removesuffix("}}").strip()
    message = (
        f"the action {shown(given.action.name)} wants {WORDS[declared]} for {shown(given.name)}, "
        f"and {shown(written)} is {in_words(type_)}"
    )
    setter = _setter(subject, text)
    related = []
    if setter is not None:
        index, name = setter
        message += f", as the action {shown(name)} declares it"
        place = subject.source.value(("jobs", str(text.job), "steps", index, "action"))
        related.append(Related("the step that sets the output", place))
    return Finding(subject.source.value(text.path), message, hint=_hint(declared, type_, written), related=related)


def _setter(subject: PipelineSubject, text: Text) -> tuple[int, str] | None:
    """The step whose output a text gives, if it is nothing but that, with its action's name."""
    reference = text.references[0]
    is_output = reference.context == "steps" and reference.bare and len(reference.path) == len(("X", "outputs", "Y"))
    name = reference.path[0] if is_output else None
    if text.job is None or name is None:
        return None
    index = subject.step_names(text.job).find(name, text.step)
    action = None if index is None else subject.actions.get((text.job, index))
    return None if index is None or action is None else (index, action.name)


def _hint(declared: ValueType, type_: Type, written: str) -> str:
    kinds = type_.found()
    value = written if len(written) <= _LONGEST and " " not in written else "VALUE"
    if declared is ValueType.BOOLEAN and kinds <= NUMBERS:
        return f"compare it, as in ${{{{ {value} != 0 }}}}: of all numbers, only 0 and 1 are booleans"
    if kinds == {Kind.ARRAY} and declared is not ValueType.OBJECT:
        return f"give one of its items, [0] being the first, or their number: length({value})"
    if kinds == {Kind.OBJECT}:
        return "give a value that is in it"
    return f"give it {WORDS[declared]}"


CHECK = Check(
    code=Code.OUTPUT_TYPE,
    severity=Severity.WARNING,
    summary=Code.OUTPUT_TYPE.summary,
    pipeline=_find,
)
