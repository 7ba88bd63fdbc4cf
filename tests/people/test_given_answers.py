"""Answers that are given before anybody asks."""

from __future__ import annotations

from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import Question
from datatorch_pipelines.people import GivenAnswers

ACTION = "name: Approve\noutputs: {approved: {type: boolean}}\nruns: {using: human}\n"
PIPELINE = """\
name: Release
jobs:
  review:
    steps:
      - {name: Approve, id: ask, action: ./approve}
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    (tmp_path / "approve").mkdir()
    (tmp_path / "approve" / "action-datatorch.yaml").write_text(ACTION)
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    return tmp_path / "pipeline.yaml"


@pytest.mark.parametrize("name", ["ask", "Approve", "./approve"])
def test_an_answer_is_found_by_the_step_or_its_action(pipeline, tmp_path: Path, name: str) -> None:
    human = GivenAnswers({name: {"approved": "true"}, "other": {}})
    result = dtp.run(pipeline, human=human, directory=tmp_path / "runs")
    assert result.jobs["review"].steps[0].outputs == {"approved": True}


def test_an_answer_for_an_action_needs_no_tag() -> None:
    question = Question(run_id="r", job="a", step="s", action="acme/approve@v1")
    assert GivenAnswers({"acme/approve": {"a": 1}})(question) == {"a": 1}
    assert GivenAnswers({"acme/approve@v1": {"a": 2}, "acme/approve": {"a": 1}})(question) == {"a": 2}


def test_a_step_without_an_answer_is_refused_before_anything_runs(pipeline) -> None:
    with pytest.raises(dtp.PlanError) as refused:
        dtp.run(pipeline, human=GivenAnswers({"Aprove": {"approved": True}}))
    assert str(refused.value) == (
        f"{pipeline}:5:42: error: the action ./approve asks a person, and no answer is given for the step 'Approve' "
        "[DT411]; give one by the step's name, with a value for each output"
    )


def test_what_is_not_given_is_left_to_another_handler(pipeline, tmp_path: Path) -> None:
    human = GivenAnswers({"other": {}}, otherwise=lambda question: {"approved": False})
    result = dtp.run(pipeline, human=human, directory=tmp_path / "runs")
    assert result.jobs["review"].steps[0].outputs == {"approved": False}


def test_what_is_not_given_may_be_left_to_an_asynchronous_handler(pipeline, tmp_path: Path) -> None:
    async def desk(question: Question) -> dict[str, object]:
        return {"approved": False}

    result = dtp.run(pipeline, human=GivenAnswers({}, otherwise=desk), directory=tmp_path / "runs")
    assert result.jobs["review"].steps[0].outputs == {"approved": False}


def test_asked_all_the_same_it_says_what_is_missing() -> None:
    with pytest.raises(dtp.PipelinesError, match=r"^no answer is given for the step 's'; give one by its name$"):
        GivenAnswers({})(Question(run_id="r", job="a", step="s", action="./a"))


def test_answers_that_are_no_mappings_are_refused() -> None:
    with pytest.raises(dtp.PipelinesError, match=r"^the answer for 'a' is no mapping; give a value for each output$"):
        GivenAnswers({"a": True})  # type: ignore[dict-item]  # what is tested


def test_a_handler_that_fails_at_telling_whether_it_can_answer_is_told_in_one_line(pipeline) -> None:
    class Broken:
        def can_answer(self, question: Question) -> bool:
            raise ValueError("no\nlist")

        def __call__(self, question: Question) -> dict[str, object]:
            return {}

    with pytest.raises(dtp.PlanError) as refused:
        dtp.run(pipeline, human=Broken())
    assert str(refused.value) == (
        f"{pipeline}:5:42: error: the action ./approve asks a person: the human handler raised ValueError: no list "
        "[DT411]"
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"approved": "perhaps"},
            "the answer for the output 'approved': a string is not a boolean [DT411]; write true or false",
        ),
        ({}, "the output 'approved' is not answered [DT411]; give approved a value"),
        (
            {"aproved": True},
            "the answer has 'aproved', which is no output [DT411]; the action declares approved",
        ),
    ],
)
def test_an_answer_that_is_wrong_is_told_before_anything_runs(
    pipeline, answer: dict[str, object], message: str
) -> None:
    with pytest.raises(dtp.PlanError) as refused:
        dtp.run(pipeline, human=GivenAnswers({"Approve": answer}))
    assert str(refused.value) == f"{pipeline}:5:42: error: the action ./approve asks a person: {message}"
