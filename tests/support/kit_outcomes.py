"""Runs tests of a conformance kit in a pytest of its own, and says how each ended."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

Outcomes = dict[str, dict[str, str]]
"""By the class and the test's name: ``passed``, ``skipped``, or the message of the failure."""

ROOT = Path(__file__).parents[2]


def kit_outcomes(file: Path, report: Path, arguments: Sequence[str] = ()) -> Outcomes:
    """How the tests of a file end, in a pytest that knows nothing of this project's settings."""
    own = [f"--rootdir={file.parent}", f"--confcutdir={file.parent}", f"--basetemp={report.parent / 'work'}"]
    own += ["-p", "no:cacheprovider", "-c", os.devnull, f"--junitxml={report}"]
    command = [sys.executable, "-m", "pytest", "-q", *own, *arguments, str(file)]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode in (0, 1), done.stdout + done.stderr
    outcomes: Outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kind = case.get("classname", "").rpartition(".")[2]
        outcome = "passed"
        for element in case:
            if element.tag in ("failure", "error"):
                outcome = element.get("message", "failed")
            elif element.tag == "skipped":
                outcome = "skipped"
        outcomes.setdefault(kind, {})[case.get("name", "")] = outcome
    return outcomes


def failed(outcomes: dict[str, str]) -> set[str]:
    """The names of the tests that failed."""
    return {name for name, outcome in outcomes.items() if outcome not in ("passed", "skipped")}
