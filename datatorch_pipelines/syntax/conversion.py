"""Data to model and model to data: one converter each way.

What comes in has been validated, so nothing is checked twice; what goes out leaves defaults out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from datatorch_pipelines.diagnostics import Locator
from datatorch_pipelines.model import (
    Action,
    ActionObject,
    AnnotatorButton,
    Event,
    Flow,
    Input,
    Job,
    Manual,
    Output,
    Pipeline,
    Retries,
    Runs,
    Schedule,
    Step,
    Strategy,
    Triggers,
    ValueType,
    Webhook,
)
from datatorch_pipelines.model.pipeline import with_source

Data = dict[str, Any]
_CLASSES = (
    Action, ActionObject, AnnotatorButton, Input, Job, Manual, Output, Pipeline, Retries, Runs, Schedule, Step,
    Strategy, Triggers, Webhook,
)  # fmt: skip
_KEYS = {
    "schema": "$schema",
    "if_": "if",
    "annotator_button": "annotatorButton",
    "deprecation_message": "deprecationMessage",
}


def key_of(attribute: str) -> str:
    """The format's name of an attribute.

    >>> key_of("runs_on"), key_of("if_"), key_of("schema")
    ('runs-on', 'if', '$schema')
    """
    return _KEYS.get(attribute) or attribute.replace("_", "-")


def pipeline_from_data(data: Data, source: Locator | None = None) -> Pipeline:
    """The pipeline that validated data describes."""
    return with_source(_reader().structure(data, Pipeline), source)


def action_from_data(data: Data, source: Locator | None = None) -> Action:
    """The action that validated data describes."""
    return attrs.evolve(_reader().structure(data, Action), source=source)


def step_from_data(data: Data) -> Step:
    """The step that validated data describes."""
    return _reader().structure(data, Step)


def pipeline_to_data(pipeline: Pipeline) -> Data:
    """A pipeline as plain data under the format's key names, defaults left out."""
    data: Data = _writer().unstructure(pipeline)
    return data


def step_to_data(step: Step) -> Data:
    """A step as `pipeline_to_data` has it."""
    data: Data = _writer().unstructure(step)
    return data


def _as_is(value: Any, _type: object = None) -> Any:
    return value


def _whole(value: Any, _type: object = None) -> Any:
    """JSON has no whole numbers of its own: 2.0 is one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


@functools.cache
def _reader() -> Converter:
    """The converter from data; what has no hook below is taken as it is."""
    converter = Converter(detailed_validation=False, prefer_attrib_converters=True)

    def inner(cls: type) -> Callable[[Any, Any], Any]:
        return lambda value, _type: converter.structure({} if value is None else value, cls)

    def optional(cls: type) -> Callable[[Any, Any], Any]:
        return lambda value, _type: None if value is None else converter.structure(value, cls)

    def listed(cls: type) -> Callable[[Any, Any], Any]:
        return lambda value, _type: [converter.structure(item, cls) for item in value or ()]

    def named(cls: type) -> Callable[[Any, Any], Any]:
        return lambda value, _type: {
            name: converter.structure({} if item is None else item, cls) for name, item in (value or {}).items()
        }

    hooks: dict[type, dict[str, Callable[[Any, Any], Any]]] = {
        Pipeline: {"jobs": named(Job), "triggers": optional(Triggers), "project": _whole},
        Job: {"steps": listed(Step), "strategy": optional(Strategy)},
        Step: {"retries": _retries(converter)},
        Strategy: {"max_parallel": _whole},
        Retries: {"count": _whole, "exit_statuses": lambda value, _type: tuple(map(_whole, value))},
        Triggers: {
            "manual": inner(Manual),
            "annotator_button": inner(AnnotatorButton),
            "schedule": listed(Schedule),
            "event": lambda value, _type: [_event(item) for item in value or ()],
            "webhook": inner(Webhook),
        },
        AnnotatorButton: {"flow": lambda value, _type: None if value is None else Flow(value)},
        Action: {
            "inputs": named(Input),
            "outputs": named(Output),
            "runs": inner(Runs),
            "env": _descriptions,
            "cache": _flag,
        },
        Input: {"type": _value_type, "required": _flag, "multiline": _flag},
        Output: {"type": _value_type, "multiline": _flag},
        Runs: {"args": lambda value, _type: value or ()},
    }
    for cls in reversed(_CLASSES):
        overrides: dict[str, Any] = {
            attribute.name: override(
                rename=key_of(attribute.name),
                struct_hook=hooks.get(cls, {}).get(attribute.name, _as_is),
                omit=True if attribute.name == "source" else None,
            )
            for attribute in attrs.fields(cls)
        }
        hook = make_dict_structure_fn(cls, converter, _cattrs_detailed_validation=False, **overrides)
        converter.register_structure_hook(cls, hook)
    return converter


def _flag(value: Any, _type: object) -> bool:
    return bool(value)


def _value_type(value: Any, _type: object) -> ValueType | None:
    return None if value is None else ValueType(value)


def _descriptions(value: Any, _type: object) -> dict[str, str | None]:
    return {name: (item or {}).get("description") for name, item in (value or {}).items()}


def _event(data: Data) -> Event:
    return Event(type=data["type"], options={key: value for key, value in data.items() if key != "type"})


def _retries(converter: Converter) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _type: object) -> Retries:
        return converter.structure(value if isinstance(value, dict) else {"count": value}, Retries)

    return structure


@functools.cache
def _writer() -> Converter:
    """The converter to data; each value goes by its own class, whatever the attribute's type says."""
    converter = Converter()

    def seq(value: Iterable[Any]) -> list[Any]:
        return [converter.unstructure(item) for item in value]

    def members(value: Mapping[str, Any]) -> Data:
        return {name: converter.unstructure(item) for name, item in value.items()}

    converter.register_unstructure_hook_func(lambda kind: kind in (tuple, list), seq)
    converter.register_unstructure_hook_func(lambda kind: kind is dict, members)
    for cls in _CLASSES:
        overrides: dict[str, Any] = {
            attribute.name: override(
                rename=key_of(attribute.name),
                unstruct_hook=converter.unstructure,
                omit=True if attribute.name == "source" else None,
            )
            for attribute in attrs.fields(cls)
        }
        hook = make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True, **overrides)
        converter.register_unstructure_hook(cls, hook)
    plain_retries = converter.get_unstructure_hook(Retries)

    def retries(value: Retries) -> object:
        data = plain_retries(value)
        return data["count"] if set(data) == {"count"} else data

    def event(value: Event) -> Data:
        return {"type": value.type, **members(value.options)}

    converter.register_unstructure_hook(Retries, retries)
    converter.register_unstructure_hook(Event, event)
    return converter
