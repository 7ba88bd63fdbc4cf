"""What every test has in common: a home of its own, and how hypothesis searches."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# On CI the examples are the same each time, so that a failure is the change's and not the day's.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile("fuzz", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "local"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts its background jobs so, and their children would ignore the Ctrl-C that tests send them.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the expected reports anew; review the diff")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has its own store and records, and sees no agent's folders."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(home))
    for name in ("DATATORCH_RUNNER_PATH", "DATATORCH_AGENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    return home
