"""Files with mistakes, and real git servers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import GitHttpServer, commit_files, make_repository, running_http_server

Write = Callable[[str, bytes | str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file, byte for byte."""

    def put(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder that the servers serve."""
    path = tmp_path / "served"
    path.mkdir()
    return path


@pytest.fixture
def commits(root: Path) -> dict[str, str]:
    """The commits of ``acme/add``: of its tags ``v1`` and ``v2`` (annotated), and of its branch ``main``."""
    folder = root / "acme" / "add"
    found = {"v1": make_repository(folder, {"a": "1"}, tags=["v1"])}
    found["v2"] = commit_files(folder, {"a": "2"}, tags=["@v2", "@v2.0.1"])
    found["main"] = commit_files(folder, {"a": "3"}, tags=["v3-rc1"])
    return found


@pytest.fixture
def server(root: Path) -> Iterator[GitHttpServer]:
    """A smart-HTTP server of ``root``."""
    with running_http_server(root) as running:
        yield running
