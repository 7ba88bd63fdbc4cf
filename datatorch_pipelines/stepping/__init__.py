"""One step that is resolved already, as a server hands it to an agent: a pipeline of that step alone, in its place."""

from datatorch_pipelines.stepping.handle import StepHandle
from datatorch_pipelines.stepping.places import record_folder, workspace_folder
from datatorch_pipelines.stepping.resolved import ResolvedStep, resolved_step

__all__ = ["ResolvedStep", "StepHandle", "record_folder", "resolved_step", "workspace_folder"]
