"""Where commands run: runners, and what helps to write one.

`run_process` runs a program on this machine as `Runner.execute` promises it; `supervised` puts a command into the form
in which it travels over a byte pipe, such as ssh's, and ends when the pipe closes.
"""

from datatorch_pipelines.runners.local import LocalRunner
from datatorch_pipelines.runners.process import Keeping, run_process
from datatorch_pipelines.runners.remote import SupervisedCommand, supervised
from datatorch_pipelines.runners.threads import ThreadRunner

__all__ = ["Keeping", "LocalRunner", "SupervisedCommand", "ThreadRunner", "run_process", "supervised"]
