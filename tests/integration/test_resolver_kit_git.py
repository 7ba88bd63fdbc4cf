"""The resolvers that fetch from git pass the kit for resolvers, each with a real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from git_servers import GitHttpServer, commit_files, free_port, make_repository, running_http_server
from silent_servers import silent_server

from datatorch_pipelines.contracts import Resolver
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, Store
from datatorch_pipelines.testing import ResolverConformance

pytestmark = pytest.mark.integration
ACTION = {"action-datatorch.yaml": "name: Add\nruns: {using: python, main: add.py}\n", "add.py": "print(1)\n"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served")
    make_repository(root / "me" / "add.git", ACTION, tags=["v1"])
    return root


@pytest.fixture(scope="module")
def server(served: Path) -> Iterator[GitHttpServer]:
    with running_http_server(served) as server:
        yield server


class _Git(ResolverConformance):
    """What both have in common: a real server, with one repository."""

    secrets = pytest.fixture(lambda self: ("t0ken-of-mine",))

    @pytest.fixture
    def moves(self, served: Path) -> Iterator[Path]:
        """A repository of one test alone."""
        path = served / "me" / "moves.git"
        make_repository(path, ACTION)
        yield path
        shutil.rmtree(path)

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return Store(tmp_path / "store")


class TestGitHubResolver(_Git):
    known = pytest.fixture(lambda self: "me/add@v1")
    missing = pytest.fixture(lambda self: "me/add@v9")
    foreign = pytest.fixture(lambda self: "./add")

    @pytest.fixture
    def resolver(self, server: GitHttpServer, store: Store) -> Resolver:
        return GitHubResolver(server.url, "t0ken-of-mine", store=store)

    @pytest.fixture
    def moving(self, moves: Path) -> object:
        return "me/moves@main", lambda: commit_files(moves, {"more": ""})

    @pytest.fixture
    def unreachable(self, store: Store) -> Resolver:
        return GitHubResolver(f"http://127.0.0.1:{free_port()}", store=store)

    @pytest.fixture
    def silent(self, store: Store) -> Iterator[Resolver]:
        with silent_server() as port:
            yield GitHubResolver(f"http://127.0.0.1:{port}", store=store)

    @pytest.fixture
    def program(self, server: GitHttpServer, store: Store) -> str:
        return (
            "from datatorch_pipelines.resolvers import GitHubResolver, Store\n"
            f"resolver = GitHubResolver({server.url!r}, store=Store({str(store.root)!r}))"
        )


class TestGitResolver(_Git):
    foreign = pytest.fixture(lambda self: "me/add@v1")
    resolver = pytest.fixture(lambda self, store: GitResolver(store))

    @pytest.fixture
    def known(self, server: GitHttpServer) -> dict[str, object]:
        url = server.url.replace("://", "://me:t0ken-of-mine@")
        return {"name": "add", "tag": "v1", "git": f"{url}/me/add.git"}

    @pytest.fixture
    def missing(self, known: dict[str, object]) -> dict[str, object]:
        return {**known, "tag": "v9"}

    @pytest.fixture
    def moving(self, server: GitHttpServer, moves: Path) -> object:
        reference = {"name": "moves", "tag": "main", "git": f"{server.url}/me/moves.git"}
        return reference, lambda: commit_files(moves, {"more": ""})

    @pytest.fixture
    def program(self, store: Store) -> str:
        return (
            "from datatorch_pipelines.resolvers import GitResolver, Store\n"
            f"resolver = GitResolver(Store({str(store.root)!r}))"
        )
