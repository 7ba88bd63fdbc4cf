"""Plans a pipeline and carries it out: order, steps, outputs."""

from datatorch_pipelines.engine.handle import RunHandle
from datatorch_pipelines.engine.listeners import Listener, Listeners
from datatorch_pipelines.engine.options import CLEANUP_SECONDS, OnFailure, RunOptions, Selection, default_max_parallel
from datatorch_pipelines.engine.planning.actions import PlannedAction
from datatorch_pipelines.engine.planning.plan import Plan, PlannedJob, PlannedStep, make_plan
from datatorch_pipelines.engine.run import Run
from datatorch_pipelines.engine.thread import EngineThread, engine_thread

__all__ = [
    "CLEANUP_SECONDS",
    "EngineThread",
    "Listener",
    "Listeners",
    "OnFailure",
    "Plan",
    "PlannedAction",
    "PlannedJob",
    "PlannedStep",
    "Run",
    "RunHandle",
    "RunOptions",
    "Selection",
    "default_max_parallel",
    "engine_thread",
    "make_plan",
]
