"""Where commands run: runners, and what helps to write one.

`run_process` runs a program on this machine as `Runner.execute` promises it, and `supervised` makes a command into one
that another machine's shell carries out over a byte pipe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._late import late
from datatorch_pipelines.runners.local import LocalRunner
from datatorch_pipelines.runners.process import Keeping, run_process

if TYPE_CHECKING:
    from datatorch_pipelines.runners.dask import DaskRunner
    from datatorch_pipelines.runners.docker import DockerRunner
    from datatorch_pipelines.runners.remote import SupervisedCommand, supervised
    from datatorch_pipelines.runners.threads import ThreadRunner

__all__ = [
    "DaskRunner",
    "DockerRunner",
    "Keeping",
    "LocalRunner",
    "SupervisedCommand",
    "ThreadRunner",
    "run_process",
    "supervised",
]

# What helps other people's runners is loaded for them alone.
__getattr__ = late(
    globals(),
    {
        "DaskRunner": "dask",
        "DockerRunner": "docker",
        "SupervisedCommand": "remote",
        "ThreadRunner": "threads",
        "supervised": "remote",
    },
)
