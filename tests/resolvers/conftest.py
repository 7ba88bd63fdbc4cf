"""Real git servers, repositories and stores for the resolvers' tests."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import trustme

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import GitHttpServer, git_daemon, running_http_server

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import Store

Resolve = Callable[..., ResolvedAction]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder that the servers serve."""
    path = tmp_path / "served"
    path.mkdir()
    return path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "store")


@pytest.fixture
def http_server(root: Path) -> Iterator[GitHttpServer]:
    """A smart-HTTP server of ``root``."""
    with running_http_server(root) as server:
        yield server


@pytest.fixture(params=["http", "git", "file"])
def any_server(request: pytest.FixtureRequest, root: Path) -> Iterator[str]:
    """The URL of ``root``, by each protocol in turn."""
    if request.param == "http":
        with running_http_server(root) as server:
            yield server.url
    elif request.param == "git":
        with git_daemon(root) as url:
            yield url
    else:
        yield root.as_uri()


@pytest.fixture
def warnings() -> list[str]:
    """What the resolvers warned of."""
    return []


@pytest.fixture
def resolve(warnings: list[str]) -> Resolve:
    """Resolves one reference in a run of its own."""

    def run(resolver: Resolver, reference: str | Mapping[str, object], **context: object) -> ResolvedAction:
        told = ResolveContext(warn=warnings.append, **context)  # type: ignore[arg-type]  # the test says what
        return asyncio.run(resolver.resolve(ActionReference.parse(reference), told))

    return run


@pytest.fixture
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home folder without a netrc file, and no proxy, certificate file or token of whoever runs the tests."""
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_PROXY".upper(), raising=False)
    for name in ("NETRC", "GITHUB_TOKEN", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody else knows."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    """The file of `authority`'s own certificate."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path
