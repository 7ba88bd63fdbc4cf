"""Where commands run: runners, and what helps to write one.

`run_process` runs a program on this machine as `Runner.execute` promises it.
"""

from datatorch_pipelines.runners.local import LocalRunner
from datatorch_pipelines.runners.process import run_process

__all__ = ["LocalRunner", "run_process"]
