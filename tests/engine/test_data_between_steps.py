"""What reaches a step, and how it comes to the next one: variables, workspaces, and values of every kind and size."""

from __future__ import annotations

import itertools
import json
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from tests.support.far_runner import FarRunner

LEVELS = ("host", "pipeline", "job", "step", "input")
SUBSETS = [chosen for count in range(1, 6) for chosen in itertools.combinations(LEVELS, count)]
"""Every way in which a variable may be set at some of the levels."""

SHOW = {
    "action-datatorch.yaml": "name: Show\nenv: {INPUT_V0: {description: declared}}\nruns: {using: cmd, command: env}\n"
}


def test_the_last_of_host_pipeline_job_step_and_input_sets_a_variable(project, monkeypatch) -> None:
    at: dict[str, dict[str, str]] = {level: {} for level in LEVELS}
    for number, chosen in enumerate(SUBSETS):
        for level in chosen:
            name = f"v{number}" if level == "input" else f"INPUT_V{number}"
            at[level][name] = level
    for name, value in at["host"].items():
        monkeypatch.setenv(name, value)
    project.action("show", SHOW)
    step = {"env": at["step"], "inputs": at["input"]}
    pipeline = {
        "name": "E",
        "env": at["pipeline"],
        "jobs": {"a": {"env": at["job"], "steps": [{"run": "env", **step}, {"action": "./show", **step}]}},
    }
    result = project.run(json.dumps(pipeline))
    assert result.error is None
    for shown in result.jobs["a"].steps:
        lines = dict(line.partition("=")[::2] for line in shown.log.splitlines())
        got = {chosen: lines.get(f"INPUT_V{number}") for number, chosen in enumerate(SUBSETS)}
        assert got == {chosen: chosen[-1] for chosen in SUBSETS}


def test_no_variable_of_the_pipeline_hides_a_steps_own_files(project) -> None:
    names = ("DATATORCH_INPUTS", "DATATORCH_OUTPUT", "DATATORCH_ARTIFACTS")
    env = ", ".join(f"{name}: /nowhere" for name in names)
    text = f"name: E\nenv: {{{env}}}\njobs: {{a: {{env: {{{env}}}, steps: [{{run: env, env: {{{env}}}}}]}}}}\n"
    log = project.run(text).jobs["a"].steps[0].log
    assert "/nowhere" not in log
    assert all(f"{name}=/" in log for name in names)


def test_each_job_and_each_instance_has_a_workspace_that_is_empty_and_then_gone(project) -> None:
    result = project.run("""\
        name: W
        jobs:
          a:
            strategy: {matrix: {m: [1, 2]}}
            steps:
              - run: test -z "$(ls -A)"; echo "$INPUT_M" > mine; pwd
                inputs: {m: "${{ matrix.m }}"}
              - run: cat mine
          b:
            needs: a
            steps: [{run: 'test -z "$(ls -A)"; pwd'}]
        """)
    assert result.error is None
    jobs = [*result.jobs["a"].instances, result.jobs["b"]]
    places = [Path(job.steps[0].log.strip()) for job in jobs]
    assert len(set(places)) == 3
    assert not any(place.exists() for place in places)
    assert [job.steps[1].log for job in jobs[:2]] == ["1\n", "2\n"]


@pytest.mark.parametrize("runner", [dtp.LocalRunner, FarRunner])
def test_of_several_values_of_an_output_the_last_counts_and_the_file_after_the_lines(project, runner) -> None:
    text = """\
        name: O
        jobs:
          a:
            steps:
              - name: s
                run: |
                  printf '{"x": 1, "y": 1}\\n{"x": 2}\\n::x::3\\n' > "$DATATORCH_OUTPUT"
                  echo '::y::2'; echo '::z::1'; echo '::x::4'; echo '::z::{"last": true}'
        """
    result = project.run(text, runner=runner())
    assert result.jobs["a"].step("s").outputs == {"x": 3, "y": 1, "z": {"last": True}}


HAND_ON = """\
import json, os
values = json.load(open(os.environ["DATATORCH_INPUTS"]))
print("::v::" + json.dumps(values["v"]))
with open(os.environ["DATATORCH_OUTPUT"], "a") as file:
    print(json.dumps({"w": values["w"]}, ensure_ascii=False), file=file)
"""

CHAIN = f"""\
name: Chain
jobs:
  one:
    outputs: {{v: "${{{{ steps.b.outputs.v }}}}", w: "${{{{ steps.b.output.w }}}}"}}
    steps:
      - id: a
        shell: python
        inputs: {{v: "${{{{ event.v }}}}", w: "${{{{ event.v }}}}"}}
        run: |
{textwrap.indent(HAND_ON, "          ")}
      - id: b
        action: ./hand-on
        inputs: {{v: "${{{{ steps.a.outputs.v }}}}", w: "${{{{ steps.a.outputs.w }}}}"}}
  two:
    needs: one
    outputs: {{v: "${{{{ steps.c.outputs.v }}}}", w: "${{{{ steps.c.outputs.w }}}}"}}
    steps:
      - id: c
        shell: python
        inputs: {{v: "${{{{ needs.one.outputs.v }}}}", w: "${{{{ jobs.one.outputs.w }}}}"}}
        run: |
{textwrap.indent(HAND_ON, "          ")}
"""

ACTION = {
    "action-datatorch.yaml": "name: Hand on\nruns: {using: python, main: main.py}\n",
    "main.py": """\
        import datatorch

        inputs = datatorch.get_inputs()
        datatorch.set_output("v", inputs["v"])
        datatorch.set_output("w", inputs["w"])
        """,
}


def _handed_on(project, value: object, **arguments: object) -> None:
    """Sends a value through three steps of two jobs, by lines and by files, and compares what comes out."""
    project.action("hand-on", ACTION)
    result = project.run(CHAIN, event={"v": value}, **arguments)
    assert result.error is None
    expected = json.dumps({"v": value, "w": value}, sort_keys=True)
    for outputs in (
        *(step.outputs for job in result.jobs.values() for step in job.steps),
        *(job.outputs for job in result.jobs.values()),
        dtp.open_run(result.directory).jobs["two"].outputs,
    ):
        assert json.dumps(outputs, sort_keys=True) == expected


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=30
)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(value=st.lists(VALUES, min_size=5, max_size=40))
def test_values_of_every_type_are_equal_after_steps_and_jobs(project, value: list[object]) -> None:
    _handed_on(project, value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        False,
        0,
        -(2**70),
        1e308,
        5e-324,
        0.1,
        "",
        "${{ secrets.X }} $HOME `x` ::v::1\n::w::2\r\0\u2028é\U0001f600",
        [],
        {},
        {"": {"a b": [None, [], {}]}},
    ],
    ids=repr,
)
def test_a_value_alone_is_equal_after_steps_and_jobs(project, value: object) -> None:
    _handed_on(project, value)


def test_a_value_of_every_type_is_equal_where_files_are_not_shared(project) -> None:
    value = [None, True, 1, 2.5, "é\n", {"a": [{}]}]
    _handed_on(project, value, runner=FarRunner())


@pytest.mark.parametrize("kind", ["text", "list"])
def test_a_value_of_five_megabytes_is_equal_after_steps_and_jobs(project, kind: str) -> None:
    _handed_on(project, "aé\n" * 1_250_000 if kind == "text" else [{"n": n, "x": "y" * 40} for n in range(90_000)])
