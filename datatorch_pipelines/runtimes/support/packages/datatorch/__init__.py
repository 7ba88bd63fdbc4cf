"""What an action needs of the package ``datatorch``, for machines where that is not installed.

Where it is installed, importing this gives the installed one, whole.
"""

# ruff: noqa: PTH120, PTH123
# pathlib would be loaded into the process of every action.
from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def _installed() -> importlib.machinery.ModuleSpec | None:
    """The import spec of another package of this name, or None."""
    elsewhere = [entry for entry in sys.path if os.path.realpath(entry or os.curdir) != _HERE]
    for finder in sys.meta_path:
        if finder is importlib.machinery.PathFinder:
            spec = finder.find_spec(__name__, elsewhere)
        else:
            spec = finder.find_spec(__name__, None) if hasattr(finder, "find_spec") else None
        if spec is not None and spec.origin and os.path.realpath(spec.origin) != os.path.realpath(__file__):
            return spec
    return None


def get_inputs() -> dict[str, Any]:
    """The step's inputs as a dict: from the last argument, else from the file that $DATATORCH_INPUTS names."""
    global _inputs  # noqa: PLW0603  # as in the package that this stands for: read once
    if _inputs is None:
        _inputs = _argument_inputs()
    if _inputs is None:
        _inputs = _file_inputs()
    return _inputs


def get_input(key: str) -> Any:
    """One input; None where there is none of that name."""
    return get_inputs().get(key)


def set_output(var: str, value: Any) -> None:
    """Sets an output of the step to a value that JSON can hold."""
    print(f"::{var}::{json.dumps(value)}", flush=True)  # noqa: T201  # this is the protocol


def _argument_inputs() -> dict[str, Any] | None:
    try:
        inputs = json.loads(sys.argv[-1])
    except (AttributeError, IndexError, ValueError):
        return None
    return inputs if isinstance(inputs, dict) else None


def _file_inputs() -> dict[str, Any]:
    path = os.environ.get("DATATORCH_INPUTS")
    if not path:
        return {}
    with open(path, encoding="utf-8") as file:
        inputs = json.load(file)
    return inputs if isinstance(inputs, dict) else {}


_inputs: dict[str, Any] | None = None
_spec = _installed()
if _spec is not None and _spec.loader is not None:
    # The import system takes from sys.modules whatever stands there when this module has run.
    sys.modules[__name__] = _module = importlib.util.module_from_spec(_spec)
    try:
        _spec.loader.exec_module(_module)
    except BaseException:
        del sys.modules[__name__]
        raise
else:
    __all__ = ["get_input", "get_inputs", "set_output"]
