"""The model's own rules: what can't be built, what compares, what is shown."""

from __future__ import annotations

import pickle

import attrs
import pytest

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.model import ActionObject, Job, Pipeline, Retries, Step, Strategy
from datatorch_pipelines.syntax import read_pipeline

STEP = Step(run="true")


@pytest.mark.parametrize("keys", [{}, {"action": "a/b@v1", "run": "true"}])
def test_a_step_is_an_action_or_a_text(keys: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="a step needs exactly one of action and run"):
        Step(**keys)


def test_a_job_needs_a_step_and_a_pipeline_a_job() -> None:
    with pytest.raises(ModelError, match="a job needs at least one step"):
        Job(steps=[])
    with pytest.raises(ModelError, match="a pipeline needs at least one job"):
        Pipeline(name="x", jobs={})


@pytest.mark.parametrize("job_id", ["1 bad id!", "", "-x", "1x", "a.b", "a b", "a\n", "é"])
def test_a_job_s_id_has_a_form(job_id: str) -> None:
    with pytest.raises(ModelError) as caught:
        Pipeline(name="x", jobs={job_id: Job(steps=[STEP])})
    assert str(caught.value) == f"{job_id!r} is no job id; use letters, digits, '_' and '-', not a digit or '-' first"


@pytest.mark.parametrize("name", ["", " ", "\n\t"])
def test_a_pipeline_has_a_name(name: str) -> None:
    with pytest.raises(ModelError, match=r"^a pipeline's name must not be empty; give it a name$"):
        Pipeline(name=name, jobs={"a": Job(steps=[STEP])})


@pytest.mark.parametrize("name", ["", "A=B", "=", "a\0"])
def test_an_environment_variable_s_name_has_a_form(name: str) -> None:
    message = f"{name!r} is no name of an environment variable; use letters, digits and '_'"
    for build in (
        lambda: Step(run="true", env={name: 1}),
        lambda: Job(steps=[STEP], env={name: 1}),
        lambda: Pipeline(name="x", jobs={"a": Job(steps=[STEP])}, env={name: 1}),
    ):
        with pytest.raises(ModelError) as caught:
            build()
        assert str(caught.value) == message


def test_what_is_given_is_copied_and_a_shorthand_is_the_long_form() -> None:
    inputs = {"a": 1}
    step = Step(action={"name": "a/b", "tag": "v1"}, inputs=inputs, retries=2)
    inputs["a"] = 2
    assert step.inputs == {"a": 1}
    assert step.action == ActionObject("a/b", "v1")
    assert step.retries == Retries(count=2)
    assert Job(steps=[step], needs="x", runs_on=["a", "b"]) == Job(steps=(step,), needs=["x"], runs_on=("a", "b"))


def test_the_model_can_t_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        STEP.run = "false"  # type: ignore[misc]  # that is what the test is about


@pytest.mark.parametrize(
    ("step", "label"),
    [
        (Step(name="Name", id="id", run="x"), "Name"),
        (Step(id="id", run="x"), "id"),
        (Step(action="a/b@v1"), "a/b@v1"),
        (Step(action=ActionObject("a/b", "v1", "https://me:secret@x/y")), "a/b@v1"),
        (Step(run="\n  echo one\necho two\n"), "echo one"),
        (Step(run=" \n"), "run"),
    ],
)
def test_a_step_has_a_label(step: Step, label: str) -> None:
    assert step.label == label


def test_equality_ignores_where_a_pipeline_was_read_from() -> None:
    text = "name: x\njobs: {a: {steps: [{run: 'true'}]}}\n"
    first, _ = read_pipeline(text, "one.yaml")
    second, _ = read_pipeline(f"# moved\n{text}", "two.yaml")
    built = Pipeline(name="x", jobs={"a": Job(steps=[STEP])})
    assert first == second == built
    assert repr(first) == repr(built)
    assert pickle.loads(pickle.dumps(built)) == built


@pytest.mark.parametrize("values", [1, "text", [], None, {"a": 1}])
def test_a_matrix_has_lists_of_values(values: object) -> None:
    with pytest.raises(ModelError, match="'x' of a matrix is no list of values"):
        Strategy(matrix={"x": values})
    assert Strategy(matrix={"x": [1], "y": "${{ fromJSON(event.y) }}", "include": []}).matrix["x"] == [1]
