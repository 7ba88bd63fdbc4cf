"""A step whose inputs are values and not expressions, as a pipeline that evaluates nothing of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from attrs import field, frozen

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator, PathKey, Severity, sort_diagnostics
from datatorch_pipelines.errors import ModelError, PipelineSyntaxError, PlanError
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model import Job, Pipeline, Step
from datatorch_pipelines.model.pipeline import with_source
from datatorch_pipelines.syntax.conversion import step_to_data
from datatorch_pipelines.syntax.names import shown
from datatorch_pipelines.syntax.pipeline_file import read_step
from datatorch_pipelines.syntax.plain import plain_data
from datatorch_pipelines.syntax.yaml_writer import to_yaml

FILE = "<step>.yaml"
"""What messages call the text of a step: there is no such file. What it says with ``./`` is in the current folder."""

_DATA = ("inputs", "env")
"""The keys of a step whose values are data: they may hold anything, and mean themselves."""


_LONGEST_TEXT, _MOST_ITEMS, _DEEPEST = 10_000, 20, 3


@frozen(kw_only=True)
class ResolvedStep:
    """A step in a pipeline of its own; ``values`` is what the context ``inputs`` has to hold for it."""

    pipeline: Pipeline
    source: Locator
    values: Mapping[str, object] = field(repr=False)


def resolved_step(
    step: Step | Mapping[str, object],
    inputs: Mapping[str, object],
    *,
    job: str,
    secrets: Mapping[str, str],
    limits: Limits,
) -> ResolvedStep:
    """A step with its inputs, ready to be planned: nothing that is data in it is ever evaluated.

    ``inputs`` go over those of the step; ``job`` is the id of the job that the step is of. A value that looks like an
    expression, holds one of the ``secrets`` or is large is no text of the pipeline: the step refers to it.

    Raises `ModelError` for what no file can hold, `PipelineSyntaxError` for a step of the wrong form, and `PlanError`
    for an expression outside of inputs and environment variables.
    """
    data = _plain_step(step)
    given = _plain_inputs(inputs)
    own = data.get("inputs")
    if given and (own is None or isinstance(own, dict)):  # what is neither is told of as such
        data["inputs"] = {**(own or {}), **given}
    values = _take_out(data, Masker(secrets.values()))
    read, diagnostics, source = read_step(to_yaml(data), FILE, limits=limits)
    if read is None:
        raise PipelineSyntaxError(diagnostics)
    if refused := sort_diagnostics([*_expressions(data, source)]):
        raise PlanError(refused)
    places = _InStep(source, ("jobs", job, "steps", 0))
    pipeline = Pipeline(name=read.label, jobs={job: Job(steps=[read])})
    return ResolvedStep(pipeline=with_source(pipeline, places), source=places, values=values)


def _plain_step(step: Step | Mapping[str, object]) -> dict[str, object]:
    if not isinstance(step, Step | Mapping):
        raise ModelError(f"a step is a Step or a mapping, not of the type {type(step).__name__}")
    try:
        return cast(dict[str, object], plain_data(step_to_data(step) if isinstance(step, Step) else step))
    except ModelError as error:
        raise ModelError(f"the step can't be used: {error.message}", hint=error.hint) from error


def _plain_inputs(inputs: Mapping[str, object]) -> dict[str, object]:
    if not isinstance(inputs, Mapping):
        raise ModelError(f"inputs are a mapping, not of the type {type(inputs).__name__}")
    given: dict[str, object] = {}
    for name, value in inputs.items():
        if not isinstance(name, str):
            raise ModelError(f"the name of an input is a text, not {shown(repr(name))}")
        try:
            given[name] = plain_data(value)
        except ModelError as error:
            raise ModelError(f"the input {shown(name)}: {error.message}", hint=error.hint) from error
    return given


def _take_out(data: dict[str, object], masker: Masker) -> dict[str, object]:
    """Takes what can't stand in a pipeline as itself out of a step's data, and gives it by the names put there."""
    values: dict[str, object] = {}
    for key in _DATA:
        own = data.get(key)
        if not isinstance(own, dict):
            continue
        for name, value in own.items():
            if _looks_evaluated(value) or masker.holds_secret(value) or not _is_small(value):
                place = f"value_{len(values) + 1}"
                values[place] = value
                own[name] = f"${{{{ inputs.{place} }}}}"
    return values


def _looks_evaluated(value: object) -> bool:
    if isinstance(value, str):
        return "${{" in value
    if isinstance(value, Mapping):
        return any(map(_looks_evaluated, value.values()))
    return isinstance(value, list) and any(map(_looks_evaluated, value))


def _is_small(value: object, depth: int = _DEEPEST) -> bool:
    """Whether a value is worth being written out, and not past what a file may hold."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return depth > 0 and len(items) <= _MOST_ITEMS and all(_is_small(item, depth - 1) for item in items)
    return True


def _expressions(data: Mapping[str, object], source: Locator) -> Iterator[Diagnostic]:
    """An error for each expression in a key that is not data: a step that is resolved has none."""
    for key, value in data.items():
        if key in _DATA:
            continue
        if key == "if" and isinstance(value, str):
            yield _refusal(source.value(("if",)), "'if' is an expression", "leave it out, or write true or false")
            continue
        for path, text in _texts(value, (key,)):
            start = text.find("${{")
            if start >= 0:
                closing = text.find("}}", start)
                end = len(text) if closing < 0 else closing + len("}}")
                place = source.value(path, start, end)
                hint = "write what it stands for; inputs and env take data as it is"
                yield _refusal(place, f"an expression in {key!r}", hint)


def _refusal(place: Location, what: str, hint: str) -> Diagnostic:
    message = f"{what}, and the step is resolved already"
    return Diagnostic.at(place, Code.LITERAL_ONLY, Severity.ERROR, message, hint=hint)


def _texts(value: object, path: tuple[PathKey, ...]) -> Iterator[tuple[tuple[PathKey, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


@frozen
class _InStep:
    """The `Locator` of the pipeline around a step: each place is one of the step's own text."""

    _source: Locator
    _root: tuple[PathKey, ...]

    @property
    def file(self) -> str:
        """The name of the step's text."""
        return self._source.file

    def value(self, path: Sequence[PathKey], start: int | None = None, end: int | None = None) -> Location:
        """Where the step's text has what is at a path of the pipeline."""
        inside = self._inside(path)
        return self._source.value(inside, start, end) if inside else self.key(path)

    def key(self, path: Sequence[PathKey]) -> Location:
        """As `value`, for a key; what is around the step is where it begins."""
        inside = self._inside(path)
        if inside:
            return self._source.key(inside)
        whole = self._source.value(())
        return Location(whole.file, whole.line, whole.column, whole.line, whole.column + 1)

    def line_text(self, line: int) -> str:
        """The text of a line of the step."""
        return self._source.line_text(line)

    def _inside(self, path: Sequence[PathKey]) -> tuple[PathKey, ...]:
        length = len(self._root)
        return tuple(path)[length:] if tuple(path)[:length] == self._root else ()
