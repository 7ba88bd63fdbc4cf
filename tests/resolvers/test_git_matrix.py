"""Every kind of ref, in every kind of repository, from every server: the same commit, the same files, the same words.

ssh and the servers of protocol 0 are in `tests/integration/test_git_services.py`, with the same table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from git_matrix import CASES, Case, Matrix, check, make_matrix
from git_servers import git_daemon, running_http_server

from datatorch_pipelines.resolvers import Store


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return make_matrix(tmp_path_factory.mktemp("matrix") / "served")


@pytest.fixture(scope="module", params=["git", "http", "file"])
def server(request: pytest.FixtureRequest, matrix: Matrix) -> Iterator[str]:
    if request.param == "git":
        with git_daemon(matrix.root) as url:
            yield url
    elif request.param == "http":
        with running_http_server(matrix.root) as http:
            yield http.url
    else:
        yield matrix.root.as_uri()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.repository}-{case.ref}")
def test_a_ref_means_the_same_by_every_protocol(case: Case, matrix: Matrix, server: str, tmp_path: Path) -> None:
    check(case, matrix, server, Store(tmp_path))
