"""Which contexts an expression may use, by the key that it stands in: one table for the checks and for the engine.

The names are those that a reference is known by in lower case; ``input`` counts as ``inputs``. What a table row says is
published in ``docs/reference/expressions.md``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

_GIVEN = frozenset({"event", "trigger", "inputs", "variables", "secrets", "pipeline", "run"})
"""What a run is given: there from its start."""
_NEEDED = frozenset({"needs", "jobs"})
_MACHINE = frozenset({"runner", "agent", "machine", "python", "directory"})
"""What describes the place where a job runs: there once it has started."""

CONTEXTS = _GIVEN | _NEEDED | _MACHINE | {"env", "job", "matrix", "steps", "variable", "step", "action"}
"""All contexts that there are."""


class Place(enum.Enum):
    """A kind of key that holds expressions; the value is what a message calls it."""

    PIPELINE_ENV = "the pipeline's env"
    PIPELINE_SETTING = "a setting of the pipeline"
    JOB_CONDITION = "a job's condition"
    JOB_SETTING = "a setting of a job"
    JOB_ENV = "a job's env"
    JOB_OUTPUT = "a job's outputs"
    MATRIX = "a matrix"
    STEP_VALUE = "a step"
    STEP_CONDITION = "a step's condition"
    STEP_SETTING = "a setting of a step"
    SHELL = "shell text"
    ACTION_VALUE = "an action file"


AVAILABLE: Mapping[Place, frozenset[str]] = {
    Place.PIPELINE_ENV: _GIVEN | _MACHINE,
    Place.PIPELINE_SETTING: _GIVEN,
    Place.JOB_CONDITION: _GIVEN | _NEEDED | {"env", "job"},
    Place.JOB_SETTING: _GIVEN | _NEEDED | {"env", "job", "matrix"},
    Place.JOB_ENV: _GIVEN | _NEEDED | _MACHINE | {"env", "job", "matrix"},
    Place.JOB_OUTPUT: CONTEXTS - {"step", "action"},
    Place.MATRIX: frozenset({"needs", "jobs", "event", "trigger", "inputs", "variables"}),
    Place.STEP_VALUE: CONTEXTS,
    Place.STEP_CONDITION: CONTEXTS,
    Place.STEP_SETTING: CONTEXTS,
    Place.SHELL: _MACHINE | {"action", "run", "job"},
    Place.ACTION_VALUE: _MACHINE | {"inputs", "pipeline", "event", "action"},
}
"""The contexts that exist in each place."""

SHELL_PROPERTIES: Mapping[str, frozenset[str]] = {"run": frozenset({"id"}), "job": frozenset({"id"})}
"""Of these contexts, shell text may use the named properties alone: the others hold what somebody typed."""

PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "pipeline": ("id", "name", "projectId", "creatorId", "lastRunNumber"),
    "run": ("id", "name", "runNumber", "config"),
    "runner": ("id", "directory"),
    "agent": ("id", "directory"),
    "machine": ("name", "os", "version"),
    "python": ("version", "implementation", "executable"),
    "directory": ("agent", "runner", "actions", "logs", "temp", "workspace"),
    "action": ("name", "version", "tag", "directory", "description"),
    "job": ("id", "name", "status"),
    "step": ("id", "name", "index"),
}
"""The contexts whose properties are fixed. A property that is not known at run time is null, never missing."""

STEP_PROPERTIES = ("outputs", "status", "outcome", "conclusion")
"""What an expression can see of an earlier step; the last two are GitHub Actions' words for how it ended."""

NEED_PROPERTIES = ("outputs", "status", "result")
"""What an expression can see of a job that this one needs; ``result`` is GitHub Actions' word for how it ended."""
