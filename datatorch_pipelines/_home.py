"""Where the library keeps what outlives a run, on this machine."""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "DATATORCH_PIPELINES_HOME"
"""The environment variable that puts everything under one root."""


def cache_directory() -> Path:
    """The folder of the action store and of built environments: what can be had again."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).absolute() / "cache"
    import platformdirs

    return platformdirs.user_cache_path("datatorch-pipelines", appauthor=False)


def state_directory() -> Path:
    """The folder of the records of runs: what can't be had again."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).absolute() / "state"
    import platformdirs

    return platformdirs.user_state_path("datatorch-pipelines", appauthor=False)
