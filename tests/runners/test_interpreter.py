"""An interpreter of one's own for actions in Python."""

import platform
import subprocess
import sys

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.errors import RunnerError
from datatorch_pipelines.runners.interpreter import interpreter_facts


def test_an_action_runs_with_the_interpreter_that_the_runner_was_given(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    (tmp_path / "action-datatorch.yaml").write_text("name: W\nruns: {using: python, main: w.py}\n")
    (tmp_path / "w.py").write_text("import datatorch, sys; datatorch.set_output('prefix', sys.prefix)\n")
    step = dtp.Step(name="w", action="a/b@v1", inputs={"version": "${{ python.version }}"})
    pipeline = dtp.Pipeline(name="P", jobs={"j": dtp.Job(steps=[step])})
    result = pipeline.run(
        runner=dtp.LocalRunner(python=python), resolvers=[dtp.MappingResolver({"a/b": tmp_path})], directory=tmp_path
    )
    assert result.error is None
    assert result.jobs["j"].step("w").outputs == {"prefix": str(tmp_path / "env")}
    assert result.jobs["j"].step("w").inputs == {"version": platform.python_version()}


def test_an_interpreter_tells_what_it_is():
    assert interpreter_facts(sys.executable) == {
        "executable": sys.executable,
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
    }


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "/nowhere/python",
            "the interpreter '/nowhere/python' doesn't start: No such file or directory; name a Python 3",
        ),
        ("false", "the interpreter 'false' doesn't start: CalledProcessError; name a Python 3"),
        ("true", "the interpreter 'true' is no Python; name a Python 3"),
    ],
)
def test_what_is_no_interpreter_fails_the_run_before_any_job(program, message, tmp_path):
    with pytest.raises(RunnerError) as caught:
        interpreter_facts(program)
    assert str(caught.value) == message
    pipeline = dtp.Pipeline(name="P", jobs={"j": dtp.Job(steps=[dtp.Step(run="true")])})
    result = pipeline.run(runner=dtp.LocalRunner(python=program), directory=tmp_path)
    assert result.status == "failed"
    assert result.error.message == message
    assert result.jobs["j"].steps == ()
