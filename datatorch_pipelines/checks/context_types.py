"""What is known of the types of contexts in a pipeline's texts.

`certain_types` holds whatever an action does; `declared_types` also takes actions at their word: what they declare of
their outputs, which they may set to anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from attrs import define, field, frozen

from datatorch_pipelines.checks.matrices import literal_type, matrix_types
from datatorch_pipelines.checks.needed import visible_job, visible_jobs
from datatorch_pipelines.checks.step_names import StepNames
from datatorch_pipelines.checks.subject import PipelineSubject, Text
from datatorch_pipelines.expressions.analysis import OWNERS
from datatorch_pipelines.expressions.inference import ContextTypes, infer
from datatorch_pipelines.expressions.types import (
    ANY,
    ARRAY,
    BOOLEAN,
    INTEGER,
    NUMBER,
    OBJECT,
    STRING,
    Type,
    object_of,
)
from datatorch_pipelines.model import Action, Strategy, ValueType

DECLARED: Mapping[ValueType, Type] = MappingProxyType(
    {
        ValueType.STRING: STRING,
        ValueType.INTEGER: INTEGER,
        ValueType.FLOAT: NUMBER,
        ValueType.NUMBER: NUMBER,
        ValueType.BOOLEAN: BOOLEAN,
        ValueType.ARRAY: ARRAY,
        ValueType.LIST: ARRAY,
        ValueType.OBJECT: OBJECT,
    }
)
"""What a declared type holds."""


def _texts(*names: str) -> Type:
    return object_of(dict.fromkeys(names, STRING))


_ENDINGS = {"status": STRING, "outcome": STRING, "conclusion": STRING}

_FIXED: ContextTypes = MappingProxyType(
    {
        "env": object_of({}, STRING),
        "secrets": object_of({}, STRING),
        "job": _texts("id", "name", "status"),
        "step": object_of({"id": STRING, "name": STRING, "index": INTEGER}),
        "run": _texts("id"),
        "pipeline": _texts("name"),
        "machine": _texts("name", "os", "version"),
        "python": _texts("version", "implementation", "executable"),
        "directory": _texts("agent", "runner", "actions", "logs", "temp", "workspace"),
        "action": _texts("name", "version", "tag", "directory", "description"),
        "steps": object_of({}, object_of({"outputs": OBJECT, **_ENDINGS})),
    }
)


def action_types() -> ContextTypes:
    """What is known in an action file."""
    return _FIXED


def certain_types(subject: PipelineSubject, text: Text) -> ContextTypes:
    """What is known in a text whatever the actions do."""
    strategy = subject.pipeline.jobs[text.job].strategy if text.job is not None else None
    return _FIXED if strategy is None else {**_FIXED, "matrix": _matrix(strategy)}


def _matrix(strategy: Strategy) -> Type:
    types = matrix_types(strategy)
    return OBJECT if types is None else object_of(types)


@define(eq=False)
class DeclaredTypes:
    """What is known in the texts of a pipeline, if its actions do as they declare."""

    _subject: PipelineSubject
    _outputs: dict[str, Type] = field(factory=dict, init=False)

    def at(self, text: Text) -> ContextTypes:
        """What is known in a text."""
        certain = certain_types(self._subject, text)
        if text.job is None or OWNERS.isdisjoint({reference.context for reference in text.references}):
            return certain
        steps = _Steps(self._subject, text.job, self._subject.step_names(text.job), text.step)
        return {
            **certain,
            "steps": object_of(steps),
            "needs": object_of(_Jobs(self, self._subject, text.job, "needs")),
            "jobs": object_of(_Jobs(self, self._subject, text.job, "jobs")),
        }

    def outputs_of(self, job_id: str) -> Type:
        """The outputs of a job as other jobs see them; those of a matrix are not known."""
        known = self._outputs.get(job_id)
        if known is None:
            self._outputs[job_id] = ANY  # for jobs that wait for each other
            job = self._subject.pipeline.jobs[job_id]
            if job.strategy is None:
                types = {name: self._output(job_id, name, value) for name, value in job.outputs.items()}
                self._outputs[job_id] = object_of(types)
            known = self._outputs[job_id]
        return known

    def _output(self, job_id: str, name: str, value: object) -> Type:
        text = self._subject.text_at(("jobs", job_id, "outputs", name))
        if text is None:
            return literal_type(value)
        if text.errors:
            return ANY
        return infer(text.template.expressions[0].node, self.at(text)) if text.template.is_whole else STRING


@frozen(eq=False)
class _Steps(Mapping[str, Type]):
    """The types of the steps that a step sees, by name, each made when it is asked for."""

    subject: PipelineSubject
    job_id: str
    names: StepNames
    before: int | None

    def __getitem__(self, name: str) -> Type:
        index = self.names.find(name, self.before)
        if index is None:
            raise KeyError(name)
        action = self.subject.actions.get((self.job_id, index))
        outputs = OBJECT if action is None else _declared_outputs(action)
        return object_of({"outputs": outputs, **_ENDINGS})

    def __iter__(self) -> Iterator[str]:
        return iter(self.names.known(self.before))

    def __len__(self) -> int:
        return len(self.names.known(self.before))


def _declared_outputs(action: Action) -> Type:
    return object_of(
        {name: ANY if output.type is None else DECLARED[output.type] for name, output in action.outputs.items()}
    )


@frozen(eq=False)
class _Jobs(Mapping[str, Type]):
    """The types of the jobs that a job sees, by id, each made when it is asked for."""

    types: DeclaredTypes
    subject: PipelineSubject
    job_id: str
    context: str

    def __getitem__(self, name: str) -> Type:
        found = visible_job(self.subject.pipeline.jobs, self.job_id, self.context, name)
        if found is None:
            raise KeyError(name)
        return object_of({"outputs": self.types.outputs_of(found), "status": STRING, "result": STRING})

    def __iter__(self) -> Iterator[str]:
        jobs = self.subject.pipeline.jobs  # what is needed may not exist, which is told elsewhere
        return (name for name in visible_jobs(jobs, self.job_id, self.context) if name in jobs)

    def __len__(self) -> int:
        return sum(1 for _ in self)
