"""What starts a run: one of the pipeline's triggers, and an event that fits it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datatorch_pipelines.diagnostics import Diagnostic, Locator
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.model import Pipeline
from datatorch_pipelines.model.triggers import Trigger


def trigger_context(trigger: str | Mapping[str, object] | Trigger | None) -> Mapping[str, object]:
    """The context ``trigger``: the ``type`` of what started the run, and what else is known of it."""
    if trigger is None:
        return {}
    if isinstance(trigger, Mapping):
        return trigger
    return {"type": trigger}


def refuse_start(pipeline: Pipeline, source: Locator, options: RunOptions) -> Iterator[Diagnostic]:
    """An error for a trigger that the pipeline doesn't have, and for what of the event doesn't fit its form."""
    yield from ()
