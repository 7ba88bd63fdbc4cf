"""What stands at a place of a file, and where that is defined: for editors and language servers."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from pathlib import PurePath

from attrs import frozen

from datatorch_pipelines.checking.key_descriptions import key_description
from datatorch_pipelines.checking.references import definition_of, job_definition
from datatorch_pipelines.checks.subject import ActionSubject, PipelineSubject, Subject, Text, at_columns
from datatorch_pipelines.checks.walk import action_subject, pipeline_subject
from datatorch_pipelines.diagnostics import Location, PathKey
from datatorch_pipelines.expressions import Reference
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import ACTION_FILES
from datatorch_pipelines.syntax import TextLocator, read_action_file, read_pipeline_file

Path = tuple[PathKey, ...]


class SymbolKind(enum.StrEnum):
    """What a symbol names."""

    KEY = "key"
    """A key of the format."""
    JOB = "job"
    STEP = "step"
    ACTION = "action"
    INPUT = "input"
    """An input of a step or of an action."""
    OUTPUT = "output"
    """An output of a step, of a job or of an action."""
    VARIABLE = "variable"
    """An environment variable, a variable of the pipeline or a name of a matrix."""
    CONTEXT = "context"
    """A context of an expression, such as ``steps``."""
    PROPERTY = "property"
    """What an expression looks up, where it is nothing of the above."""
    FUNCTION = "function"
    """A function of an expression."""


@frozen
class Symbol:
    """A name in a file.

    ``location`` is its range, ``definition`` the place of what it means, ``None`` where that is not in this file;
    ``description`` says what it is for, where the format or the file does.
    """

    kind: SymbolKind
    name: str
    location: Location
    definition: Location | None = None
    description: str | None = None


def symbol_at(
    text: str, line: int, column: int, *, filename: str = "pipeline.yaml", limits: Limits = DEFAULT_LIMITS
) -> Symbol | None:
    """The symbol at a place (both from 1, in characters); ``None`` where there is none.

    Just behind its last character, a symbol is still there: that is where a cursor stands after typing it. ``filename``
    is as for `check_text`. Never raises for what the text holds; of one that is wrong it knows what can be read.

    >>> text = "name: A\\njobs:\\n  a:\\n    steps: [{id: b, run: ls}, {run: ls, if: steps.b.status}]\\n"
    >>> symbol = symbol_at(text, 4, 51)
    >>> symbol.kind.value, symbol.name, str(symbol.definition)
    ('step', 'b', 'pipeline.yaml:4:18')
    """
    text = text.removeprefix("\ufeff")
    is_action = PurePath(filename).name in ACTION_FILES
    source, subject = (_action if is_action else _pipeline)(text, filename, limits)
    if not 1 <= line <= source.line_count or not 1 <= column <= len(source.line_text(line)) + 1:
        return None
    spot = source.path_at(line, column)
    if not spot.path:
        return None
    if spot.is_key:
        return _key(source, spot.path, subject, "action" if is_action else "pipeline")
    if subject is None:
        return None
    at = source.character_at(spot.path, line, column)
    if at is None:
        return None
    found = next((item for item in subject.texts if item.path == spot.path), None)
    if found is not None:
        return _in_text(found, at, source, subject)
    return _word(source, spot.path, subject) if isinstance(subject, PipelineSubject) else None


def _pipeline(text: str, filename: str, limits: Limits) -> tuple[TextLocator, PipelineSubject | None]:
    reading = read_pipeline_file(text, filename, limits=limits)
    pipeline = reading.pipeline
    if pipeline is None:
        salvaged = reading.salvaged()
        pipeline = salvaged.pipeline if salvaged is not None else None
    return reading.locator, None if pipeline is None else pipeline_subject(pipeline, {}, limits)


def _action(text: str, filename: str, limits: Limits) -> tuple[TextLocator, ActionSubject | None]:
    reading = read_action_file(text, filename, limits=limits)
    action = reading.action or reading.salvaged()
    return reading.locator, None if action is None else action_subject(action, limits)


_OF_MAPPINGS = {
    "inputs": SymbolKind.INPUT,
    "outputs": SymbolKind.OUTPUT,
    "env": SymbolKind.VARIABLE,
    "variables": SymbolKind.VARIABLE,
    "matrix": SymbolKind.VARIABLE,
    "jobs": SymbolKind.JOB,
}
"""What the keys of these mappings name."""


def _key(source: TextLocator, path: Path, subject: Subject | None, part: str) -> Symbol:
    """The symbol that a key is."""
    name, place = str(path[-1]), source.key(path)
    if len(path) > 1 and path[-2] in _OF_MAPPINGS and _is_own(path):
        kind = _OF_MAPPINGS[str(path[-2])]
        # The input of a step is defined by its action, which is in another file.
        definition = None if path[:1] == ("jobs",) and kind is SymbolKind.INPUT else place
        return Symbol(kind, name, place, definition, _declared(subject, kind, name))
    return Symbol(SymbolKind.KEY, name, place, place, key_description(part, path))


def _declared(subject: Subject | None, kind: SymbolKind, name: str) -> str | None:
    """What an action file says of its own input or output."""
    if not isinstance(subject, ActionSubject):
        return None
    if kind is SymbolKind.INPUT:
        return subject.action.inputs[name].description if name in subject.action.inputs else None
    declared = subject.action.outputs.get(name) if kind is SymbolKind.OUTPUT else None
    return declared.description if declared is not None else None


def _is_own(path: Path) -> bool:
    """Whether a key of such a mapping is a name, and no key of the format nor of somebody's data."""
    if path[-2] == "jobs":
        return len(path) == 2
    if path[-2] == "matrix":
        return len(path) == 5 and path[-1] not in ("include", "exclude")
    return len(path) == 2 or (path[0] == "jobs" and len(path) in (4, 6) and path[2] in (path[-2], "steps"))


