"""`GivenAnswers`: questions that were answered before they are asked, for runs that nobody watches."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from datatorch_pipelines.contracts import HumanHandler, Question
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.model.answers import convert_answers


class GivenAnswers:
    """Answers that are given beforehand, for ``run(human=...)``.

    ``answers`` maps a step's id, its name, or the action that it uses (as the pipeline writes it, or without its tag)
    to the outputs. What it doesn't have is left to ``otherwise``; without one, a pipeline that asks for more than there
    is is refused before anything runs, and so is one for which an answer is wrong.

    >>> approve = GivenAnswers({"Approve": {"approved": True}})
    >>> approve(Question(run_id="r", job="release", step="Approve", action="./approve"))
    {'approved': True}

    Raises `PipelinesError` for answers that are no mapping of mappings.
    """

    def __init__(self, answers: Mapping[str, Mapping[str, object]], otherwise: HumanHandler | None = None) -> None:
        for name, outputs in answers.items():
            if not isinstance(outputs, Mapping):
                raise PipelinesError(f"the answer for {name!r} is no mapping", hint="give a value for each output")
        self._answers = {name: dict(outputs) for name, outputs in answers.items()}
        self._otherwise = otherwise

    def answers_to(self, question: Question) -> Mapping[str, object] | None:
        """The answer that was given to a question, ``None`` without one."""
        for name in (question.step_id, question.step, question.action, question.action.partition("@")[0]):
            if name is not None and name in self._answers:
                return self._answers[name]
        return None

    def can_answer(self, question: Question) -> bool:
        """Whether there is an answer, or somebody who has one. Asked before anything runs.

        Raises `InputError` for an answer that is there, and does not fit the outputs.
        """
        answer = self.answers_to(question)
        if answer is not None:
            convert_answers(answer, question.outputs)
        return answer is not None or self._otherwise is not None

    def __call__(self, question: Question) -> Mapping[str, object] | Awaitable[Mapping[str, object]]:
        """The answer, or what ``otherwise`` says. Raises `PipelinesError` where there is neither."""
        answer = self.answers_to(question)
        if answer is not None:
            return answer
        if self._otherwise is None:
            raise PipelinesError(f"no answer is given for the step {question.step!r}", hint="give one by its name")
        return self._otherwise(question)
