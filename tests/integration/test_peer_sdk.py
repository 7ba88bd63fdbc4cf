"""Actions with the `datatorch` package that they were written for, from the package index, and with ours in its place.

`DATATORCH_SDK_PYTHON` names a Python that has `datatorch` 0.8.0; `nox -s integration` makes one. It can't be the one
that runs the library: that package wants a urllib3 that dulwich no longer takes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

import datatorch_pipelines as dtp

pytestmark = pytest.mark.integration

SDK_PYTHON = os.environ.get("DATATORCH_SDK_PYTHON", "")
ADD = Path(__file__).parents[2] / "examples" / "add" / "action"
ECHO = """
import datatorch
datatorch.set_output("file", datatorch.__file__)
datatorch.set_output("all", datatorch.get_inputs())
datatorch.set_output("one", datatorch.get_input("text"))
"""
INPUTS = {"text": 'ä "quoted" line\n', "list": [1, {"x": None}], "big": 2**60, "float": 0.1}

needs_sdk = pytest.mark.skipif(not SDK_PYTHON, reason="DATATORCH_SDK_PYTHON is not set; run `nox -s integration`")


def _outputs(action: Path, inputs: Mapping[str, object], runner: dtp.Runner | None = None) -> dict[str, object]:
    step = dtp.Step(name="Step", action="test/action@v1", inputs=inputs)
    pipeline = dtp.Pipeline(name="P", jobs={"job": dtp.Job(steps=[step])})
    result = pipeline.run(runner=runner, resolvers=[dtp.MappingResolver({"test/action": action})])
    step_result = result.jobs["job"].step("Step")
    assert result.succeeded, f"{result.error}\n{step_result.log}"
    return dict(step_result.outputs)


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    """An action that tells what `datatorch` it imported, and what that gave it."""
    inputs = "".join(f"  {name}: {{}}\n" for name in INPUTS)
    text = f"name: Echo\ninputs:\n{inputs}runs: {{using: python, main: echo.py}}\n"
    (tmp_path / "action-datatorch.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "echo.py").write_text(ECHO, encoding="utf-8")
    return tmp_path


@needs_sdk
def test_the_add_action_runs_with_the_real_sdk_and_with_the_shim() -> None:
    assert _outputs(ADD, {"a": 10, "b": 20}, dtp.LocalRunner(python=SDK_PYTHON)) == {"sum": 30}
    assert _outputs(ADD, {"a": 10, "b": 20}) == {"sum": 30}


@needs_sdk
def test_the_shim_gives_what_the_real_sdk_gives(echo: Path) -> None:
    real, shim = _outputs(echo, INPUTS, dtp.LocalRunner(python=SDK_PYTHON)), _outputs(echo, INPUTS)
    assert str(real.pop("file")).startswith(str(Path(SDK_PYTHON).parents[1]))
    assert not str(shim.pop("file")).startswith(str(Path(SDK_PYTHON).parents[1]))
    assert real == shim == {"all": INPUTS, "one": INPUTS["text"]}


def test_an_action_that_asks_for_the_real_sdk_in_its_requirements_gets_it(echo: Path) -> None:
    (echo / "requirements.txt").write_text("datatorch==0.8.0\n", encoding="utf-8")
    outputs = _outputs(echo, INPUTS)
    assert "environments" in str(outputs.pop("file"))
    assert json.dumps(outputs["all"]) == json.dumps(INPUTS)
