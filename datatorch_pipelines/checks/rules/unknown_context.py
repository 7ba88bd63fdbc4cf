"""DT302: references to contexts that do not exist where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject, Subject, at_columns
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Fix, Location, Severity
from datatorch_pipelines.expressions import Reference, known_functions
from datatorch_pipelines.model.availability import AVAILABLE, CONTEXTS, PROPERTIES, Place
from datatorch_pipelines.syntax.edits import respelt
from datatorch_pipelines.syntax.names import did_you_mean

_LITERALS = {"true": "true", "false": "false", "null": "null", "none": "null", "nan": "NaN"}


def _find(subject: Subject) -> Iterator[Finding]:
    for text, reference in subject.unknown:
        exists = reference.context in CONTEXTS
        if exists and text.place is Place.SHELL:
            continue  # data in shell text: a graver mistake, with a check of its own
        columns = (reference.column, reference.column + len(reference.name))
        message = (
            f"the context {reference.name!r} does not exist in {text.place.value}"
            if exists
            else f"unknown context {reference.name!r}"
        )
        place = at_columns(subject.source, text.path, columns)
        hint = _hint(reference, text.place, exists=exists)
        fix = None if exists else _fix(subject, reference, text.place, place)
        yield Finding(place, message, hint=hint, fix=fix)
    if isinstance(subject, PipelineSubject):
        yield from _find_action(subject)


def _find_action(subject: PipelineSubject) -> Iterator[Finding]:
    """The context ``action`` in steps that run a text for a shell."""
    for text, reference in subject.known("action"):
        if not subject.is_without_action(text):
            continue
        place = at_columns(subject.source, text.path, (reference.column, reference.column + len(reference.name)))
        message = "the context 'action' does not exist in a step that has none"
        yield Finding(place, message, hint="it is about the action of the step it stands in")


def _fix(subject: Subject, reference: Reference, where: Place, place: Location) -> Fix | None:
    """The fix of a misspelt context; none for what may be a text without quotes, or a word of another language."""
    name = reference.name
    functions = {item.lower() for item in known_functions()}
    if not reference.path or name.lower() in _LITERALS or name.lower() in functions:
        return None
    return respelt(subject.source, place, name, _possible(reference, AVAILABLE[where]))


def _possible(reference: Reference, contexts: Iterable[str]) -> list[str]:
    """The contexts that can be meant: ``stesp.load.outputs`` is no ``step``, which has no ``load``."""
    name = reference.path[0] if reference.path else None
    return [
        context
        for context in sorted(contexts)
        if name is None or context not in PROPERTIES or name.lower() in map(str.lower, PROPERTIES[context])
    ]


def _hint(reference: Reference, place: Place, *, exists: bool) -> str:
    known = f"known here: {few(sorted(AVAILABLE[place]))}"
    if exists:
        return "use needs.JOB.outputs.NAME" if reference.context == "steps" and place in _JOBS else known
    name = reference.name
    literal = _LITERALS.get(name.lower())
    if literal is not None:
        return f"did you mean {literal!r}?"
    function = next((item for item in known_functions() if item.lower() == name.lower()), None)
    if function is not None and not reference.path:
        return f"did you mean '{function}()'?"
    meant = did_you_mean(name, _possible(reference, CONTEXTS if place is Place.SHELL else AVAILABLE[place]))
    if meant is None and not reference.path:
        return f"put text in single quotes: '{name}'"
    return meant or known


_JOBS = (Place.JOB_CONDITION, Place.JOB_SETTING, Place.JOB_ENV, Place.MATRIX)

CHECK = Check(
    code=Code.UNKNOWN_CONTEXT,
    severity=Severity.ERROR,
    summary=Code.UNKNOWN_CONTEXT.summary,
    pipeline=_find,
    action=_find,
)
