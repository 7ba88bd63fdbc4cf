"""The library's own resolvers pass the kit that others get. (Those of git: tests/integration.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from datatorch_pipelines.contracts import ResolveContext, Resolver
from datatorch_pipelines.resolvers import LocalResolver, MappingResolver
from datatorch_pipelines.testing import ResolverConformance

ACTION = {"action-datatorch.yaml": "name: Add\nruns: {using: python, main: add.py}\n", "add.py": "print(1)\n"}


def write_action(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, text in ACTION.items():
        (folder / name).write_text(text)
    return folder


class TestMappingResolver(ResolverConformance):
    known = pytest.fixture(lambda self: "me/add@v1")
    missing = pytest.fixture(lambda self: "me/gone@v1")
    foreign = pytest.fixture(lambda self: "me/sub@v1")

    @pytest.fixture
    def resolver(self, tmp_path: Path) -> Resolver:
        return MappingResolver({"me/add": write_action(tmp_path / "add"), "me/gone": tmp_path / "gone"})

    @pytest.fixture
    def program(self, tmp_path: Path) -> str:
        return (
            "from datatorch_pipelines import MappingResolver\n"
            f"resolver = MappingResolver({{'me/add': {str(tmp_path / 'add')!r}}})"
        )


class TestLocalResolver(ResolverConformance):
    program = pytest.fixture(lambda self: "from datatorch_pipelines import LocalResolver as R\nresolver = R()")
    foreign = pytest.fixture(lambda self: "me/add@v1")
    resolver = pytest.fixture(lambda self: LocalResolver())

    @pytest.fixture(params=["local/add@v1", "./local/add/v1"])
    def known(self, request: pytest.FixtureRequest, context: ResolveContext) -> str:
        assert context.base is not None
        write_action(context.base / "local" / "add" / "v1")
        return str(request.param)

    @pytest.fixture
    def missing(self, known: str) -> str:
        return known.replace("add", "gone")

    @pytest.fixture
    def context(self, tmp_path: Path) -> ResolveContext:
        return ResolveContext(base=tmp_path, local_actions=(tmp_path / "local",))
