"""A Python interpreter other than this process's own, asked what it is."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from datatorch_pipelines.errors import RunnerError

_ASK = """\
import platform, sys
print(sys.executable, platform.python_version(), platform.python_implementation(), sep="\\n")
"""
_SECONDS = 60.0
"""How long an interpreter may take to start: one on a cold network disk is slow."""


def interpreter_facts(python: str) -> Mapping[str, str]:
    """The facts ``executable``, ``version`` and ``implementation`` of an interpreter, named by path or on ``PATH``.

    Raises `RunnerError` when it doesn't start, or is no Python.
    """
    try:
        asked = subprocess.run([python, "-I", "-c", _ASK], capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        raise RunnerError(f"the interpreter {python!r} doesn't start: {why}", hint="name a Python 3") from error
    facts = dict(zip(("executable", "version", "implementation"), asked.stdout.splitlines(), strict=False))
    if len(facts) != 3:
        raise RunnerError(f"the interpreter {python!r} is no Python", hint="name a Python 3")
    return facts
