"""What a pipeline and an action are: frozen data, and the typed conversion of values."""

from datatorch_pipelines.model.action import ACTION_FILES, Action, Input, Output, Runs, Using, ValueType
from datatorch_pipelines.model.pipeline import Job, Pipeline, Retries, Step, Strategy
from datatorch_pipelines.model.reference import ActionObject, ActionReference, ReferenceKind
from datatorch_pipelines.model.triggers import AnnotatorButton, Event, Flow, Manual, Schedule, Triggers, Webhook

__all__ = [
    "ACTION_FILES",
    "Action",
    "ActionObject",
    "ActionReference",
    "AnnotatorButton",
    "Event",
    "Flow",
    "Input",
    "Job",
    "Manual",
    "Output",
    "Pipeline",
    "ReferenceKind",
    "Retries",
    "Runs",
    "Schedule",
    "Step",
    "Strategy",
    "Triggers",
    "Using",
    "ValueType",
    "Webhook",
]