def _word(source: TextLocator, path: Path, subject: PipelineSubject) -> Symbol | None:
    """The symbol that a literal text is: a job that is needed, an action, the name or id of a step."""
    if len(path) < 3 or path[0] != "jobs" or not isinstance(path[1], str):
        return None
    job = subject.pipeline.jobs.get(path[1])
    place = source.value(path)
    if job is None:
        return None
    if path[2] == "needs" and job.needs:
        index = path[3] if len(path) > 3 else 0
        name = job.needs[index] if isinstance(index, int) and index < len(job.needs) else ""
        definition = job_definition(subject, name)
        return Symbol(SymbolKind.JOB, name, place, source.key(definition.path) if definition else None)
    if len(path) < 5 or path[2] != "steps" or not isinstance(path[3], int):
        return None
    step = job.steps[path[3]]
    if path[4] == "action" and step.reference is not None:
        return Symbol(SymbolKind.ACTION, str(step.reference), place)
    named = {"name": step.name, "id": step.id}.get(str(path[4]))
    return None if named is None or len(path) > 5 else Symbol(SymbolKind.STEP, named, place, place)


def _in_text(text: Text, at: int, source: TextLocator, subject: Subject) -> Symbol | None:
    """The symbol at a character of a text that holds expressions."""
    for call in text.calls:
        if call.column - 1 <= at <= call.end_column - 1:
            return Symbol(SymbolKind.FUNCTION, call.name, at_columns(source, text.path, (call.column, call.end_column)))
    for reference, position, columns in _parts(text):
        if columns[0] - 1 <= at <= columns[1] - 1:
            place = at_columns(source, text.path, columns)
            if position is None:
                return Symbol(SymbolKind.CONTEXT, reference.name, place)
            return _looked_up(reference, position, place, text, source, subject)
    return None


def _parts(text: Text) -> Iterator[tuple[Reference, int | None, tuple[int, int]]]:
    """The names in the references of a text: of the context (``None``) and of what is looked up, with their columns."""
    for reference in text.references:
        yield reference, None, (reference.column, reference.column + len(reference.name))
        for position, columns in enumerate(reference.columns):
            if reference.path[position] is not None:
                yield reference, position, columns


def _looked_up(
    reference: Reference, position: int, place: Location, text: Text, source: TextLocator, subject: Subject
) -> Symbol:
    """The symbol that a name is which an expression looks up."""
    name = str(reference.path[position])
    owned = reference.context in ("steps", "needs", "jobs")
    kind = SymbolKind.PROPERTY
    if position == 0:
        kind = _OF_CONTEXTS.get(reference.context, SymbolKind.PROPERTY)
    elif position == 2 and owned and reference.path[1] == "outputs":
        kind = SymbolKind.OUTPUT
    found = definition_of(reference, position, text, subject)
    definition = None if found is None else (source.value if found.is_value else source.key)(found.path)
    return Symbol(kind, name, place, definition, found.description if found is not None else None)


_OF_CONTEXTS = {
    "steps": SymbolKind.STEP,
    "needs": SymbolKind.JOB,
    "jobs": SymbolKind.JOB,
    "inputs": SymbolKind.INPUT,
    "env": SymbolKind.VARIABLE,
    "variables": SymbolKind.VARIABLE,
    "matrix": SymbolKind.VARIABLE,
}
"""What the first name behind a context is."""
