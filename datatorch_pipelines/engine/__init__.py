"""Plans a pipeline and carries it out: order, steps, outputs."""

from datatorch_pipelines.engine.handle import RunHandle
from datatorch_pipelines.engine.listeners import Listener, Listeners
from datatorch_pipelines.engine.options import RunOptions, default_max_parallel
from datatorch_pipelines.engine.planning.actions import PlannedAction
from datatorch_pipelines.engine.planning.plan import Plan, PlannedJob, PlannedStep, make_plan
from datatorch_pipelines.engine.run import Run
from datatorch_pipelines.engine.thread import EngineThread, engine_thread

__all__ = [
    "EngineThread",
    "Listener",
    "Listeners",
    "Plan",
    "PlannedAction",
    "PlannedJob",
    "PlannedStep",
    "Run",
    "RunHandle",
    "RunOptions",
    "default_max_parallel",
    "engine_thread",
    "make_plan",
]
