"""The definitions of the actions that a pipeline names: from the store, and from servers only where that is asked."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

from datatorch_pipelines.checking.options import CheckOptions
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.model import Action, Pipeline

StepKey = tuple[str, int]
"""A job's id and a step's index."""


@frozen
class Definitions:
    """What is known of a pipeline's actions, by step, and what is to be said about finding them."""

    actions: Mapping[StepKey, Action] = MappingProxyType({})
    diagnostics: tuple[Diagnostic, ...] = ()


def find_definitions(pipeline: Pipeline, filename: str, options: CheckOptions) -> Definitions:
    """The definitions that can be had; what can't be had without the network is left out unless ``options.fetch``."""
    return Definitions()
