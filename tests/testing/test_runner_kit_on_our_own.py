"""The library's own runners pass the kit that others get. (Those over ssh: tests/integration.)"""

from __future__ import annotations

import pytest

from datatorch_pipelines.contracts import Runner
from datatorch_pipelines.runners import LocalRunner
from datatorch_pipelines.testing import RunnerConformance


class TestLocalRunner(RunnerConformance):
    @pytest.fixture
    def runner(self) -> Runner:
        return LocalRunner()
