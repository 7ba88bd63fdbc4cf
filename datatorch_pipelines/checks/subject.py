"""What a check gets to see: the model, its places in the text, and every expression in it, parsed once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from attrs import define, field, frozen

from datatorch_pipelines.checks.step_names import StepNames
from datatorch_pipelines.diagnostics import Location, Locator, PathKey
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions import FunctionCall, Reference, Template
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import Action, Job, Pipeline, Step
from datatorch_pipelines.model.availability import AVAILABLE, Place

Path = tuple[PathKey, ...]
"""The path of a value in its document."""


@frozen(kw_only=True)
class Text:
    """A text that is evaluated, at ``path``; ``place`` tells which contexts exist there.

    ``template`` is what it was parsed to, without the expressions that can't be read; ``errors`` says why they can't.
    ``job`` is the job that the text belongs to and ``step`` the index of its step, where there are any.
    """

    path: Path
    text: str
    place: Place
    template: Template
    job: str | None = None
    step: int | None = None
    errors: tuple[ExpressionError, ...] = ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """What the expressions refer to."""
        return self.template.references()

    @property
    def calls(self) -> tuple[FunctionCall, ...]:
        """The functions that the expressions call."""
        return self.template.calls()

    def known(self, *contexts: str) -> Iterator[Reference]:
        """The references to these contexts, unless they don't exist here."""
        exist = AVAILABLE[self.place]
        return (item for item in self.references if item.context in contexts and item.context in exist)


Named = tuple[Text, Reference]
"""A reference with the text that it stands in."""


@frozen
class _References:
    """The texts with references: to each context where it exists, and to what doesn't."""

    known: Mapping[str, Sequence[Text]]
    unknown: Sequence[Named]

    def to(self, contexts: Sequence[str]) -> Iterator[Named]:
        for context in contexts:
            for text in self.known.get(context, ()):
                for reference in text.references:
                    if reference.context == context:
                        yield text, reference


def _references(texts: Sequence[Text]) -> _References:
    known: dict[str, list[Text]] = {}
    unknown: list[Named] = []
    for text in texts:
        references = text.references
        if references:
            exist = AVAILABLE[text.place]
            unknown += [(text, reference) for reference in references if reference.context not in exist]
            for context in {reference.context for reference in references} & exist:
                known.setdefault(context, []).append(text)
    return _References(known, unknown)


@frozen(kw_only=True)
class Words:
    """A text that is never evaluated, at ``path``; ``key`` is what its key is called."""

    path: Path
    text: str
    key: str


class Nowhere:
    """The `Locator` of a model that was built in Python: everything is at its start."""

    file = ""

    def value(self, path: Sequence[PathKey], start: int | None = None, end: int | None = None) -> Location:
        """The one place that there is."""
        return Location(None, 1, 1, 1, 1)

    def key(self, path: Sequence[PathKey]) -> Location:
        """The one place that there is."""
        return self.value(path)

    def line_text(self, line: int) -> str:
        """No text."""
        return ""


def at_columns(source: Locator, path: Path, columns: tuple[int, int]) -> Location:
    """The range of a text's characters between two columns, counted from 1, the second exclusive.

    Where a text has no character there, because it is empty, that is the range of the whole: its quotes.
    """
    place = source.value(path, columns[0] - 1, columns[1] - 1)
    is_empty = (place.line, place.column) == (place.end_line, place.end_column)
    return source.value(path) if is_empty else place


@frozen(kw_only=True)
class StepSite:
    """A step with where it is; ``action`` is its action's definition, where that is known."""

    job_id: str
    job: Job
    index: int
    step: Step
    action: Action | None = None

    @property
    def path(self) -> Path:
        """The step's path in the document."""
        return ("jobs", self.job_id, "steps", self.index)


@define(kw_only=True, eq=False, slots=False)
class PipelineSubject:
    """A pipeline as checks see it. ``texts`` are evaluated, ``words`` never.

    ``environment`` has the variables that steps are known to inherit; those of the jobs ``apart`` inherit none.
    """

    pipeline: Pipeline
    source: Locator
    texts: tuple[Text, ...]
    words: Iterable[Words]
    actions: Mapping[tuple[str, int], Action] = field(factory=dict)
    environment: Container[str] = ()
    apart: Container[str] = ()
    limits: Limits = DEFAULT_LIMITS

    @cached_property
    def _references(self) -> _References:
        return _references(self.texts)

    def known(self, *contexts: str) -> Iterator[Named]:
        """The references to these contexts where they exist, each with its text."""
        return self._references.to(contexts)

    @property
    def unknown(self) -> Sequence[Named]:
        """The references to contexts that don't exist where they stand, each with its text."""
        return self._references.unknown

    @cached_property
    def steps(self) -> tuple[StepSite, ...]:
        """Every step of every job."""
        return tuple(
            StepSite(job_id=job_id, job=job, index=index, step=step, action=self.actions.get((job_id, index)))
            for job_id, job in self.pipeline.jobs.items()
            for index, step in enumerate(job.steps)
        )

    @cached_property
    def _names(self) -> Mapping[str, StepNames]:
        return {job_id: StepNames(job.steps) for job_id, job in self.pipeline.jobs.items()}

    @cached_property
    def _by_path(self) -> Mapping[Path, Text]:
        return {text.path: text for text in self.texts}

    def text_at(self, path: Path) -> Text | None:
        """The text that is evaluated at a path, if there is one."""
        return self._by_path.get(path)

    def step_names(self, job_id: str) -> StepNames:
        """The names by which the steps of a job are known."""
        return self._names[job_id]

    def is_without_action(self, text: Text) -> bool:
        """Whether a text belongs to a step that runs a text for a shell."""
        return (
            text.job is not None
            and text.step is not None
            and self.pipeline.jobs[text.job].steps[text.step].run is not None
        )

    def action_of(self, text: Text, name: str) -> Action | None:
        """The action of the step that ``steps.NAME`` means in a text, where that is known."""
        if text.job is None:
            return None
        index = self.step_names(text.job).find(name, text.step)
        return None if index is None else self.actions.get((text.job, index))


@define(kw_only=True, eq=False, slots=False)
class ActionSubject:
    """An action file as checks see it. ``texts`` are evaluated, ``words`` never."""

    action: Action
    source: Locator
    texts: tuple[Text, ...]
    words: Iterable[Words]
    limits: Limits = DEFAULT_LIMITS

    @cached_property
    def _references(self) -> _References:
        return _references(self.texts)

    def known(self, *contexts: str) -> Iterator[Named]:
        """The references to these contexts where they exist, each with its text."""
        return self._references.to(contexts)

    @property
    def unknown(self) -> Sequence[Named]:
        """The references to contexts that don't exist where they stand, each with its text."""
        return self._references.unknown


Subject = PipelineSubject | ActionSubject
"""Either: for checks that look at texts alone."""
