"""The log of a run and its questions in one terminal: one at a time, each question after what led to it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from datatorch_pipelines.results import AnswerWanted, Event

if TYPE_CHECKING:
    from datatorch_pipelines.contracts import HumanHandler, Question
    from datatorch_pipelines.people import ConsoleHuman

_GLANCE_SECONDS = 0.1


class Turns:
    """Lets the log stand still while a person is asked. No event is lost: they are in the record meanwhile.

    ``log`` is held by whoever writes to the log.
    """

    def __init__(self) -> None:
        self.log = threading.Lock()
        self._changed = threading.Condition()
        self._shown: set[tuple[str, int | None, int]] = set()
        self._followed = True
        self._asking = 0

    @property
    def asking(self) -> bool:
        """Whether somebody is asked now."""
        return self._asking > 0

    def handler(self, answers: Mapping[str, Mapping[str, object]]) -> HumanHandler | None:
        """Who answers: what was given, else a person where the standard input is a terminal, ``None`` for nobody.

        Raises `PipelinesError` for answers of the wrong form.
        """
        from datatorch_pipelines.people import ConsoleHuman, GivenAnswers

        console = ConsoleHuman(turn=self.log)
        person = (lambda question: self._ask(console, question)) if console.available else None
        return GivenAnswers(answers, person) if answers else person

    def shown(self, event: Event) -> None:
        """Takes note that the log has an event."""
        if isinstance(event, AnswerWanted):
            with self._changed:
                self._shown.add((event.job, event.instance, event.step))
                self._changed.notify_all()

    def unfollowed(self) -> None:
        """Takes note that no more of the log is shown."""
        with self._changed:
            self._followed = False
            self._changed.notify_all()

    def _ask(self, console: ConsoleHuman, question: Question) -> Mapping[str, object]:
        key = (question.job, question.instance, question.index)
        with self._changed:
            while self._followed and key not in self._shown and not question.cancelled.is_set():
                self._changed.wait(_GLANCE_SECONDS)
            self._shown.discard(key)
            self._asking += 1
        try:
            return console(question)
        finally:
            with self._changed:
                self._asking -= 1
