"""For authors of actions: a first action that works, and one action run alone."""

from datatorch_pipelines.authoring.alone import LoneAction, lone_action
from datatorch_pipelines.authoring.kinds import Kind
from datatorch_pipelines.authoring.writing import write_action

__all__ = ["Kind", "LoneAction", "lone_action", "write_action"]
