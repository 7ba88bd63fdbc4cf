"""The command as a real process, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from attrs import frozen


@frozen
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


Command = Callable[..., Ended]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a command: as here, its own state, no colours."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("DATATORCH", "INPUT_")) and key not in ("NO_COLOR", "FORCE_COLOR")
    }
    return {**kept, "DATATORCH_PIPELINES_HOME": str(tmp_path / "home"), "PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that commands run in."""
    path = tmp_path / "project"
    path.mkdir()
    return path


@pytest.fixture
def cli() -> list[str]:
    """How the command line is called; warnings are errors."""
    return [sys.executable, "-W", "error", "-m", "datatorch_pipelines"]


@pytest.fixture
def command(folder: Path, environment: dict[str, str], cli: list[str]) -> Command:
    """Runs the command line with arguments to its end."""

    def call(*arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        done = subprocess.run(
            [*cli, *arguments],
            cwd=folder,
            env={**environment, **(env or {})},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture
def here(
    folder: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Command:
    """As ``command``, in this process, which is faster."""
    from datatorch_pipelines.cli.main import main

    monkeypatch.chdir(folder)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", environment["DATATORCH_PIPELINES_HOME"])

    def call(*arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)
        status = main(arguments)
        return Ended(status, *capfd.readouterr())

    return call


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Writes a file of the folder."""

    def put(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put
