"""Runs a Python file as if it had been started with its inputs as the last argument.

``python launch.py MAIN``: the inputs are in the file that $DATATORCH_INPUTS names. They reach ``sys.argv`` inside the
process only, so that they may be long or secret.
"""

# ruff: noqa: PTH120, PTH123
# pathlib would be loaded into the process of every action.
from __future__ import annotations

import importlib.machinery
import os
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Hook = Callable[[type[BaseException], BaseException, types.TracebackType | None], object]


def launch(main: str) -> None:
    """Runs ``main`` as the module ``__main__``."""
    with open(os.environ["DATATORCH_INPUTS"], encoding="utf-8") as file:
        sys.argv = [main, file.read()]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(main)
    sys.excepthook = without_launcher(sys.excepthook)
    module = types.ModuleType("__main__")
    module.__file__ = main
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", main)
    sys.modules["__main__"] = module
    with open(main, "rb") as file:
        code = compile(file.read(), main, "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102  # running the action's file is what this is for


def without_launcher(hook: Hook) -> Hook:
    """An exception hook that leaves this file's frames out of the traceback."""

    def shorter(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        hook(kind, error.with_traceback(trace), trace)

    return shorter


if __name__ == "__main__":
    launch(sys.argv[1])
