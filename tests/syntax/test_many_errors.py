"""All errors of a file in one pass, sorted, and only root causes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.diagnostics import Diagnostic, has_errors
from datatorch_pipelines.syntax import read_action, read_pipeline
from datatorch_pipelines.syntax.yaml_writer import to_yaml


def told(text: str, name: str = "p.yaml") -> list[str]:
    pipeline, diagnostics = read_pipeline(text, name)
    assert (pipeline is None) == has_errors(diagnostics)
    return [str(diagnostic).removeprefix(f"{name}:") for diagnostic in diagnostics]


def test_one_bad_value_hides_no_other() -> None:
    steps = "".join(f"      - run: x\n        key-{n}: 1\n" for n in range(50))
    lines = told(f"nmae: x\njobs:\n  a:\n    steps:\n{steps}  b: 1\n  c:\n    steps:\n      - action: add@1\n")
    assert len(lines) == 53
    assert lines[0] == "1:1: error: unknown key 'nmae' [DT202]; did you mean 'name'?"
    assert [line.split(":")[0] for line in lines[1:51]] == [str(6 + 2 * n) for n in range(50)]


def test_a_misspelt_required_key_is_told_once() -> None:
    assert told("name: x\njobs:\n  a:\n    stpes: []\n") == [
        "4:5: error: unknown key 'stpes' [DT202]; did you mean 'steps'?"
    ]


def test_a_value_that_can_t_be_read_is_told_once() -> None:
    assert told("name: *x\njobs: {a: {steps: [{run: !!int x}]}}\n") == [
        "1:7: error: no anchor 'x' comes before this alias [DT109]; write &x before the value that is meant",
        "2:26: error: 'x' is not of the type that its tag names [DT112]; drop the tag, or write a value of its type",
    ]


@pytest.mark.parametrize("key", ["a.b", "a[0]", "[0]", ".", "a.b.c", "{x}", "env", "data", "it's", "漢"])
def test_a_key_with_any_characters_is_found(key: str) -> None:
    text = to_yaml({"name": "x", "env": {"a": {"b": 1}, key: ["bad"]}, "jobs": {"j": {"steps": [{"run": "x"}]}}})
    lines = told(text)
    assert [line.split(" ")[0] for line in lines] == ["4:5:", f"{6 if key != 'a' else 5}:5:"]


KEYS = [
    "x\ny",
    "name",
    "jobs",
    "steps",
    "a",
    "action",
    "run",
    "env",
    "triggers",
    "schedule",
    "strategy",
    "retries",
    "timeout",
    "x",
]
DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats(-1, 1)
    | st.sampled_from(["x", "a/b@v1", "a\nb/c", "${{ x }}", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)


def check(diagnostics: list[Diagnostic], text: str) -> None:
    lines = text.splitlines()
    assert [(d.line, d.column) for d in diagnostics] == sorted((d.line, d.column) for d in diagnostics)
    for diagnostic in diagnostics:
        assert "\n" not in str(diagnostic)
        assert 1 <= diagnostic.line <= len(lines)
        assert 1 <= diagnostic.column <= len(lines[diagnostic.line - 1]) + 1


@settings(max_examples=80)
@given(DATA)
def test_no_data_is_ever_a_crash(data: object) -> None:
    if data is None:
        return
    wrapped = {"name": "x", "jobs": {"a": {"steps": [data]}}}
    for each in (data, wrapped, {"name": "x", "jobs": {"a": data, "b": wrapped}}):
        text = to_yaml(each)
        pipeline, diagnostics = read_pipeline(text, "p.yaml")
        assert (pipeline is None) == has_errors(diagnostics)
        check(diagnostics, text)


ACTION_KEYS = [
    "a\nb",
    "name",
    "runs",
    "using",
    "main",
    "inputs",
    "outputs",
    "env",
    "type",
    "default",
    "options",
    "args",
    "cache",
]
ACTION_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["python", "string", "x", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(ACTION_KEYS), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=60)
@given(ACTION_DATA)
def test_no_action_data_is_ever_a_crash(data: object) -> None:
    runs = {"using": "python", "main": "x"}
    for each in (data, {"name": "x", "runs": data}, {"name": "x", "runs": runs, "inputs": {"a": data}, "env": data}):
        text = to_yaml(each)
        action, diagnostics = read_action(text, "a.yaml")
        assert (action is None) == has_errors(diagnostics)
        check(diagnostics, text)


def test_a_file_that_is_all_errors_is_told_in_part() -> None:
    keys = [f"k{n}: 1\n" for n in range(20_000)]
    for text in ("".join(keys * 2), "".join(f"- {n}: 1\n" for n in range(20_000))):
        _, diagnostics = read_pipeline(text, "p.yaml")
        assert len(diagnostics) == 1001
        assert any(d.message == "more than 1000 errors: the rest is not told" for d in diagnostics)
    steps = "".join(f"      - x{n}: 1\n" for n in range(5_000))
    _, diagnostics = read_pipeline(f"name: x\njobs:\n  a:\n    steps:\n{steps}", "p.yaml")
    assert len(diagnostics) == 2001
    assert diagnostics[-1].code == "DT110"


def test_an_action_may_have_any_number_of_warnings() -> None:
    keys = "".join(f"unknown{number}: 1\n" for number in range(3_000))
    action, diagnostics = read_action(f"name: x\nruns: {{using: cmd, command: x}}\n{keys}", "action-datatorch.yaml")
    assert action is not None
    assert len(diagnostics) == 1000
